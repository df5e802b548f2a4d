//! Drafts of a join become records by the author of its message.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::engine::plan::Records;
use crate::entropy::Seed;
use crate::error::Result;
use crate::object::{Key, Message, Origin, Provenance, Record, Stored};
use crate::storage::RecordId;

/// Edits whose drafts have become records by the author of a message.
pub(crate) struct Made {
    pub(crate) edits: Vec<(Key, Option<RecordId>)>,
    pub(crate) records: Vec<(RecordId, Stored)>,
}

/// Turns drafts into records. A draft made from an earlier draft follows it.
pub(crate) struct Finisher<'a> {
    pub(crate) message: &'a Message,
    pub(crate) seed: &'a Seed,
    finished: HashMap<RecordId, Arc<Record>>,
}

impl<'a> Finisher<'a> {
    pub(crate) fn new(message: &'a Message, seed: &'a Seed) -> Self {
        Self { message, seed, finished: HashMap::new() }
    }

    /// Makes the records that `edits` names as drafts.
    pub(crate) fn finish(
        &mut self,
        edits: BTreeMap<Key, Option<RecordId>>,
        records: &Records<'_>,
    ) -> Result<Made> {
        let mut made = Made { edits: Vec::new(), records: Vec::new() };
        for (key, after) in edits {
            let after = match after {
                Some(id) if records.drafts.contains_key(&id) => {
                    let known = self.finished.contains_key(&id);
                    let record = self.record(id, records)?;
                    if !known {
                        made.records.push((record.id(), record.stored().clone()));
                    }
                    Some(record.id())
                }
                other => other,
            };
            made.edits.push((key, after));
        }
        Ok(made)
    }

    fn record(&mut self, id: RecordId, records: &Records<'_>) -> Result<Arc<Record>> {
        if let Some(record) = self.finished.get(&id) {
            return Ok(Arc::clone(record));
        }
        let Some(draft) = records.drafts.get(&id) else { return records.get(id) };
        let before = draft.previous.iter().map(|previous| match self.finished.get(previous) {
            Some(record) => Ok(Arc::clone(record)),
            None => records.get(*previous),
        });
        let before = before.collect::<Result<Vec<_>>>()?;
        let before: Vec<&Record> = before.iter().map(|record| &**record).collect();
        let provenance = Provenance {
            source: self.message.author.source(),
            author: self.message.author.clone(),
            session: self.message.session.clone(),
            dream: None,
            evidence: Vec::new(),
            inputs: Vec::new(),
        };
        let trust = draft.trust.unwrap_or(self.message.author.source().trust());
        let origin = Origin { provenance, trust, taint: draft.taint };
        let (entry, number) = (draft.entry.clone(), self.finished.len() as u64);
        let record = Record::make(draft.memory, entry, &before, origin, self.seed, number)?;
        let record = Arc::new(record);
        self.finished.insert(id, Arc::clone(&record));
        Ok(record)
    }
}
