//! The policy in force: a record on `meta`, or the default until one is written.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::core::Core;
use crate::engine::landing::Landing;
use crate::engine::nodes::PinnedTree;
use crate::engine::policy::terms::Policy;
use crate::engine::store::Store;
use crate::error::{Error, ErrorKind, Result};
use crate::object::{AuthorKind, Entry, Kind, Message, Record, RefName, StoreName};
use crate::storage::{CommitId, RecordId};

/// Where the policy lies on `meta`.
pub(crate) const KEY: &str = "policy";

/// The policy in force, and the record that says it.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    pub(crate) record: Option<RecordId>,
    pub(crate) policy: Policy,
}

impl Standing {
    pub(super) fn read(record: &Record) -> Result<Self> {
        let policy = Policy::parse(record.text()?).map_err(|error| {
            let id = record.id();
            Error::corrupt(format!("the policy {id:.12} cannot be read")).with_source(error)
        })?;
        Ok(Self { record: Some(record.id()), policy })
    }
}

/// The policies in force, by the head of `meta` that says so.
#[derive(Debug, Default)]
pub(crate) struct Standings(Mutex<HashMap<StoreName, AsOf>>);

/// A policy, and the head of `meta` that it was read at.
type AsOf = (Option<CommitId>, Arc<Standing>);

impl Standings {
    fn of(
        &self,
        store: &StoreName,
        meta: Option<CommitId>,
        read: impl FnOnce(CommitId) -> Result<Standing>,
    ) -> Result<Arc<Standing>> {
        let held = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, standing)) = held().get(store)
            && *at == meta
        {
            return Ok(Arc::clone(standing));
        }
        let standing = Arc::new(meta.map(read).transpose()?.unwrap_or_default());
        held().insert(store.clone(), (meta, Arc::clone(&standing)));
        Ok(standing)
    }
}

impl Core {
    /// The policy in force as far as is known here; where a change lands, it is looked at again.
    pub(super) fn standing(&self, store: &StoreName) -> Result<Arc<Standing>> {
        let meta = (store.clone(), RefName::meta());
        let head = self.state().refs.get(&meta).map(|state| state.commit);
        self.standings.of(store, head, |head| {
            let tree = self.tree(&*self.commit(head)?)?;
            read_in(&tree, |id| self.record(&self.view()?, id))
        })
    }
}

impl Landing<'_> {
    /// The policy in force at this turn.
    pub(super) fn standing(&self, store: &StoreName) -> Result<Arc<Standing>> {
        let head = self.find_ref(store, &RefName::meta()).map(|state| state.commit);
        self.core.standings.of(store, head, |head| {
            let tree = self.tree(Some(&*self.commit(head)?))?;
            read_in(&tree, |id| self.record(&self.core.view()?, id))
        })
    }
}

fn read_in(tree: &PinnedTree, record: impl FnOnce(RecordId) -> Result<Record>) -> Result<Standing> {
    let id = if tree.is_empty() { None } else { tree.get(KEY)? };
    id.map(|id| Standing::read(&record(id)?)).transpose().map(Option::unwrap_or_default)
}

impl Store {
    /// The policy in force.
    ///
    /// # Errors
    /// `Corrupt` if the policy's record cannot be read.
    pub fn policy(&self) -> Result<Policy> {
        Ok(self.standing()?.policy.clone())
    }

    pub(crate) fn standing(&self) -> Result<Arc<Standing>> {
        self.core().refresh()?;
        self.core().standing(self.name())
    }

    /// The policy in force as it was written, comments and all, and its record; the default policy
    /// has none.
    ///
    /// # Errors
    /// `Corrupt` if the record is damaged.
    pub fn policy_text(&self) -> Result<(String, Option<RecordId>)> {
        match self.any_branch(RefName::meta()).snapshot()?.get(KEY)? {
            Some(record) => Ok((record.text()?.to_owned(), Some(record.id()))),
            None => Ok((Policy::default().to_string(), None)),
        }
    }

    /// Puts a policy in force, in the text form that a person edits.
    ///
    /// # Errors
    /// `Invalid` with the line that cannot be read; `Blocked` if the author is no person; `Stale`
    /// if somebody else changed the policy meanwhile.
    pub fn set_policy(&self, text: &str, message: Message) -> Result<CommitId> {
        Policy::parse(text)?;
        if message.author.kind() != AuthorKind::Person {
            return Err(only_a_person());
        }
        let mut transaction = self.any_branch(RefName::meta()).write_reserved()?;
        transaction.put(KEY, Entry::new(text).kind(Kind::SYSTEM))?;
        transaction.commit(message)
    }
}

pub(super) fn only_a_person() -> Error {
    Error::new(ErrorKind::Blocked, "only a person can change the policy")
}
