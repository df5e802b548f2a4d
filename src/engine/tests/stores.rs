//! Stores that go and come back, their sessions, and what other processes make one wait for.

use std::sync::Barrier;
use std::time::Duration;

use super::disk::Disk;
use crate::engine::flush::Thresholds;
use crate::engine::{Database, NewSession, Options, Resolution, Store, Taken};
use crate::error::{ErrorKind, Result};
use crate::object::{Author, Entry, Event, Role, SessionFacts};
use crate::storage::CommitId;

/// Written out after every row, or never.
const FLUSHING: [usize; 2] = [1, usize::MAX];

fn options(tail_rows: usize) -> Options {
    Options::new().thresholds(Thresholds {
        tail_rows_max: tail_rows,
        tail_rows_close: tail_rows,
        ..Thresholds::default()
    })
}

fn author() -> Author {
    Author::person("ana")
}

fn put(store: &Store, key: &str, text: &str) -> CommitId {
    let mut tx = store.branch("main").unwrap().write().unwrap();
    tx.put(key, Entry::fact(text)).unwrap();
    tx.commit(author().message(text)).unwrap()
}

fn session(id: &str, events: usize) -> NewSession {
    let facts = SessionFacts { id: id.to_owned(), ..SessionFacts::default() };
    let event = |number| Event::said(Role::User, format!("event {number}"));
    NewSession { facts, events: (0..events).map(event).collect(), extra: None }
}

fn sessions(store: &Store) -> Vec<(String, u32)> {
    let ids = store.session_ids().unwrap();
    let events = |object| store.session_object(object).unwrap().events();
    ids.into_iter().map(|(id, object)| (id, events(object))).collect()
}

/// A database whose store `team` has a memory, a tag, and a session that has grown once.
fn founded(tail_rows: usize) -> (tempfile::TempDir, Database, CommitId) {
    let directory = tempfile::tempdir().unwrap();
    let db = options(tail_rows).open_or_create(directory.path()).unwrap();
    let team = db.create_store("team", &author()).unwrap();
    let head = put(&team, "facts/city", "Lisbon");
    team.create_tag("v1", head, &author()).unwrap();
    team.import_sessions(&[session("a", 1), session("b", 1)], &author()).unwrap();
    team.import_sessions(&[session("a", 3)], &author()).unwrap();
    (directory, db, head)
}

#[test]
fn undoing_a_deletion_brings_refs_and_sessions_back() -> Result<()> {
    for tail_rows in FLUSHING {
        let (directory, db, head) = founded(tail_rows);
        let before = (db.store("team")?.refs()?, sessions(&db.store("team")?));
        let deletion = db.delete_store("team", &author())?;
        assert_eq!(db.store("team").unwrap_err().kind(), ErrorKind::NotFound);
        db.store("default")?.undo(deletion, &author())?;
        let team = db.store("team")?;
        assert_eq!((team.refs()?, sessions(&team)), before);
        assert_eq!(team.branch("main")?.head()?, Some(head));
        assert_eq!(db.verify()?.findings, []);
        // The undo is undone as it came, and that again.
        let newest = |store: &Store| store.operations()?.next().expect("an operation");
        let again = newest(&team)?;
        team.undo(again.id(), &author())?;
        assert!(!db.stores()?.contains(team.name()));
        team.undo(newest(&team)?.id(), &author())?;
        drop((team, db));
        let db = Options::new().open(directory.path())?;
        let team = db.store("team")?;
        assert_eq!((team.refs()?, sessions(&team)), before);
        assert_eq!(db.verify()?.findings, []);
    }
    Ok(())
}

#[test]
fn a_deletion_is_not_undone_over_a_store_of_the_same_name() -> Result<()> {
    let (_directory, db, _) = founded(usize::MAX);
    let deletion = db.delete_store("team", &author())?;
    let team = db.create_store("team", &author())?;
    assert_eq!(team.undo(deletion, &author()).unwrap_err().kind(), ErrorKind::Stale);
    Ok(())
}

#[test]
fn a_store_that_has_grown_since_does_not_go_again_by_undo() -> Result<()> {
    let (_directory, db, head) = founded(usize::MAX);
    let deletion = db.delete_store("team", &author())?;
    let default = db.store("default")?;
    default.undo(deletion, &author())?;
    let back = default.operations()?.next().expect("an operation")?;
    db.store("team")?.create_tag("v2", head, &author())?;
    assert_eq!(default.undo(back.id(), &author()).unwrap_err().kind(), ErrorKind::Stale);
    Ok(())
}

#[test]
fn a_new_store_of_an_old_name_has_no_sessions() -> Result<()> {
    for tail_rows in FLUSHING {
        let (directory, db, _) = founded(tail_rows);
        db.delete_store("team", &author())?;
        let team = db.create_store("team", &author())?;
        assert_eq!(sessions(&team), []);
        assert!(team.session("a")?.is_none());
        assert_eq!(team.import_sessions(&[session("a", 3)], &author())?, [Taken::New]);
        drop((team, db));
        let db = Options::new().open(directory.path())?;
        assert_eq!(sessions(&db.store("team")?), [("a".to_owned(), 3)]);
        assert_eq!(db.verify()?.findings, []);
    }
    Ok(())
}

#[test]
fn a_session_taken_in_by_several_at_once_lands_once() -> Result<()> {
    let directory = tempfile::tempdir().unwrap();
    drop(Database::open(directory.path())?);
    let handles: Vec<Database> =
        (0..2).map(|_| Database::open(directory.path())).collect::<Result<_>>()?;
    for round in 0..5 {
        let (id, start) = (format!("s{round}"), Barrier::new(8));
        let import = |number: usize| {
            let store = handles[number % 2].store("default").unwrap();
            start.wait();
            store.import_sessions(&[session(&id, 5)], &author()).unwrap()[0]
        };
        let import = &import;
        let mut taken: Vec<Taken> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|n| scope.spawn(move || import(n))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        taken.retain(|taken| *taken != Taken::Known);
        assert_eq!(taken, [Taken::New], "round {round}");
    }
    Ok(())
}

#[test]
fn removing_a_memory_that_cannot_come_removes_it_where_it_stands() -> Result<()> {
    let db = Database::in_memory()?;
    let store = db.store("default")?;
    let start = put(&store, "a", "moves over there");
    let side = store.create_branch("side", start)?;
    let mut tx = side.write()?;
    tx.rename("a", "k")?;
    tx.commit(author().message("move"))?;
    put(&store, "k/x", "makes k a folder");
    let main = store.branch("main")?;
    let mut merge = main.merge(&side)?;
    merge.resolve(|_| Resolution::Remove)?;
    merge.commit(author().message("merge"))?;
    let keys: Vec<String> = main
        .snapshot()?
        .keys("")
        .map(|entry| entry.map(|(key, _)| key.to_string()))
        .collect::<Result<_>>()?;
    assert_eq!(keys, ["k/x"]);
    Ok(())
}

#[test]
fn opening_waits_for_a_writer_no_longer_than_told() -> Result<()> {
    let directory = tempfile::tempdir().unwrap();
    let db = Database::open(directory.path())?;
    let writer = db.core().storage.write(Duration::ZERO)?;
    let impatient = Options::new().wait(Duration::from_millis(50)).open(directory.path());
    assert_eq!(impatient.unwrap_err().kind(), ErrorKind::Locked);
    std::thread::scope(|scope| {
        let patient = scope.spawn(|| Database::open(directory.path()).map(drop));
        std::thread::sleep(Duration::from_millis(50));
        drop(writer);
        patient.join().unwrap()
    })
}

#[test]
fn what_fails_in_the_background_is_told_until_it_is_made_good() -> Result<()> {
    let disk = Disk::new(Vec::new());
    let db = options(usize::MAX).on_backend(disk.clone())?;
    put(&db.store("default")?, "a", "1");
    assert!(db.background_failure().is_none());
    db.core().note_background_failure(crate::Error::new(ErrorKind::Io, "the disk is full"));
    assert_eq!(db.background_failure().expect("a failure").to_string(), "the disk is full");
    db.core().flush()?;
    assert!(db.background_failure().is_none());
    Ok(())
}

#[test]
fn other_processes_read_what_fails_in_the_background() -> Result<()> {
    let directory = tempfile::tempdir().unwrap();
    let db = Database::open(directory.path())?;
    let told = || Ok::<_, crate::Error>(db.holders()?.remove(0).failure);
    assert_eq!(told()?, None);
    db.core().note_background_failure(crate::Error::new(ErrorKind::Io, "the disk\nis full"));
    assert_eq!(told()?.as_deref(), Some("the disk is full"));
    db.core().flush()?;
    assert_eq!(told()?, None);
    Ok(())
}

#[test]
fn a_handle_on_a_deleted_branch_neither_reads_nor_writes() {
    let db = Options::new().in_memory().unwrap();
    let store = db.store("default").unwrap();
    let head = put(&store, "a", "one");
    let trial = store.create_branch("trial", head).unwrap();
    let begun = {
        let mut tx = trial.write().unwrap();
        tx.put("b", "two").unwrap();
        tx
    };
    store.delete_ref("trial", head, &author()).unwrap();
    assert_eq!(trial.snapshot().unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(trial.write().unwrap_err().kind(), ErrorKind::NotFound);
    let late = begun.commit(author().message("Late")).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::NotFound, "{late}");
    assert!(store.branch("trial").is_err());
}

#[test]
fn a_session_that_was_cut_short_changes_nothing_and_one_that_differs_does() {
    let db = Options::new().in_memory().unwrap();
    let store = db.store("default").unwrap();
    let whole = session("chat", 2_500);
    assert_eq!(store.import_sessions(&[whole], &author()).unwrap(), [Taken::New]);
    for kept in [0, 1, 999, 1_000, 1_001, 2_499, 2_500] {
        let taken = store.import_sessions(&[session("chat", kept)], &author()).unwrap();
        assert_eq!(taken, [Taken::Known], "{kept} events");
        assert_eq!(sessions(&store), [("chat".to_owned(), 2_500)]);
    }
    let mut other = session("chat", 1_500);
    other.events[1_499] = Event::said(Role::User, "something else");
    assert_eq!(store.import_sessions(&[other], &author()).unwrap(), [Taken::Changed]);
    assert_eq!(sessions(&store), [("chat".to_owned(), 1_500)]);
    assert_eq!(
        store.import_sessions(&[session("chat", 2_501)], &author()).unwrap(),
        [Taken::Changed]
    );
}
