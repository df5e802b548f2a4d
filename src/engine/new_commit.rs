//! Making a commit from its parents' trees and edits.

use std::sync::Arc;

use crate::clock::Time;
use crate::engine::core::Core;
use crate::engine::nodes::PinnedTree;
use crate::engine::row::{Row, RowEdit};
use crate::error::{Error, Result};
use crate::object::{Cause, Commit, Judged, Key, Message, SaltedText, StoreName, Stored};
use crate::storage::{CommitId, MemoryId, RecordId, TreeId};
use crate::tree::Tree;

/// A commit to be made.
pub(crate) struct NewCommit {
    pub(crate) store: StoreName,
    pub(crate) parents: Vec<CommitId>,
    /// The first parent's tree.
    pub(crate) tree: PinnedTree,
    /// Sorted by key, each key once.
    pub(crate) edits: Vec<(Key, Option<RecordId>)>,
    /// The records that the edits name and that are not stored yet.
    pub(crate) records: Vec<(RecordId, Stored)>,
    /// Memories that come to a key they never stood at.
    pub(crate) homes: Vec<(MemoryId, Key)>,
    pub(crate) message: Message,
    pub(crate) cause: (Cause, Vec<SaltedText>),
    /// What the policy found, where that is kept with the commit.
    pub(crate) judged: Option<Judged>,
    pub(crate) salt: [u8; 16],
}

impl NewCommit {
    /// Makes the commit, its row without an operation, and its tree.
    pub(crate) fn make(self, core: &Core, now: Time) -> Result<(Row, Arc<Commit>, PinnedTree)> {
        let (edits, tree) = effective(&self.tree, self.edits)?;
        let tree = core.nodes.keep(tree);
        check_paths(&tree, &edits)?;
        let root: TreeId = tree.id();
        let (message, cause, judged) = (&self.message, self.cause, self.judged);
        let commit = Commit::make(root, self.parents, message, now, cause, judged, self.salt)?;
        let commit = Arc::new(commit);
        let mut row = Row::new(self.store);
        let at = |key: &Key| edits.binary_search_by(|edit| edit.key.cmp(key)).ok();
        let homes = self.homes.iter();
        row.homes = homes.filter_map(|(memory, key)| Some((*memory, at(key)? as u32))).collect();
        row.objects = self.records.into_iter().map(|(id, stored)| (id.object(), stored)).collect();
        row.edits = edits;
        row.commit = Some(Arc::clone(&commit));
        Ok((row, commit, tree))
    }
}

/// The edits that change something, with what stood there before, and the tree they give.
fn effective(
    tree: &PinnedTree,
    edits: Vec<(Key, Option<RecordId>)>,
) -> Result<(Vec<RowEdit>, Tree)> {
    let mut minimal = Vec::with_capacity(edits.len());
    for (key, after) in edits {
        let before = if tree.is_empty() { None } else { tree.get(key.as_str())? };
        if before != after {
            minimal.push(RowEdit { key, before, after });
        }
    }
    let changes: Vec<_> = minimal.iter().map(|edit| (edit.key.clone(), edit.after)).collect();
    Ok((minimal, tree.apply(&changes)?))
}

/// Checks that no key of `edits` that is new in `tree` is a proper path prefix of another, or has
/// one.
pub(crate) fn check_paths(tree: &PinnedTree, edits: &[RowEdit]) -> Result<()> {
    let mut checked = String::new();
    for edit in edits {
        if edit.before.is_some() || edit.after.is_none() {
            continue;
        }
        let key = edit.key.as_str();
        for ancestor in edit.key.ancestors() {
            // Neighbours share most ancestors; those of the key before need no second look.
            let seen = checked.strip_prefix(ancestor).is_some_and(|rest| rest.starts_with('/'));
            if !seen && tree.get(ancestor)?.is_some() {
                return Err(clash(ancestor, key));
            }
        }
        if let Some(found) = tree.first_beneath(key)? {
            return Err(clash(key, found.as_str()));
        }
        key.clone_into(&mut checked);
    }
    Ok(())
}

fn clash(short: &str, long: &str) -> Error {
    Error::invalid(format!(
        "`{short}` cannot be a memory and the folder of `{long}` at the same time"
    ))
    .with_candidates([short.to_owned(), long.to_owned()])
}
