//! The fields of a document, and how a record becomes one.

use tantivy::schema::{
    Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{TantivyDocument, Term};

use crate::error::Result;
use crate::object::{Event, Key, Kind, Record, Role};
use crate::search::words::{WORDS, count_words};
use crate::storage::RecordId;

/// Counts changes of fields or words: an index of another number is built anew.
pub(super) const FORMAT: u32 = 3;
/// The searched fields with their weights, in the order in which their scores are added up.
pub(super) const SEARCHED: [(&str, f32); 6] =
    [("text", 1.0), ("title", 1.0), ("key", 1.0), ("labels", 1.0), ("kind", 0.3), ("context", 0.3)];
/// How many fields are searched.
pub(super) const SEARCHED_COUNT: usize = SEARCHED.len();

/// What a document must pass.
#[derive(Debug, Default)]
pub(super) struct Filter {
    /// At or under this key.
    pub(super) under: Option<String>,
    /// One of each list.
    pub(super) facets: Vec<Vec<Facet>>,
}

/// What a document can be filtered by: one exact term each.
#[derive(Clone, Debug)]
pub(super) enum Facet {
    Kind(Kind),
    Label(String),
    /// Said by somebody of this role.
    Role(Role),
    /// A call of this tool, in lower case.
    Tool(String),
}

/// The schema with its fields at hand.
#[derive(Clone)]
pub(super) struct Fields {
    pub(super) schema: Schema,
    /// In the order of [`SEARCHED`].
    pub(super) searched: [Field; SEARCHED_COUNT],
    /// How many words each searched field has, where it has any: exact, unlike the norms that scores
    /// are made of.
    counts: [Field; SEARCHED_COUNT],
    identity: Field,
    path: Field,
    facets: Field,
}

impl Fields {
    pub(super) fn new() -> Self {
        let mut builder = Schema::builder();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(WORDS)
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let words = TextOptions::default().set_indexing_options(indexing);
        let exact = TextFieldIndexing::default()
            .set_tokenizer("raw")
            .set_fieldnorms(false)
            .set_index_option(IndexRecordOption::Basic);
        let facet = TextOptions::default().set_indexing_options(exact);
        let column = NumericOptions::default().set_fast();
        Self {
            searched: SEARCHED.map(|(name, _)| builder.add_text_field(name, words.clone())),
            counts: SEARCHED
                .map(|(name, _)| builder.add_u64_field(&count_name(name), column.clone())),
            identity: builder.add_u64_field(IDENTITY, column),
            path: builder.add_text_field(PATH, TextOptions::default().set_fast("raw")),
            facets: builder.add_text_field("facets", facet),
            schema: builder.build(),
        }
    }

    /// The place of `field` in [`SEARCHED`].
    pub(super) fn place(&self, field: Field) -> Option<usize> {
        self.searched.iter().position(|held| *held == field)
    }

    pub(super) fn facet_term(&self, facet: &Facet) -> Term {
        Term::from_field_text(self.facets, &facet.word())
    }

    /// The document that stands for `record` at `key`.
    ///
    /// # Errors
    /// `Redacted` if the record's text was erased.
    pub(super) fn document(
        &self,
        key: &Key,
        record: &Record,
        counter: &mut TextAnalyzer,
    ) -> Result<TantivyDocument> {
        let mut document = TantivyDocument::default();
        let labels = record.labels().join(" ");
        let values = [
            record.text()?,
            record.title()?.unwrap_or_default(),
            key.as_str(),
            &labels,
            record.kind().as_str(),
            record.context()?.unwrap_or_default(),
        ];
        for (at, value) in values.into_iter().enumerate().filter(|(_, value)| !value.is_empty()) {
            document.add_text(self.searched[at], value);
            document.add_u64(self.counts[at], count_words(counter, value));
        }
        document.add_u64(self.identity, identity(key.as_str(), record.id()));
        document.add_text(self.path, key.as_str());
        let labels = record.labels().iter().cloned().map(Facet::Label);
        for facet in labels.chain([Facet::Kind(record.kind().clone())]) {
            document.add_text(self.facets, facet.word());
        }
        Ok(document)
    }

    /// The document that stands for an event: all it says is its text. `place` orders it among
    /// events that fit as well, `chunk` names what it is stored in. One that was erased says
    /// nothing.
    pub(super) fn event_document(
        &self,
        (chunk, place): (u64, &str),
        event: Option<&Event>,
        counter: &mut TextAnalyzer,
    ) -> TantivyDocument {
        let mut document = TantivyDocument::default();
        let text = event.map(Event::text).unwrap_or_default();
        document.add_text(self.searched[0], &text);
        document.add_u64(self.counts[0], count_words(counter, &text));
        document.add_u64(self.identity, chunk);
        document.add_text(self.path, place);
        if let Some(event) = event {
            document.add_text(self.facets, Facet::Role(event.role).word());
            if let Some(call) = &event.call {
                let tool = Facet::Tool(call.tool.to_lowercase());
                document.add_text(self.facets, tool.word());
            }
        }
        document
    }
}

/// The column of the identities.
pub(super) const IDENTITY: &str = "identity";
/// The column of the keys.
pub(super) const PATH: &str = "path";

/// The column that counts the words of the field `name`.
pub(super) fn count_name(name: &str) -> String {
    format!("{name} words")
}

impl Facet {
    fn word(&self) -> String {
        match self {
            Self::Kind(kind) => format!("kind {kind}"),
            Self::Label(label) => format!("label {label}"),
            Self::Role(role) => format!("role {}", role.name()),
            Self::Tool(tool) => format!("tool {tool}"),
        }
    }
}

/// What tells a document from all others: 64 bits of its key and its record. Record ids are hashes
/// already, so two of one snapshot meet by chance once in about 10^9 snapshots of 100,000.
pub(super) fn identity(key: &str, record: RecordId) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in key.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let mut first = [0; 8];
    first.copy_from_slice(&record.as_bytes()[..8]);
    hash.rotate_left(32).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from_le_bytes(first)
}
