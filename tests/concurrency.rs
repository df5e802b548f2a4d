//! Many threads at once: nothing acknowledged is lost, nothing refused is written, and readers see
//! whole commits only.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of `#[test]` functions")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use undream::{Author, Branch, CommitId, Database, Entry, ErrorKind, Expect, LogFilter};

const THREADS: usize = 16;

fn commits_per_thread() -> usize {
    if std::env::var_os("UNDREAM_LONG").is_some() { 5_000 } else { 500 }
}

/// The text of the `number`-th edit of a thread.
fn text(thread: usize, number: usize) -> String {
    format!("{thread}.{number}")
}

/// Half of the threads write keys of their own; the others change the same fifty, each relying on
/// what it read. What was acknowledged and what was refused.
fn write(branch: &Branch, thread: usize) -> (Vec<(CommitId, String)>, Vec<String>) {
    let (mut done, mut refused) = (Vec::new(), Vec::new());
    for number in 0..commits_per_thread() {
        let shared = thread.is_multiple_of(2);
        let mut tx = branch.write().unwrap();
        let key = if shared {
            format!("shared/{}", (number * 7 + thread * 3) % 50)
        } else {
            format!("own/{thread}/{}", number % 40)
        };
        let before = tx.get(&key).unwrap();
        if shared {
            let expect = match &before {
                Some(entry) => Expect::text(&entry.text),
                None => Expect::Absent,
            };
            tx.require(&key, expect).unwrap();
            // A pair that always says the same: readers must never see them differ.
            tx.put("pair/left", Entry::fact(text(thread, number))).unwrap();
            tx.put("pair/right", Entry::fact(text(thread, number))).unwrap();
        }
        let written = text(thread, number);
        tx.put(&key, Entry::fact(&written).attribute("was", before.map_or("-".into(), |b| b.text)))
            .unwrap();
        match tx.commit(Author::agent(format!("t{thread}")).message(&written)) {
            Ok(commit) => done.push((commit, written)),
            Err(error) => {
                assert!(shared, "refused, though nobody else writes {key}: {error:?}");
                assert_eq!(error.kind(), ErrorKind::Stale, "{error:?}");
                refused.push(written);
            }
        }
    }
    (done, refused)
}

fn read(branch: &Branch, stop: &AtomicBool) -> usize {
    let mut reads = 0;
    while !stop.load(Ordering::Relaxed) {
        let snapshot = branch.snapshot().unwrap();
        let text =
            |key: &str| snapshot.get(key).unwrap().map(|record| record.text().unwrap().to_owned());
        assert_eq!(text("pair/left"), text("pair/right"), "half of a commit was seen");
        reads += 1;
    }
    reads
}

fn many_writers(db: &Database) {
    let store = db.store("default").unwrap();
    let main = store.branch("main").unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (branch, stop) = (main.clone(), Arc::clone(&stop));
            thread::spawn(move || read(&branch, &stop))
        })
        .collect();
    let outcome = Arc::new(Mutex::new((Vec::new(), Vec::new())));
    let writers: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (branch, outcome) = (main.clone(), Arc::clone(&outcome));
            thread::spawn(move || {
                let (done, refused) = write(&branch, thread);
                let mut outcome = outcome.lock().unwrap();
                outcome.0.extend(done);
                outcome.1.extend(refused);
            })
        })
        .collect();
    let writers: Vec<_> = writers.into_iter().map(thread::JoinHandle::join).collect();
    stop.store(true, Ordering::Relaxed);
    let reads: usize = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
    assert!(writers.iter().all(Result::is_ok), "a writer failed");
    assert!(reads > 0);
    let (done, refused) = Arc::try_unwrap(outcome).unwrap().into_inner().unwrap();
    let head = main.head().unwrap().unwrap();
    let log = store.log(head, LogFilter::default()).unwrap();
    let log: Vec<_> = log.map(Result::unwrap).collect();
    let in_log: BTreeMap<_, _> =
        log.iter().map(|commit| (commit.id(), commit.message().unwrap().to_owned())).collect();
    assert_eq!(log.len(), done.len(), "the history has what was acknowledged, and nothing else");
    for (commit, text) in &done {
        assert_eq!(in_log.get(commit), Some(text), "acknowledged and lost");
    }
    let messages: BTreeSet<&String> = in_log.values().collect();
    assert!(refused.iter().all(|text| !messages.contains(text)), "refused and written");
    check_preconditions(db);
    let report = db.verify().unwrap();
    assert!(report.is_sound(), "{:#?}", report.findings);
}

/// Each change of a key names what its writer had read there: it must be what stood there.
fn check_preconditions(db: &Database) {
    let store = db.store("default").unwrap();
    let mut said: BTreeMap<String, String> = BTreeMap::new();
    let mut fed = 0;
    loop {
        let rows = db.feed().changes_after(fed, 500).unwrap();
        let Some(last) = rows.last() else { break };
        fed = last.sequence;
        for edit in rows.into_iter().flat_map(|row| row.edits) {
            let key = edit.key.to_string();
            let record = store.record(edit.after.unwrap()).unwrap();
            if let Some(was) = record.attributes().unwrap().get("was") {
                let stood = said.get(&key).map_or("-", String::as_str);
                assert_eq!(was, stood, "{key} was changed by one who had read something else");
            }
            said.insert(key, record.text().unwrap().to_owned());
        }
    }
}

#[test]
fn acknowledged_edits_of_many_threads_are_kept_in_memory() {
    many_writers(&Database::in_memory().unwrap());
}

#[test]
fn acknowledged_edits_of_many_threads_are_kept_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    many_writers(&Database::open(directory.path().join("db")).unwrap());
}

/// One thread moves a guard on; the others write keys of their own, relying on the guard only.
#[test]
fn what_a_transaction_relies_on_holds_where_it_lands() {
    let db = Database::in_memory().unwrap();
    let store = db.store("default").unwrap();
    let main = store.branch("main").unwrap();
    let put = |branch: &Branch, key: &str, text: &str, guard: Option<&str>| {
        let mut tx = branch.write().unwrap();
        if let Some(guard) = guard {
            tx.require("guard", Expect::text(guard)).unwrap();
        }
        tx.put(key, Entry::fact(text)).unwrap();
        tx.commit(Author::agent("a").message("m"))
    };
    put(&main, "guard", "0", None).unwrap();
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let branch = main.clone();
            thread::spawn(move || {
                let mut refused = 0;
                for number in 1..=150 {
                    if thread == 0 {
                        put(&branch, "guard", &number.to_string(), None).unwrap();
                        continue;
                    }
                    let seen = branch.snapshot().unwrap().get("guard").unwrap().unwrap();
                    let seen = seen.text().unwrap().to_owned();
                    let key = format!("own/{thread}/{number}");
                    if let Err(error) = put(&branch, &key, &seen, Some(&seen)) {
                        assert_eq!(error.kind(), ErrorKind::Stale, "{error:?}");
                        refused += 1;
                    }
                }
                refused
            })
        })
        .collect();
    let refused: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    let (mut guard, mut written) = (String::new(), 0);
    for row in db.feed().changes_after(0, usize::MAX).unwrap() {
        for edit in row.edits {
            let record = store.record(edit.after.unwrap()).unwrap();
            let text = record.text().unwrap().to_owned();
            if edit.key.as_str() == "guard" {
                guard = text;
            } else {
                assert_eq!(text, guard, "{} landed where the guard had moved on", edit.key);
                written += 1;
            }
        }
    }
    assert_eq!(written + refused, 7 * 150);
}
