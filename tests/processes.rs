//! Two processes on one database: both read and write, nothing is lost, nobody waits for long.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of `#[test]` functions")]
#![expect(clippy::disallowed_methods, reason = "measures how long a second process waits")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use undream::{Author, Database, Entry, LogFilter, Operation};

const DIRECTORY: &str = "UNDREAM_TEST_CHILD_DIRECTORY";
const SECONDS: u64 = 3;

/// The other process: commits in a loop until told to stop, then says how often.
#[test]
fn the_child_process() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let directory = Path::new(&directory);
    let db = Database::open(directory.join("db")).unwrap();
    let main = db.store("default").unwrap().branch("main").unwrap();
    let mut count = 0;
    while !directory.join("stop").exists() {
        let mut tx = main.write().unwrap();
        tx.put(format!("child/{}", count % 100), Entry::fact(format!("{count}"))).unwrap();
        tx.commit(Author::agent("child").message(format!("child {count}"))).unwrap();
        count += 1;
    }
    std::fs::write(directory.join("count"), count.to_string()).unwrap();
}

fn spawn(directory: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["the_child_process", "--exact", "--nocapture"])
        .env(DIRECTORY, directory)
        .spawn()
        .unwrap()
}

#[test]
fn a_second_process_reads_and_writes_while_the_first_commits() {
    let directory = tempfile::tempdir().unwrap();
    drop(Database::open(directory.path().join("db")).unwrap());
    let mut child = spawn(directory.path());
    let start = Instant::now();
    let (mut slowest, mut own) = (Duration::ZERO, 0);
    while start.elapsed() < Duration::from_secs(SECONDS) || own < 3 {
        let began = Instant::now();
        let db = Database::open(directory.path().join("db")).unwrap();
        let main = db.store("default").unwrap().branch("main").unwrap();
        let seen = main.snapshot().unwrap().count("child").unwrap();
        let mut tx = main.write().unwrap();
        tx.put(format!("parent/{own}"), Entry::fact(format!("saw {seen}"))).unwrap();
        tx.commit(Author::person("parent").message(format!("parent {own}"))).unwrap();
        slowest = slowest.max(began.elapsed());
        own += 1;
    }
    std::fs::write(directory.path().join("stop"), "").unwrap();
    assert!(child.wait().unwrap().success(), "the other process failed");
    let count = std::fs::read_to_string(directory.path().join("count")).unwrap();
    let count: usize = count.parse().unwrap();
    println!("{own} openings, the slowest {slowest:?}; {count} commits beside");
    assert!(count > 0);
    check(directory.path(), own, count);
    assert!(slowest < Duration::from_secs(1), "opening, reading and writing took {slowest:?}");
}

/// All commits of both are in one history, one after the other, and so are their operations.
fn check(directory: &Path, own: usize, count: usize) {
    let db = Database::open(directory.join("db")).unwrap();
    let store = db.store("default").unwrap();
    let head = store.branch("main").unwrap().head().unwrap().unwrap();
    let log = store.log(head, LogFilter::default()).unwrap();
    let found: BTreeSet<String> = log.map(|c| c.unwrap().message().unwrap().to_owned()).collect();
    let wanted = (0..own).map(|n| format!("parent {n}"));
    let wanted: BTreeSet<String> = wanted.chain((0..count).map(|n| format!("child {n}"))).collect();
    assert_eq!(found, wanted);
    let operations: Vec<Operation> = store.operations().unwrap().map(Result::unwrap).collect();
    assert_eq!(operations.len(), own + count + 1, "the chain of operations is whole");
    for pair in operations.windows(2) {
        assert_eq!(pair[0].previous(), Some(pair[1].id()));
    }
    let report = db.verify().unwrap();
    assert!(report.is_sound(), "{:#?}", report.findings);
}

#[test]
fn a_follower_sees_what_another_handle_commits() {
    let directory = tempfile::tempdir().unwrap();
    let one = Database::open(directory.path()).unwrap();
    let other = Database::open(directory.path()).unwrap();
    let reader = Database::open_read_only(directory.path()).unwrap();
    for number in 0..20 {
        let (writer, follower) = if number % 2 == 0 { (&one, &other) } else { (&other, &one) };
        let main = writer.store("default").unwrap().branch("main").unwrap();
        let mut tx = main.write().unwrap();
        tx.put("k", Entry::fact(format!("{number}"))).unwrap();
        let commit = tx.commit(Author::agent("a").message("m")).unwrap();
        for db in [follower, &reader] {
            let main = db.store("default").unwrap().branch("main").unwrap();
            assert_eq!(main.head().unwrap(), Some(commit));
            let record = main.snapshot().unwrap().get("k").unwrap().unwrap();
            assert_eq!(record.text().unwrap(), format!("{number}"));
        }
    }
}
