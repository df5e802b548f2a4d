//! Taking a dream, or one proposal of it, back off the branch.

use std::collections::BTreeSet;

use crate::dream::dream::Dream;
use crate::dream::manifest::{Choices, Part, load, save};
use crate::dream::run::write_meta;
use crate::engine::{Change, Conflict, Merge, Resolution};
use crate::error::{Error, Result};
use crate::object::{Cause, Commit, Message};
use crate::storage::CommitId;

/// The reversal of a dream or of one of its proposals, prepared. Nothing is written before
/// [`DreamRevert::commit`].
#[derive(Debug)]
#[must_use = "a revert does nothing until it is committed"]
pub struct DreamRevert {
    dream: Dream,
    proposals: BTreeSet<u32>,
    merge: Merge,
}

impl Dream {
    /// Prepares one commit that takes back all that was merged of this dream, or just one proposal,
    /// leaving what came after.
    ///
    /// # Errors
    /// `NotFound` if nothing of it is on the branch, or not that proposal.
    pub fn revert(&self, proposal: Option<u32>) -> Result<DreamRevert> {
        let branch = self.base_branch()?;
        let standing = self.standing()?;
        let chosen: Vec<_> = standing
            .into_iter()
            .filter(|(_, number)| proposal.is_none_or(|wanted| wanted == *number))
            .collect();
        if chosen.is_empty() {
            let what = proposal.map_or_else(
                || format!("nothing of dream {}", self.number()),
                |number| format!("no proposal {number} of dream {}", self.number()),
            );
            return Err(Error::not_found(format!("{what} is merged into `{}` now", branch.name())));
        }
        let commits: Vec<CommitId> = chosen.iter().map(|(commit, _)| *commit).collect();
        Ok(DreamRevert {
            dream: self.clone(),
            proposals: chosen.into_iter().map(|(_, number)| number).collect(),
            merge: branch.revert_all(&commits)?,
        })
    }

    /// The picks of this dream that the branch has and that were not taken back, with the numbers
    /// of their proposals.
    fn standing(&self) -> Result<Vec<(CommitId, u32)>> {
        let choices = self.choices()?;
        let mut picks = self.picks()?;
        picks.retain(|(_, number)| choices.get(number).is_none_or(|choice| !choice.reverted));
        Ok(picks)
    }

    /// The picks of this dream that the branch has, with the numbers of their proposals.
    pub(crate) fn picks(&self) -> Result<Vec<(CommitId, u32)>> {
        let store = self.store();
        let mut picks = Vec::new();
        let mut at = self.base_branch()?.head()?;
        let base = self.manifest()?.base_commit()?;
        while let Some(id) = at.filter(|id| *id != base) {
            let commit = store.commit(id)?;
            if matches!(commit.cause(), Cause::Review { dream, .. } if *dream == self.number()) {
                self.chain_of(&commit, &mut picks)?;
            }
            at = commit.first_parent();
        }
        Ok(picks)
    }

    /// The picks that a review commit closes.
    fn chain_of(&self, review: &Commit, picks: &mut Vec<(CommitId, u32)>) -> Result<()> {
        let mut at = review.parents().get(1).copied();
        while let Some(id) = at {
            let commit = self.store().commit(id)?;
            match commit.cause() {
                Cause::Pick { dream, proposal, .. } if *dream == self.number() => {
                    picks.push((id, *proposal));
                }
                _ => break,
            }
            at = commit.first_parent();
        }
        Ok(())
    }
}

impl DreamRevert {
    /// The proposals that are taken back.
    pub fn proposals(&self) -> &BTreeSet<u32> {
        &self.proposals
    }

    /// The conflicts that need a decision.
    pub fn conflicts(&self) -> impl Iterator<Item = &Conflict> {
        self.merge.conflicts()
    }

    /// The prepared merge, to look at.
    pub fn merge(&self) -> &Merge {
        &self.merge
    }

    /// Decides every open conflict.
    ///
    /// # Errors
    /// `Limit` if a new text is too long.
    pub fn resolve(&mut self, choose: impl FnMut(&Conflict) -> Resolution) -> Result<()> {
        self.merge.resolve(choose)
    }

    /// Decides the conflict at `key`.
    ///
    /// # Errors
    /// `NotFound` with the keys in conflict.
    pub fn resolve_key(&mut self, key: &str, resolution: Resolution) -> Result<()> {
        self.merge.resolve_key(key, resolution)
    }

    /// What committing changes on the branch.
    ///
    /// # Errors
    /// `Corrupt` if a node or record is damaged.
    pub fn changes(&self) -> Result<Vec<Change>> {
        self.merge.changes()
    }

    /// Commits, and notes on the dream what was taken back.
    ///
    /// # Errors
    /// `Conflict` with the keys if decisions are missing; `Locked` if another process kept writing.
    pub fn commit(self, message: Message) -> Result<CommitId> {
        let commit = self.merge.commit(message.clone())?;
        let (dream, proposals) = (&self.dream, &self.proposals);
        let text = format!("Note what was taken back of dream {}", dream.number());
        let note = Message { text, ..message };
        write_meta(dream.store(), note, |transaction| {
            let snapshot = transaction.base().clone();
            let mut choices: Choices =
                load(&snapshot, dream.number(), Part::Decisions)?.unwrap_or_default();
            for (_, choice) in choices.iter_mut().filter(|(number, _)| proposals.contains(number)) {
                choice.reverted = true;
            }
            save(transaction, dream.number(), Part::Decisions, &choices)
        })?;
        Ok(commit)
    }
}
