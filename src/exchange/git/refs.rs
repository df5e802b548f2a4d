//! Where the branches and tags of the repository end up.

use std::collections::BTreeMap;

use crate::engine::Store;
use crate::error::{Error, Result};
use crate::object::{RefKind, RefName};
use crate::storage::CommitId;

/// The full names of git's refs, and where each points so far.
#[derive(Default)]
pub(super) struct Tips {
    refs: BTreeMap<Vec<u8>, CommitId>,
}

/// A ref, where it is and where it goes.
pub(super) type Move = (RefName, RefKind, Option<CommitId>, CommitId);

impl Tips {
    pub(super) fn set(&mut self, reference: Vec<u8>, commit: CommitId) {
        self.refs.insert(reference, commit);
    }

    pub(super) fn forget(&mut self, reference: &[u8]) {
        self.refs.remove(reference);
    }

    /// Whether a local branch stands where the remote one `reference` does.
    fn is_double(&self, reference: &str, commit: CommitId) -> bool {
        let short = reference.split_once('/').map_or("", |(_, short)| short);
        let local = format!("refs/heads/{short}");
        short == "HEAD" || self.refs.get(local.as_bytes()) == Some(&commit)
    }
}

/// What has to move so that the store has the branches and tags of the repository. Refs that have
/// no name here are added to `skipped`.
///
/// # Errors
/// `Invalid` if a ref of the store has commits that the repository's does not have.
pub(super) fn moves(store: &Store, tips: &Tips, skipped: &mut Vec<String>) -> Result<Vec<Move>> {
    let mut targets: BTreeMap<RefName, (RefKind, CommitId)> = BTreeMap::new();
    for (reference, commit) in &tips.refs {
        let full = String::from_utf8_lossy(reference);
        let (name, kind) = if let Some(name) = full.strip_prefix("refs/heads/") {
            (name.to_owned(), RefKind::Branch)
        } else if let Some(name) = full.strip_prefix("refs/tags/") {
            (name.to_owned(), RefKind::Tag)
        } else if let Some(name) = full.strip_prefix("refs/remotes/") {
            if tips.is_double(name, *commit) {
                continue;
            }
            (name.to_owned(), RefKind::Branch)
        } else {
            skipped.push(full.into_owned());
            continue;
        };
        // A tag may have the name of a branch in git, but not here.
        let free = |name: &RefName| !name.is_reserved() && !targets.contains_key(name);
        let name = [name.clone(), format!("tags/{name}")].into_iter().take(match kind {
            RefKind::Branch => 1,
            RefKind::Tag => 2,
        });
        match name.filter_map(|name| RefName::new(name).ok()).find(free) {
            Some(name) => drop(targets.insert(name, (kind, *commit))),
            None => skipped.push(full.into_owned()),
        }
    }
    let mut moves = Vec::new();
    for (name, (kind, to)) in targets {
        let held = store.find_ref(&name)?;
        match &held {
            Some(held) if held.commit == to => {}
            Some(held) if kind == RefKind::Tag || held.kind != kind => {
                return Err(taken(&name, "is another tag or branch here"));
            }
            Some(held) if !store.is_ancestor(held.commit, to)? => {
                return Err(taken(&name, "has commits that the repository does not have"));
            }
            _ => moves.push((name, kind, held.map(|held| held.commit), to)),
        }
    }
    Ok(moves)
}

fn taken(name: &RefName, why: &str) -> Error {
    let message = format!("`{name}` {why}; import into a store of its own, or rename it first");
    Error::invalid(message).with_candidates([name.to_string()])
}
