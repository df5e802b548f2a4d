//! Reading old commits: the nearest tree whose nodes are at hand, and what the rows between
//! changed, squashed into one sorted list.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::core::Core;
use crate::engine::nodes::PinnedTree;
use crate::engine::row::{self, RowHead};
use crate::error::{Error, Result};
use crate::object::{Commit, Key};
use crate::storage::{CommitId, Reader, RecordId};

/// The keys in which a commit's tree differs from `base`, sorted.
pub(crate) struct Overlay {
    base: PinnedTree,
    edits: Vec<(Key, Option<RecordId>)>,
}

/// The content of a commit: a tree, or a tree with an overlay.
#[derive(Clone)]
pub(crate) struct Content {
    tree: PinnedTree,
    overlay: Option<Arc<Overlay>>,
}

impl Core {
    /// The content of `commit`, as cheaply as it can be had.
    pub(crate) fn content(&self, commit: &Commit) -> Result<Content> {
        if let Some(tree) = self.nodes.find(self.shape(), commit.tree())? {
            return Ok(Content { tree, overlay: None });
        }
        let overlay = if let Some(overlay) = self.overlays.get(&commit.id()) {
            overlay
        } else {
            let overlay = Arc::new(self.squash(commit)?);
            self.overlays.insert(commit.id(), Arc::clone(&overlay));
            overlay
        };
        Ok(Content { tree: overlay.base.clone(), overlay: Some(overlay) })
    }

    /// The tree of `commit` with all its nodes, built anew where they are not at hand, and checked
    /// against the commit.
    pub(crate) fn tree(&self, commit: &Commit) -> Result<PinnedTree> {
        let content = self.content(commit)?;
        let Some(overlay) = &content.overlay else { return Ok(content.tree) };
        let tree = self.nodes.keep(content.tree.apply(&overlay.edits)?);
        if tree.id() != commit.tree() {
            return Err(Error::corrupt(format!(
                "the rows up to commit {} do not give its tree",
                commit.id()
            )));
        }
        Ok(tree)
    }

    /// Walks the first parents of `commit` back to a tree that is at hand. The newest edit of a key
    /// counts.
    fn squash(&self, commit: &Commit) -> Result<Overlay> {
        let view = self.view()?;
        let mut edits: HashMap<Key, Option<RecordId>> = HashMap::new();
        let mut at: Option<Arc<Commit>> = None;
        loop {
            let current = at.as_deref().unwrap_or(commit);
            if let Some(base) = self.nodes.find(self.shape(), current.tree())? {
                return Ok(Overlay::new(base, edits));
            }
            for edit in self.row_head(&view, current.id())?.edits {
                edits.entry(edit.key).or_insert(edit.after);
            }
            match current.first_parent() {
                Some(parent) => at = Some(self.commit(parent)?),
                None => return Ok(Overlay::new(self.empty_tree()?, edits)),
            }
        }
    }

    /// The head of the row in which `commit` stands.
    pub(crate) fn row_head(&self, view: &Arc<Reader>, commit: CommitId) -> Result<RowHead> {
        let missing = || Error::corrupt(format!("the row of commit {commit} is missing"));
        let sequence = self.row_of(&commit.object())?.ok_or_else(missing)?;
        match row::read_head(view, sequence)? {
            Some(head) => Ok(head),
            None => row::read_head(&self.storage.read()?, sequence)?.ok_or_else(missing),
        }
    }
}

impl Overlay {
    fn new(base: PinnedTree, edits: HashMap<Key, Option<RecordId>>) -> Self {
        let mut edits: Vec<_> = edits.into_iter().collect();
        edits.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Self { base, edits }
    }

    /// The key's edit, if it differs from the base.
    fn edit(&self, key: &str) -> Option<&(Key, Option<RecordId>)> {
        let at = self.edits.binary_search_by(|(held, _)| held.as_str().cmp(key)).ok()?;
        self.edits.get(at)
    }
}

impl Content {
    /// A tree without an overlay.
    pub(crate) fn of(tree: PinnedTree) -> Self {
        Self { tree, overlay: None }
    }

    /// The record at `key`.
    pub(crate) fn get(&self, key: &str) -> Result<Option<RecordId>> {
        match self.overlay.as_ref().and_then(|overlay| overlay.edit(key)) {
            Some((_, found)) => Ok(*found),
            None => self.tree.get(key),
        }
    }

    /// The entries at and under `prefix` whose keys are not less than `start`, in order.
    pub(crate) fn range(
        &self,
        prefix: &str,
        start: &str,
    ) -> Box<dyn Iterator<Item = Result<(Key, RecordId)>> + Send> {
        let base = self.tree.range(prefix, start);
        let Some(overlay) = &self.overlay else { return Box::new(base) };
        let changed: Vec<_> = overlay
            .edits
            .iter()
            .filter(|(key, _)| key.is_under(prefix) && key.as_str() >= start)
            .cloned()
            .collect();
        Box::new(Overlaid { base: base.peekable(), changed: changed.into_iter().peekable() })
    }
}

/// A merge of a tree's entries and the changed keys, which win.
struct Overlaid<I: Iterator> {
    base: std::iter::Peekable<I>,
    changed: std::iter::Peekable<std::vec::IntoIter<(Key, Option<RecordId>)>>,
}

impl<I: Iterator<Item = Result<(Key, RecordId)>>> Iterator for Overlaid<I> {
    type Item = Result<(Key, RecordId)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let take_base = match (self.base.peek(), self.changed.peek()) {
                (Some(Err(_)), _) | (Some(_), None) => true,
                (Some(Ok((key, _))), Some((changed, _))) if key < changed => true,
                (Some(Ok((key, _))), Some((changed, _))) if key == changed => {
                    self.base.next();
                    false
                }
                (None, None) => return None,
                _ => false,
            };
            if take_base {
                return self.base.next();
            }
            if let Some((key, Some(record))) = self.changed.next() {
                return Some(Ok((key, record)));
            }
        }
    }
}
