//! A place in a tree. It stands on an item, which is a leaf entry or a whole subtree.

use std::sync::Arc;

use super::source::{NodeStore, child};
use crate::error::Result;
use crate::object::Node;
use crate::storage::ObjectId;

/// A path from the root to an item. Each frame's index says which child the next frame is.
#[derive(Clone)]
pub(super) struct Cursor {
    store: Arc<dyn NodeStore>,
    frames: Vec<Frame>,
    /// The number of leaf entries before the item.
    position: u64,
}

#[derive(Clone)]
struct Frame {
    node: Arc<Node>,
    index: usize,
}

impl Cursor {
    /// Stands on the first item of the root node.
    pub(super) fn new(store: Arc<dyn NodeStore>, root: Arc<Node>) -> Self {
        let mut frames = Vec::with_capacity(usize::from(root.level()) + 1);
        frames.push(Frame { node: root, index: 0 });
        Self { store, frames, position: 0 }
    }

    fn top(&self) -> &Frame {
        self.frames.last().expect("BUG: a cursor without its root")
    }

    /// Whether all items have been passed.
    pub(super) fn at_end(&self) -> bool {
        let top = self.top();
        top.index >= top.node.len()
    }

    /// The level of the node that holds the item: 0 if the item is a leaf entry.
    pub(super) fn level(&self) -> u8 {
        self.top().node.level()
    }

    /// The last key of the item. The cursor must not be at the end.
    pub(super) fn key(&self) -> &str {
        let top = self.top();
        top.node.key(top.index)
    }

    /// The record id of a leaf entry, the node id of a subtree.
    pub(super) fn id(&self) -> ObjectId {
        let top = self.top();
        top.node.id(top.index)
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The last key before the item.
    pub(super) fn floor(&self) -> Option<&str> {
        let frame = self.frames.iter().rev().find(|frame| frame.index > 0)?;
        Some(frame.node.key(frame.index - 1))
    }

    /// Whether the item is the last of its level.
    pub(super) fn is_last(&self) -> bool {
        self.frames.iter().all(|frame| frame.index + 1 == frame.node.len())
    }

    /// Whether keys less than `end` may lie at or beneath the item.
    pub(super) fn is_before(&self, end: Option<&str>) -> bool {
        if self.at_end() {
            return false;
        }
        let Some(end) = end else { return true };
        if self.level() == 0 {
            self.key() < end
        } else {
            self.floor().is_none_or(|floor| floor < end)
        }
    }

    /// Passes the item; the next may be of a higher level.
    pub(super) fn advance(&mut self) {
        loop {
            let deep = self.frames.len() > 1;
            let top = self.frames.last_mut().expect("BUG: a cursor without its root");
            if top.index < top.node.len() {
                self.position += top.node.count(top.index);
                top.index += 1;
            }
            if top.index < top.node.len() || !deep {
                return;
            }
            self.frames.pop();
            let parent = self.frames.last_mut().expect("BUG: a cursor without its root");
            // The entries beneath were counted one by one.
            self.position -= parent.node.count(parent.index);
        }
    }

    /// The node that the item stands for.
    pub(super) fn load(&self) -> Result<Arc<Node>> {
        let top = self.top();
        child(&*self.store, &top.node, top.index, self.floor())
    }

    /// Goes from a subtree to its first item.
    pub(super) fn descend(&mut self) -> Result<()> {
        let node = self.load()?;
        self.frames.push(Frame { node, index: 0 });
        Ok(())
    }

    /// Goes down to items of `level`.
    pub(super) fn descend_to(&mut self, level: u8) -> Result<()> {
        while !self.at_end() && self.level() > level {
            self.descend()?;
        }
        Ok(())
    }

    /// Goes to the first item of `level` that holds `key` or comes after it.
    pub(super) fn seek(&mut self, key: &str, level: u8) -> Result<()> {
        self.go(level, |node| node.lower_bound(key))
    }

    /// Like [`Cursor::seek`], but to the last item of the level if `key` comes after all.
    pub(super) fn seek_or_last(&mut self, key: &str, level: u8) -> Result<()> {
        self.go(level, |node| node.lower_bound(key).min(node.len() - 1))
    }

    fn go(&mut self, level: u8, choose: impl Fn(&Node) -> usize) -> Result<()> {
        self.frames.truncate(1);
        self.position = 0;
        loop {
            let top = self.frames.last_mut().expect("BUG: a cursor without its root");
            top.index = choose(&top.node);
            self.position += top.node.count_before(top.index);
            if self.at_end() || self.level() <= level {
                return Ok(());
            }
            self.descend()?;
        }
    }
}
