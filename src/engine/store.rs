//! A named memory inside a database: its branches, tags and commits.

use std::fmt;
use std::sync::Arc;

use crate::engine::branch::Branch;
use crate::engine::change::Diff;
use crate::engine::core::Core;
use crate::engine::database::Database;
use crate::engine::policy::{Clearance, leave_to_move};
use crate::engine::resolve::nearest;
use crate::engine::snapshot::{AsSnapshot, Snapshot};
use crate::entropy::Seed;
use crate::error::{Error, Result};
use crate::history::{Graph, is_ancestor, merge_bases};
use crate::object::{
    Author, Commit, OperationKind, Record, RefKind, RefMove, RefName, SaltedText, StoreName,
    Tombstone,
};
use crate::storage::{CommitId, RecordId, TombstoneId};

impl Graph for Core {
    fn commit(&self, id: CommitId) -> Result<Arc<Commit>> {
        Core::commit(self, id)
    }

    fn position(&self, id: CommitId) -> Result<u64> {
        let missing = || Error::not_found(format!("there is no commit {id:.12}"));
        self.row_of(&id.object())?.ok_or_else(missing)
    }
}

/// A named memory inside a database, with its own branches, tags, sessions and dreams. Cheap to
/// clone.
#[derive(Clone)]
pub struct Store {
    database: Database,
    name: StoreName,
}

/// A branch or tag and where it points.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RefInfo {
    /// The name.
    pub name: RefName,
    /// Branch or tag.
    pub kind: RefKind,
    /// Where it points.
    pub commit: CommitId,
}

impl Store {
    pub(crate) fn new(database: Database, name: StoreName) -> Self {
        Self { database, name }
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The name.
    pub fn name(&self) -> &StoreName {
        &self.name
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        self.database.core()
    }

    /// A seed for texts that a wing salts itself.
    pub(crate) fn draw_seed(&self) -> Result<Seed> {
        self.core().seed()
    }

    /// The branch with this name.
    ///
    /// # Errors
    /// `NotFound` with the nearest names; `Invalid` if it is a tag.
    pub fn branch(&self, name: &str) -> Result<Branch> {
        let name = RefName::new(name)?;
        match self.find_ref(&name)? {
            Some(found) if found.kind == RefKind::Tag => {
                Err(Error::invalid(format!("`{name}` is a tag; a tag does not move")))
            }
            None if name != RefName::main() => {
                let mut branches = self.refs()?;
                branches.retain(|found| found.kind == RefKind::Branch);
                Err(Error::not_found(format!("there is no branch `{name}`"))
                    .with_candidates(nearest(name.as_str(), branches)))
            }
            _ => Ok(Branch::new(self.clone(), name)),
        }
    }

    /// A reserved branch, or any other, whether or not it has a commit yet.
    pub(crate) fn any_branch(&self, name: RefName) -> Branch {
        Branch::new(self.clone(), name)
    }

    pub(crate) fn find_ref(&self, name: &RefName) -> Result<Option<RefInfo>> {
        self.core().refresh()?;
        let full = (self.name.clone(), name.clone());
        let found = self.core().state().refs.get(&full).copied();
        Ok(found.map(|state| RefInfo {
            name: name.clone(),
            kind: state.kind,
            commit: state.commit,
        }))
    }

    /// All branches and tags, reserved ones too, in order of their names.
    ///
    /// # Errors
    /// `Io` or `Corrupt` if the log cannot be read.
    pub fn refs(&self) -> Result<Vec<RefInfo>> {
        self.core().refresh()?;
        let state = self.core().state();
        let own = state.refs.iter().filter(|((store, _), _)| *store == self.name);
        Ok(own
            .map(|((_, name), state)| RefInfo {
                name: name.clone(),
                kind: state.kind,
                commit: state.commit,
            })
            .collect())
    }

    /// Creates a branch at `commit`.
    ///
    /// # Errors
    /// `Invalid` if the name is taken or reserved; `NotFound` if there is no such commit.
    pub fn create_branch(&self, name: &str, commit: CommitId) -> Result<Branch> {
        self.create_branch_as(name, commit, &Author::program("undream"))
    }

    /// Creates a branch at `commit` on behalf of `author`.
    ///
    /// # Errors
    /// As [`Store::create_branch`].
    pub fn create_branch_as(
        &self,
        name: &str,
        commit: CommitId,
        author: &Author,
    ) -> Result<Branch> {
        let name = RefName::new(name)?;
        refuse_reserved(&name)?;
        self.create_ref(name.clone(), RefKind::Branch, commit, author)?;
        Ok(Branch::new(self.clone(), name))
    }

    /// Creates a tag at `commit`.
    ///
    /// # Errors
    /// As [`Store::create_branch`].
    pub fn create_tag(&self, name: &str, commit: CommitId, author: &Author) -> Result<()> {
        let name = RefName::new(name)?;
        refuse_reserved(&name)?;
        self.create_ref(name, RefKind::Tag, commit, author)
    }

    pub(crate) fn create_ref(
        &self,
        name: RefName,
        kind: RefKind,
        commit: CommitId,
        author: &Author,
    ) -> Result<()> {
        self.core().commit(commit)?;
        let cleared = self.leave(&name, kind, (None, Some(commit)), author)?;
        let (store, author) = (self.name.clone(), author.clone());
        self.core().land(move |landing| {
            landing.clear_all(cleared);
            if !landing.has_store(&store) {
                return Err(Error::not_found(format!("there is no store `{store}`")));
            }
            if landing.find_ref(&store, &name).is_some() {
                return Err(Error::invalid(format!("there is a `{name}` already")));
            }
            let moves = vec![(name, kind, Some(commit))];
            landing.operate(&store, &author, OperationKind::CreateRef, moves, None)?;
            Ok(())
        })
    }

    /// Deletes a branch or tag that points to `expected`. Its commits stay; `undo` brings it back.
    ///
    /// # Errors
    /// `NotFound` if there is none; `Stale` if it moved meanwhile; `Invalid` if it is reserved.
    pub fn delete_ref(&self, name: &str, expected: CommitId, author: &Author) -> Result<()> {
        let name = RefName::new(name)?;
        refuse_reserved(&name)?;
        let kind = self.find_ref(&name)?.map_or(RefKind::Branch, |found| found.kind);
        let cleared = self.leave(&name, kind, (Some(expected), None), author)?;
        let (store, author) = (self.name.clone(), author.clone());
        self.core().land(move |landing| {
            landing.clear_all(cleared);
            let Some(found) = landing.find_ref(&store, &name) else {
                return Err(Error::not_found(format!("there is no branch or tag `{name}`")));
            };
            if found.commit != expected {
                return Err(Error::stale(format!(
                    "`{name}` has moved to {:.12} meanwhile",
                    found.commit
                )));
            }
            let moves = vec![(name, found.kind, None)];
            landing.operate(&store, &author, OperationKind::DeleteRef, moves, None)?;
            Ok(())
        })
    }

    /// Leave to move a branch, where it is guarded.
    fn leave(
        &self,
        name: &RefName,
        kind: RefKind,
        (from, to): (Option<CommitId>, Option<CommitId>),
        author: &Author,
    ) -> Result<Vec<Clearance>> {
        let (store, name) = (self.name.clone(), name.clone());
        leave_to_move(&self.database, author, &[RefMove { store, name, kind, from, to }])
    }

    /// The commit with this id.
    ///
    /// # Errors
    /// `NotFound` if there is none; `Corrupt` if it is damaged.
    pub fn commit(&self, id: CommitId) -> Result<Arc<Commit>> {
        self.core().commit(id)
    }

    /// The best common ancestors of two commits, sorted: several where their histories criss-cross,
    /// none where they have nothing in common.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn merge_bases(&self, a: CommitId, b: CommitId) -> Result<Vec<CommitId>> {
        merge_bases(&**self.core(), a, b)
    }

    /// Whether `descendant` is `ancestor` or descends from it.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn is_ancestor(&self, ancestor: CommitId, descendant: CommitId) -> Result<bool> {
        is_ancestor(&**self.core(), ancestor, descendant)
    }

    /// The place in the log of a commit: greater than those of its parents.
    pub(crate) fn place_of_commit(&self, id: CommitId) -> Result<u64> {
        Graph::position(&**self.core(), id)
    }

    /// The record with this id, whether or not it stands in any tree now.
    ///
    /// # Errors
    /// `NotFound` if there is none; `Corrupt` if it is damaged.
    pub fn record(&self, id: RecordId) -> Result<Record> {
        self.core().record(&self.core().view()?, id)
    }

    /// What stands in the place of an erased text: who erased it, when and why.
    ///
    /// # Errors
    /// `NotFound` if there is none; `Corrupt` if it is damaged.
    pub fn tombstone(&self, id: TombstoneId) -> Result<Tombstone> {
        self.core().tombstone(id)
    }

    /// The content of a commit.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn snapshot(&self, commit: CommitId) -> Result<Snapshot> {
        Snapshot::at(self.clone(), Some(self.commit(commit)?))
    }

    /// What one has to change in `before` to get `after`.
    ///
    /// # Errors
    /// `Corrupt` if a tree or record is damaged.
    pub fn diff(&self, before: &impl AsSnapshot, after: &impl AsSnapshot) -> Result<Diff> {
        Diff::between(&before.as_snapshot()?, &after.as_snapshot()?, "")
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.name)
    }
}

fn refuse_reserved(name: &RefName) -> Result<()> {
    if name.is_reserved() {
        return Err(Error::invalid(format!("`{name}` is reserved for the engine")));
    }
    Ok(())
}

/// A salted text for an operation's reason.
pub(crate) fn reason(core: &Core, text: &str) -> Result<SaltedText> {
    Ok(SaltedText::new(core.seed()?.derive("operation reason", 0), text.as_bytes()))
}
