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
        row.homes = homes_in(&edits, &self.homes);
        row.objects = self.records.into_iter().map(|(id, stored)| (id.object(), stored)).collect();
        row.edits = edits;
        row.commit = Some(Arc::clone(&commit));
        Ok((row, commit, tree))
    }
}

/// The homes that an edit puts a memory at, each with the number of that edit.
fn homes_in(edits: &[RowEdit], homes: &[(MemoryId, Key)]) -> Vec<(MemoryId, u32)> {
    let mut found = Vec::with_capacity(homes.len());
    let mut next = 0;
    for (memory, key) in homes {
        // Homes mostly come in the order of the edits.
        let at = match edits.get(next) {
            Some(edit) if edit.key == *key => Ok(next),
            _ => edits.binary_search_by(|edit| edit.key.cmp(key)),
        };
        if let Ok(at) = at {
            found.push((*memory, at as u32));
            next = at + 1;
        }
    }
    found
}

/// The edits that change something, with what stood there before, and the tree they give.
fn effective(
    tree: &PinnedTree,
    edits: Vec<(Key, Option<RecordId>)>,
) -> Result<(Vec<RowEdit>, Tree)> {
    let mut minimal = Vec::with_capacity(edits.len());
    let mut befores = Vec::with_capacity(edits.len());
    for (key, after) in edits {
        let before = if tree.is_empty() { None } else { tree.get(key.as_str())? };
        if before != after {
            minimal.push((key, after));
            befores.push(before);
        }
    }
    let changed = tree.apply(&minimal)?;
    let rows = minimal.into_iter().zip(befores);
    Ok((rows.map(|((key, after), before)| RowEdit { key, before, after }).collect(), changed))
}

/// Checks that no key of `edits` that is new in `tree` is a proper path prefix of another, or has
/// one.
pub(crate) fn check_paths(tree: &PinnedTree, edits: &[RowEdit]) -> Result<()> {
    // Of many edits it is cheaper to read the whole tree once than to look for each of them.
    if edits.len() as u64 >= (tree.len() / 8).max(64) && !has_clash(tree)? {
        return Ok(());
    }
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

/// Whether any key of `tree` is a proper path prefix of another.
fn has_clash(tree: &PinnedTree) -> Result<bool> {
    // The keys that the one at hand begins with: none of them can begin a later key once one does
    // not, since the keys ascend.
    let mut begun: Vec<Key> = Vec::new();
    for entry in tree.iter() {
        let (key, _) = entry?;
        while begun.last().is_some_and(|short| !key.as_str().starts_with(short.as_str())) {
            begun.pop();
        }
        if begun.iter().any(|short| key.is_under(short.as_str())) {
            return Ok(true);
        }
        begun.push(key);
    }
    Ok(false)
}

fn clash(short: &str, long: &str) -> Error {
    Error::invalid(format!(
        "`{short}` cannot be a memory and the folder of `{long}` at the same time"
    ))
    .with_candidates([short.to_owned(), long.to_owned()])
}

#[cfg(test)]
mod tests {
    use crate::{Author, Database, Options, Result};

    fn write(db: &Database, keys: &[String]) -> Result<()> {
        let mut tx = db.store("default")?.branch("main")?.write()?;
        for key in keys {
            tx.put(key, key.as_str())?;
        }
        tx.commit(Author::agent("scribe").message("Many")).map(drop)
    }

    /// Keys that sort between a memory and what would lie beneath it, and enough others that the
    /// whole tree is read.
    fn many() -> Vec<String> {
        let others = (0..200).map(|number| format!("many/{number:03}"));
        others.chain(["a", "a-b", "a.b/c", "ab/c", "a0"].map(str::to_owned)).collect()
    }

    #[test]
    fn a_memory_that_is_a_folder_is_named_among_many_edits() {
        for (bad, other) in [("a/b/c", "a"), ("many/100/x", "many/100"), ("many", "many/000")] {
            let db = Options::new().in_memory().unwrap();
            let mut keys = many();
            keys.push(bad.to_owned());
            let error = write(&db, &keys).unwrap_err().to_string();
            assert!(error.contains(bad) && error.contains(&format!("`{other}`")), "{error}");
            keys.pop();
            write(&db, &keys).unwrap();
            assert!(write(&db, &[bad.to_owned()]).is_err(), "{bad} alone, on top");
        }
    }

    #[test]
    fn many_edits_may_clash_with_what_stands_there() {
        let db = Options::new().in_memory().unwrap();
        write(&db, &["many/007/deep".to_owned()]).unwrap();
        assert!(write(&db, &many()).is_err());
    }
}
