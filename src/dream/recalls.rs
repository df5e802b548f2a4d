//! What the database's own recall log says of memories.

use crate::clock::Time;
use crate::dream::curator::Recalled;
use crate::engine::{RecallUses, Store};
use crate::error::Result;
use crate::storage::MemoryId;

/// The recall log of a store, read through once.
#[derive(Debug)]
pub(super) struct OwnRecalls {
    uses: RecallUses,
}

impl OwnRecalls {
    pub(super) fn of(store: &Store) -> Result<Self> {
        Ok(Self { uses: store.recalls().uses()? })
    }
}

impl Recalled for OwnRecalls {
    fn since(&self) -> Result<Option<Time>> {
        Ok(self.uses.whole_since)
    }

    fn recalled(&self, memory: MemoryId) -> Result<(u64, Option<Time>)> {
        let found = self.uses.memories.get(&memory);
        Ok(found.map_or((0, None), |(count, last)| (*count, Some(*last))))
    }
}
