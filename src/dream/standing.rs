//! What a branch has of a dream: the picks of its proposals, and which of them were taken back.
//!
//! The branch's own commits tell, not notes beside them. So an operation that is undone, a review
//! that is reverted by its commit, a revert that is itself reverted and what a withdrawal or a restore
//! took away all count.

use std::collections::BTreeMap;

use crate::engine::{Branch, Snapshot, Store};
use crate::error::Result;
use crate::object::{Cause, Commit, Decision, Key, Verb};
use crate::storage::{CommitId, RecordId};

/// A proposal that came to the branch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picked {
    pub(crate) commit: CommitId,
    pub(crate) proposal: u32,
    /// The commit that took it back, if one did.
    pub(crate) taken_back: Option<CommitId>,
}

impl Picked {
    pub(crate) fn stands(&self) -> bool {
        self.taken_back.is_none()
    }
}

/// What a branch has of one dream, newest first.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    pub(crate) picks: Vec<Picked>,
    /// What the review commits tell.
    pub(crate) decisions: Vec<Decision>,
}

impl Standing {
    /// Reads what `branch` has got of `dream` since `base`.
    pub(crate) fn read(branch: &Branch, dream: u64, base: CommitId) -> Result<Self> {
        let store = branch.store();
        let mut standing = Self::default();
        // From the newest on, so that each revert is known to stand or not before what it takes
        // back is met.
        let Some(head) = branch.find_snapshot()? else { return Ok(standing) };
        let mut at = head.id();
        let mut undoing = Undoing::of(head);
        while let Some(id) = at.filter(|id| *id != base) {
            let commit = store.commit(id)?;
            match commit.cause() {
                Cause::Review { dream: of, decisions } if *of == dream => {
                    standing.decisions.extend(decisions.iter().cloned());
                    standing.add_round(&commit, &undoing)?;
                }
                _ => undoing.add(&commit)?,
            }
            at = commit.first_parent();
        }
        Ok(standing)
    }

    /// Adds the picks that a review commit closes.
    fn add_round(&mut self, review: &Commit, undoing: &Undoing) -> Result<()> {
        let mut at = review.parents().iter().last().copied();
        while let Some(id) = at {
            let commit = undoing.store.commit(id)?;
            let Cause::Pick { proposal, .. } = commit.cause() else { break };
            let taken_back = match undoing.commits.get(&review.id()) {
                Some(by) => Some(*by),
                None => undoing.of_pick(id)?,
            };
            self.picks.push(Picked { commit: id, proposal: *proposal, taken_back });
            at = commit.first_parent();
        }
        Ok(())
    }

    /// Whether a proposal came to the branch.
    pub(crate) fn has(&self, proposal: u32) -> bool {
        self.picks.iter().any(|pick| pick.proposal == proposal)
    }

    /// Whether a review commit tells of such a decision.
    pub(crate) fn tells_of(&self, proposal: u32, verb: Verb) -> bool {
        self.decisions.iter().any(|told| (told.proposal, told.verb) == (proposal, verb))
    }

    /// Whether a proposal came to the branch and was not taken back.
    pub(crate) fn holds(&self, proposal: u32) -> bool {
        self.picks.iter().any(|pick| pick.proposal == proposal && pick.stands())
    }
}

/// What newer commits of a branch took back.
struct Undoing {
    store: Store,
    head: Snapshot,
    /// Commits, each with the revert of it.
    commits: BTreeMap<CommitId, CommitId>,
    /// Versions that a withdrawal or a restore took from their keys.
    versions: BTreeMap<RecordId, (Key, CommitId)>,
}

impl Undoing {
    fn of(head: Snapshot) -> Self {
        Self {
            store: head.store().clone(),
            head,
            commits: BTreeMap::new(),
            versions: BTreeMap::new(),
        }
    }

    fn add(&mut self, commit: &Commit) -> Result<()> {
        let id = commit.id();
        match commit.cause() {
            _ if self.commits.contains_key(&id) => {}
            Cause::Revert { commits } => {
                self.commits.extend(commits.iter().map(|taken_back| (*taken_back, id)));
            }
            Cause::Withdrawal { .. } | Cause::Restore { .. } => {
                for change in self.store.changes(id)? {
                    if let Some(before) = change.before
                        && !self.is_kept(before, change.after)?
                    {
                        let key = change.from.unwrap_or(change.key);
                        self.versions.entry(before).or_insert((key, id));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether what a version says is still said, if on other evidence or at another key.
    fn is_kept(&self, before: RecordId, after: Option<RecordId>) -> Result<bool> {
        let Some(after) = after else { return Ok(false) };
        Ok(before == after || self.store.record(before)?.says_the_same(&self.store.record(after)?))
    }

    /// The commit that took a pick back: the pick itself, or all versions that it wrote.
    fn of_pick(&self, pick: CommitId) -> Result<Option<CommitId>> {
        if let Some(by) = self.commits.get(&pick) {
            return Ok(Some(*by));
        }
        if self.versions.is_empty() {
            return Ok(None);
        }
        let mut found = None;
        for written in self.store.changes(pick)?.into_iter().filter_map(|change| change.after) {
            let Some((key, by)) = self.versions.get(&written) else { return Ok(None) };
            if self.head.get_id(key.as_str())? == Some(written) {
                return Ok(None);
            }
            found = Some(*by);
        }
        Ok(found)
    }
}
