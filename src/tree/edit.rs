//! Editing a tree: only the nodes that edits touch are cut anew, level by level.
//!
//! A node's cuts depend on nothing before its first entry. So an edited node is cut again from
//! its first entry on, into its neighbours if need be, until a new boundary meets an old one;
//! from there on the level is as it was. The nodes that vanished and came are edits of the level
//! above. Therefore the result equals a tree built at once from the same entries.

use std::ops::Range;
use std::sync::Arc;

use super::chunk::{Chunker, Summary, stack};
use super::cursor::Cursor;
use super::map::Tree;
use crate::error::Result;
use crate::object::{Key, Node};
use crate::storage::{ObjectId, RecordId};

/// An edit of one level: the entry that a key gets, or none.
struct Patch<'a> {
    key: &'a str,
    put: Option<(ObjectId, u64)>,
}

/// What became of a run of neighbouring nodes: the entries that the level above loses and gains.
#[derive(Default)]
struct Rewritten {
    lost: Vec<(Box<str>, ObjectId)>,
    gained: Vec<Summary>,
    /// Set if the whole level has come down to one entry: the node below is the root.
    root: Option<ObjectId>,
}

/// The root of `tree` after `edits`, which ascend strictly; a key without an id is removed.
pub(super) fn apply(tree: &Tree, edits: &[(Key, Option<RecordId>)]) -> Result<ObjectId> {
    let ascending = edits.is_sorted_by(|(a, _), (b, _)| a < b);
    assert!(ascending, "BUG: edits do not ascend strictly");
    let mut rewritten: Rewritten;
    let mut patches: Vec<Patch<'_>> = edits
        .iter()
        .map(|(key, id)| Patch { key: key.as_str(), put: id.map(|id| (id.object(), 1)) })
        .collect();
    for level in 0..=tree.root().level() {
        if patches.is_empty() {
            return Ok(tree.id().object());
        }
        rewritten = rewrite(tree, level, &patches)?;
        if let Some(root) = rewritten.root {
            return Ok(root);
        }
        if level == tree.root().level() {
            return stack(tree.store(), tree.shape(), level + 1, rewritten.gained);
        }
        patches = patches_above(&rewritten);
    }
    unreachable!("BUG: a tree without a root level")
}

/// The edits of the level above: lost entries go, gained ones come, equal ones cancel out.
fn patches_above(rewritten: &Rewritten) -> Vec<Patch<'_>> {
    let mut patches = Vec::with_capacity(rewritten.lost.len() + rewritten.gained.len());
    let mut lost = rewritten.lost.iter().peekable();
    for Summary { key, id, count } in &rewritten.gained {
        while let Some((key, _)) = lost.next_if(|(old, _)| old < key) {
            patches.push(Patch { key, put: None });
        }
        if lost.next_if(|(old, _)| old == key).is_none_or(|(_, old)| old != id) {
            patches.push(Patch { key, put: Some((*id, *count)) });
        }
    }
    patches.extend(lost.map(|(key, _)| Patch { key, put: None }));
    patches
}

/// Applies `patches` to one level, run by run.
fn rewrite(tree: &Tree, level: u8, patches: &[Patch<'_>]) -> Result<Rewritten> {
    let mut rewritten = Rewritten::default();
    let mut nodes = Nodes::new(tree, level);
    let mut rest = patches;
    while let Some(first) = rest.first() {
        nodes.seek(first.key)?;
        rest = run(tree, &mut nodes, rest, &mut rewritten)?;
    }
    Ok(rewritten)
}

/// Cuts nodes anew from where `nodes` stands until a new boundary meets an old one and the next
/// patch lies beyond the node after it. Gives the patches that are left.
fn run<'p, 'a>(
    tree: &Tree,
    nodes: &mut Nodes,
    mut patches: &'p [Patch<'a>],
    rewritten: &mut Rewritten,
) -> Result<&'p [Patch<'a>]> {
    let mut chunker = Chunker::new(tree.store(), tree.shape(), nodes.level);
    let floor = nodes.floor().map(str::to_owned);
    loop {
        let (old, last) = (nodes.load()?, nodes.is_last());
        if let Some(key) = old.last_key() {
            rewritten.lost.push((key.into(), nodes.id()));
        }
        let mine = match old.last_key() {
            Some(key) if !last => patches.partition_point(|patch| patch.key <= key),
            _ => patches.len(),
        };
        weave(&mut chunker, &old, last, &patches[..mine])?;
        patches = &patches[mine..];
        if last {
            finish(chunker, nodes, floor, rewritten)?;
            return Ok(patches);
        }
        nodes.advance()?;
        let goes_on = patches.first().is_some_and(|patch| nodes.holds(patch.key));
        if chunker.is_at_boundary() && !goes_on {
            rewritten.gained.extend(chunker.stop()?);
            return Ok(patches);
        }
    }
}

/// Pushes the entries of `old` with `patches` woven in.
///
/// As long as the keys are those of the old node from its first on, so are the cuts: none inside,
/// one at the end. But the last node of a level may hide a cut: where the level ends anyway, or in
/// an inner level before the one entry left.
fn weave(chunker: &mut Chunker, old: &Node, last: bool, patches: &[Patch<'_>]) -> Result<()> {
    let hidden = if old.level() == 0 { 1 } else { 2 };
    let trusted = if last { old.len().saturating_sub(hidden) } else { old.len() };
    let mut in_step = chunker.is_at_boundary();
    let mut index = 0;
    for Patch { key, put } in patches {
        let next = old.lower_bound(key);
        copy(chunker, old, index..next, if in_step { trusted } else { 0 })?;
        let replaces = next < old.len() && old.key(next) == *key;
        match *put {
            Some((id, count)) if in_step && replaces && next < trusted => {
                chunker.append(key, id, count);
            }
            Some((id, count)) => {
                in_step &= replaces;
                chunker.push(key, id, count)?;
            }
            None => in_step &= !replaces,
        }
        index = next + usize::from(replaces);
    }
    copy(chunker, old, index..old.len(), if in_step { trusted } else { 0 })?;
    if in_step && !last { chunker.end_node() } else { Ok(()) }
}

/// Pushes the entries of `old` in `range`; those before `trusted` are known to end no node.
fn copy(chunker: &mut Chunker, old: &Node, range: Range<usize>, trusted: usize) -> Result<()> {
    let split = trusted.clamp(range.start, range.end);
    chunker.append_range(old, range.start..split);
    for index in split..range.end {
        chunker.push(old.key(index), old.id(index), old.count(index))?;
    }
    Ok(())
}

/// Ends a run at the end of its level. An entry left alone joins the node before the run, which
/// ends at `floor`; if there is none, it is all that the level has.
fn finish(
    chunker: Chunker,
    nodes: &mut Nodes,
    floor: Option<String>,
    rewritten: &mut Rewritten,
) -> Result<()> {
    let (gained, lone) = chunker.finish()?;
    rewritten.gained.extend(gained);
    let Some(lone) = lone else { return Ok(()) };
    let Some(floor) = floor else {
        rewritten.root = Some(lone.id(0));
        return Ok(());
    };
    nodes.seek(&floor)?;
    let mut node = Node::clone(&*nodes.load()?);
    // The run began after this node, so it comes before all that the run has lost.
    let at = rewritten.lost.partition_point(|(key, _)| **key < *floor);
    rewritten.lost.insert(at, (floor.into(), nodes.id()));
    node.push_range(&lone, 0..1);
    let (key, count) = (lone.key(0).into(), node.total());
    let id = nodes.tree.store().put(node)?;
    rewritten.gained.push(Summary { key, id, count });
    Ok(())
}

/// The nodes of one level in order: the items of the level above, or the root alone.
struct Nodes {
    tree: Tree,
    level: u8,
    cursor: Cursor,
}

impl Nodes {
    fn new(tree: &Tree, level: u8) -> Self {
        Self { tree: tree.clone(), level, cursor: tree.cursor() }
    }

    fn is_root(&self) -> bool {
        self.level == self.tree.root().level()
    }

    /// Goes to the node that holds `key`, or would hold it.
    fn seek(&mut self, key: &str) -> Result<()> {
        if self.is_root() { Ok(()) } else { self.cursor.seek_or_last(key, self.level + 1) }
    }

    fn load(&self) -> Result<Arc<Node>> {
        if self.is_root() { Ok(Arc::clone(self.tree.root())) } else { self.cursor.load() }
    }

    fn id(&self) -> ObjectId {
        if self.is_root() { self.tree.id().object() } else { self.cursor.id() }
    }

    fn is_last(&self) -> bool {
        self.is_root() || self.cursor.is_last()
    }

    /// The last key of the node before.
    fn floor(&self) -> Option<&str> {
        if self.is_root() { None } else { self.cursor.floor() }
    }

    /// Goes to the next node; there must be one.
    fn advance(&mut self) -> Result<()> {
        self.cursor.advance();
        self.cursor.descend_to(self.level + 1)
    }

    /// Whether `key`, which is greater than all before, belongs into this node.
    fn holds(&self, key: &str) -> bool {
        self.is_last() || key <= self.cursor.key()
    }
}
