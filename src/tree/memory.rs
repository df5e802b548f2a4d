//! Nodes in memory, for verification and tests.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::source::NodeStore;
use crate::error::{Error, Result};
use crate::object::Node;
use crate::storage::ObjectId;

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
