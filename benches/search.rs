//! Search over 100,000 memories, through the public API, beside a stock tantivy index of the same
//! texts and keys that knows no versions. `docs/performance.md` tells what came out.

mod workload;

use std::cell::LazyCell;
use std::path::Path;

use criterion::{
    BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main,
    measurement::WallTime,
};
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexReader, IndexWriter, Searcher, TantivyDocument, Term};
use tempfile::TempDir;
use undream::{Branch, CommitId, Database, Search};
use workload::{ENTRIES, Numbers, all, folder, key, load, text, write};

/// How many commits stand on top of the first, and how many memories each changes.
const COMMITS: u64 = 20;
const CHANGES: u64 = 500;
/// What stock tantivy's threads may gather in memory together.
const ARENA_BYTES: usize = 128 << 20;

/// A database with some history, and its index.
struct Loaded {
    directory: TempDir,
    main: Branch,
    first: CommitId,
    search: Search,
}

impl Loaded {
    fn new() -> Self {
        let (directory, database) = create();
        let store = database.store("default").expect("there is a store");
        let main = store.branch("main").expect("there is a branch");
        let first = write(&main, 0..ENTRIES, 0).expect("the workload loads");
        for version in 1..=COMMITS {
            write(&main, changed_by(version), version).expect("the commit lands");
        }
        let search = Search::open(&database).expect("it opens");
        search.catch_up().expect("all is indexed");
        Self { directory, main, first, search }
    }
}

/// The memories that the commit `version` changes.
fn changed_by(version: u64) -> impl Iterator<Item = u64> {
    let mut chance = Numbers::new(version);
    (0..CHANGES).map(move |_| chance.below(ENTRIES))
}

/// The version of each memory at the head.
fn versions() -> Vec<u64> {
    let mut versions = vec![0; ENTRIES as usize];
    for version in 1..=COMMITS {
        for number in changed_by(version) {
            versions[number as usize] = version;
        }
    }
    versions
}

fn create() -> (TempDir, Database) {
    let directory = tempfile::tempdir().expect("there is room");
    let database = Database::open(directory.path().join("db")).expect("it is created");
    (directory, database)
}

/// Two words that are as frequent here as in the texts, and a folder.
struct Question {
    words: (String, String),
    folder: String,
}

fn questions() -> Vec<Question> {
    let mut chance = Numbers::new(11);
    let mut word = || {
        let text = text(chance.below(ENTRIES), COMMITS + 1);
        text.split(' ').next().expect("a text has words").to_owned()
    };
    let ask = |at| Question { words: (word(), word()), folder: folder(at * 97) };
    (0..1_000_u64).map(ask).collect()
}

/// The same memories in tantivy alone: texts and keys, without stop words, stemmed.
struct Stock {
    _directory: TempDir,
    reader: IndexReader,
    fields: StockFields,
}

#[derive(Clone, Copy)]
struct StockFields {
    text: Field,
    key: Field,
    folder: Field,
}

impl Stock {
    fn new() -> Self {
        let (directory, fields) = Self::fill(1, &documents());
        let index = Index::open_in_dir(directory.path()).expect("it opens");
        let reader = index.reader().expect("it is read");
        Self { _directory: directory, reader, fields }
    }

    fn schema() -> (Schema, StockFields) {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("en_stem")
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let words = TextOptions::default().set_indexing_options(indexing);
        let mut schema = Schema::builder();
        let text = schema.add_text_field("text", words.clone());
        let key = schema.add_text_field("key", words);
        let folder = schema.add_text_field("folder", STRING);
        (schema.build(), StockFields { text, key, folder })
    }

    fn fill(threads: usize, documents: &[(String, String)]) -> (TempDir, StockFields) {
        let directory = tempfile::tempdir().expect("there is room");
        let (schema, fields) = Self::schema();
        let index = Index::create_in_dir(directory.path(), schema).expect("it is created");
        let mut writer: IndexWriter =
            index.writer_with_num_threads(threads, ARENA_BYTES).expect("it is written");
        for (key, text) in documents {
            let mut document = TantivyDocument::default();
            document.add_text(fields.text, text);
            document.add_text(fields.key, key);
            document.add_text(fields.folder, &key[..key.rfind('/').expect("a folder")]);
            writer.add_document(document).expect("it is added");
        }
        writer.commit().expect("it is committed");
        writer.wait_merging_threads().expect("it is merged");
        (directory, fields)
    }
}

/// Keys and texts at the head.
fn documents() -> Vec<(String, String)> {
    let versions = versions();
    (0..ENTRIES).map(|n| (key(n), text(n, versions[n as usize]))).collect()
}

impl StockFields {
    fn first_ten(
        self,
        searcher: &Searcher,
        (a, b): (&str, &str),
        occur: Occur,
        folder: Option<&str>,
    ) -> usize {
        let term = |field, word: &str, option| -> Box<dyn Query> {
            Box::new(TermQuery::new(Term::from_field_text(field, word), option))
        };
        let anywhere = |word: &str| -> Box<dyn Query> {
            let fields = [self.text, self.key];
            let parts = fields.map(|field| (Occur::Should, term(field, word, SCORED)));
            Box::new(BooleanQuery::new(parts.into()))
        };
        let words = BooleanQuery::new(vec![(occur, anywhere(a)), (occur, anywhere(b))]);
        let query = match folder {
            Some(folder) => BooleanQuery::new(vec![
                (Occur::Must, Box::new(words) as Box<dyn Query>),
                (Occur::Must, term(self.folder, folder, IndexRecordOption::Basic)),
            ]),
            None => words,
        };
        let top = TopDocs::with_limit(10).order_by_score();
        searcher.search(&query, &top).expect("it is searched").len()
    }
}

const SCORED: IndexRecordOption = IndexRecordOption::WithFreqs;

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(20).throughput(Throughput::Elements(1));
    group
}

fn queries(criterion: &mut Criterion) {
    let loaded = LazyCell::new(Loaded::new);
    let stock = LazyCell::new(Stock::new);
    let old = LazyCell::new(|| {
        let first = loaded.main.store().snapshot(loaded.first);
        first.expect("the commit is read")
    });
    let head = LazyCell::new(|| loaded.main.snapshot().expect("the head is read"));
    let questions = questions();
    let mut questions = questions.iter().cycle();
    let mut ask = || questions.next().expect("a cycle has no end");
    let mut group = group(criterion, "search");
    for (name, occur) in
        [("or", Occur::Should), ("and", Occur::Must), ("or in a folder", Occur::Should)]
    {
        let in_folder = name.ends_with("folder");
        let ours = |at: &undream::Snapshot, Question { words: (a, b), folder }: &Question| {
            let must = if occur == Occur::Must { "+" } else { "" };
            let query = loaded.search.at(at).query(format!("{must}{a} {must}{b}"));
            let query = if in_folder { query.prefix(folder) } else { query };
            query.run().expect("it is searched").count()
        };
        group.bench_function(format!("{name}, head"), |bench| {
            bench.iter(|| ours(&head, ask()));
        });
        group.bench_function(format!("{name}, {COMMITS} commits ago"), |bench| {
            bench.iter(|| ours(&old, ask()));
        });
        group.bench_function(format!("{name}, stock tantivy"), |bench| {
            let searcher = stock.reader.searcher();
            bench.iter(|| {
                let Question { words: (a, b), folder } = ask();
                let folder = in_folder.then_some(folder.as_str());
                stock.fields.first_ten(&searcher, (a, b), occur, folder)
            });
        });
    }
    group.finish();
}

/// Opens everything and asks one question.
fn open_and_ask(path: &Path) -> usize {
    let database = Database::open(path).expect("it opens");
    let main = database.store("default").and_then(|store| store.branch("main"));
    let search = Search::open(&database).expect("it opens");
    let hits = search.at(&main.expect("there is a branch")).query("ba cor").run();
    hits.expect("it is searched").count()
}

fn opening(criterion: &mut Criterion) {
    let path = LazyCell::new(|| {
        let Loaded { directory, main, search, .. } = Loaded::new();
        // The database is closed before it is opened again.
        drop((main, search));
        directory
    });
    let stock = LazyCell::new(|| Stock::fill(1, &documents()));
    let mut group = group(criterion, "open and search once");
    group.sample_size(10);
    group.bench_function("undream", |bench| bench.iter(|| open_and_ask(&path.path().join("db"))));
    group.bench_function("stock tantivy", |bench| {
        bench.iter(|| {
            let index = Index::open_in_dir(stock.0.path()).expect("it opens");
            let searcher = index.reader().expect("it is read").searcher();
            stock.1.first_ten(&searcher, ("ba", "cor"), Occur::Should, None)
        });
    });
    group.finish();
}

fn indexing(criterion: &mut Criterion) {
    let mut group = group(criterion, "index");
    group.sample_size(10).throughput(Throughput::Elements(ENTRIES));
    group.bench_function("load until searchable", |bench| {
        let empty = || (create(), all());
        let fill = |((directory, database), memories): ((TempDir, Database), _)| {
            let store = database.store("default").expect("there is a store");
            let main = store.branch("main").expect("there is a branch");
            load(&main, memories).expect("the workload loads");
            let search = Search::open(&database).expect("it opens");
            search.catch_up().expect("all is indexed");
            (search, directory)
        };
        bench.iter_batched(empty, fill, BatchSize::PerIteration);
    });
    let loaded = LazyCell::new(|| {
        let Loaded { directory, main, search, .. } = Loaded::new();
        // What it does in the background would write to the index that is deleted.
        drop(search);
        (directory, main)
    });
    group.throughput(Throughput::Elements(ENTRIES + COMMITS * CHANGES));
    group.bench_function("built anew", |bench| {
        let forget = || {
            let (directory, main) = &*loaded;
            std::fs::remove_dir_all(directory.path().join("db/search")).expect("it is deleted");
            main.store().database().clone()
        };
        let build = |database| {
            let search = Search::open(&database).expect("it opens");
            search.catch_up().expect("all is indexed");
            search
        };
        bench.iter_batched(forget, build, BatchSize::PerIteration);
    });
    let documents = LazyCell::new(documents);
    group.throughput(Throughput::Elements(ENTRIES));
    for threads in [1, 2] {
        group.bench_function(format!("stock tantivy, {threads} threads"), |bench| {
            bench.iter(|| Stock::fill(threads, &documents));
        });
    }
    group.finish();
}

criterion_group!(benches, indexing, opening, queries);
criterion_main!(benches);
