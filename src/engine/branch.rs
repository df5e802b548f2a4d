//! A branch: a line of history that moves with each commit.

use std::fmt;
use std::sync::Arc;

use crate::engine::landing::no_branch;
use crate::engine::merge::{Merge, Side, Task};
use crate::engine::snapshot::Snapshot;
use crate::engine::store::Store;
use crate::engine::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::history::is_ancestor;
use crate::object::{Cause, Commit, Message, OperationKind, RefName, SaltedText};
use crate::storage::CommitId;

/// How often [`Branch::update`] tries.
const UPDATES_MAX: usize = 64;

/// A line of history that moves with each commit. Cheap to clone.
#[derive(Clone)]
pub struct Branch {
    store: Store,
    name: RefName,
}

impl Branch {
    pub(crate) fn new(store: Store, name: RefName) -> Self {
        Self { store, name }
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The name.
    pub fn name(&self) -> &RefName {
        &self.name
    }

    /// The newest commit; `None` before the first.
    ///
    /// # Errors
    /// `Io` or `Corrupt` if the log cannot be read.
    pub fn head(&self) -> Result<Option<CommitId>> {
        Ok(self.store.find_ref(&self.name)?.map(|found| found.commit))
    }

    pub(crate) fn head_commit(&self) -> Result<Option<Arc<Commit>>> {
        let head = self.head()?;
        if head.is_none() && self.name != RefName::main() && !self.name.is_reserved() {
            return Err(no_branch(&self.name));
        }
        head.map(|id| self.store.commit(id)).transpose()
    }

    /// The content of the newest commit. It stays as it is while others write.
    ///
    /// # Errors
    /// `NotFound` if the branch was deleted; `Io` or `Corrupt` if it cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot> {
        Snapshot::at(self.store.clone(), self.head_commit()?)
    }

    /// As [`Branch::snapshot`]; `None` where the branch was deleted or has no commit yet.
    pub(crate) fn find_snapshot(&self) -> Result<Option<Snapshot>> {
        let Some(head) = self.head()? else { return Ok(None) };
        Snapshot::at(self.store.clone(), Some(self.store.commit(head)?)).map(Some)
    }

    /// Begins a transaction on the newest commit.
    ///
    /// # Errors
    /// `Invalid` on a reserved branch; `Io` or `Corrupt` if it cannot be read.
    pub fn write(&self) -> Result<Transaction> {
        self.refuse_reserved()?;
        self.write_reserved()
    }

    /// Refuses the branches on which the engine keeps its own account: who could write there could
    /// endorse in another's name.
    pub(crate) fn refuse_reserved(&self) -> Result<()> {
        if self.name.is_reserved() {
            return Err(Error::invalid(format!("`{}` is written by the engine only", self.name)));
        }
        Ok(())
    }

    /// Begins a transaction, also on a branch that only the engine writes.
    pub(crate) fn write_reserved(&self) -> Result<Transaction> {
        Transaction::begin(self.clone())
    }

    /// Runs `edit` on a transaction and commits it; again from the start if others changed the same
    /// keys meanwhile.
    ///
    /// # Errors
    /// What `edit` fails with; as [`Transaction::commit`]; `Stale` if others were faster 64 times.
    pub fn update(
        &self,
        message: Message,
        edit: impl FnMut(&mut Transaction) -> Result<()>,
    ) -> Result<CommitId> {
        self.refuse_reserved()?;
        self.update_reserved(message, edit)
    }

    /// As [`Branch::update`], also on a branch that only the engine writes.
    pub(crate) fn update_reserved(
        &self,
        message: Message,
        mut edit: impl FnMut(&mut Transaction) -> Result<()>,
    ) -> Result<CommitId> {
        let mut tries = 1;
        loop {
            let mut transaction = self.write_reserved()?;
            edit(&mut transaction)?;
            match transaction.commit(message.clone()) {
                Err(error) if error.kind() == ErrorKind::Stale && tries < UPDATES_MAX => tries += 1,
                other => return other,
            }
        }
    }

    /// Removes what stands at `key`, if anything does. Returns whether it did.
    pub(super) fn strike(&self, key: &str, message: Message) -> Result<bool> {
        if self.snapshot()?.get_id(key)?.is_none() {
            return Ok(false);
        }
        let mut had = false;
        self.update_reserved(message, |transaction| {
            had = transaction.base().get_id(key)?.is_some();
            if had { transaction.remove(key) } else { Ok(()) }
        })?;
        Ok(had)
    }

    /// Prepares the merge of `other` into this branch.
    ///
    /// # Errors
    /// `Invalid` if `other` is a dream's branch, which is merged by its review, or has no commit.
    pub fn merge(&self, other: &Self) -> Result<Merge> {
        if other.name.dream_number().is_some() {
            return Err(Error::invalid(format!(
                "`{}` is a dream's branch: it is merged proposal by proposal, by its review",
                other.name
            )));
        }
        let empty = || Error::invalid(format!("`{}` has no commit to merge", other.name));
        self.merge_commit(other.head()?.ok_or_else(empty)?)
    }

    /// Prepares the merge of `theirs` into this branch.
    ///
    /// # Errors
    /// `NotFound` if there is no such commit; `Corrupt` if something is damaged.
    pub fn merge_commit(&self, theirs: CommitId) -> Result<Merge> {
        self.store.commit(theirs)?;
        let core = self.store.core();
        let known = match self.head()? {
            Some(head) => is_ancestor(&**core, theirs, head)?,
            None => false,
        };
        let steps =
            if known { Vec::new() } else { vec![(Side::BaseWith(theirs), Side::Commit(theirs))] };
        let task = Task {
            steps,
            parents: if known { Vec::new() } else { vec![theirs] },
            cause: (Cause::Merge, Vec::new()),
            kind: OperationKind::Merge,
            allow_empty: !known,
        };
        Merge::prepare(self.clone(), task)
    }

    /// Prepares a commit that takes `commit` back, leaving what came after it. Of a merge, what it
    /// brought to its first parent is taken back.
    ///
    /// # Errors
    /// `NotFound` if there is no such commit; `Invalid` if the branch never had it.
    pub fn revert(&self, commit: CommitId) -> Result<Merge> {
        self.revert_all(&[commit])
    }

    /// Prepares one commit that takes all of `commits` back, newest first.
    ///
    /// # Errors
    /// As [`Branch::revert`].
    pub fn revert_all(&self, commits: &[CommitId]) -> Result<Merge> {
        let core = self.store.core();
        let head = self.head()?;
        let mut ordered = Vec::new();
        for id in commits {
            let commit = core.commit(*id)?;
            let had = match head {
                Some(head) => is_ancestor(&**core, *id, head)?,
                None => false,
            };
            if !had {
                let message = format!("`{}` does not have commit {id:.12}", self.name);
                return Err(Error::invalid(message));
            }
            let position = core.row_of(&id.object())?.unwrap_or_default();
            let before = commit.first_parent().map_or(Side::Empty, Side::Commit);
            ordered.push((position, (Side::Commit(*id), before)));
        }
        ordered.sort_by_key(|(position, _)| std::cmp::Reverse(*position));
        let task = Task {
            steps: ordered.into_iter().map(|(_, step)| step).collect(),
            parents: Vec::new(),
            cause: (Cause::Revert { commits: commits.to_vec() }, Vec::new()),
            kind: OperationKind::Revert,
            allow_empty: false,
        };
        Merge::prepare(self.clone(), task)
    }

    /// Prepares a commit that makes on this branch the change that `commit` made to its first
    /// parent.
    ///
    /// # Errors
    /// `NotFound` if there is no such commit.
    pub fn pick(&self, commit: CommitId) -> Result<Merge> {
        self.pick_as(commit, (Cause::Write, Vec::new()))
    }

    pub(crate) fn pick_as(
        &self,
        commit: CommitId,
        cause: (Cause, Vec<SaltedText>),
    ) -> Result<Merge> {
        let picked = self.store.commit(commit)?;
        let before = picked.first_parent().map_or(Side::Empty, Side::Commit);
        let task = Task {
            steps: vec![(before, Side::Commit(commit))],
            parents: Vec::new(),
            cause,
            kind: OperationKind::Commit,
            allow_empty: false,
        };
        Merge::prepare(self.clone(), task)
    }
}

impl fmt::Debug for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Branch({}:{})", self.store.name(), self.name)
    }
}
