//! What BM25 needs to know of a snapshot.

use tantivy::Term;
use tantivy::query::Bm25StatisticsProvider;
use tantivy::schema::Field;

use crate::search::fields::Fields;
use crate::search::live::LiveSet;

/// The statistics of exactly the live documents, whatever else the index holds.
pub(super) struct Statistics<'a> {
    pub(super) fields: &'a Fields,
    pub(super) live: &'a LiveSet,
}

impl Bm25StatisticsProvider for Statistics<'_> {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        Ok(self.fields.place(field).map_or(0, |place| self.live.words[place]))
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(self.live.documents)
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        let count = self.live.frequency(term)?;
        if count > self.live.documents {
            // BM25 would panic.
            return Err(tantivy::TantivyError::InternalError(format!(
                "{count} of {} live documents hold a term",
                self.live.documents
            )));
        }
        Ok(count)
    }
}
