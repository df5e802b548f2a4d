//! Floor 4: history. How commits hang together, and how people name them.
//!
//! Invariant: a commit's position in the log is greater than those of its parents, so walking by
//! falling position meets every commit before its ancestors.
//!
//! Imports: tree, object, storage and the ground.

mod bisect;
mod graph;
mod revision;
mod when;

pub use bisect::Test;
pub use revision::Revision;

pub(crate) use bisect::{Halving, line_beside};
pub(crate) use graph::{Graph, Walk, is_ancestor, merge_bases, only_in};
pub(crate) use revision::{Anchor, Step};
pub(crate) use when::{Edge, instant};
