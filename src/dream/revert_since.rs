//! Taking back all dreams since a time, in one commit.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Time;
use crate::dream::dream::Dream;
use crate::dream::manifest::meta;
use crate::engine::{Branch, Merge, Store, Transaction};
use crate::error::{Error, Result};
use crate::object::{Cause, Commit, Message};
use crate::storage::CommitId;

/// The reversal of all that dreams brought to a branch since a time, prepared. Direct writes stay.
/// Nothing is written before [`DreamsRevert::commit`].
#[derive(Debug)]
#[must_use = "a revert does nothing until it is committed"]
pub struct DreamsRevert {
    store: Store,
    proposals: BTreeMap<u64, BTreeSet<u32>>,
    merge: Merge,
}

impl Dream {
    /// Prepares one commit that takes back whatever dreams brought to `branch` at or after `since`,
    /// by the time at which it was merged.
    ///
    /// # Errors
    /// `NotFound` if no dream was merged since, or all of it is taken back already; `Corrupt` if
    /// something is damaged.
    pub fn revert_since(branch: &Branch, since: Time) -> Result<DreamsRevert> {
        let store = branch.store();
        let mut taken_back: BTreeSet<CommitId> = BTreeSet::new();
        let mut picks: Vec<(CommitId, u64, u32)> = Vec::new();
        let mut at = branch.head()?;
        while let Some(id) = at {
            let commit = store.commit(id)?;
            if commit.committed() < since {
                break;
            }
            match commit.cause() {
                Cause::Revert { commits } if !taken_back.contains(&id) => {
                    taken_back.extend(commits);
                }
                Cause::Review { .. } if !taken_back.contains(&id) => {
                    chain_of(store, &commit, &mut picks)?;
                }
                _ => {}
            }
            at = commit.first_parent();
        }
        picks.retain(|(commit, ..)| !taken_back.contains(commit));
        if picks.is_empty() {
            let text =
                format!("no dream that stands was merged into `{}` since {since}", branch.name());
            return Err(Error::not_found(text));
        }
        let commits: Vec<CommitId> = picks.iter().map(|(commit, ..)| *commit).collect();
        let mut proposals: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
        for (_, dream, number) in picks {
            proposals.entry(dream).or_default().insert(number);
        }
        Ok(DreamsRevert { store: store.clone(), proposals, merge: branch.revert_all(&commits)? })
    }
}

/// The picks that a review commit closes, with dream and proposal.
fn chain_of(store: &Store, review: &Commit, picks: &mut Vec<(CommitId, u64, u32)>) -> Result<()> {
    let mut at = review.parents().iter().last().copied();
    while let Some(id) = at {
        let commit = store.commit(id)?;
        let Cause::Pick { dream, proposal, .. } = commit.cause() else { break };
        picks.push((id, *dream, *proposal));
        at = commit.first_parent();
    }
    Ok(())
}

impl DreamsRevert {
    /// The proposals that are taken back, by dream.
    pub fn proposals(&self) -> &BTreeMap<u64, BTreeSet<u32>> {
        &self.proposals
    }

    /// The prepared revert: its changes and conflicts.
    pub fn merge(&self) -> &Merge {
        &self.merge
    }

    /// The prepared revert, to decide about conflicts.
    pub fn merge_mut(&mut self) -> &mut Merge {
        &mut self.merge
    }

    /// Commits, and in the same durable write notes on each dream what was taken back.
    ///
    /// # Errors
    /// `Conflict` with the keys if decisions are missing; `Locked` if another process kept writing.
    pub fn commit(self, message: Message) -> Result<CommitId> {
        let (store, proposals) = (self.store, self.proposals);
        let note = message.author.message("Note what was taken back of dreams");
        let beside = || -> Result<(Transaction, Message)> {
            let mut transaction = meta(&store).write_reserved()?;
            for (number, proposals) in &proposals {
                Dream::new(store.clone(), *number).redecide(&mut transaction, |choices| {
                    let taken = choices.iter_mut().filter(|(number, _)| proposals.contains(number));
                    taken.for_each(|(_, choice)| choice.reverted = true);
                })?;
            }
            Ok((transaction, note.clone()))
        };
        self.merge.commit_beside(message, Some(&beside))
    }
}
