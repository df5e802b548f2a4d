//! How much a memory holds, and how much of that is of use: told before and after a dream.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::dream::mine::near_duplicates;
use crate::engine::{ProbeAsker, ProbeTally, Snapshot};
use crate::error::{ErrorKind, Result};
use crate::storage::MemoryId;

/// How much a memory holds.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Signal {
    /// Entries.
    pub entries: u64,
    /// Bytes of their texts.
    pub bytes: u64,
    /// Entries that say nearly what another one says.
    #[serde(default)]
    pub near_duplicates: u64,
    /// Entries that no query of a session was ever given; `None` where nothing was noted yet.
    #[serde(default)]
    pub never_recalled: Option<u64>,
    /// How many probes hold; `None` where there are none, or nobody asked them.
    #[serde(default)]
    pub probes: Option<ProbeTally>,
}

impl Signal {
    /// Counts what a snapshot holds; `asker` asks the probes. An erased entry has no bytes and is
    /// like no other.
    ///
    /// # Errors
    /// `Corrupt` if a record or the recall log is damaged.
    pub(crate) fn of(snapshot: &Snapshot, asker: Option<&dyn ProbeAsker>) -> Result<Self> {
        let (mut texts, mut memories) = (Vec::new(), Vec::new());
        let mut signal = Self::default();
        for entry in snapshot.entries("") {
            let (_, record) = entry?;
            signal.entries += 1;
            memories.push(record.memory());
            match record.text() {
                Ok(text) => texts.push(text.to_owned()),
                Err(error) if error.kind() == ErrorKind::Redacted => {}
                Err(error) => return Err(error),
            }
        }
        signal.bytes = texts.iter().map(|text| text.len() as u64).sum();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        signal.near_duplicates = near_duplicates(&texts) as u64;
        signal.never_recalled = never_recalled(snapshot, &memories)?;
        let tally = asker.map(|asker| asker.tally(snapshot)).transpose()?;
        signal.probes = tally.filter(|tally| tally.all > 0);
        Ok(signal)
    }
}

fn never_recalled(snapshot: &Snapshot, memories: &[MemoryId]) -> Result<Option<u64>> {
    let recalls = snapshot.store().recalls().list()?;
    if recalls.is_empty() {
        return Ok(None);
    }
    let given: HashSet<MemoryId> =
        recalls.iter().flat_map(|recall| &recall.given).map(|given| given.memory).collect();
    Ok(Some(memories.iter().filter(|memory| !given.contains(memory)).count() as u64))
}
