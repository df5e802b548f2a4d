//! One immutable part of an index with its columns at hand.

use std::sync::{Arc, OnceLock};

use tantivy::columnar::{Column, StrColumn, TermOrdHit};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, SegmentReader, TERMINATED, Term};

use crate::search::bits::Bits;
use crate::search::fields::{
    Fields, IDENTITY, PATH, SEARCHED, SEARCHED_COUNT, count_name, identity,
};
use crate::storage::RecordId;

/// One immutable part of an index with its columns at hand.
pub(super) struct Segment {
    pub(super) reader: SegmentReader,
    identities: Column<u64>,
    /// The documents by their identities, once one was looked for.
    by_identity: OnceLock<Vec<DocId>>,
    counts: Vec<Column<u64>>,
    paths: Option<StrColumn>,
    /// Words per document of each searched field, as the block maxima in the postings assume it.
    pub(super) averages: [f32; SEARCHED_COUNT],
}

impl Segment {
    pub(super) fn open(reader: SegmentReader, fields: &Fields) -> tantivy::Result<Arc<Self>> {
        let columns = reader.fast_fields();
        let count = |(name, _): (&str, f32)| columns.u64(&count_name(name));
        let mut averages = [0.0; SEARCHED_COUNT];
        for (average, field) in averages.iter_mut().zip(fields.searched) {
            let words = reader.inverted_index(field)?.total_num_tokens();
            *average = words as f32 / reader.max_doc().max(1) as f32;
        }
        Ok(Arc::new(Self {
            identities: columns.u64(IDENTITY)?,
            by_identity: OnceLock::new(),
            counts: SEARCHED.into_iter().map(count).collect::<tantivy::Result<_>>()?,
            paths: columns.str(PATH)?,
            averages,
            reader,
        }))
    }

    pub(super) fn identity(&self, doc: DocId) -> Option<u64> {
        self.identities.first(doc)
    }

    /// How many words each searched field of a document has.
    pub(super) fn counts(&self, doc: DocId) -> [u64; SEARCHED_COUNT] {
        std::array::from_fn(|at| self.counts[at].first(doc).unwrap_or(0))
    }

    /// The place of a document's key among the keys of the segment: orders as the keys do.
    pub(super) fn path_place(&self, doc: DocId) -> Option<u64> {
        self.paths.as_ref()?.ords().first(doc)
    }

    /// The key of a document, as it is stored.
    pub(super) fn path(&self, doc: DocId) -> tantivy::Result<Option<String>> {
        let (Some(paths), Some(place)) = (&self.paths, self.path_place(doc)) else {
            return Ok(None);
        };
        let mut path = String::new();
        Ok(paths.ord_to_str(place, &mut path)?.then_some(path))
    }

    /// The documents at or under `key`. No words are kept for that: they would be a tenth of all,
    /// where looking through the column takes microseconds.
    pub(super) fn under(&self, key: &str) -> tantivy::Result<Bits> {
        let mut under = Bits::default();
        let Some(paths) = &self.paths else { return Ok(under) };
        let keys = paths.dictionary();
        let first = |key: String| match keys.term_ord_or_next(key)? {
            TermOrdHit::Exact(place) | TermOrdHit::Next(place) => tantivy::Result::Ok(place),
        };
        // Keys ascend as their bytes do, and `0` is the byte after `/`.
        let beneath = first(format!("{key}/"))?..first(format!("{key}0"))?;
        let own = keys.term_ord(key)?.map(|place| place..place + 1);
        for places in own.into_iter().chain([beneath]).filter(|places| !places.is_empty()) {
            let (places, all) = (places.start..=places.end - 1, 0..self.reader.max_doc());
            let mut docs = Vec::new();
            paths.ords().get_docids_for_value_range(places, all, &mut docs);
            for doc in docs {
                under.insert(doc);
            }
        }
        Ok(under)
    }

    /// The document that stands for `record` at `key`.
    pub(super) fn find(&self, key: &str, record: RecordId) -> Option<DocId> {
        let wanted = identity(key, record);
        let of = |doc| self.identity(doc).unwrap_or(0);
        let sorted = self.by_identity.get_or_init(|| {
            let mut sorted: Vec<_> = (0..self.reader.max_doc()).map(|doc| (of(doc), doc)).collect();
            sorted.sort_unstable();
            sorted.into_iter().map(|(_, doc)| doc).collect()
        });
        let first = sorted.partition_point(|doc| of(*doc) < wanted);
        sorted.get(first).copied().filter(|doc| self.identity(*doc) == Some(wanted))
    }

    /// In how many documents of `live` a term stands.
    pub(super) fn count_live(&self, term: &Term, live: &Bits) -> tantivy::Result<u64> {
        if live.count() == 0 {
            return Ok(0);
        }
        if live.count() == self.reader.max_doc() {
            return Ok(self.reader.inverted_index(term.field())?.doc_freq(term)?.into());
        }
        let mut count = 0;
        self.visit(term, |doc| count += u64::from(live.contains(doc)))?;
        Ok(count)
    }

    /// Visits the documents that a term stands in, in ascending order.
    pub(super) fn visit(&self, term: &Term, mut visit: impl FnMut(DocId)) -> tantivy::Result<()> {
        let inverted = self.reader.inverted_index(term.field())?;
        let Some(mut postings) = inverted.read_postings(term, IndexRecordOption::Basic)? else {
            return Ok(());
        };
        let mut doc = postings.doc();
        while doc != TERMINATED {
            visit(doc);
            doc = postings.advance();
        }
        Ok(())
    }
}
