//! What a snapshot would be after edits that nobody has made: searched as if they were.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::Snapshot;
use crate::error::{ErrorKind, Result};
use crate::object::{Key, Record};
use crate::search::fields::Fields;
use crate::search::index::Fault;
use crate::search::live::{Draft, LiveSet};
use crate::search::segment::Segment;
use crate::search::tail::chunk;
use crate::search::words::counter;

/// Edits of a snapshot: what stands at a key after them, or that nothing does.
#[derive(Default)]
pub(super) struct Edits {
    by_key: BTreeMap<Key, Option<Arc<Record>>>,
}

impl Edits {
    pub(super) fn set(&mut self, key: Key, after: Option<Arc<Record>>) {
        self.by_key.insert(key, after);
    }

    /// The record at `key` after the edits.
    pub(super) fn get(&self, snapshot: &Snapshot, key: &Key) -> Result<Option<Record>> {
        match self.by_key.get(key) {
            Some(after) => Ok(after.as_deref().cloned()),
            None => snapshot.get(key.as_str()),
        }
    }

    /// The live set of the snapshot after the edits: what they take away is not live in it, and what
    /// they write stands in a segment that only this set has.
    pub(super) fn live(
        &self,
        live: Arc<LiveSet>,
        snapshot: &Snapshot,
        fields: &Fields,
    ) -> Result<Arc<LiveSet>, Fault> {
        if self.by_key.is_empty() {
            return Ok(live);
        }
        let (mut leaving, mut documents) = (Vec::new(), Vec::new());
        let mut counter = counter();
        for (key, after) in &self.by_key {
            if let Some(before) = snapshot.get_id(key.as_str())? {
                leaving.push((key.clone(), before));
            }
            let Some(record) = after else { continue };
            match fields.document(key, record, &mut counter) {
                Ok(document) => documents.push(document),
                // What was erased is found by no search.
                Err(error) if error.kind() == ErrorKind::Redacted => {}
                Err(error) => return Err(error.into()),
            }
        }
        let arriving = if documents.is_empty() {
            None
        } else {
            Some(Segment::open(chunk(fields, documents)?, fields)?)
        };
        Ok(Draft::beyond(&live, &leaving, arriving))
    }
}
