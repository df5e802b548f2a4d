//! The trees of commits, made anew from the edits of their rows.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use crate::engine::core::Core;
use crate::engine::row::{self, RowEdit};
use crate::error::{Error, Result};
use crate::object::{Commit, Key};
use crate::storage::{CommitId, Reader, RecordId};
use crate::tree::{MemoryNodes, NodeStore, Shape, Tree, reachable};

/// How many trees of commits that are no heads are held.
const RECENT_MAX: usize = 64;
/// After so many commits, the nodes of trees that are no longer held are let go.
const TRIM_COMMITS: usize = 2_000;

/// What is known of a commit met before.
struct Known {
    sequence: u64,
    first_parent: Option<CommitId>,
}

/// The trees of the heads and of recent commits, and how to make the others again.
pub(super) struct Trees {
    shape: Shape,
    nodes: Arc<dyn NodeStore>,
    held: BTreeMap<CommitId, Tree>,
    recent: VecDeque<CommitId>,
    known: HashMap<CommitId, Known>,
    since_trim: usize,
}

impl Trees {
    pub(super) fn new(shape: Shape) -> Self {
        Self {
            shape,
            nodes: Arc::new(MemoryNodes::default()),
            held: BTreeMap::new(),
            recent: VecDeque::new(),
            known: HashMap::new(),
            since_trim: 0,
        }
    }

    /// Whether a row met before holds the commit.
    pub(super) fn knows(&self, commit: CommitId) -> bool {
        self.known.contains_key(&commit)
    }

    /// Applies `edits` to the tree of the first parent. Returns what is wrong with them.
    ///
    /// # Errors
    /// `Corrupt` if the parent's tree cannot be made, because rows beneath it are damaged.
    pub(super) fn apply(
        &mut self,
        reader: &Reader,
        commit: &Commit,
        edits: &[RowEdit],
        sequence: u64,
    ) -> Result<Vec<String>> {
        let first_parent = commit.first_parent();
        let mut wrong: Vec<String> = commit
            .parents()
            .iter()
            .filter(|parent| !self.known.contains_key(parent))
            .map(|parent| format!("has parent {parent}, which no row before it holds"))
            .collect();
        self.known.insert(commit.id(), Known { sequence, first_parent });
        let before = match first_parent {
            Some(parent) => self.tree(reader, parent)?,
            None => self.empty()?,
        };
        for edit in edits {
            if before.get(edit.key.as_str())? != edit.before {
                wrong.push(format!("says something else stood at `{}` before", edit.key));
            }
        }
        let tree = before.apply(&after(edits))?;
        if tree.id() != commit.tree() {
            wrong.push("has edits that do not give its tree".to_owned());
        }
        self.hold(commit.id(), tree);
        Ok(wrong)
    }

    /// Takes a commit's tree as it is stored, where it cannot be made: what follows can be checked
    /// again then.
    pub(super) fn adopt(&mut self, core: &Core, commit: &Commit) -> Result<()> {
        if let Some(stored) = core.nodes.find(core.shape(), commit.tree())? {
            let tree = Tree::build(Arc::clone(&self.nodes), self.shape, stored.iter())?;
            self.hold(commit.id(), tree);
        }
        Ok(())
    }

    fn empty(&self) -> Result<Tree> {
        Tree::empty(Arc::clone(&self.nodes), self.shape)
    }

    fn hold(&mut self, commit: CommitId, tree: Tree) {
        self.held.insert(commit, tree);
        self.recent.push_back(commit);
        self.since_trim += 1;
    }

    /// The tree of a commit met before: held, or made again from the nearest one that is.
    pub(super) fn tree(&self, reader: &Reader, commit: CommitId) -> Result<Tree> {
        let mut edits: BTreeMap<Key, Option<RecordId>> = BTreeMap::new();
        let mut at = commit;
        let nearest = loop {
            if let Some(tree) = self.held.get(&at) {
                break tree.clone();
            }
            let missing = || Error::corrupt(format!("no sound row holds commit {at}"));
            let known = self.known.get(&at).ok_or_else(missing)?;
            let head = row::read_head(reader, known.sequence)?.ok_or_else(missing)?;
            for edit in head.edits {
                edits.entry(edit.key).or_insert(edit.after);
            }
            match known.first_parent {
                Some(parent) => at = parent,
                None => break self.empty()?,
            }
        };
        nearest.apply(&edits.into_iter().collect::<Vec<_>>())
    }

    /// Lets go of trees that are neither heads nor recent, and now and then of their nodes.
    pub(super) fn trim(&mut self, heads: impl Iterator<Item = CommitId>) -> Result<()> {
        if self.recent.len() > 2 * RECENT_MAX {
            let heads: BTreeSet<CommitId> = heads.collect();
            self.recent.drain(..RECENT_MAX);
            let recent: BTreeSet<CommitId> = self.recent.iter().copied().collect();
            self.held.retain(|commit, _| heads.contains(commit) || recent.contains(commit));
        }
        if self.since_trim < TRIM_COMMITS {
            return Ok(());
        }
        self.since_trim = 0;
        let nodes: Arc<dyn NodeStore> = Arc::new(MemoryNodes::default());
        let mut seen = HashSet::new();
        for tree in self.held.values() {
            reachable(tree, &mut seen, |_| false, |_, node| nodes.put(node.clone()).map(drop))?;
        }
        self.nodes = nodes;
        for tree in self.held.values_mut() {
            *tree = Tree::open(Arc::clone(&self.nodes), self.shape, tree.id())?;
        }
        Ok(())
    }
}

fn after(edits: &[RowEdit]) -> Vec<(Key, Option<RecordId>)> {
    edits.iter().map(|edit| (edit.key.clone(), edit.after)).collect()
}
