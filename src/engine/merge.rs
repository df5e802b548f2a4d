//! A merge, a revert or a pick on its way: prepared, looked at, resolved, committed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::engine::base::common_base;
use crate::engine::branch::Branch;
use crate::engine::change::{Change, name_changes};
use crate::engine::conflict::{Conflict, ConflictName, Resolution};
use crate::engine::core::Core;
use crate::engine::decide::{resolved, write};
use crate::engine::finish::{Finisher, Made};
use crate::engine::new_commit::NewCommit;
use crate::engine::nodes::PinnedTree;
use crate::engine::plan::{Draft, Records, plan};
use crate::engine::policy::{Asking, judged_changes, raw_changes};
use crate::engine::prepared::{Beside, Prepared};
use crate::entropy::Seed;
use crate::error::{Error, ErrorKind, Result};
use crate::object::{
    Cause, Commit, Entry, Key, Message, OperationKind, RefKind, SaltedText, Verdict,
};
use crate::storage::{CommitId, RecordId};

/// How often a merge is prepared anew because the branch moved meanwhile.
const TRIES_MAX: usize = 64;

/// One of the trees that a join works on.
#[derive(Clone, Debug)]
pub(crate) enum Side {
    Commit(CommitId),
    /// The merge base of the branch's head and a commit.
    BaseWith(CommitId),
    Empty,
}

/// What is to be joined into a branch: for each step, the change from `base` to `theirs`.
#[derive(Clone)]
pub(crate) struct Task {
    pub(crate) steps: Vec<(Side, Side)>,
    /// Parents of the new commit beside the branch's head.
    pub(crate) parents: Vec<CommitId>,
    pub(crate) cause: (Cause, Vec<SaltedText>),
    pub(crate) kind: OperationKind,
    /// Whether a commit is made even if no key changes.
    pub(crate) allow_empty: bool,
}

/// What joining gave, relative to one head of the branch.
#[derive(Clone)]
pub(crate) struct Joined {
    pub(crate) head: Option<Arc<Commit>>,
    pub(crate) ours: PinnedTree,
    /// Sorted; records may be drafts.
    pub(crate) edits: BTreeMap<Key, Option<RecordId>>,
    pub(crate) drafts: BTreeMap<RecordId, Draft>,
    pub(crate) conflicts: Vec<Conflict>,
}

/// Changes prepared for a branch: a merge, a revert or a pick. Nothing is written until
/// [`Merge::commit`], and dropping it drops it.
#[must_use = "a merge does nothing until it is committed"]
pub struct Merge {
    branch: Branch,
    task: Task,
    joined: Joined,
    resolutions: BTreeMap<ConflictName, Resolution>,
}

impl Merge {
    pub(crate) fn prepare(branch: Branch, task: Task) -> Result<Self> {
        branch.refuse_reserved()?;
        let joined = join_task(&branch, &task)?;
        Ok(Self { branch, task, joined, resolutions: BTreeMap::new() })
    }

    /// The conflicts that still need a decision.
    pub fn conflicts(&self) -> impl Iterator<Item = &Conflict> {
        let open = |conflict: &&Conflict| !self.resolutions.contains_key(&conflict.name());
        self.joined.conflicts.iter().filter(open)
    }

    /// All conflicts, decided or not, in order of their keys.
    pub fn all_conflicts(&self) -> &[Conflict] {
        &self.joined.conflicts
    }

    /// Decides every open conflict.
    ///
    /// # Errors
    /// `Limit` if a new text is too long.
    pub fn resolve(&mut self, mut choose: impl FnMut(&Conflict) -> Resolution) -> Result<()> {
        let open: Vec<Conflict> = self.conflicts().cloned().collect();
        open.iter().try_for_each(|conflict| self.decide(conflict.name(), choose(conflict)))
    }

    /// Decides the conflict at `key`; all of them, where several are known by that key.
    ///
    /// # Errors
    /// `NotFound` with the keys in conflict; `Limit` if a new text is too long.
    pub fn resolve_key(&mut self, key: &str, resolution: Resolution) -> Result<()> {
        let at = self.joined.conflicts.iter().filter(|conflict| conflict.key.as_str() == key);
        let names: Vec<ConflictName> = at.map(Conflict::name).collect();
        if names.is_empty() {
            let keys = self.joined.conflicts.iter().map(|conflict| conflict.key.to_string());
            return Err(
                Error::not_found(format!("there is no conflict at `{key}`")).with_candidates(keys)
            );
        }
        names.into_iter().try_for_each(|name| self.decide(name, resolution.clone()))
    }

    fn decide(&mut self, name: ConflictName, resolution: Resolution) -> Result<()> {
        if let Resolution::Text(text) = &resolution {
            Entry::new(text.clone()).checked()?;
            // Drafted now, so that what `changes` names can be read by `entry`.
            let mut records = Records::new(self.branch.store().core())?;
            records.drafts = std::mem::take(&mut self.joined.drafts);
            let conflict = self.joined.conflicts.iter().find(|conflict| conflict.name() == name);
            let conflict = conflict.expect("BUG: a decision about no conflict");
            let drafted = write(conflict, text, &mut records);
            self.joined.drafts = records.drafts;
            drafted?;
        }
        self.resolutions.insert(name, resolution);
        Ok(())
    }

    /// What committing changes on the branch, as decided so far: open conflicts leave the branch's
    /// own side.
    ///
    /// # Errors
    /// `Corrupt` if a node or record is damaged.
    pub fn changes(&self) -> Result<Vec<Change>> {
        let core = self.branch.store().core();
        let mut records = Records::new(core)?;
        records.drafts = self.joined.drafts.clone();
        let joined = &self.joined;
        let edits = resolved(
            &joined.ours,
            &joined.edits,
            &joined.conflicts,
            &self.resolutions,
            &mut records,
        )?;
        name_changes(raw_changes(&joined.ours, edits)?, &|id| records.memory(id))
    }

    /// The entry that a change of [`Merge::changes`] would write, drafts included.
    ///
    /// # Errors
    /// `NotFound` or `Redacted` if the record cannot be read.
    pub fn entry(&self, record: RecordId) -> Result<Entry> {
        match self.joined.drafts.get(&record) {
            Some(draft) => Ok(draft.entry.clone()),
            None => self.branch.store().record(record)?.to_entry(),
        }
    }

    /// What the policy says of committing this now by the author of `message`; `None` where the
    /// branch is not guarded.
    ///
    /// # Errors
    /// `Corrupt` if a node or record is damaged.
    pub fn verdict(&self, message: &Message) -> Result<Option<Verdict>> {
        let core = self.branch.store().core();
        let step = made(core, &self.joined, &self.resolutions, message, &core.seed()?)?;
        let head = self.joined.head.as_ref().map(|head| head.id());
        let Some(asking) = Asking::about(&self.branch, head, message, &self.task.cause.0)? else {
            return Ok(None);
        };
        let changes = raw_changes(&self.joined.ours, step.edits.iter().cloned())?;
        asking.verdict(&judged_changes(core, changes, &step.records)?, &[], &[]).map(Some)
    }

    /// Commits to the branch. If the branch moved meanwhile, everything is prepared again on its
    /// new head; decisions are kept where the conflict is the same. Where nothing is left to change and nothing to record,
    /// the head is returned.
    ///
    /// # Errors
    /// `Conflict` with the keys if decisions are missing or exclude each other; `Blocked` if the
    /// policy refuses it; `Locked` if another process kept writing.
    pub fn commit(self, message: Message) -> Result<CommitId> {
        self.commit_beside(message, None)
    }

    /// Commits as [`Merge::commit`] does, and in the same durable write what `beside` gives; then a
    /// commit is made even if no key changes.
    pub(crate) fn commit_beside(
        mut self,
        message: Message,
        beside: Option<&Beside<'_>>,
    ) -> Result<CommitId> {
        message.check()?;
        self.task.allow_empty |= beside.is_some();
        for _ in 0..TRIES_MAX {
            let open: Vec<String> = self.conflicts().map(|found| found.key.to_string()).collect();
            if !open.is_empty() {
                let text = format!("{} conflicts need a decision", open.len());
                return Err(Error::new(ErrorKind::Conflict, text).with_candidates(open));
            }
            match self.try_commit(&message, beside) {
                Err(error) if error.kind() == ErrorKind::Stale => {
                    let before = join_task(&self.branch, &self.task)
                        .map(|joined| std::mem::replace(&mut self.joined, joined))?;
                    self.forget_outdated(&before.conflicts);
                }
                other => return other,
            }
        }
        Err(Error::stale(format!("`{}` kept moving while merging", self.branch.name())))
    }

    /// Keeps decisions only where the conflict is what it was: nobody has decided about what the
    /// branch has got since.
    fn forget_outdated(&mut self, before: &[Conflict]) {
        let now = &self.joined.conflicts;
        self.resolutions.retain(|name, _| {
            let named = |conflict: &&Conflict| conflict.name() == *name;
            before.iter().find(named) == now.iter().find(named)
        });
    }

    fn try_commit(&self, message: &Message, beside: Option<&Beside<'_>>) -> Result<CommitId> {
        let core = Arc::clone(self.branch.store().core());
        let seed = core.seed()?;
        let step = made(&core, &self.joined, &self.resolutions, message, &seed)?;
        let changes = raw_changes(&self.joined.ours, step.edits.iter().cloned())?;
        if !self.task.allow_empty && changes.is_empty() {
            let nothing = || Error::invalid("there is nothing to change");
            return self.joined.head.as_ref().map(|head| head.id()).ok_or_else(nothing);
        }
        let expected = self.joined.head.as_ref().map(|head| head.id());
        let (mut judged, mut clearance) = (None, None);
        if let Some(asking) = Asking::about(&self.branch, expected, message, &self.task.cause.0)? {
            let (verdict, leave) =
                asking.leave(&judged_changes(&core, changes, &step.records)?, &[], &[])?;
            (judged, clearance) = (Some(verdict), Some(leave));
        }
        let (store, name) = (self.branch.store().name().clone(), self.branch.name().clone());
        let (tree, task, message) = (self.joined.ours.clone(), self.task.clone(), message.clone());
        let salt = seed.derive("message", 0);
        let beside = beside.map(|beside| Prepared::beside(&core, beside)).transpose()?;
        core.land(move |turn| {
            let head = turn.head(&store, &name)?.map(|head| head.id());
            if head != expected {
                return Err(Error::stale(format!("`{name}` has moved")));
            }
            turn.clear_all(clearance);
            let parents: Vec<CommitId> = head.into_iter().chain(task.parents).collect();
            // A branch without a commit takes what is merged as its first parent, as it is.
            let (tree, edits) = match (head, parents.first()) {
                (None, Some(first)) => (turn.tree(Some(&*turn.commit(*first)?))?, Vec::new()),
                _ => (tree, step.edits),
            };
            let new = NewCommit {
                store: store.clone(),
                parents,
                tree,
                edits,
                records: step.records,
                // Whoever brought a memory to a key has noted that in a row of its own.
                homes: Vec::new(),
                message,
                cause: task.cause,
                judged,
                salt,
            };
            let (commit, _) = turn.add_commit(new)?;
            let moves = vec![(name, RefKind::Branch, Some(commit.id()))];
            turn.operate(&store, commit.author(), task.kind, moves, None)?;
            if let Some(beside) = beside {
                beside.land(turn)?;
            }
            Ok(commit.id())
        })
    }
}

impl fmt::Debug for Merge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Merge(into {}, {} conflicts)", self.branch.name(), self.joined.conflicts.len())
    }
}

/// Joins all steps of `task` into the branch's head as it is now.
fn join_task(branch: &Branch, task: &Task) -> Result<Joined> {
    let core = branch.store().core();
    let snapshot = branch.snapshot()?;
    let ours = snapshot.tree()?;
    let mut records = Records::new(core)?;
    let mut joined = Joined {
        head: snapshot.commit().cloned(),
        ours: ours.clone(),
        edits: BTreeMap::new(),
        drafts: BTreeMap::new(),
        conflicts: Vec::new(),
    };
    let mut current = ours;
    for (base, theirs) in &task.steps {
        let head = snapshot.id();
        let base = side(core, base, head, &mut records)?;
        let theirs = side(core, theirs, head, &mut records)?;
        let step = plan(&base, &current, &theirs, &mut records)?;
        let edits: Vec<_> = step.edits.iter().map(|(key, to)| (key.clone(), *to)).collect();
        current = core.nodes.keep(current.apply(&edits)?);
        joined.edits.extend(step.edits);
        joined.conflicts.extend(step.conflicts);
    }
    joined.drafts = records.drafts;
    Ok(joined)
}

fn side(
    core: &Core,
    side: &Side,
    head: Option<CommitId>,
    records: &mut Records<'_>,
) -> Result<PinnedTree> {
    match (side, head) {
        (Side::Commit(id), _) => core.tree(&*core.commit(*id)?),
        (Side::BaseWith(id), Some(head)) => common_base(core, head, *id, records),
        (Side::BaseWith(_), None) | (Side::Empty, _) => core.empty_tree(),
    }
}

/// Makes the records of a join that is decided.
pub(crate) fn made(
    core: &Core,
    joined: &Joined,
    resolutions: &BTreeMap<ConflictName, Resolution>,
    message: &Message,
    seed: &Seed,
) -> Result<Made> {
    let mut records = Records::new(core)?;
    records.drafts = joined.drafts.clone();
    let edits =
        resolved(&joined.ours, &joined.edits, &joined.conflicts, resolutions, &mut records)?;
    Finisher::new(message, seed).finish(edits, &records)
}
