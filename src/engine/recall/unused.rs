//! What nobody was given for long.

use std::collections::HashSet;

use crate::clock::Time;
use crate::engine::recall::recalls::Recalls;
use crate::engine::recall::tally::Tally;
use crate::engine::snapshot::AsSnapshot;
use crate::error::Result;
use crate::object::Key;
use crate::storage::RecordId;

impl Recalls {
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
        // Read after the rows: what was dropped while they were read is noticed.
        let tally = Tally::read(&self.store.core().storage.read()?)?;
        if tally.is_none_or(|tally| tally.since > since) {
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
