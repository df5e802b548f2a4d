//! The engine over 100,000 memories, through the public API, beside a raw redb put of the same
//! bytes. `docs/performance.md` tells what came out.

mod workload;

use std::cell::{Cell, LazyCell};

use criterion::{
    BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main,
    measurement::WallTime,
};
use tempfile::TempDir;
use undream::{Branch, CommitId, Database, Entry, Store};
use workload::{ENTRIES, Numbers, all, folder, key, message, text, write};

/// Commits of one caller in a measurement of many.
const COMMITS_EACH: u64 = 20;

/// A database that holds the workload.
struct Loaded {
    _directory: TempDir,
    store: Store,
    main: Branch,
    first: CommitId,
}

impl Loaded {
    fn new() -> Self {
        let (directory, database) = create();
        let store = database.store("default").expect("there is a store");
        let main = store.branch("main").expect("there is a branch");
        let first = write(&main, 0..ENTRIES, 0).expect("the workload loads");
        Self { _directory: directory, store, main, first }
    }

    /// A new branch at the first commit.
    fn branch(&self, name: &str) -> Branch {
        self.store.create_branch(name, self.first).expect("the branch is made")
    }

    /// A new branch on which the memories `numbers` are changed.
    fn changed(&self, name: &str, numbers: impl IntoIterator<Item = u64>) -> Branch {
        let branch = self.branch(name);
        write(&branch, numbers, 1).expect("the commit lands");
        branch
    }
}

/// An empty database on disk.
fn create() -> (TempDir, Database) {
    let directory = tempfile::tempdir().expect("there is room");
    let database = Database::open(directory.path().join("db")).expect("it is created");
    (directory, database)
}

/// Numbers that are never given twice.
#[derive(Default)]
struct Fresh(Cell<u64>);

impl Fresh {
    fn next(&self) -> u64 {
        self.0.set(self.0.get() + 1);
        self.0.get()
    }
}

/// Three of four numbers are of memories that exist, in no order; the others are new.
fn some(fresh: u64) -> u64 {
    let mut chance = Numbers::new(fresh);
    if chance.below(4) < 3 { chance.below(ENTRIES) } else { ENTRIES + fresh }
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(20).throughput(Throughput::Elements(1));
    group
}

fn writes(criterion: &mut Criterion) {
    let loaded = LazyCell::new(Loaded::new);
    let fresh = Fresh::default();
    let mut group = group(criterion, "write");
    group.bench_function("put", |bench| {
        let mut transaction = loaded.main.write().expect("a transaction begins");
        bench.iter(|| {
            let number = some(fresh.next());
            let entry = Entry::new(text(number, fresh.next()));
            transaction.put(key(number % ENTRIES), entry).expect("the entry is put");
        });
    });
    for size in [1, 10] {
        group.throughput(Throughput::Elements(size));
        group.bench_function(format!("commit of {size}"), |bench| {
            bench.iter(|| {
                let numbers = (0..size).map(|_| some(fresh.next()));
                write(&loaded.main, numbers, fresh.next()).expect("the commit lands")
            });
        });
    }
    group.throughput(Throughput::Elements(1));
    group.bench_function("branch", |bench| {
        bench.iter(|| loaded.branch(&format!("trials/{}", fresh.next())));
    });
    group.finish();
}

/// A table of keys and texts in redb, with no history: the floor under every commit.
struct Raw {
    _directory: TempDir,
    database: redb::Database,
}

const RAW: redb::TableDefinition<&str, &[u8]> = redb::TableDefinition::new("memories");

impl Raw {
    fn new(mode: redb::ConcurrencyMode) -> Self {
        let directory = tempfile::tempdir().expect("there is room");
        let mut builder = redb::Builder::new();
        builder.set_concurrency_mode(mode);
        let database = builder.create(directory.path().join("raw.redb"));
        let database = database.expect("the file is created");
        let raw = Self { _directory: directory, database };
        raw.put(0..ENTRIES, 0);
        raw
    }

    fn put(&self, numbers: impl IntoIterator<Item = u64>, version: u64) {
        let transaction = self.database.begin_write().expect("a transaction begins");
        {
            let mut table = transaction.open_table(RAW).expect("the table opens");
            for number in numbers {
                let (key, text) = (key(number), text(number, version));
                table.insert(key.as_str(), text.as_bytes()).expect("the entry is put");
            }
        }
        transaction.commit().expect("the transaction commits");
    }
}

fn raw_writes(criterion: &mut Criterion) {
    let modes = [
        ("exclusive", redb::ConcurrencyMode::ExclusiveWriter),
        ("shared", redb::ConcurrencyMode::MultiWriter),
    ];
    let fresh = Fresh::default();
    let mut group = group(criterion, "write");
    for (name, mode) in modes {
        let raw = LazyCell::new(move || Raw::new(mode));
        for size in [1, 10] {
            group.throughput(Throughput::Elements(size));
            group.bench_function(format!("raw redb put of {size}, {name}"), |bench| {
                bench.iter(|| raw.put((0..size).map(|_| some(fresh.next())), fresh.next()));
            });
        }
    }
    group.finish();
}

fn callers(criterion: &mut Criterion) {
    let loaded = LazyCell::new(Loaded::new);
    let fresh = Fresh::default();
    let mut group = group(criterion, "callers");
    for count in [1, 4, 16] {
        let branches = LazyCell::new(|| -> Vec<Branch> {
            (0..count).map(|caller| loaded.branch(&format!("callers/{count}/{caller}"))).collect()
        });
        group.throughput(Throughput::Elements(count * COMMITS_EACH));
        group.bench_function(format!("{count} with a branch each"), |bench| {
            bench.iter(|| commit_from_all(&branches, fresh.next()));
        });
        let same = LazyCell::new(|| vec![loaded.main.clone(); count as usize]);
        group.bench_function(format!("{count} on one branch"), |bench| {
            bench.iter(|| commit_from_all(&same, fresh.next()));
        });
    }
    group.finish();
}

/// Commits from one thread per branch, each to memories of its own.
fn commit_from_all(branches: &[Branch], round: u64) {
    std::thread::scope(|scope| {
        for (caller, branch) in (0..).zip(branches) {
            scope.spawn(move || {
                for commit in 0..COMMITS_EACH {
                    let number = (commit * 64 + caller) * 7;
                    write(branch, [number], round).expect("the commit lands");
                }
            });
        }
    });
}

fn reads(criterion: &mut Criterion) {
    let loaded = LazyCell::new(|| {
        let loaded = Loaded::new();
        for version in 1..=600 {
            write(&loaded.main, [some(version)], version).expect("the commit lands");
        }
        loaded
    });
    let middle = LazyCell::new(|| loaded.store.resolve("main~300").expect("it exists").commit);
    let mut chance = Numbers::new(5);
    let mut group = group(criterion, "read");
    let head = LazyCell::new(|| loaded.main.snapshot().expect("the head is read"));
    group.bench_function("get at the head", |bench| {
        bench.iter(|| head.get(&key(chance.below(ENTRIES))).expect("it is read"));
    });
    group.bench_function("snapshot of the head and get", |bench| {
        bench.iter(|| {
            let head = loaded.main.snapshot().expect("the head is read");
            head.get(&key(chance.below(ENTRIES))).expect("it is read")
        });
    });
    group.bench_function("snapshot of 300 commits ago and get", |bench| {
        bench.iter(|| {
            let old = loaded.store.snapshot(*middle).expect("the commit is read");
            old.get(&key(chance.below(ENTRIES))).expect("it is read")
        });
    });
    group.bench_function("scan of 100", |bench| {
        bench.iter(|| {
            let entries = head.entries(&folder(chance.below(ENTRIES))).take(100);
            entries
                .filter(|entry| entry.as_ref().is_ok_and(|(_, record)| !record.is_erased()))
                .count()
        });
    });
    group.finish();
}

fn history(criterion: &mut Criterion) {
    let loaded = LazyCell::new(Loaded::new);
    let fresh = Fresh::default();
    let mut group = group(criterion, "history");
    for size in [10, 1_000] {
        let branch =
            LazyCell::new(|| loaded.changed(&format!("diff-{size}"), (0..size).map(|at| at * 97)));
        group.throughput(Throughput::Elements(size));
        group.bench_function(format!("diff of {size}"), |bench| {
            bench.iter(|| {
                let diff = loaded.store.diff(&loaded.main, &*branch).expect("they are compared");
                diff.map(|change| change.expect("it is read").key.as_str().len()).sum::<usize>()
            });
        });
    }
    group.sample_size(10).throughput(Throughput::Elements(1_000));
    group.bench_function("merge of 500 and 500", |bench| {
        let sides = || {
            let number = fresh.next();
            let ours = (0..500).map(|at| at * 2 * 97);
            let theirs = (0..500).map(|at| (at * 2 + 1) * 97);
            let ours = loaded.changed(&format!("ours-{number}"), ours);
            (ours, loaded.changed(&format!("theirs-{number}"), theirs))
        };
        let merge = |(ours, theirs): (Branch, Branch)| {
            let merge = ours.merge(&theirs).expect("they are merged");
            merge.commit(message()).expect("the merge lands")
        };
        bench.iter_batched(sides, merge, BatchSize::PerIteration);
    });
    group.finish();
}

fn load(criterion: &mut Criterion) {
    let mut group = group(criterion, "load");
    group.sample_size(10).throughput(Throughput::Elements(ENTRIES));
    group.bench_function("100,000 in one commit", |bench| {
        let empty = || (create(), all());
        let fill = |((directory, database), memories): ((TempDir, Database), _)| {
            let store = database.store("default").expect("there is a store");
            let main = store.branch("main").expect("there is a branch");
            workload::load(&main, memories).expect("the workload loads");
            (directory, main)
        };
        bench.iter_batched(empty, fill, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, writes, raw_writes, callers, reads, history, load);
criterion_main!(benches);
