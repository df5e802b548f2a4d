//! Floor 3: the tree, a persistent sorted map from keys to record ids.
//!
//! A prolly tree: where a node ends is decided by a keyed hash of the key and by the node's size
//! so far, so the same pairs give the same nodes and the same [`TreeId`](crate::TreeId), whatever
//! edits led there. Equal subtrees have equal ids, and diff and merge never read them.
//!
//! Invariants: keys ascend; a node's entry holds the last key, the id and the entry count of its
//! child; an inner node has two children or more; the empty tree is the one empty leaf. Nodes are
//! checked against their parents when they are read, and a mismatch is `Corrupt`.
//!
//! Imports: object, storage and the ground.

mod boundary;
mod chunk;
mod cursor;
mod diff;
mod edit;
mod list;
mod map;
mod memory;
mod merge;
mod range;
mod source;
mod walk;

#[cfg(test)]
mod tests;

pub(crate) use boundary::Shape;
pub(crate) use diff::Change;
pub(crate) use list::Listing;
pub(crate) use map::Tree;
pub(crate) use memory::MemoryNodes;
#[cfg(test)]
pub(crate) use merge::Triple;
pub(crate) use source::NodeStore;
pub(crate) use walk::reachable;
