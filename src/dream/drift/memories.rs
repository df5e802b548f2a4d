//! What became of each memory's text.

use std::collections::BTreeMap;

use crate::object::{Key, Record};
use crate::storage::{CommitId, MemoryId, ObjectId};

/// A memory whose text was rewritten more than once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rewritten {
    /// Where it stands, or stood last.
    pub key: Key,
    /// The memory.
    pub memory: MemoryId,
    /// How often its text changed.
    pub times: u64,
    /// How often by dreams.
    pub by_dreams: u64,
}

/// A memory that went back to a text it had left: from A to B to A.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Swing {
    /// Where it stands, or stood last.
    pub key: Key,
    /// The memory.
    pub memory: MemoryId,
    /// How often it went back.
    pub times: u64,
    /// The commit that brought it back last.
    pub last: CommitId,
}

/// The texts of the memories that changed, oldest first.
#[derive(Default)]
pub(super) struct Memories {
    by_id: BTreeMap<MemoryId, History>,
}

struct History {
    key: Key,
    /// Fingerprints, never stored; `None` where it was gone or its text is erased.
    texts: Vec<Option<ObjectId>>,
    rewrites: u64,
    by_dreams: u64,
    swings: u64,
    last: Option<CommitId>,
}

impl Memories {
    /// Takes in what a commit did at a key.
    pub(super) fn note(
        &mut self,
        key: &Key,
        before: Option<&Record>,
        after: Option<&Record>,
        commit: CommitId,
    ) {
        let stays = match (before, after) {
            (Some(before), Some(after)) => before.memory() == after.memory(),
            _ => false,
        };
        if let Some(before) = before {
            let history = self.history(before.memory(), key, fingerprint(before));
            if !stays {
                history.enter(None, None, commit);
            }
        }
        if let Some(after) = after {
            let history = self.history(after.memory(), key, None);
            key.clone_into(&mut history.key);
            history.enter(fingerprint(after), Some(after), commit);
        }
    }

    fn history(&mut self, memory: MemoryId, key: &Key, first: Option<ObjectId>) -> &mut History {
        self.by_id.entry(memory).or_insert_with(|| History {
            key: key.clone(),
            texts: vec![first],
            rewrites: 0,
            by_dreams: 0,
            swings: 0,
            last: None,
        })
    }

    /// What was rewritten more than once, and what went back; most often first, then by key.
    pub(super) fn told(self) -> (Vec<Rewritten>, Vec<Swing>) {
        let (mut rewritten, mut swings) = (Vec::new(), Vec::new());
        for (memory, history) in self.by_id {
            if history.rewrites > 1 {
                rewritten.push(Rewritten {
                    key: history.key.clone(),
                    memory,
                    times: history.rewrites,
                    by_dreams: history.by_dreams,
                });
            }
            if let Some(last) = history.last {
                swings.push(Swing { key: history.key, memory, times: history.swings, last });
            }
        }
        rewritten.sort_by(|a, b| b.times.cmp(&a.times).then_with(|| a.key.cmp(&b.key)));
        swings.sort_by(|a, b| b.times.cmp(&a.times).then_with(|| a.key.cmp(&b.key)));
        (rewritten, swings)
    }
}

impl History {
    fn enter(&mut self, text: Option<ObjectId>, record: Option<&Record>, commit: CommitId) {
        let left = self.texts.last().copied().flatten();
        if left == text {
            return;
        }
        if let (Some(_), Some(record)) = (left, record) {
            self.rewrites += 1;
            self.by_dreams += u64::from(record.provenance().dream.is_some());
        }
        // Back is where it was one step before; that it was not there is no place to go back to.
        if text.is_some() && self.texts.iter().rev().nth(1) == Some(&text) {
            self.swings += 1;
            self.last = Some(commit);
        }
        self.texts.push(text);
    }
}

/// Equal texts have equal fingerprints, whoever wrote them and whenever.
fn fingerprint(record: &Record) -> Option<ObjectId> {
    record.text().ok().map(|text| ObjectId::of(text.as_bytes()))
}
