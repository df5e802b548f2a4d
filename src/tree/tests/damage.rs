//! A node that is sound by itself but not what its parent says is found out.

use std::collections::HashMap;
use std::collections::HashSet;

use super::*;
use crate::error::ErrorKind;
use crate::tree::reachable;

/// Serves some nodes in place of others.
struct Swapped {
    nodes: Arc<MemoryNodes>,
    swaps: HashMap<ObjectId, ObjectId>,
}

impl NodeStore for Swapped {
    fn node(&self, id: ObjectId) -> Result<Arc<Node>> {
        self.nodes.node(self.swaps.get(&id).copied().unwrap_or(id))
    }

    fn put(&self, node: Node) -> Result<ObjectId> {
        self.nodes.put(node)
    }
}

fn corrupt<T: std::fmt::Debug>(result: Result<T>) -> bool {
    result.is_err_and(|error| error.kind() == ErrorKind::Corrupt)
}

/// A copy of `node` without its entry at `index`.
fn without(node: &Node, index: usize) -> Node {
    let mut copy = Node::new(node.level());
    copy.push_range(node, 0..index);
    copy.push_range(node, index + 1..node.len());
    copy
}

#[test]
fn a_node_that_does_not_fit_its_parent_is_corrupt() {
    let nodes = store();
    let model = numbered(0..2_000);
    let tree = bulk(&nodes, 700, &model);
    let root = tree.root().clone();
    let (place, victim) = (1, root.id(1));
    let child = nodes.node(victim).unwrap();
    assert!(child.level() > 0 && child.len() > 2);

    let mut early = Node::new(child.level());
    early.push(root.key(0), child.id(0), child.count(0));
    early.push_range(&child, 1..child.len());
    let last = child.len() - 1;
    let mut late = without(&child, last);
    late.push(&format!("{}x", child.key(last)), child.id(last), child.count(last));
    let fakes = [
        ("another child", (*nodes.node(root.id(0)).unwrap()).clone()),
        ("a lower node", (*nodes.node(child.id(0)).unwrap()).clone()),
        ("too few entries", without(&child, 0)),
        ("another last key", late),
        ("keys of the node before", early),
    ];
    for (what, fake) in fakes {
        let swaps = HashMap::from([(victim, nodes.put(fake).unwrap())]);
        let store = Arc::new(Swapped { nodes: nodes.clone(), swaps });
        let bad = Tree::open(store, shape(700), tree.id()).unwrap();
        assert!(corrupt(bad.get(root.key(place))), "get: {what}");
        assert!(corrupt(bad.iter().collect::<Result<Vec<_>>>()), "range: {what}");
        assert!(bad.iter().filter(Result::is_err).count() == 1, "range ends: {what}");
        let edit = [(Key::new(root.key(place)).unwrap(), None)];
        assert!(corrupt(bad.apply(&edit)), "apply: {what}");
        let empty = Tree::empty(nodes.clone(), shape(700)).unwrap();
        assert!(corrupt(empty.diff(&bad).collect::<Result<Vec<_>>>()), "diff: {what}");
        assert!(corrupt(empty.merge(&bad, &empty).collect::<Result<Vec<_>>>()), "merge: {what}");
        let walk = reachable(&bad, &mut HashSet::new(), |_| false, |_, _| Ok(()));
        assert!(corrupt(walk), "walk: {what}");
    }
}

#[test]
fn a_missing_node_is_corrupt_not_absent() {
    let missing = record(5).object().into();
    assert!(corrupt(Tree::open(store(), shape(64), missing)));
}
