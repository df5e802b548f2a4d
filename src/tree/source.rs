//! Where nodes come from and go to.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::object::Node;
use crate::storage::ObjectId;

/// Keeps nodes by their id.
pub(crate) trait NodeStore: Send + Sync {
    /// The node with this id, checked against it.
    ///
    /// # Errors
    /// `Corrupt` if it is missing or damaged.
    fn node(&self, id: ObjectId) -> Result<Arc<Node>>;

    /// Keeps a node and tells its id.
    ///
    /// # Errors
    /// `Io` if it cannot be kept.
    fn put(&self, node: Node) -> Result<ObjectId>;
}

/// Reads the child at `index` of `parent` and checks that it is what the parent says. All keys
/// beneath it are greater than `floor`.
pub(super) fn child(
    store: &dyn NodeStore,
    parent: &Node,
    index: usize,
    floor: Option<&str>,
) -> Result<Arc<Node>> {
    let id = parent.id(index);
    let child = store.node(id)?;
    let fits = child.level() + 1 == parent.level()
        && child.total() == parent.count(index)
        && child.last_key() == Some(parent.key(index))
        && floor.is_none_or(|floor| floor < child.key(0));
    if fits {
        Ok(child)
    } else {
        Err(Error::corrupt(format!("tree node {id} is not what the node above it says")))
    }
}
