//! The sessions of a store as they stand now, and which documents are their events.

use std::collections::HashSet;
use std::sync::Arc;

use tantivy::TantivyDocument;
use tantivy::tokenizer::TextAnalyzer;

use crate::engine::Store;
use crate::error::Result;
use crate::object::Session;
use crate::search::fields::Fields;
use crate::search::live::LiveSet;
use crate::storage::{ChunkId, SessionObjectId};

/// The sessions of a store as they stood when they were listed, and their events.
pub(super) struct Live {
    /// In order of their ids.
    pub(super) ids: Vec<(String, SessionObjectId)>,
    /// In the same order.
    pub(super) sessions: Vec<Arc<Session>>,
    pub(super) set: LiveSet,
}

/// A chunk of a session: the unit that is indexed or not.
pub(super) struct Part {
    pub(super) session: Arc<Session>,
    pub(super) identity: u64,
    first: u32,
    count: u32,
}

/// What tells a chunk from all others. Ids are hashes already.
pub(super) fn identity(chunk: ChunkId) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&chunk.as_bytes()[..8]);
    u64::from_le_bytes(first)
}

/// The name of a document: orders events by session and number.
fn place(session: &str, number: u32) -> String {
    format!("{session}\0{number:010}")
}

/// The session and number that a document's name holds.
pub(super) fn event_at(place: &str) -> Option<(&str, u32)> {
    let (session, number) = place.rsplit_once('\0')?;
    Some((session, number.parse().ok()?))
}

/// The chunks of a session in order.
pub(super) fn parts(session: &Arc<Session>) -> impl Iterator<Item = Part> {
    let mut next = 0;
    session.chunks().iter().map(move |(chunk, count)| {
        let first = next;
        next += count;
        Part { session: Arc::clone(session), identity: identity(*chunk), first, count: *count }
    })
}

impl Part {
    /// The documents of its events, erased ones too: a chunk without any would count as missing.
    pub(super) fn documents(
        &self,
        store: &Store,
        fields: &Fields,
        counter: &mut TextAnalyzer,
    ) -> Result<Vec<TantivyDocument>> {
        let Some(last) = (self.first + self.count).checked_sub(1) else { return Ok(Vec::new()) };
        let events = store.events(&self.session, self.first..=last)?;
        let document = |(number, _, event): (u32, _, Option<_>)| {
            let place = place(self.session.id(), number);
            fields.event_document((self.identity, &place), event.as_ref(), counter)
        };
        Ok(events.into_iter().map(document).collect())
    }
}

impl Live {
    /// The session with this id.
    pub(super) fn session(&self, id: &str) -> Option<&Arc<Session>> {
        let at = self.ids.binary_search_by(|(held, _)| held.as_str().cmp(id)).ok()?;
        self.sessions.get(at)
    }

    /// Makes the documents of its sessions live in `set`; returns the chunks that it lacks.
    pub(super) fn enter(sessions: &[Arc<Session>], set: &mut LiveSet) -> Vec<Part> {
        let wanted: HashSet<u64> =
            sessions.iter().flat_map(parts).map(|part| part.identity).collect();
        let mut found = HashSet::new();
        for at in 0..set.segments.len() {
            let segment = Arc::clone(&set.segments[at].0);
            for doc in 0..segment.reader.max_doc() {
                if let Some(identity) = segment.identity(doc)
                    && wanted.contains(&identity)
                {
                    set.enter(at, doc);
                    found.insert(identity);
                }
            }
        }
        let mut missing: Vec<_> = sessions.iter().flat_map(parts).collect();
        missing.retain(|part| !found.contains(&part.identity));
        missing
    }

    /// The same set with only the events of some sessions: it finds less, and scores as before.
    pub(super) fn narrowed(&self, wanted: impl Fn(&Session) -> bool) -> LiveSet {
        let chosen = self.sessions.iter().filter(|session| wanted(session));
        let chosen: HashSet<u64> = chosen.flat_map(parts).map(|part| part.identity).collect();
        self.set.narrowed(|identity| chosen.contains(&identity))
    }
}
