//! Where nodes come from and go to.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

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

/// Nodes in memory, for as long as the value lives.
#[derive(Default)]
pub(crate) struct MemoryNodes {
    nodes: RwLock<HashMap<ObjectId, Arc<Node>>>,
}

impl NodeStore for MemoryNodes {
    fn node(&self, id: ObjectId) -> Result<Arc<Node>> {
        // A panic elsewhere cannot leave the map half-changed: it is touched by single calls only.
        let nodes = self.nodes.read().unwrap_or_else(PoisonError::into_inner);
        nodes.get(&id).cloned().ok_or_else(|| Error::corrupt(format!("tree node {id} is missing")))
    }

    fn put(&self, node: Node) -> Result<ObjectId> {
        let id = ObjectId::of(&node.encode());
        let mut nodes = self.nodes.write().unwrap_or_else(PoisonError::into_inner);
        nodes.entry(id).or_insert_with(|| Arc::new(node));
        Ok(id)
    }
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
