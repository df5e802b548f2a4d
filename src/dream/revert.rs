//! Taking a dream, or one proposal of it, back off the branch.

use std::collections::BTreeSet;

use crate::dream::dream::Dream;
use crate::dream::manifest::meta;
use crate::engine::{Change, Conflict, Merge, Resolution, Transaction};
use crate::error::{Error, Result};
use crate::object::Message;
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
        let mut chosen = self.standing()?.picks;
        chosen.retain(|pick| pick.stands() && proposal.is_none_or(|one| one == pick.proposal));
        if chosen.is_empty() {
            let what = proposal.map_or_else(
                || format!("nothing of dream {}", self.number()),
                |number| format!("no proposal {number} of dream {}", self.number()),
            );
            return Err(Error::not_found(format!("{what} is merged into `{}` now", branch.name())));
        }
        let commits: Vec<CommitId> = chosen.iter().map(|pick| pick.commit).collect();
        Ok(DreamRevert {
            dream: self.clone(),
            proposals: chosen.iter().map(|pick| pick.proposal).collect(),
            merge: branch.revert_all(&commits)?,
        })
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

    /// Commits, and notes on the dream what was taken back, in one durable write.
    ///
    /// # Errors
    /// `Conflict` with the keys if decisions are missing; `Locked` if another process kept writing.
    pub fn commit(self, message: Message) -> Result<CommitId> {
        let (dream, proposals) = (&self.dream, &self.proposals);
        let text = format!("Note what was taken back of dream {}", dream.number());
        let note = Message { text, ..message.clone() };
        let beside = || -> Result<(Transaction, Message)> {
            let mut transaction = meta(dream.store()).write_reserved()?;
            dream.redecide(&mut transaction, |choices| {
                let taken = choices.iter_mut().filter(|(number, _)| proposals.contains(number));
                taken.for_each(|(_, choice)| choice.reverted = true);
            })?;
            Ok((transaction, note.clone()))
        };
        self.merge.commit_beside(message, Some(&beside))
    }
}
