//! Taking in real sessions and dreaming over them. Skipped where `UNDREAM_DATA` is not set.

use std::path::{Path, PathBuf};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use undream::{
    Author, Database, Dream, Result, SessionImport, Store, Transcript, TranscriptFormat,
};

/// What the program of the command line uses.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The sessions that are measured, if the data is there.
fn sessions_file() -> Option<PathBuf> {
    let data = std::env::var_os("UNDREAM_DATA").map(PathBuf::from);
    if data.is_none() {
        eprintln!("skipped: UNDREAM_DATA is not set");
    }
    Some(data?.join("sessions/entire-cli.jsonl.gz"))
}

fn store() -> Result<(tempfile::TempDir, Store)> {
    let directory = tempfile::tempdir()?;
    let store = Database::open(directory.path().join("db"))?.store("default")?;
    Ok((directory, store))
}

/// Reads the sessions and leaves them. Returns how many they are.
fn read(file: &Path) -> Result<u64> {
    let mut count = 0;
    Transcript::read_path(file, TranscriptFormat::Auto, &mut |_| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}

fn take_in(store: &Store, file: &Path) {
    let report = SessionImport::new(TranscriptFormat::Auto)
        .run(store, file, &Author::program("bench"))
        .expect("the sessions are taken in");
    assert!(report.reading.damaged.is_empty());
}

fn sessions(criterion: &mut Criterion) {
    let Some(file) = sessions_file() else { return };
    let count = read(&file).expect("the sessions are read");
    let mut group = criterion.benchmark_group("sessions");
    group.sample_size(10).throughput(Throughput::Elements(count));
    group.bench_function("read", |bench| {
        bench.iter(|| read(&file).expect("the sessions are read"));
    });
    let empty = || store().expect("the database is made");
    group.bench_function("import", |bench| {
        let import = |(directory, store): (_, Store)| {
            take_in(&store, &file);
            (directory, store)
        };
        bench.iter_batched(empty, import, BatchSize::PerIteration);
    });
    group.bench_function("import again", |bench| {
        let (_directory, store) = empty();
        take_in(&store, &file);
        bench.iter(|| take_in(&store, &file));
    });
    let full = || {
        let (directory, store) = empty();
        take_in(&store, &file);
        (directory, store.branch("main").expect("there is a branch"))
    };
    group.bench_function("dream", |bench| {
        let dream = |(directory, main)| {
            let dream = Dream::on(&main).run().expect("the dream runs");
            (directory, main, dream.number())
        };
        bench.iter_batched(full, dream, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, sessions);
criterion_main!(benches);
