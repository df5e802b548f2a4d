//! The tree as a map from keys to record ids.

use std::fmt;
use std::sync::Arc;

use super::boundary::Shape;
use super::chunk::build;
use super::cursor::Cursor;
use super::diff::Diff;
use super::edit;
use super::list::Listings;
use super::merge::Merge;
use super::range::{Range, Span};
use super::source::{NodeStore, child};
use crate::error::Result;
use crate::object::{Key, Node};
use crate::storage::{ObjectId, RecordId, TreeId};

/// A persistent sorted map from keys to record ids. Cheap to clone; it never changes, and
/// [`Tree::apply`] gives another one that shares what is equal.
#[derive(Clone)]
pub(crate) struct Tree {
    store: Arc<dyn NodeStore>,
    shape: Shape,
    id: TreeId,
    root: Arc<Node>,
}

impl Tree {
    /// The tree without entries.
    pub(crate) fn empty(store: Arc<dyn NodeStore>, shape: Shape) -> Result<Self> {
        let id = store.put(Node::new(0))?;
        Self::open(store, shape, id.into())
    }

    /// The tree with this root.
    ///
    /// # Errors
    /// `Corrupt` if the root node is missing or damaged.
    pub(crate) fn open(store: Arc<dyn NodeStore>, shape: Shape, id: TreeId) -> Result<Self> {
        let root = store.node(id.object())?;
        Ok(Self { store, shape, id, root })
    }

    /// The tree of `entries`, whose keys ascend strictly.
    ///
    /// # Errors
    /// `Invalid` if the keys do not ascend; the first error that `entries` yields.
    pub(crate) fn build(
        store: Arc<dyn NodeStore>,
        shape: Shape,
        entries: impl IntoIterator<Item = Result<(Key, RecordId)>>,
    ) -> Result<Self> {
        let id = build(&store, &shape, entries.into_iter())?;
        Self::open(store, shape, id.into())
    }

    /// The tree after `edits`: keys that ascend strictly, each with its record or, to be removed,
    /// with none. It equals the tree built at once from what it then holds.
    pub(crate) fn apply(&self, edits: &[(Key, Option<RecordId>)]) -> Result<Self> {
        self.at(edit::apply(self, edits)?)
    }

    fn at(&self, id: ObjectId) -> Result<Self> {
        Self::open(Arc::clone(&self.store), self.shape, id.into())
    }

    /// The id of the root node: equal for equal entries under one shape.
    pub(crate) fn id(&self) -> TreeId {
        self.id
    }

    /// The number of entries.
    pub(crate) fn len(&self) -> u64 {
        self.root.total()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The record at `key`.
    pub(crate) fn get(&self, key: &str) -> Result<Option<RecordId>> {
        let mut node = Arc::clone(&self.root);
        // Floors are checked at the parent only: one comparison per level, no allocation.
        loop {
            let index = node.lower_bound(key);
            if index == node.len() {
                return Ok(None);
            }
            if node.level() == 0 {
                return Ok((node.key(index) == key).then(|| node.id(index).into()));
            }
            let floor = index.checked_sub(1).map(|before| node.key(before));
            let next = child(&*self.store, &node, index, floor)?;
            node = next;
        }
    }

    /// The first key beneath the path `folder`, not `folder` itself.
    pub(crate) fn first_beneath(&self, folder: &str) -> Result<Option<Key>> {
        let mut cursor = self.cursor();
        cursor.seek(&format!("{folder}/"), 0)?;
        let beneath =
            |key: &str| key.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let found = !cursor.at_end() && beneath(cursor.key());
        Ok(found.then(|| Key::from_checked(cursor.key())))
    }

    /// The entries under `prefix` whose keys are not less than `start`, in ascending order.
    pub(crate) fn range(&self, prefix: &str, start: &str) -> Range {
        Range::new(self.cursor(), Span::under(prefix), start)
    }

    /// All entries in ascending order.
    pub(crate) fn iter(&self) -> Range {
        self.range("", "")
    }

    /// The number of entries under `prefix`, from the counts in inner nodes.
    pub(crate) fn count_prefix(&self, prefix: &str) -> Result<u64> {
        let mut cursor = self.cursor();
        let mut count = 0;
        for Span { start, end } in Span::under(prefix) {
            let Some(end) = end else { return Ok(self.len()) };
            cursor.seek(&start, 0)?;
            let first = cursor.position();
            cursor.seek(&end, 0)?;
            count += cursor.position() - first;
        }
        Ok(count)
    }

    /// What lies under `prefix` down to `depth` segments below it, deeper entries as folders.
    pub(crate) fn list(&self, prefix: &str, depth: usize) -> Listings {
        Listings::new(self.cursor(), prefix, depth)
    }

    /// The changes that lead from this tree to `after`.
    pub(crate) fn diff(&self, after: &Self) -> Diff {
        self.diff_under(after, "")
    }

    /// The changes under `prefix` that lead from this tree to `after`.
    pub(crate) fn diff_under(&self, after: &Self, prefix: &str) -> Diff {
        let spans = if self.id == after.id { Vec::new() } else { Span::under(prefix) };
        Diff::new(self.cursor(), after.cursor(), spans)
    }

    /// The keys at which `ours` or `theirs` differ from this tree, their base.
    pub(crate) fn merge(&self, ours: &Self, theirs: &Self) -> Merge {
        Merge::new(self.diff(ours), self.diff(theirs))
    }

    pub(super) fn store(&self) -> &Arc<dyn NodeStore> {
        &self.store
    }

    pub(super) fn shape(&self) -> &Shape {
        &self.shape
    }

    pub(super) fn root(&self) -> &Arc<Node> {
        &self.root
    }

    pub(super) fn cursor(&self) -> Cursor {
        Cursor::new(Arc::clone(&self.store), Arc::clone(&self.root))
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tree")
            .field("id", &self.id)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
