//! What was taken back, after it was: the versions that a revert, a withdrawal or a restore took from
//! their keys. They still say what they said, and the recall log knows who was given them.

use std::collections::HashSet;
use std::sync::Arc;

use crate::clock::Time;
use crate::engine::{AsSnapshot, Change, LogFilter, Store};
use crate::error::Result;
use crate::object::{Cause, Commit, Key, Suspect};
use crate::storage::{CommitId, RecordId};

/// A memory that a commit put back to an earlier version, or removed.
#[derive(Clone, Debug)]
pub struct TakenBack {
    /// The key at which it stood before.
    pub key: Key,
    /// The commit that took it back.
    pub commit: Arc<Commit>,
    /// The version that stood there before.
    pub record: RecordId,
    /// What stands in its place; `None` if it was removed.
    pub becomes: Option<RecordId>,
    /// The version that stood there, and all before it that are no longer said: what the recall log
    /// is to be asked for.
    pub versions: Vec<RecordId>,
}

impl TakenBack {
    /// What commits that a snapshot descends from took back at `key`, the newest first. Where
    /// nothing stands at the key, the commit that removed it last is among them, whatever it is.
    ///
    /// # Errors
    /// `Invalid` if `key` is none; `Corrupt` if something is damaged.
    pub fn at(source: &impl AsSnapshot, key: &str) -> Result<Vec<Self>> {
        let (snapshot, key) = (source.as_snapshot()?, Key::new(key)?);
        let Some(head) = snapshot.id() else { return Ok(Vec::new()) };
        let (store, stands) = (snapshot.store(), snapshot.get_id(key.as_str())?.is_some());
        // What stands was reviewed, merged and picked; only who took something from it is asked for.
        let asked = if stands { None } else { Some(key.clone()) };
        let mut found: Vec<Self> = Vec::new();
        for commit in store.log(head, LogFilter { key: asked, ..LogFilter::default() })? {
            let commit = commit?;
            let takes_back = takes_back(&commit);
            if !takes_back && (stands || !found.is_empty()) {
                continue;
            }
            for change in store.changes(commit.id())?.into_iter().filter(|one| is_at(one, &key)) {
                if takes_back || change.after.is_none() {
                    found.extend(Self::read(store, &commit, change)?);
                }
            }
        }
        Ok(found)
    }

    /// What one commit took back; nothing if it is no revert, withdrawal or restore.
    ///
    /// # Errors
    /// `NotFound` if there is no such commit; `Corrupt` if something is damaged.
    pub fn by(store: &Store, commit: CommitId) -> Result<Vec<Self>> {
        let commit = store.commit(commit)?;
        let mut found = Vec::new();
        if takes_back(&commit) {
            for change in store.changes(commit.id())? {
                found.extend(Self::read(store, &commit, change)?);
            }
        }
        Ok(found)
    }

    /// The commits by which something was taken back at `since` or later, the newest first.
    ///
    /// # Errors
    /// `Corrupt` if something is damaged.
    pub fn commits_since(source: &impl AsSnapshot, since: Time) -> Result<Vec<Arc<Commit>>> {
        let snapshot = source.as_snapshot()?;
        let mut found = Vec::new();
        let mut at = snapshot.commit().cloned();
        while let Some(commit) = at.filter(|commit| commit.committed() >= since) {
            let parent = commit.first_parent();
            if takes_back(&commit) {
                found.push(commit);
            }
            at = parent.map(|parent| snapshot.store().commit(parent)).transpose()?;
        }
        Ok(found)
    }

    /// Who was not believed any more, if that is why.
    pub fn suspect(&self) -> Option<&Suspect> {
        match self.commit.cause() {
            Cause::Withdrawal { suspect } => Some(suspect),
            _ => None,
        }
    }

    fn read(store: &Store, commit: &Arc<Commit>, change: Change) -> Result<Option<Self>> {
        let Some(record) = change.before.filter(|before| Some(*before) != change.after) else {
            return Ok(None);
        };
        if let Some(after) = change.after
            && store.record(record)?.says_the_same(&store.record(after)?)
        {
            return Ok(None);
        }
        Ok(Some(Self {
            key: change.from.unwrap_or(change.key),
            commit: Arc::clone(commit),
            record,
            becomes: change.after,
            versions: versions(store, record, change.after)?,
        }))
    }
}

/// Whether it is what a commit is for to take something back.
fn takes_back(commit: &Commit) -> bool {
    matches!(
        commit.cause(),
        Cause::Revert { .. } | Cause::Withdrawal { .. } | Cause::Restore { .. }
    )
}

fn is_at(change: &Change, key: &Key) -> bool {
    change.from.as_ref().unwrap_or(&change.key) == key
}

/// A version and those before it, as far as the one that stands again and what that was made from:
/// it may be an earlier one on other evidence.
fn versions(store: &Store, record: RecordId, again: Option<RecordId>) -> Result<Vec<RecordId>> {
    // What stands again may be written on the version itself, of which it keeps the rest.
    let mut seen = HashSet::from([record]);
    past(store, again, &mut seen)?;
    seen.remove(&record);
    past(store, Some(record), &mut seen)
}

/// A version and those before it that were not seen yet.
fn past(
    store: &Store,
    version: Option<RecordId>,
    seen: &mut HashSet<RecordId>,
) -> Result<Vec<RecordId>> {
    let (mut found, mut open) = (Vec::new(), Vec::from_iter(version));
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            found.push(id);
            open.extend(store.record(id)?.previous());
        }
    }
    Ok(found)
}
