//! Visiting the nodes of a tree, each once, as checkpoints and verification need.

use std::collections::HashSet;
use std::sync::Arc;

use super::map::Tree;
use super::source::{NodeStore, child};
use crate::error::Result;
use crate::object::Node;
use crate::storage::ObjectId;

/// Visits every node of `tree` that is not yet in `seen`, parents before children, and adds it
/// there. Where `known` says so, a node and all beneath it are passed over.
pub(crate) fn reachable(
    tree: &Tree,
    seen: &mut HashSet<ObjectId>,
    mut known: impl FnMut(ObjectId) -> bool,
    mut visit: impl FnMut(ObjectId, &Node) -> Result<()>,
) -> Result<()> {
    let root = tree.id().object();
    let mut new = |id| !known(id) && seen.insert(id);
    if !new(root) {
        return Ok(());
    }
    visit(root, tree.root())?;
    below(&**tree.store(), tree.root(), None, &mut new, &mut visit)
}

/// Visits the new nodes beneath `parent`, whose keys are greater than `floor`. As deep as the tree.
fn below(
    store: &dyn NodeStore,
    parent: &Arc<Node>,
    floor: Option<&str>,
    new: &mut impl FnMut(ObjectId) -> bool,
    visit: &mut impl FnMut(ObjectId, &Node) -> Result<()>,
) -> Result<()> {
    if parent.level() == 0 {
        return Ok(());
    }
    for index in 0..parent.len() {
        if !new(parent.id(index)) {
            continue;
        }
        let floor = index.checked_sub(1).map(|before| parent.key(before)).or(floor);
        let node = child(store, parent, index, floor)?;
        visit(parent.id(index), &node)?;
        below(store, &node, floor, new, visit)?;
    }
    Ok(())
}
