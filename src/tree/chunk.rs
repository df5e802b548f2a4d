//! Cutting a sorted run of entries into nodes, and stacking levels up to a root.

use std::ops::Range;
use std::sync::Arc;

use super::boundary::{Boundary, Shape};
use super::source::NodeStore;
use crate::error::{Error, Result};
use crate::object::{Key, Node};
use crate::storage::{ObjectId, RecordId};

/// What a node is to the level above: an entry.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) key: Box<str>,
    pub(super) id: ObjectId,
    pub(super) count: u64,
}

/// Cuts the entries of one level into nodes.
///
/// An inner node never has one child: no node ends after its first entry, and if only one entry
/// follows the last cut of a level, that cut does not count. So an inner node is held until the
/// next one has its second entry.
pub(super) struct Chunker {
    store: Arc<dyn NodeStore>,
    boundary: Boundary,
    level: u8,
    node: Node,
    held: Option<Node>,
    done: Vec<Summary>,
}

impl Chunker {
    pub(super) fn new(store: &Arc<dyn NodeStore>, shape: &Shape, level: u8) -> Self {
        Self {
            store: Arc::clone(store),
            boundary: Boundary::new(shape, level),
            level,
            node: Node::new(level),
            held: None,
            done: Vec::new(),
        }
    }

    /// Appends an entry and ends the node after it if the boundary test says so.
    pub(super) fn push(&mut self, key: &str, id: ObjectId, count: u64) -> Result<()> {
        self.node.push(key, id, count);
        if self.boundary.ends_after(key) { self.end_node() } else { Ok(()) }
    }

    /// Appends an entry of which it is known that no node ends there.
    pub(super) fn append(&mut self, key: &str, id: ObjectId, count: u64) {
        self.node.push(key, id, count);
        self.boundary.grow(1, key.len());
    }

    /// Appends entries of an old node of which it is known that no node ends there.
    pub(super) fn append_range(&mut self, old: &Node, range: Range<usize>) {
        self.boundary.grow(range.len(), old.key_bytes(range.clone()));
        self.node.push_range(old, range);
    }

    /// Whether the next entry begins a node.
    pub(super) fn is_at_boundary(&self) -> bool {
        self.node.is_empty()
    }

    /// Ends the node here. In an inner level, it has two entries or more.
    pub(super) fn end_node(&mut self) -> Result<()> {
        let node = std::mem::replace(&mut self.node, Node::new(self.level));
        self.boundary.reset();
        if self.level == 0 {
            return self.keep(node);
        }
        match self.held.replace(node) {
            Some(held) => self.keep(held),
            None => Ok(()),
        }
    }

    fn keep(&mut self, node: Node) -> Result<()> {
        let key = node.last_key().expect("BUG: an empty node among others").into();
        let count = node.total();
        let id = self.store.put(node)?;
        self.done.push(Summary { key, id, count });
        Ok(())
    }

    /// Stops at a boundary behind which the level goes on as it was, with two entries or more.
    pub(super) fn stop(mut self) -> Result<Vec<Summary>> {
        assert!(self.is_at_boundary(), "BUG: stopped inside a node");
        if let Some(held) = self.held.take() {
            self.keep(held)?;
        }
        Ok(self.done)
    }

    /// Stops at the end of the level. The node given back beside the summaries, if any, is inner,
    /// has one entry, and follows no other node of this run.
    pub(super) fn finish(mut self) -> Result<(Vec<Summary>, Option<Node>)> {
        let mut rest = std::mem::replace(&mut self.node, Node::new(self.level));
        if self.level > 0 && rest.len() == 1 {
            let Some(mut held) = self.held.take() else { return Ok((self.done, Some(rest))) };
            held.push_range(&rest, 0..1);
            rest = held;
        }
        if let Some(held) = self.held.take() {
            self.keep(held)?;
        }
        if !rest.is_empty() {
            self.keep(rest)?;
        }
        Ok((self.done, None))
    }
}

/// The root of a new tree of these entries.
///
/// # Errors
/// `Invalid` if the keys do not ascend strictly; what `entries` yields.
pub(super) fn build(
    store: &Arc<dyn NodeStore>,
    shape: &Shape,
    entries: impl Iterator<Item = Result<(Key, RecordId)>>,
) -> Result<ObjectId> {
    let mut chunker = Chunker::new(store, shape, 0);
    let mut last: Option<Key> = None;
    for entry in entries {
        let (key, id) = entry?;
        if let Some(last) = last.filter(|last| *last >= key) {
            return Err(Error::invalid(format!("the key `{key}` comes after `{last}`")));
        }
        chunker.push(key.as_str(), id.object(), 1)?;
        last = Some(key);
    }
    let (leaves, _) = chunker.finish()?;
    stack(store, shape, 1, leaves)
}

/// Builds the levels from `level` up over all the nodes of the level below; gives the root.
pub(super) fn stack(
    store: &Arc<dyn NodeStore>,
    shape: &Shape,
    mut level: u8,
    mut nodes: Vec<Summary>,
) -> Result<ObjectId> {
    while nodes.len() > 1 {
        let mut chunker = Chunker::new(store, shape, level);
        for Summary { key, id, count } in &nodes {
            chunker.push(key, *id, *count)?;
        }
        let (done, lone) = chunker.finish()?;
        assert!(lone.is_none(), "BUG: of two nodes or more, one was left");
        nodes = done;
        level += 1;
    }
    match nodes.pop() {
        Some(root) => Ok(root.id),
        None => store.put(Node::new(0)),
    }
}
