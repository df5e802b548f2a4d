//! Taking back all dreams since a time, in one commit.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Time;
use crate::dream::dream::Dream;
use crate::dream::manifest::{Choices, Part, load, meta, save};
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
    /// Prepares one commit that takes back whatever dreams brought to `branch` after `since`, by
    /// the time at which it was merged.
    ///
    /// # Errors
    /// `NotFound` if no dream was merged since, or all of it is taken back already; `Corrupt` if
    /// something is damaged.
    pub fn revert_since(branch: &Branch, since: Time) -> Result<DreamsRevert> {
        let store = branch.store().clone();
        let mut picks: Vec<(CommitId, u64, u32)> = Vec::new();
        let mut at = branch.head()?;
        while let Some(id) = at {
            let commit = store.commit(id)?;
            if commit.committed() <= since {
                break;
            }
            if let Cause::Review { dream, .. } = commit.cause() {
                chain_of(&store, &commit, *dream, &mut picks)?;
            }
            at = commit.first_parent();
        }
        let snapshot = meta(&store).snapshot()?;
        let mut standing = Vec::new();
        let mut proposals: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
        for (commit, dream, number) in picks {
            let choices: Choices = load(&snapshot, dream, Part::Decisions)?.unwrap_or_default();
            if choices.get(&number).is_none_or(|choice| !choice.reverted) {
                standing.push(commit);
                proposals.entry(dream).or_default().insert(number);
            }
        }
        if standing.is_empty() {
            let text = format!("no dream that stands was merged into `{}` since {since}", branch.name());
            return Err(Error::not_found(text));
        }
        Ok(DreamsRevert { store, proposals, merge: branch.revert_all(&standing)? })
    }
}

/// The picks that a review commit closes, with dream and proposal.
fn chain_of(
    store: &Store,
    review: &Commit,
    number: u64,
    picks: &mut Vec<(CommitId, u64, u32)>,
) -> Result<()> {
    let mut at = review.parents().get(1).copied();
    while let Some(id) = at {
        let commit = store.commit(id)?;
        match commit.cause() {
            Cause::Pick { dream, proposal, .. } if *dream == number => {
                picks.push((id, *dream, *proposal));
            }
            _ => break,
        }
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
        let why = message.author.message("Note what was taken back of dreams");
        let beside = || -> Result<(Transaction, Message)> {
            let mut transaction = meta(&store).write_reserved()?;
            let snapshot = transaction.base().clone();
            for (dream, numbers) in &proposals {
                let mut choices: Choices =
                    load(&snapshot, *dream, Part::Decisions)?.unwrap_or_default();
                for (_, choice) in choices.iter_mut().filter(|(held, _)| numbers.contains(held)) {
                    choice.reverted = true;
                }
                save(&mut transaction, *dream, Part::Decisions, &choices)?;
            }
            Ok((transaction, why.clone()))
        };
        self.merge.commit_with(message, &beside)
    }
}
