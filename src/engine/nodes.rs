//! Where the tree's nodes are: new ones in memory until a checkpoint, the others in the file,
//! behind a cache.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use quick_cache::sync::Cache;

use crate::engine::view::Newest;
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
    views: Arc<Newest>,
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
    pub(crate) fn new(storage: Arc<Storage>, views: Arc<Newest>, pending_max: usize) -> Self {
        Self {
            storage,
            views,
            cache: Cache::new(CACHED_NODES_MAX),
            pending: RwLock::default(),
            pins: Mutex::default(),
            pending_max,
        }
    }

    /// Whether the whole tree with this root can be read.
    fn has_tree(&self, root: TreeId) -> Result<bool> {
        let id = root.object();
        if self.pending().nodes.contains_key(&id) || self.cache.get(&id).is_some() {
            return Ok(true);
        }
        self.storage.read()?.has_node(&id)
    }

    /// Opens the tree with this root, if all of it can be read, and keeps its nodes while the
    /// result lives.
    pub(crate) fn find(self: &Arc<Self>, shape: Shape, root: TreeId) -> Result<Option<PinnedTree>> {
        // Pinned first: what is found cannot be trimmed away before it is opened.
        let pin = self.pin(root);
        if !self.has_tree(root)? {
            return Ok(None);
        }
        let store: Arc<dyn NodeStore> = Arc::clone(self) as _;
        Ok(Some(PinnedTree { tree: Tree::open(store, shape, root)?, _pin: pin }))
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
    /// many of them. What stays is whole: a node stays with all that is beneath it.
    pub(crate) fn trim(&self, heads: &[TreeId]) {
        let mut pending = self.pending.write().unwrap_or_else(PoisonError::into_inner);
        if pending.nodes.len() < self.pending_max.max(2 * pending.kept) {
            return;
        }
        let age = pending.age;
        let young = pending.nodes.iter().filter(|(_, (born, _))| *born >= age).map(|(id, _)| *id);
        let roots = heads.iter().copied().chain(self.pinned()).map(TreeId::object);
        let mut open: Vec<ObjectId> = young.chain(roots).collect();
        let mut live = HashSet::new();
        while let Some(id) = open.pop() {
            if let Some((_, node)) = pending.nodes.get(&id)
                && live.insert(id)
                && node.level() > 0
            {
                open.extend((0..node.len()).map(|index| node.id(index)));
            }
        }
        pending.nodes.retain(|id, _| live.contains(id));
        pending.age += 1;
        pending.kept = pending.nodes.len();
    }

    fn pinned(&self) -> Vec<TreeId> {
        let mut pins = self.pins.lock().unwrap_or_else(PoisonError::into_inner);
        pins.retain(|_, pin| pin.strong_count() > 0);
        pins.keys().copied().collect()
    }

    /// A stored node, in a view that is open anyway if it is there.
    fn bytes(&self, id: ObjectId) -> Result<Option<Vec<u8>>> {
        if let Some(view) = self.views.any()
            && let Some(bytes) = view.node(&id)?
        {
            return Ok(Some(bytes));
        }
        self.storage.read()?.node(&id)
    }

    /// The nodes that are in the file, past all that is in memory.
    pub(crate) fn on_file(&self) -> Arc<dyn NodeStore> {
        Arc::new(OnFile(Arc::clone(&self.storage)))
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

/// The nodes in the file only, read each time.
struct OnFile(Arc<Storage>);

impl NodeStore for OnFile {
    fn node(&self, id: ObjectId) -> Result<Arc<Node>> {
        check_node(id, self.0.read()?.node(&id)?).map(Arc::new)
    }

    fn put(&self, _node: Node) -> Result<ObjectId> {
        Err(Error::invalid("stored nodes are read-only"))
    }
}

fn check_node(id: ObjectId, bytes: Option<Vec<u8>>) -> Result<Node> {
    let missing = || Error::corrupt(format!("tree node {id} is missing"));
    let bytes = bytes.ok_or_else(missing)?;
    if ObjectId::of(&bytes) != id {
        return Err(Error::corrupt(format!("tree node {id} is damaged")));
    }
    Node::decode(&bytes)
}

impl NodeStore for Nodes {
    fn node(&self, id: ObjectId) -> Result<Arc<Node>> {
        if let Some(node) = self.cache.get(&id) {
            return Ok(node);
        }
        if let Some((_, node)) = self.pending().nodes.get(&id) {
            return Ok(Arc::clone(node));
        }
        let node = Arc::new(check_node(id, self.bytes(id)?)?);
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
