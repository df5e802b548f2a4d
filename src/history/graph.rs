//! The graph of commits: ancestors, merge bases, walking.

use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use crate::error::Result;
use crate::object::Commit;
use crate::storage::CommitId;

/// Where commits come from.
pub(crate) trait Graph {
    fn commit(&self, id: CommitId) -> Result<Arc<Commit>>;

    /// The commit's place in the log; its parents' are smaller.
    fn position(&self, id: CommitId) -> Result<u64>;
}

/// Commits in falling order of position, each once.
pub(crate) struct Walk<'a> {
    graph: &'a dyn Graph,
    heap: BinaryHeap<(u64, CommitId)>,
    seen: HashSet<CommitId>,
    follow: fn(&Commit) -> &[CommitId],
}

impl<'a> Walk<'a> {
    /// All that any of `from` descends from, itself included, along the parents that `follow` gives.
    pub(crate) fn new(
        graph: &'a dyn Graph,
        from: &[CommitId],
        follow: fn(&Commit) -> &[CommitId],
    ) -> Result<Self> {
        let mut walk = Self { graph, heap: BinaryHeap::new(), seen: HashSet::new(), follow };
        from.iter().try_for_each(|id| walk.push(*id))?;
        Ok(walk)
    }

    fn push(&mut self, id: CommitId) -> Result<()> {
        if self.seen.insert(id) {
            self.heap.push((self.graph.position(id)?, id));
        }
        Ok(())
    }

    fn step(&mut self, id: CommitId) -> Result<Arc<Commit>> {
        let commit = self.graph.commit(id)?;
        for parent in (self.follow)(&commit) {
            self.push(*parent)?;
        }
        Ok(commit)
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Arc<Commit>>;

    fn next(&mut self) -> Option<Self::Item> {
        let (_, id) = self.heap.pop()?;
        let commit = self.step(id);
        if commit.is_err() {
            self.heap.clear();
        }
        Some(commit)
    }
}

/// Whether `descendant` is `ancestor` or descends from it.
pub(crate) fn is_ancestor(
    graph: &dyn Graph,
    ancestor: CommitId,
    descendant: CommitId,
) -> Result<bool> {
    let floor = graph.position(ancestor)?;
    let mut heap = BinaryHeap::from([(graph.position(descendant)?, descendant)]);
    let mut seen = HashSet::new();
    while let Some((position, id)) = heap.pop() {
        if id == ancestor {
            return Ok(true);
        }
        if position < floor {
            return Ok(false);
        }
        if seen.insert(id) {
            for parent in graph.commit(id)?.parents() {
                heap.push((graph.position(*parent)?, *parent));
            }
        }
    }
    Ok(false)
}

/// The commits that `after` descends from and `before` does not, newest first.
pub(crate) fn only_in(
    graph: &dyn Graph,
    before: CommitId,
    after: CommitId,
) -> Result<Vec<Arc<Commit>>> {
    // Whether `before` is or descends from a commit; known for good when the commit is met.
    let mut old: HashMap<CommitId, bool> = HashMap::from([(after, false)]);
    old.insert(before, true);
    let mut heap = BinaryHeap::from([(graph.position(before)?, before)]);
    let mut open = HashSet::new();
    if after != before {
        heap.push((graph.position(after)?, after));
        open.insert(after);
    }
    let mut found = Vec::new();
    while !open.is_empty() {
        let Some((_, id)) = heap.pop() else { break };
        let (commit, is_old) = (graph.commit(id)?, old[&id]);
        for parent in commit.parents() {
            if !old.contains_key(parent) {
                heap.push((graph.position(*parent)?, *parent));
                open.insert(*parent);
            }
            *old.entry(*parent).or_default() |= is_old;
            if is_old {
                open.remove(parent);
            }
        }
        if open.remove(&id) {
            found.push(commit);
        }
    }
    Ok(found)
}

const FROM_A: u8 = 1;
const FROM_B: u8 = 2;
/// A commit beneath a merge base.
const STALE: u8 = 4;

/// The best common ancestors of two commits: those that are not ancestors of another one. Several
/// where histories criss-cross, none where they have nothing in common. Sorted by id.
///
/// The colouring that git uses for `git merge-base --all`; walking by position makes its second
/// pass unnecessary, since every descendant of a commit is met before it.
pub(crate) fn merge_bases(graph: &dyn Graph, a: CommitId, b: CommitId) -> Result<Vec<CommitId>> {
    let mut flags: HashMap<CommitId, u8> = HashMap::new();
    let mut heap = BinaryHeap::new();
    let mut open: HashSet<CommitId> = HashSet::new();
    for (id, flag) in [(a, FROM_A), (b, FROM_B)] {
        *flags.entry(id).or_default() |= flag;
        heap.push((graph.position(id)?, id));
        open.insert(id);
    }
    let mut bases = Vec::new();
    while !open.is_empty() {
        let Some((_, id)) = heap.pop() else { break };
        let mut flag = flags[&id];
        if open.remove(&id) && flag == FROM_A | FROM_B {
            bases.push(id);
            flag |= STALE;
        }
        for parent in graph.commit(id)?.parents() {
            let held = flags.entry(*parent).or_default();
            if *held & flag == flag {
                continue;
            }
            if *held == 0 {
                heap.push((graph.position(*parent)?, *parent));
            }
            *held |= flag;
            if *held & STALE == 0 {
                open.insert(*parent);
            } else {
                open.remove(parent);
            }
        }
    }
    bases.sort_unstable();
    Ok(bases)
}
