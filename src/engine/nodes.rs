//! Where the tree's nodes are: new ones in memory until a checkpoint, the others in the file,
//! behind a cache.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use quick_cache::sync::Cache;

use crate::error::{Error, Result};
use crate::object::Node;
use crate::storage::{ObjectId, Storage, TreeId};
use crate::tree::{NodeStore, Shape, Tree, reachable};

/// How many stored nodes stay decoded in memory: about 200 MB of them.
const CACHED_NODES_MAX: usize = 50_000;

/// Keeps a root's nodes in memory for as long as it lives.
#[derive(Debug)]
pub(crate) struct Pin {
    _root: TreeId,
}

/// A tree, and the promise that its nodes stay.
#[derive(Clone)]
pub(crate) struct PinnedTree {
    tree: Tree,
    _pin: Arc<Pin>,
}

impl std::ops::Deref for PinnedTree {
    type Target = Tree;

    fn deref(&self) -> &Tree {
        &self.tree
    }
}

/// All nodes of a database.
pub(crate) struct Nodes {
    storage: Arc<Storage>,
    cache: Cache<ObjectId, Arc<Node>>,
    pending: RwLock<Pending>,
    pins: Mutex<HashMap<TreeId, Weak<Pin>>>,
    /// How many unstored nodes may gather before those of no live tree are dropped.
    pending_max: usize,
}

#[derive(Default)]
struct Pending {
    nodes: HashMap<ObjectId, (u64, Arc<Node>)>,
    /// Counts trims. A node is dropped only by the second trim after it was made, so that trees
    /// under construction are safe.
    age: u64,
    /// How many nodes the last trim left.
    kept: usize,
}

impl Nodes {
    pub(crate) fn new(storage: Arc<Storage>, pending_max: usize) -> Self {
        Self {
            storage,
            cache: Cache::new(CACHED_NODES_MAX),
            pending: RwLock::default(),
            pins: Mutex::default(),
            pending_max,
        }
    }

    /// Whether the whole tree with this root can be read.
    pub(crate) fn has_tree(&self, root: TreeId) -> Result<bool> {
        let id = root.object();
        if self.pending().nodes.contains_key(&id) || self.cache.get(&id).is_some() {
            return Ok(true);
        }
        self.storage.read()?.has_node(&id)
    }

    /// Opens the tree with this root and keeps its nodes while the result lives.
    pub(crate) fn open(self: &Arc<Self>, shape: Shape, root: TreeId) -> Result<PinnedTree> {
        let pin = self.pin(root);
        let store: Arc<dyn NodeStore> = Arc::clone(self) as _;
        Ok(PinnedTree { tree: Tree::open(store, shape, root)?, _pin: pin })
    }

    /// The empty tree.
    pub(crate) fn empty(self: &Arc<Self>, shape: Shape) -> Result<PinnedTree> {
        let store: Arc<dyn NodeStore> = Arc::clone(self) as _;
        Ok(self.keep(Tree::empty(store, shape)?))
    }

    /// Keeps the nodes of `tree` while the result lives.
    pub(crate) fn keep(&self, tree: Tree) -> PinnedTree {
        let pin = self.pin(tree.id());
        PinnedTree { tree, _pin: pin }
    }

    fn pin(&self, root: TreeId) -> Arc<Pin> {
        let mut pins = self.pins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pin) = pins.get(&root).and_then(Weak::upgrade) {
            return pin;
        }
        let pin = Arc::new(Pin { _root: root });
        pins.insert(root, Arc::downgrade(&pin));
        pin
    }

    fn pending(&self) -> std::sync::RwLockReadGuard<'_, Pending> {
        self.pending.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops unstored nodes that belong to none of `heads` and to no pinned tree, once there are
    /// many of them.
    pub(crate) fn trim(self: &Arc<Self>, shape: Shape, heads: &[TreeId]) -> Result<()> {
        let (count, kept) = {
            let pending = self.pending();
            (pending.nodes.len(), pending.kept)
        };
        if count < self.pending_max.max(2 * kept) {
            return Ok(());
        }
        let mut live = HashSet::new();
        for root in heads.iter().copied().chain(self.pinned()) {
            if self.pending().nodes.contains_key(&root.object()) {
                let tree = Tree::open(Arc::clone(self) as _, shape, root)?;
                let stored = |id: ObjectId| !self.pending().nodes.contains_key(&id);
                reachable(&tree, &mut live, stored, |_, _| Ok(()))?;
            }
        }
        let mut pending = self.pending.write().unwrap_or_else(PoisonError::into_inner);
        let age = pending.age;
        pending.nodes.retain(|id, (born, _)| *born >= age || live.contains(id));
        pending.age += 1;
        pending.kept = pending.nodes.len();
        Ok(())
    }

    fn pinned(&self) -> Vec<TreeId> {
        let mut pins = self.pins.lock().unwrap_or_else(PoisonError::into_inner);
        pins.retain(|_, pin| pin.strong_count() > 0);
        pins.keys().copied().collect()
    }

    /// The unstored nodes of a tree, children before parents.
    pub(crate) fn unstored(&self, tree: &Tree) -> Result<Vec<(ObjectId, Vec<u8>)>> {
        let mut nodes = Vec::new();
        let stored = |id: ObjectId| !self.pending().nodes.contains_key(&id);
        reachable(tree, &mut HashSet::new(), stored, |id, node| {
            nodes.push((id, node.encode()));
            Ok(())
        })?;
        nodes.reverse();
        Ok(nodes)
    }

    /// Hands nodes that are stored now from memory to the cache.
    pub(crate) fn mark_stored(&self, ids: impl IntoIterator<Item = ObjectId>) {
        let mut pending = self.pending.write().unwrap_or_else(PoisonError::into_inner);
        for id in ids {
            if let Some((_, node)) = pending.nodes.remove(&id) {
                self.cache.insert(id, node);
            }
        }
    }
}

impl NodeStore for Nodes {
    fn node(&self, id: ObjectId) -> Result<Arc<Node>> {
        if let Some(node) = self.cache.get(&id) {
            return Ok(node);
        }
        if let Some((_, node)) = self.pending().nodes.get(&id) {
            return Ok(Arc::clone(node));
        }
        let missing = || Error::corrupt(format!("tree node {id} is missing"));
        let bytes = self.storage.read()?.node(&id)?.ok_or_else(missing)?;
        if ObjectId::of(&bytes) != id {
            return Err(Error::corrupt(format!("tree node {id} is damaged")));
        }
        let node = Arc::new(Node::decode(&bytes)?);
        self.cache.insert(id, Arc::clone(&node));
        Ok(node)
    }

    fn put(&self, node: Node) -> Result<ObjectId> {
        let id = ObjectId::of(&node.encode());
        if self.cache.get(&id).is_none() {
            let mut pending = self.pending.write().unwrap_or_else(PoisonError::into_inner);
            let age = pending.age;
            pending.nodes.entry(id).or_insert_with(|| (age, Arc::new(node))).0 = age;
        }
        Ok(id)
    }
}
