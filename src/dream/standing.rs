//! What a branch has of a dream: the picks of its proposals, and which of them were taken back.
//!
//! The branch's own commits tell, not notes beside them. So an operation that is undone, a review
//! that is reverted by its commit and a revert that is itself reverted all count.

use std::collections::BTreeSet;

use crate::engine::{Branch, Store};
use crate::error::Result;
use crate::object::{Cause, Commit, Decision, Verb};
use crate::storage::CommitId;

/// A proposal that came to the branch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picked {
    pub(crate) commit: CommitId,
    pub(crate) proposal: u32,
    /// Whether it was not taken back since.
    pub(crate) stands: bool,
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
        let mut taken_back: BTreeSet<CommitId> = BTreeSet::new();
        let mut at = branch.head()?;
        while let Some(id) = at.filter(|id| *id != base) {
            let commit = store.commit(id)?;
            match commit.cause() {
                Cause::Revert { commits } if !taken_back.contains(&id) => {
                    taken_back.extend(commits);
                }
                Cause::Review { dream: of, decisions } if *of == dream => {
                    standing.decisions.extend(decisions.iter().cloned());
                    standing.add_round(store, &commit, &taken_back)?;
                }
                _ => {}
            }
            at = commit.first_parent();
        }
        Ok(standing)
    }

    /// Adds the picks that a review commit closes.
    fn add_round(
        &mut self,
        store: &Store,
        review: &Commit,
        taken_back: &BTreeSet<CommitId>,
    ) -> Result<()> {
        let stands = !taken_back.contains(&review.id());
        let mut at = review.parents().iter().last().copied();
        while let Some(id) = at {
            let commit = store.commit(id)?;
            let Cause::Pick { proposal, .. } = commit.cause() else { break };
            let stands = stands && !taken_back.contains(&id);
            self.picks.push(Picked { commit: id, proposal: *proposal, stands });
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
        self.picks.iter().any(|pick| pick.proposal == proposal && pick.stands)
    }
}
