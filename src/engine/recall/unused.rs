//! What was given how often, and what nobody was given for long.

use std::collections::{HashMap, HashSet};

use crate::clock::Time;
use crate::engine::recall::recalls::Recalls;
use crate::engine::recall::tally::Tally;
use crate::engine::snapshot::AsSnapshot;
use crate::error::Result;
use crate::object::Key;
use crate::storage::{MemoryId, RecordId};

/// How often each memory of a store was given to a session.
#[derive(Debug, Default)]
pub(crate) struct RecallUses {
    /// From when on no use is missing; `None` if none was ever noted.
    pub(crate) whole_since: Option<Time>,
    /// How often, and when last.
    pub(crate) memories: HashMap<MemoryId, (u64, Time)>,
}

impl Recalls {
    /// How often each memory was given, whatever its version.
    pub(crate) fn uses(&self) -> Result<RecallUses> {
        let mut uses = RecallUses::default();
        self.visit(|recall| {
            for given in recall.given {
                let held = uses.memories.entry(given.memory).or_insert((0, recall.at));
                *held = (held.0 + 1, held.1.max(recall.at));
            }
        })?;
        uses.whole_since = self.whole_since()?;
        Ok(uses)
    }

    /// From when on no query is missing. Asked after the rows were read, it covers what was
    /// dropped meanwhile.
    fn whole_since(&self) -> Result<Option<Time>> {
        let tally = Tally::read(&self.store.core().storage.read()?)?;
        Ok(tally.map(|tally| tally.since))
    }

    /// The memories of `source` that stood there as they are before `since` and that no query of
    /// a session was given from then on, in order of their keys. `None` if the recall log does
    /// not reach back so far: then nobody can tell.
    ///
    /// # Errors
    /// As [`Recalls::list`], and `Corrupt` if a memory is damaged.
    pub fn unused(
        &self,
        source: &impl AsSnapshot,
        since: Time,
    ) -> Result<Option<Vec<(Key, RecordId)>>> {
        let mut given = HashSet::new();
        self.clone().since(since).visit(|recall| {
            given.extend(recall.given.into_iter().map(|given| given.memory));
        })?;
        if self.whole_since()?.is_none_or(|whole| whole > since) {
            return Ok(None);
        }
        let snapshot = source.as_snapshot()?;
        let mut unused = Vec::new();
        for entry in snapshot.keys("") {
            let (key, record) = entry?;
            if !given.contains(&snapshot.memory_of(record)?)
                && self.store.commit_of(record)?.committed() < since
            {
                unused.push((key, record));
            }
        }
        Ok(Some(unused))
    }
}
