//! Taking in real sessions and dreaming over them. Skipped where `UNDREAM_DATA` is not set.

use std::path::{Path, PathBuf};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use undream::{Author, Database, Dream, NewSession, Result, Store, Transcript, TranscriptFormat};

/// The sessions that are measured, if the data is there.
fn sessions_file() -> Option<PathBuf> {
    let data = std::env::var_os("UNDREAM_DATA").map(PathBuf::from);
    if data.is_none() {
        eprintln!("skipped: UNDREAM_DATA is not set");
    }
    Some(data?.join("sessions/entire-cli.jsonl.gz"))
}

fn read(file: &Path) -> Result<Vec<NewSession>> {
    let mut sessions = Vec::new();
    Transcript::read_path(file, TranscriptFormat::Auto, &mut |transcript| {
        let Transcript { facts, extra, events } = transcript;
        sessions.push(NewSession { facts, events, extra });
        Ok(())
    })?;
    Ok(sessions)
}

fn store() -> Result<(tempfile::TempDir, Store)> {
    let directory = tempfile::tempdir()?;
    let store = Database::open(directory.path().join("db"))?.store("default")?;
    Ok((directory, store))
}

fn take_in(store: &Store, sessions: &[NewSession]) {
    store.import_sessions(sessions, &Author::program("bench")).expect("the sessions are taken in");
}

fn sessions(criterion: &mut Criterion) {
    let Some(file) = sessions_file() else { return };
    let sessions = read(&file).expect("the sessions are read");
    let mut group = criterion.benchmark_group("sessions");
    group.sample_size(10).throughput(Throughput::Elements(sessions.len() as u64));
    group.bench_function("read", |bench| {
        bench.iter(|| read(&file).expect("the sessions are read").len());
    });
    let empty = || store().expect("the database is made");
    group.bench_function("import", |bench| {
        let import = |(directory, store): (_, Store)| {
            take_in(&store, &sessions);
            (directory, store)
        };
        bench.iter_batched(empty, import, BatchSize::PerIteration);
    });
    group.bench_function("import again", |bench| {
        let (_directory, store) = empty();
        take_in(&store, &sessions);
        bench.iter(|| take_in(&store, &sessions));
    });
    let full = || {
        let (directory, store) = empty();
        take_in(&store, &sessions);
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
