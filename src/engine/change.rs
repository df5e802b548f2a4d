//! What one observes between two states: added, removed, modified, renamed, replaced.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::engine::snapshot::Snapshot;
use crate::error::Result;
use crate::object::Key;
use crate::storage::{MemoryId, RecordId};
use crate::tree;

/// What happened to a memory.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ChangeKind {
    /// A memory that was not there.
    Added,
    /// A memory that is no longer there.
    Removed,
    /// The same memory at the same key says something else.
    Modified,
    /// The same memory stands at another key, and may say something else.
    Renamed,
    /// Another memory stands at the key.
    Replaced,
}

impl ChangeKind {
    /// The kind's name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Modified => "modified",
            Self::Renamed => "renamed",
            Self::Replaced => "replaced",
        }
    }

    /// The letter that git uses for it.
    pub fn letter(self) -> char {
        match self {
            Self::Added => 'A',
            Self::Removed => 'D',
            Self::Modified => 'M',
            Self::Renamed => 'R',
            Self::Replaced => 'X',
        }
    }
}

/// One difference between two states.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// The key: the new one of a renamed memory.
    pub key: Key,
    /// The old key of a renamed memory.
    pub from: Option<Key>,
    /// The record before.
    pub before: Option<RecordId>,
    /// The record after.
    pub after: Option<RecordId>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.from {
            Some(from) => write!(f, "{} {from} -> {}", self.kind.letter(), self.key),
            None => write!(f, "{} {}", self.kind.letter(), self.key),
        }
    }
}

/// The differences between two states, in order of the keys.
#[derive(Debug)]
pub struct Diff {
    changes: std::vec::IntoIter<Change>,
}

impl Diff {
    pub(crate) fn between(before: &Snapshot, after: &Snapshot, prefix: &str) -> Result<Self> {
        let raw = before.tree()?.diff_under(&*after.tree()?, prefix).collect::<Result<Vec<_>>>()?;
        Ok(Self { changes: name_changes(raw, &|id| after.memory_of(id))?.into_iter() })
    }

    /// How many differences are left.
    pub fn remaining(&self) -> usize {
        self.changes.len()
    }
}

impl Iterator for Diff {
    type Item = Result<Change>;

    fn next(&mut self) -> Option<Self::Item> {
        self.changes.next().map(Ok)
    }
}

/// Finds the renames and replacements among raw changes. `memory` tells whose version a record is.
pub(crate) fn name_changes(
    raw: Vec<tree::Change>,
    memory: &dyn Fn(RecordId) -> Result<MemoryId>,
) -> Result<Vec<Change>> {
    let mut gone: HashMap<MemoryId, (Key, RecordId)> = HashMap::new();
    let mut came: HashSet<MemoryId> = HashSet::new();
    let mut memories = Vec::with_capacity(raw.len());
    for change in &raw {
        let before = change.before.map(memory).transpose()?;
        let after = change.after.map(memory).transpose()?;
        memories.push((before, after));
        if before != after {
            if let (Some(memory), Some(record)) = (before, change.before) {
                gone.insert(memory, (change.key.clone(), record));
            }
            came.extend(after);
        }
    }
    let mut changes = Vec::with_capacity(raw.len());
    for (change, (before, after)) in raw.into_iter().zip(memories) {
        let moved_away = before != after && before.is_some_and(|memory| came.contains(&memory));
        let from = after.filter(|_| before != after).and_then(|memory| gone.get(&memory));
        let plain = |kind, change: &tree::Change| Change {
            kind,
            key: change.key.clone(),
            from: None,
            before: if kind == ChangeKind::Added { None } else { change.before },
            after: if kind == ChangeKind::Removed { None } else { change.after },
        };
        let lost = before.is_some() && before != after && !moved_away;
        match (from, after) {
            (Some((from, record)), _) => {
                if lost {
                    changes.push(plain(ChangeKind::Removed, &change));
                }
                changes.push(Change {
                    kind: ChangeKind::Renamed,
                    key: change.key,
                    from: Some(from.clone()),
                    before: Some(*record),
                    after: change.after,
                });
            }
            (None, None) if moved_away => {}
            (None, None) => changes.push(plain(ChangeKind::Removed, &change)),
            (None, Some(_)) if before == after => {
                changes.push(plain(ChangeKind::Modified, &change));
            }
            (None, Some(_)) if lost => changes.push(plain(ChangeKind::Replaced, &change)),
            (None, Some(_)) => changes.push(plain(ChangeKind::Added, &change)),
        }
    }
    Ok(changes)
}
