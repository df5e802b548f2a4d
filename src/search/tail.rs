//! Documents that the index does not hold yet, in small segments in memory.

use std::collections::HashSet;
use std::sync::Arc;

use tantivy::directory::RamDirectory;
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{DocId, Index, SegmentReader, SingleSegmentIndexWriter, TantivyDocument};

use crate::engine::Snapshot;
use crate::error::ErrorKind;
use crate::object::Key;
use crate::search::fields::{Fields, identity};
use crate::search::index::Fault;
use crate::search::segment::Segment;
use crate::search::words::{counter, register};
use crate::storage::RecordId;

/// A segment of this many documents is not made anew for the next ones.
const CHUNK_MIN: usize = 64;
/// Sizes the first hash table of a segment under construction; it grows as it needs to.
const ARENA_BYTES: usize = 1 << 20;

/// Documents that the index does not hold yet. Only the last segment is ever made anew, and its
/// documents keep their numbers, so live sets made before stay right.
pub(super) struct Tail {
    chunks: Vec<Arc<Segment>>,
    /// The documents of the last segment, to make it anew with more.
    youngest: Vec<TantivyDocument>,
    len: usize,
    /// Identities whose texts were erased: nothing to index.
    erased: HashSet<u64>,
    counter: TextAnalyzer,
}

impl Tail {
    pub(super) fn new() -> Self {
        let (chunks, youngest, erased) = (Vec::new(), Vec::new(), HashSet::new());
        Self { chunks, youngest, len: 0, erased, counter: counter() }
    }

    pub(super) fn chunks(&self) -> &[Arc<Segment>] {
        &self.chunks
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether this is known to have no text any more.
    pub(super) fn is_erased(&self, key: &Key, record: RecordId) -> bool {
        self.erased.contains(&identity(key.as_str(), record))
    }

    /// Indexes the records and returns where they went: chunk and document. Erased ones go nowhere.
    /// After an error the tail is to be begun anew.
    pub(super) fn add(
        &mut self,
        fields: &Fields,
        snapshot: &Snapshot,
        missing: &[(Key, RecordId)],
    ) -> Result<Vec<(usize, DocId)>, Fault> {
        let mut documents = Vec::with_capacity(missing.len());
        for (key, id) in missing {
            let record = snapshot.record(*id)?;
            match fields.document(key, &record, &mut self.counter) {
                Ok(document) => documents.push(document),
                Err(error) if error.kind() == ErrorKind::Redacted => {
                    self.erased.insert(identity(key.as_str(), *id));
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.enter(fields, documents)
    }

    /// Indexes documents and returns where they went: chunk and document.
    pub(super) fn enter(
        &mut self,
        fields: &Fields,
        mut documents: Vec<TantivyDocument>,
    ) -> Result<Vec<(usize, DocId)>, Fault> {
        if documents.is_empty() {
            return Ok(Vec::new());
        }
        let added = documents.len();
        if self.chunks.is_empty() || self.youngest.len() >= CHUNK_MIN.max(self.len / 8) {
            self.youngest = documents;
        } else {
            self.chunks.pop();
            self.youngest.append(&mut documents);
        }
        self.chunks.push(Segment::open(chunk(fields, self.youngest.clone())?, fields)?);
        self.len += added;
        let place = self.chunks.len() - 1;
        let first = self.youngest.len() - added;
        Ok((first..self.youngest.len()).map(|doc| (place, doc as DocId)).collect())
    }
}

/// A segment in memory with these documents, numbered in their order.
pub(super) fn chunk(
    fields: &Fields,
    documents: Vec<TantivyDocument>,
) -> tantivy::Result<SegmentReader> {
    let tokenizers = tantivy::tokenizer::TokenizerManager::default();
    register(&tokenizers);
    let builder = Index::builder().schema(fields.schema.clone()).tokenizers(tokenizers);
    let mut writer: SingleSegmentIndexWriter =
        builder.single_segment_index_writer(RamDirectory::create(), ARENA_BYTES)?;
    for document in documents {
        writer.add_document(document)?;
    }
    let index = writer.finalize()?;
    let segments = index.searchable_segments()?;
    SegmentReader::open(segments.first().expect("BUG: a segment was written"))
}
