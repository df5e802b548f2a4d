//! The tree against a `BTreeMap`, at several node sizes.

mod damage;
mod diff;
mod history;
mod map;
mod node;
mod speed;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::{MemoryNodes, NodeStore, Shape, Tree};
use crate::error::Result;
use crate::object::{Key, Node};
use crate::storage::{ObjectId, RecordId};

const TARGETS: [u32; 4] = [64, 256, 700, 2_048];

type Model = BTreeMap<Key, RecordId>;
type Batch = BTreeMap<Key, Option<RecordId>>;

fn record(number: u64) -> RecordId {
    ObjectId::of(&number.to_le_bytes()).into()
}

/// Keys of several folders and lengths; a few are longer than small nodes.
fn key(number: u64) -> Key {
    let folder = ["a", "a-b", "notes/2026", "team/style", "über"][(number % 5) as usize];
    let padding = if number.is_multiple_of(37) { 150 } else { number as usize % 9 };
    Key::new(format!("{folder}/{:05}{}", number * 7_919 % 100_000, "x".repeat(padding))).unwrap()
}

fn shape(target: u32) -> Shape {
    Shape::with_target([42; 32], target)
}

fn store() -> Arc<MemoryNodes> {
    Arc::default()
}

fn bulk(store: &Arc<MemoryNodes>, target: u32, model: &Model) -> Tree {
    let entries = model.iter().map(|(key, id)| Ok((key.clone(), *id)));
    Tree::build(store.clone(), shape(target), entries).unwrap()
}

/// A model with the keys of `numbers`.
fn numbered(numbers: impl IntoIterator<Item = u64>) -> Model {
    numbers.into_iter().map(|number| (key(number), record(number))).collect()
}

fn apply(tree: &Tree, batch: &Batch) -> Tree {
    let edits: Vec<_> = batch.iter().map(|(key, id)| (key.clone(), *id)).collect();
    tree.apply(&edits).unwrap()
}

fn apply_to_model(model: &mut Model, batch: &Batch) {
    for (key, id) in batch {
        match id {
            Some(id) => model.insert(key.clone(), *id),
            None => model.remove(key),
        };
    }
}

fn target() -> impl Strategy<Value = u32> {
    prop::sample::select(&TARGETS[..])
}

fn model() -> impl Strategy<Value = Model> {
    prop::collection::btree_set(0_u64..900, 0..500).prop_map(numbered)
}

/// Edits scattered over all keys, or a dense range that is removed or written.
fn batch() -> impl Strategy<Value = Batch> {
    let edit = (0_u64..900, prop::option::weighted(0.6, 0_u64..4));
    let scattered = prop::collection::vec(edit, 0..60).prop_map(|edits| {
        edits.into_iter().map(|(number, id)| (key(number), id.map(record))).collect()
    });
    let dense = (0_u64..900, 1_u64..900, prop::option::of(0_u64..2)).prop_map(|(from, len, id)| {
        let sorted: Vec<Key> = numbered(0..900).into_keys().collect();
        let run = sorted.into_iter().skip(from as usize).take(len as usize);
        run.map(|key| (key, id.map(record))).collect()
    });
    prop_oneof![3 => scattered, 1 => dense]
}

/// Counts reads on their way to a store.
#[derive(Default)]
struct Counting {
    nodes: MemoryNodes,
    reads: AtomicUsize,
}

impl Counting {
    fn take(&self) -> usize {
        self.reads.swap(0, Ordering::Relaxed)
    }
}

impl NodeStore for Counting {
    fn node(&self, id: ObjectId) -> Result<Arc<Node>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.nodes.node(id)
    }

    fn put(&self, node: Node) -> Result<ObjectId> {
        self.nodes.put(node)
    }
}
