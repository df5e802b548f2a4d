//! Merging some commits of another branch, one by one, closed by a commit of their own: how the
//! approved proposals of a dream come to the branch the dream was of.
//!
//! Each link is a pick: the change that a commit made to its first parent, made again on the
//! branch. The closing commit's first parent is the branch and its second the chain's end, so what
//! was not picked is no ancestor of the branch.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::engine::branch::Branch;
use crate::engine::change::{Change, name_changes};
use crate::engine::conflict::{Conflict, ConflictName, Resolution};
use crate::engine::core::Core;
use crate::engine::decide::{keep_what_is_said, resolved};
use crate::engine::finish::{Finisher, Made};
use crate::engine::landing::Landing;
use crate::engine::new_commit::NewCommit;
use crate::engine::nodes::PinnedTree;
use crate::engine::plan::{Records, plan};
use crate::engine::policy::{
    Asking, Clearance, Gate, JudgedChange, JudgedProposal, judged_changes, raw_changes,
};
use crate::engine::prepared::{Beside, Prepared};
use crate::entropy::Seed;
use crate::error::{Error, ErrorKind, Result};
use crate::object::{
    Cause, Commit, Entry, Judged, Key, Message, OperationKind, RefKind, SaltedText, StoreName,
    Verdict,
};
use crate::storage::{CommitId, RecordId};

/// How often a chain is prepared anew because the branch moved meanwhile.
const TRIES_MAX: usize = 64;

/// One commit to be picked.
#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) source: CommitId,
    /// The text to write instead of what the commit says.
    pub(crate) amended: Option<String>,
    pub(crate) cause: Cause,
    pub(crate) message: Message,
}

/// What joining one link gave.
struct Joint {
    edits: BTreeMap<Key, Option<RecordId>>,
    conflicts: Vec<Conflict>,
}

/// Picks prepared for a branch, with the commit that closes them. Nothing is written before
/// [`Chain::commit`].
#[must_use = "a chain does nothing until it is committed"]
pub(crate) struct Chain {
    branch: Branch,
    links: Vec<Link>,
    resolutions: BTreeMap<ConflictName, Resolution>,
    head: Option<Arc<Commit>>,
    ours: PinnedTree,
    joints: Vec<Joint>,
    drafts: BTreeMap<RecordId, crate::engine::plan::Draft>,
    gates: Vec<Arc<dyn Gate>>,
}

impl Chain {
    pub(crate) fn prepare(branch: Branch, links: Vec<Link>) -> Result<Self> {
        branch.refuse_reserved()?;
        let snapshot = branch.snapshot()?;
        let ours = snapshot.tree()?;
        let head = snapshot.commit().cloned();
        let mut chain = Self {
            branch,
            links,
            resolutions: BTreeMap::new(),
            head,
            ours,
            joints: Vec::new(),
            drafts: BTreeMap::new(),
            gates: Vec::new(),
        };
        chain.join()?;
        Ok(chain)
    }

    /// Asks these, too, before the branch moves.
    pub(crate) fn set_gates(&mut self, gates: Vec<Arc<dyn Gate>>) {
        self.gates = gates;
    }

    fn core(&self) -> &Arc<Core> {
        self.branch.store().core()
    }

    /// Joins every link into the branch's head, with the decisions made so far.
    fn join(&mut self) -> Result<()> {
        let core = Arc::clone(self.core());
        let snapshot = self.branch.snapshot()?;
        (self.head, self.ours) = (snapshot.commit().cloned(), snapshot.tree()?);
        let mut records = Records::new(&core)?;
        let mut current = self.ours.clone();
        let mut joints = Vec::with_capacity(self.links.len());
        for link in &self.links {
            let picked = core.commit(link.source)?;
            let base = match picked.first_parent() {
                Some(parent) => core.tree(&*core.commit(parent)?)?,
                None => core.empty_tree()?,
            };
            let theirs = core.tree(&picked)?;
            let step = plan(&base, &current, &theirs, &mut records)?;
            let mut edits =
                resolved(&current, &step.edits, &step.conflicts, &self.resolutions, &mut records)?;
            if let Some(text) = &link.amended {
                amend(&mut edits, text, &mut records)?;
            }
            keep_what_is_said(&mut edits, &current, &records)?;
            let list: Vec<_> = edits.iter().map(|(key, to)| (key.clone(), *to)).collect();
            current = core.nodes.keep(current.apply(&list)?);
            joints.push(Joint { edits, conflicts: step.conflicts });
        }
        self.joints = joints;
        self.drafts = records.drafts;
        Ok(())
    }

    /// All conflicts with the number of their link.
    fn all_conflicts(&self) -> impl Iterator<Item = (usize, &Conflict)> {
        let numbered = self.joints.iter().enumerate();
        numbered.flat_map(|(link, joint)| joint.conflicts.iter().map(move |found| (link, found)))
    }

    /// The conflicts that need a decision, each with the number of its link.
    pub(crate) fn conflicts(&self) -> Vec<(usize, Conflict)> {
        let open = |(_, found): &(usize, &Conflict)| !self.resolutions.contains_key(&found.name());
        self.all_conflicts().filter(open).map(|(link, found)| (link, found.clone())).collect()
    }

    /// Decides the conflict at `key`, in whichever link it is.
    pub(crate) fn resolve_key(&mut self, key: &str, resolution: Resolution) -> Result<()> {
        let at = self.all_conflicts().filter(|(_, found)| found.key.as_str() == key);
        let names: Vec<ConflictName> = at.map(|(_, found)| found.name()).collect();
        if names.is_empty() {
            let keys: Vec<_> =
                self.all_conflicts().map(|(_, found)| found.key.to_string()).collect();
            return Err(
                Error::not_found(format!("there is no conflict at `{key}`")).with_candidates(keys)
            );
        }
        self.resolutions.extend(names.into_iter().map(|name| (name, resolution.clone())));
        self.join()
    }

    /// What committing changes on the branch, all links together.
    pub(crate) fn changes(&self) -> Result<Vec<Change>> {
        let mut records = Records::new(self.core())?;
        records.drafts = self.drafts.clone();
        let raw = raw_changes(&self.ours, self.combined())?;
        name_changes(raw, &|id| records.memory(id))
    }

    /// The entry that a change of [`Chain::changes`] or a conflict names, drafts included.
    pub(crate) fn entry(&self, record: RecordId) -> Result<Entry> {
        match self.drafts.get(&record) {
            Some(draft) => Ok(draft.entry.clone()),
            None => self.branch.store().record(record)?.to_entry(),
        }
    }

    fn combined(&self) -> BTreeMap<Key, Option<RecordId>> {
        let edits = self.joints.iter().flat_map(|joint| joint.edits.clone());
        edits.collect()
    }

    /// Commits the picks and the closing commit, and in the same durable write what `beside` gives.
    pub(crate) fn commit(
        mut self,
        message: &Message,
        closing: &(Cause, Vec<SaltedText>),
        beside: &Beside<'_>,
    ) -> Result<CommitId> {
        for _ in 0..TRIES_MAX {
            let open = self.conflicts();
            if !open.is_empty() {
                let text = format!("{} conflicts need a decision", open.len());
                let keys = open.into_iter().map(|(_, found)| found.key.to_string());
                return Err(Error::new(ErrorKind::Conflict, text).with_candidates(keys));
            }
            match self.try_commit(message, closing, beside) {
                Err(error) if error.kind() == ErrorKind::Stale => {
                    let before: Vec<Conflict> =
                        self.all_conflicts().map(|(_, found)| found.clone()).collect();
                    self.join()?;
                    self.forget_outdated(&before);
                }
                other => return other,
            }
        }
        Err(Error::stale(format!("`{}` kept moving while merging", self.branch.name())))
    }

    /// Keeps decisions only about conflicts that are what they were: nobody has decided about what
    /// the branch has got since.
    fn forget_outdated(&mut self, before: &[Conflict]) {
        let now: Vec<Conflict> = self.all_conflicts().map(|(_, found)| found.clone()).collect();
        let stands = |conflict: &&Conflict| now.contains(conflict);
        let names: Vec<ConflictName> = before.iter().filter(stands).map(Conflict::name).collect();
        self.resolutions.retain(|name, _| names.contains(name));
    }

    fn try_commit(
        &self,
        message: &Message,
        closing: &(Cause, Vec<SaltedText>),
        beside: &Beside<'_>,
    ) -> Result<CommitId> {
        let core = Arc::clone(self.core());
        let seed = core.seed()?;
        let picks = self.finish(message, &seed)?;
        let beside = Prepared::beside(&core, beside)?;
        let expected = self.head();
        let (judged, clearance) = self.leave(message, &closing.0, &picks)?.unzip();
        let (store, name) = (self.branch.store().name().clone(), self.branch.name().clone());
        let (ours, message, closing) = (self.ours.clone(), message.clone(), closing.clone());
        core.land(move |turn| {
            let head = turn.head(&store, &name)?.map(|head| head.id());
            if head != expected {
                return Err(Error::stale(format!("`{name}` has moved")));
            }
            turn.clear_all(clearance);
            let beginning = || begin(turn, &store, &message, seed.derive("beginning", 0));
            let head = head.map_or_else(beginning, Ok)?;
            let mut end = head;
            let mut tree = ours.clone();
            let mut all: BTreeMap<Key, Option<RecordId>> = BTreeMap::new();
            for (number, (made, link)) in (1..).zip(picks) {
                all.extend(made.edits.iter().cloned());
                let new = NewCommit {
                    store: store.clone(),
                    parents: vec![end],
                    tree,
                    edits: made.edits,
                    records: made.records,
                    homes: Vec::new(),
                    message: link.message,
                    cause: (link.cause, Vec::new()),
                    judged: None,
                    salt: seed.derive("message", number),
                };
                let (commit, after) = turn.add_commit(new)?;
                (end, tree) = (commit.id(), after);
            }
            let parents = if end == head { vec![head] } else { vec![head, end] };
            let new = NewCommit {
                store: store.clone(),
                parents,
                tree: ours,
                edits: all.into_iter().collect(),
                records: Vec::new(),
                homes: Vec::new(),
                message,
                cause: closing,
                judged,
                salt: seed.derive("message", 0),
            };
            let (commit, _) = turn.add_commit(new)?;
            let moves = vec![(name, RefKind::Branch, Some(commit.id()))];
            turn.operate(&store, commit.author(), OperationKind::Review, moves, None)?;
            beside.land(turn)?;
            Ok(commit.id())
        })
    }

    /// What the policy says of committing this now under `message`, closed by `cause`; `None` where
    /// the branch is not guarded.
    pub(crate) fn verdict(&self, message: &Message, cause: &Cause) -> Result<Option<Verdict>> {
        let picks = self.finish(message, &self.core().seed()?)?;
        let Some(asking) = Asking::about(&self.branch, self.head(), message, cause)? else {
            return Ok(None);
        };
        let (changes, proposals) = self.judged(&picks)?;
        asking.verdict(&changes, &proposals, &self.gates).map(Some)
    }

    /// What committing changes on the branch, with the records that it would make.
    pub(crate) fn foreseen(&self, message: &Message) -> Result<Vec<JudgedChange>> {
        Ok(self.judged(&self.finish(message, &self.core().seed()?)?)?.0)
    }

    /// The head that it was prepared on.
    pub(crate) fn head(&self) -> Option<CommitId> {
        self.head.as_ref().map(|head| head.id())
    }

    fn leave(
        &self,
        message: &Message,
        cause: &Cause,
        picks: &[(Made, Link)],
    ) -> Result<Option<(Judged, Clearance)>> {
        let Some(asking) = Asking::about(&self.branch, self.head(), message, cause)? else {
            return Ok(None);
        };
        let (changes, proposals) = self.judged(picks)?;
        asking.leave(&changes, &proposals, &self.gates).map(Some)
    }

    /// All changes of the branch, and those of each pick with the evidence of its proposal.
    fn judged(&self, picks: &[(Made, Link)]) -> Result<(Vec<JudgedChange>, Vec<JudgedProposal>)> {
        let core = self.core();
        let made: Vec<_> = picks.iter().flat_map(|(made, _)| made.records.clone()).collect();
        let mut current: BTreeMap<Key, Option<RecordId>> = BTreeMap::new();
        let mut proposals = Vec::new();
        for (step, link) in picks {
            let mut raw = Vec::new();
            for (key, after) in &step.edits {
                let before = match current.insert(key.clone(), *after) {
                    Some(before) => before,
                    None => self.ours.get(key.as_str())?,
                };
                raw.push(crate::tree::Change { key: key.clone(), before, after: *after });
            }
            proposals.push(JudgedProposal::of(
                core,
                link.source,
                judged_changes(core, raw, &made)?,
            )?);
        }
        let raw = raw_changes(&self.ours, current)?;
        Ok((judged_changes(core, raw, &made)?, proposals))
    }

    /// The links that change something, with their records made.
    fn finish(&self, message: &Message, seed: &Seed) -> Result<Vec<(Made, Link)>> {
        let mut records = Records::new(self.core())?;
        records.drafts = self.drafts.clone();
        let mut finisher = Finisher::new(message, seed);
        let mut picks = Vec::new();
        for (joint, link) in self.joints.iter().zip(&self.links) {
            if !joint.edits.is_empty() {
                picks.push((finisher.finish(joint.edits.clone(), &records)?, link.clone()));
            }
        }
        Ok(picks)
    }
}

/// Makes the empty first commit of a branch that has none, so that a chain and its closing commit
/// have something to stand on.
fn begin(
    turn: &mut Landing<'_>,
    store: &StoreName,
    message: &Message,
    salt: [u8; 16],
) -> Result<CommitId> {
    let new = NewCommit {
        store: store.clone(),
        parents: Vec::new(),
        tree: turn.tree(None)?,
        edits: Vec::new(),
        records: Vec::new(),
        homes: Vec::new(),
        message: Message { text: "Begin an empty memory".to_owned(), ..message.clone() },
        cause: (Cause::Write, Vec::new()),
        judged: None,
        salt,
    };
    Ok(turn.add_commit(new)?.0.id())
}

/// Puts the reviewer's text in the place of the one text that a link writes.
fn amend(
    edits: &mut BTreeMap<Key, Option<RecordId>>,
    text: &str,
    records: &mut Records<'_>,
) -> Result<()> {
    let written: Vec<_> =
        edits.iter().filter_map(|(key, after)| Some((key.clone(), (*after)?))).collect();
    let [(key, proposed)] = written.as_slice() else {
        return Err(Error::invalid(format!(
            "the proposal writes {} memories; only one with a single text can be amended",
            written.len()
        )));
    };
    let record = records.get(*proposed)?;
    let entry = Entry { text: text.to_owned(), ..record.to_entry()? };
    let draft = records.draft(record.memory(), entry, &[*proposed], (None, record.taint()))?;
    edits.insert(key.clone(), Some(draft));
    Ok(())
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chain({} links into {})", self.links.len(), self.branch.name())
    }
}
