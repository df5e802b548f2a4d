//! The content of one commit, to be read.

use std::fmt;
use std::sync::Arc;

use crate::engine::branch::Branch;
use crate::engine::nodes::PinnedTree;
use crate::engine::overlay::Content;
use crate::engine::store::Store;
use crate::engine::view::View;
use crate::error::Result;
use crate::object::{Commit, Key, Record};
use crate::storage::{CommitId, MemoryId, RecordId, Shelf, TreeId};
use crate::tree::Listing;

/// The content of one commit. It stays as it is whatever is written meanwhile; cheap to clone.
#[derive(Clone)]
pub struct Snapshot {
    store: Store,
    commit: Option<Arc<Commit>>,
    content: Content,
    view: Arc<View>,
}

/// What can be read as the content of one commit.
pub trait AsSnapshot {
    /// The content as it is now.
    ///
    /// # Errors
    /// `Io` or `Corrupt` if it cannot be read.
    fn as_snapshot(&self) -> Result<Snapshot>;
}

impl AsSnapshot for Snapshot {
    fn as_snapshot(&self) -> Result<Snapshot> {
        Ok(self.clone())
    }
}

impl AsSnapshot for Branch {
    fn as_snapshot(&self) -> Result<Snapshot> {
        self.snapshot()
    }
}

/// A line of a listing: a memory, or a folder and how many memories it holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Listed {
    /// A memory.
    Memory(Key, RecordId),
    /// A folder, deeper than was asked for.
    Folder(String, u64),
}

impl Snapshot {
    pub(crate) fn at(store: Store, commit: Option<Arc<Commit>>) -> Result<Self> {
        let core = store.core();
        let content = match &commit {
            Some(commit) => core.content(commit)?,
            None => Content::of(core.empty_tree()?),
        };
        let view = Arc::new(View::now(core)?);
        Ok(Self { store, commit, content, view })
    }

    /// The store it belongs to.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The commit; `None` on a branch that has none yet.
    pub fn commit(&self) -> Option<&Arc<Commit>> {
        self.commit.as_ref()
    }

    /// The commit's id; `None` on a branch that has none yet.
    pub fn id(&self) -> Option<CommitId> {
        self.commit.as_ref().map(|commit| commit.id())
    }

    /// The id of its tree: equal ids mean equal content.
    ///
    /// # Errors
    /// `Io` if the empty tree cannot be made.
    pub fn tree_id(&self) -> Result<TreeId> {
        match &self.commit {
            Some(commit) => Ok(commit.tree()),
            None => Ok(self.store.core().empty_tree()?.id()),
        }
    }

    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    /// The whole tree, for diffs, merges and counts.
    pub(crate) fn tree(&self) -> Result<PinnedTree> {
        match &self.commit {
            Some(commit) => self.store.core().tree(commit),
            None => self.store.core().empty_tree(),
        }
    }

    /// The record at `key`; `None` if there is none.
    ///
    /// # Errors
    /// `Corrupt` if a tree node or the record is damaged.
    pub fn get(&self, key: &str) -> Result<Option<Record>> {
        self.content.get(key)?.map(|id| self.record(id)).transpose()
    }

    /// The id of the record at `key`; `None` if there is none.
    ///
    /// # Errors
    /// `Corrupt` if a tree node is damaged.
    pub fn get_id(&self, key: &str) -> Result<Option<RecordId>> {
        self.content.get(key)
    }

    /// A record by its id, whether or not it stands in this snapshot.
    ///
    /// # Errors
    /// `NotFound`, or `Corrupt` if it is damaged.
    pub fn record(&self, id: RecordId) -> Result<Record> {
        let core = self.store.core();
        core.record(&self.view.reader(core)?, id)
    }

    /// The memory that a record is a version of, whether or not it stands in this snapshot.
    pub(crate) fn memory_of(&self, id: RecordId) -> Result<MemoryId> {
        let core = self.store.core();
        core.memory(&self.view.reader(core)?, id)
    }

    /// The keys at and under `prefix` with the ids of their records, in order of the keys.
    pub fn keys(&self, prefix: &str) -> Keys {
        self.keys_from(prefix, "")
    }

    /// As [`Snapshot::keys`], from the first key that is not less than `start`: a cursor.
    pub fn keys_from(&self, prefix: &str, start: &str) -> Keys {
        Keys { entries: self.content.range(prefix, start) }
    }

    /// The memories at and under `prefix`, in order of their keys.
    pub fn entries(&self, prefix: &str) -> Entries {
        Entries { snapshot: self.clone(), keys: self.keys(prefix) }
    }

    /// How many memories stand at and under `prefix`.
    ///
    /// # Errors
    /// `Corrupt` if a tree node is damaged.
    pub fn count(&self, prefix: &str) -> Result<u64> {
        self.tree()?.count_prefix(prefix)
    }

    /// Memories and folders under `prefix`, at most `depth` segments below it.
    ///
    /// # Errors
    /// `Corrupt` if a tree node is damaged.
    pub fn list(&self, prefix: &str, depth: usize) -> Result<Vec<Listed>> {
        let lines = self.tree()?.list(prefix, depth);
        lines
            .map(|line| {
                Ok(match line? {
                    Listing::Entry(key, record) => Listed::Memory(key, record),
                    Listing::Folder { path, count } => Listed::Folder(path, count),
                })
            })
            .collect()
    }

    /// The key at which a memory stands here; `None` if it does not.
    ///
    /// # Errors
    /// `Corrupt` if a tree node or record is damaged.
    pub fn find(&self, memory: MemoryId) -> Result<Option<Key>> {
        let core = self.store.core();
        let mut homes = core.state().homes(&memory).to_vec();
        for (name, _) in core.view()?.derived_under(Shelf::Homes, memory.as_bytes())? {
            homes.push(Key::from_stored(&name)?);
        }
        for key in homes {
            if self.get(key.as_str())?.is_some_and(|record| record.memory() == memory) {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snapshot({:?})", self.id())
    }
}

/// Keys and record ids, in order of the keys, read as they are asked for.
pub struct Keys {
    entries: Box<dyn Iterator<Item = Result<(Key, RecordId)>> + Send>,
}

impl Iterator for Keys {
    type Item = Result<(Key, RecordId)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.entries.next()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}

/// Memories with their keys, in order of the keys, read as they are asked for.
#[derive(Debug)]
pub struct Entries {
    snapshot: Snapshot,
    keys: Keys,
}

impl Iterator for Entries {
    type Item = Result<(Key, Record)>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = |(key, id)| Ok((key, self.snapshot.record(id)?));
        Some(self.keys.next()?.and_then(read))
    }
}
