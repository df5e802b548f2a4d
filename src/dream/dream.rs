//! A dream that has run.

use std::collections::BTreeSet;
use std::fmt;

use crate::dream::manifest::{Choices, Manifest, Part, SessionList, load, meta, numbers};
use crate::dream::proposal::{Proposal, read_all};
use crate::engine::{Branch, Store};
use crate::error::{Error, Result};
use crate::object::{Cause, RefName};

/// One pass over sessions, and what it proposes: the branch `dreams/<n>` and its account.
#[derive(Clone)]
pub struct Dream {
    store: Store,
    number: u64,
}

impl Dream {
    pub(crate) fn new(store: Store, number: u64) -> Self {
        Self { store, number }
    }

    /// The dream with this number.
    ///
    /// # Errors
    /// `NotFound` with the dreams there are.
    pub fn open(store: &Store, number: u64) -> Result<Self> {
        let dream = Self::new(store.clone(), number);
        dream.manifest()?;
        Ok(dream)
    }

    /// All dreams of a store, in order.
    ///
    /// # Errors
    /// `Io` or `Corrupt` if the log cannot be read.
    pub fn list(store: &Store) -> Result<Vec<Self>> {
        let numbers = numbers(&meta(store).snapshot()?)?;
        Ok(numbers.into_iter().map(|number| Self::new(store.clone(), number)).collect())
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The dream's number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The dream's branch: its head is the preview of all proposals together.
    pub fn branch(&self) -> Branch {
        self.store.any_branch(RefName::dream(self.number))
    }

    /// The branch that the dream is of.
    ///
    /// # Errors
    /// As [`Dream::manifest`].
    pub fn base_branch(&self) -> Result<Branch> {
        self.store.branch(&self.manifest()?.branch)
    }

    /// What the dream did.
    ///
    /// # Errors
    /// `NotFound` with the dreams there are; `Corrupt` if the record is damaged.
    pub fn manifest(&self) -> Result<Manifest> {
        let snapshot = meta(&self.store).snapshot()?;
        if let Some(manifest) = load(&snapshot, self.number, Part::Manifest)? {
            return Ok(manifest);
        }
        let known = numbers(&snapshot)?.into_iter().map(|number| number.to_string());
        Err(Error::not_found(format!("there is no dream {}", self.number)).with_candidates(known))
    }

    /// The ids of the sessions that the curator read, whether or not a proposal cites them; beside
    /// them it saw the memory as it was at the dream's base. What a dream has read without citing
    /// it may have moved it all the same.
    ///
    /// # Errors
    /// `Corrupt` if the record is damaged.
    pub fn read_sessions(&self) -> Result<Vec<String>> {
        let snapshot = meta(&self.store).snapshot()?;
        let list: SessionList = match load(&snapshot, self.number, Part::Seen)? {
            Some(seen) => seen,
            None => load(&snapshot, self.number, Part::Sessions)?.unwrap_or_default(),
        };
        Ok(list.into_iter().map(|(id, _)| id).collect())
    }

    /// The proposals, best first, each with its decision.
    ///
    /// # Errors
    /// `Corrupt` if a commit or session is damaged.
    pub fn proposals(&self) -> Result<Vec<Proposal>> {
        let mut commits = Vec::new();
        let mut at = self.branch().head()?;
        while let Some(id) = at {
            let commit = self.store.commit(id)?;
            match commit.cause() {
                Cause::Proposal(part) if part.dream == self.number => at = commit.first_parent(),
                _ => break,
            }
            commits.push(commit);
        }
        commits.reverse();
        let mut proposals = read_all(&self.store, &commits)?;
        let choices = self.choices()?;
        for proposal in &mut proposals {
            proposal.choice = choices.get(&proposal.number()).cloned();
        }
        Ok(proposals)
    }

    /// The decisions. What the branch no longer has, because the merge was undone, is not merged.
    pub(crate) fn choices(&self) -> Result<Choices> {
        let snapshot = meta(&self.store).snapshot()?;
        let mut choices: Choices =
            load(&snapshot, self.number, Part::Decisions)?.unwrap_or_default();
        if choices.values().any(|choice| choice.merged) {
            let picked: BTreeSet<u32> =
                self.picks()?.into_iter().map(|(_, number)| number).collect();
            for (number, choice) in &mut choices {
                choice.merged &= picked.contains(number);
            }
        }
        Ok(choices)
    }
}

impl fmt::Debug for Dream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dream({} of {:?})", self.number, self.store)
    }
}
