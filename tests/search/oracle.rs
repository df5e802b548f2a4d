//! A stock tantivy index of one snapshot: no pruning, sorted here.

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::query::QueryParser;
use tantivy::schema::{
    Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value,
};
use tantivy::tokenizer::{
    Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, StopWordFilter, TextAnalyzer,
};
use tantivy::{DocAddress, DocId, Index, IndexWriter, Score, SegmentReader, TantivyDocument};
use undream::{RecordId, Snapshot};

/// Name and weight, as `docs/search.md` gives them.
const FIELDS: [(&str, f32); 6] =
    [("text", 1.0), ("title", 1.0), ("key", 1.0), ("labels", 1.0), ("kind", 0.3), ("context", 0.3)];

/// What a search must give: key, record and score, in order.
pub(crate) type Expected = Vec<(String, RecordId, f32)>;

pub(crate) struct Oracle {
    index: Index,
    key: Field,
    snapshot: Snapshot,
}

impl Oracle {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let mut schema = Schema::builder();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("words")
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let words = TextOptions::default().set_indexing_options(indexing);
        let fields = FIELDS.map(|(name, _)| schema.add_text_field(name, words.clone()));
        let key = schema.add_text_field("stored key", STRING | STORED);
        let index = Index::create_in_ram(schema.build());
        let analyser = TextAnalyzer::builder(SimpleTokenizer::default())
            .filter(RemoveLongFilter::limit(256))
            .filter(LowerCaser)
            .filter(StopWordFilter::new(Language::English).unwrap())
            .filter(Stemmer::new(Language::English))
            .build();
        index.tokenizers().register("words", analyser);
        let mut writer: IndexWriter = index.writer_with_num_threads(1, 64 << 20).unwrap();
        for entry in snapshot.entries("") {
            let (path, record) = entry.unwrap();
            let entry = record.to_entry().unwrap();
            let values = [
                entry.text,
                entry.title.unwrap_or_default(),
                path.to_string(),
                entry.labels.join(" "),
                entry.kind.to_string(),
                entry.context.unwrap_or_default(),
            ];
            let mut document = TantivyDocument::default();
            for (field, value) in fields.iter().zip(&values) {
                document.add_text(*field, value);
            }
            document.add_text(key, path.as_str());
            writer.add_document(document).unwrap();
        }
        writer.commit().unwrap();
        Self { index, key, snapshot: snapshot.clone() }
    }

    /// All hits of `query`, by score, then by key.
    pub(crate) fn search(&self, query: &str) -> Expected {
        let schema = self.index.schema();
        let fields: Vec<_> =
            FIELDS.iter().map(|(name, _)| schema.get_field(name).unwrap()).collect();
        let mut parser = QueryParser::for_index(&self.index, fields.clone());
        for (field, (_, weight)) in fields.iter().zip(FIELDS) {
            parser.set_field_boost(*field, weight);
        }
        let (query, _) = parser.parse_query_lenient(query);
        let searcher = self.index.reader().unwrap().searcher();
        let mut hits: Expected = searcher
            .search(&*query, &All)
            .unwrap()
            .into_iter()
            .map(|(address, score)| {
                let document: TantivyDocument = searcher.doc(address).unwrap();
                let key = document.get_first(self.key).unwrap().as_str().unwrap().to_owned();
                let record = self.snapshot.get_id(&key).unwrap().unwrap();
                (key, record, score)
            })
            .collect();
        hits.sort_by(|a, b| b.2.total_cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
        hits
    }
}

/// Collects everything.
struct All;

struct AllOfSegment {
    segment: u32,
    hits: Vec<(DocAddress, Score)>,
}

impl Collector for All {
    type Fruit = Vec<(DocAddress, Score)>;
    type Child = AllOfSegment;

    fn for_segment(&self, segment: u32, _: &SegmentReader) -> tantivy::Result<AllOfSegment> {
        Ok(AllOfSegment { segment, hits: Vec::new() })
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    fn merge_fruits(&self, fruits: Vec<Self::Fruit>) -> tantivy::Result<Self::Fruit> {
        Ok(fruits.into_iter().flatten().collect())
    }
}

impl SegmentCollector for AllOfSegment {
    type Fruit = Vec<(DocAddress, Score)>;

    fn collect(&mut self, doc: DocId, score: Score) {
        self.hits.push((DocAddress::new(self.segment, doc), score));
    }

    fn harvest(self) -> Self::Fruit {
        self.hits
    }
}
