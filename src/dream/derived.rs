//! What was made of a memory: forward from it, along inputs and shared evidence.

use std::collections::{BTreeMap, HashSet};

use crate::engine::{Snapshot, Store};
use crate::error::Result;
use crate::object::{Evidence, Key, Record};
use crate::storage::{MemoryId, RecordId, TextId};

/// How a memory hangs together with another.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Tie {
    /// It was made from the other, or from something that was.
    MadeFrom,
    /// It rests on some of the same session events.
    SameEvents,
}

impl Tie {
    /// The tie's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::MadeFrom => "made-from",
            Self::SameEvents => "same-events",
        }
    }
}

/// A memory that was made from another one, or that rests on the same session events.
#[derive(Clone, Debug)]
pub struct Derived {
    /// The memory.
    pub memory: MemoryId,
    /// The key at which its newest such version was written.
    pub written_at: Key,
    /// The newest version that hangs together with the other memory.
    pub record: RecordId,
    /// How.
    pub tie: Tie,
    /// The dream and the proposal that wrote that version.
    pub proposal: Option<(u64, u32)>,
    /// The key at which such a version stands now; `None` if it was never merged, or is gone.
    pub stands_at: Option<Key>,
}

/// All versions of a memory, and what was made of them.
pub(super) struct Forward {
    pub(super) versions: Vec<RecordId>,
    pub(super) derived: Vec<Derived>,
}

/// A walk over the rows of a store.
struct Follower<'a> {
    store: &'a Store,
    memory: MemoryId,
    texts: HashSet<TextId>,
    versions: Vec<RecordId>,
    /// The versions of the memory, and all that was made from one of these.
    made: HashSet<RecordId>,
    tied: HashSet<RecordId>,
    derived: BTreeMap<(Tie, MemoryId), Derived>,
}

/// Follows the memory of `record`, which rests on `evidence`, through the log. It reads every row
/// since the oldest cited session came in.
pub(super) fn follow(
    snapshot: &Snapshot,
    record: &Record,
    evidence: &[Evidence],
) -> Result<Forward> {
    let store = snapshot.store();
    let mut follower = Follower {
        store,
        memory: record.memory(),
        texts: evidence.iter().flat_map(|cite| cite.texts.iter().copied()).collect(),
        versions: Vec::new(),
        made: HashSet::new(),
        tied: HashSet::new(),
        derived: BTreeMap::new(),
    };
    let start = store.oldest_place(record, evidence)?;
    store.new_records(start, &mut |key, record| follower.meet(key, record))?;
    follower.finish(snapshot)
}

impl Follower<'_> {
    fn meet(&mut self, key: &Key, record: &Record) -> Result<()> {
        if record.memory() == self.memory {
            self.made.insert(record.id());
            self.versions.push(record.id());
            return Ok(());
        }
        let own = record.provenance();
        let from = record.previous().iter().chain(&own.inputs);
        let tie = if from.clone().any(|id| self.made.contains(id)) {
            Tie::MadeFrom
        } else if own.dream.is_some() && !self.texts.is_empty() && self.shares(record)? {
            Tie::SameEvents
        } else {
            return Ok(());
        };
        if tie == Tie::MadeFrom {
            self.made.insert(record.id());
        }
        self.tied.insert(record.id());
        let found = Derived {
            memory: record.memory(),
            written_at: key.clone(),
            record: record.id(),
            tie,
            proposal: own.dream,
            stands_at: None,
        };
        self.derived.insert((tie, record.memory()), found);
        Ok(())
    }

    fn shares(&self, record: &Record) -> Result<bool> {
        let evidence = self.store.grounds(record)?.evidence;
        let mut texts = evidence.iter().flat_map(|cite| &cite.texts);
        Ok(texts.any(|text| self.texts.contains(text)))
    }

    fn finish(self, snapshot: &Snapshot) -> Result<Forward> {
        let mut derived: Vec<Derived> = Vec::new();
        for ((tie, memory), mut found) in self.derived {
            // Ties are ordered, the stronger first: one line per memory.
            if tie == Tie::SameEvents && derived.iter().any(|other| other.memory == memory) {
                continue;
            }
            if let Some(key) = snapshot.find(memory)?
                && let Some(record) = snapshot.get_id(key.as_str())?
                && self.tied.contains(&record)
            {
                found.stands_at = Some(key);
            }
            derived.push(found);
        }
        derived.sort_by(|a, b| (a.tie, &a.written_at).cmp(&(b.tie, &b.written_at)));
        Ok(Forward { versions: self.versions, derived })
    }
}
