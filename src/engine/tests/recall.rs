//! The bounds of the recall log, and damage in it.

use crate::clock::{FixedClock, Time};
use crate::engine::flush::Thresholds;
use crate::engine::recall::RecallBounds;
use crate::engine::{Database, Options};
use crate::error::ErrorKind;
use crate::object::{Author, Entry};

const DAY: i64 = 24 * 3_600;

fn bounded(recalls: RecallBounds, step_seconds: i64) -> Database {
    let start = Time::parse("2026-03-01T00:00:00Z").unwrap();
    let thresholds = Thresholds { recalls, ..Thresholds::default() };
    let clock = FixedClock::new(start, step_seconds * 1_000_000);
    let db = Options::new().clock(clock).thresholds(thresholds).in_memory().unwrap();
    let mut tx = db.store("default").unwrap().branch("main").unwrap().write().unwrap();
    tx.put("a", Entry::fact("one")).unwrap();
    tx.commit(Author::person("ana").message("First")).unwrap();
    db
}

fn get(db: &Database, session: &str) {
    let main = db.store("default").unwrap().branch("main").unwrap();
    main.snapshot().unwrap().for_session(session).unwrap().get("a").unwrap();
    db.flush_recalls().unwrap();
}

fn sessions(db: &Database) -> Vec<String> {
    db.store("default").unwrap().recalls().usage().unwrap().sessions
}

#[test]
fn the_oldest_rows_go_when_there_are_too_many() {
    let db = bounded(RecallBounds { rows: 3, ..RecallBounds::default() }, 1);
    for session in ["s1", "s2", "s3"] {
        get(&db, session);
    }
    let whole = db.recall_size().unwrap().since.unwrap();
    get(&db, "s4");
    assert_eq!(sessions(&db), ["s2", "s3", "s4"]);
    let size = db.recall_size().unwrap();
    assert_eq!(size.rows, 3);
    assert!(size.since.unwrap() > whole, "it no longer reaches back to the first");
    assert!(db.verify().unwrap().is_sound());
}

#[test]
fn the_oldest_rows_go_when_they_are_too_long() {
    let db = bounded(RecallBounds::default(), 1);
    get(&db, "s1");
    let row = db.recall_size().unwrap().bytes;
    let db = bounded(RecallBounds { bytes: 2 * row, ..RecallBounds::default() }, 1);
    for session in ["s1", "s2", "s3"] {
        get(&db, session);
    }
    assert_eq!(sessions(&db), ["s2", "s3"]);
    assert_eq!(db.recall_size().unwrap().bytes, 2 * row);
}

#[test]
fn rows_go_when_they_are_too_old() {
    let db = bounded(RecallBounds { days: 10, ..RecallBounds::default() }, 2 * DAY);
    for session in ["s1", "s2", "s3"] {
        get(&db, session);
    }
    // Each query reads the clock twice: when it is noted, and when it is written.
    assert_eq!(sessions(&db), ["s1", "s2", "s3"]);
    get(&db, "s4");
    assert_eq!(sessions(&db), ["s2", "s3", "s4"]);
}

#[test]
fn a_damaged_row_is_found_and_can_be_forgotten() {
    let db = bounded(RecallBounds::default(), 1);
    get(&db, "s1");
    let writer = db.core().storage.write(std::time::Duration::ZERO).unwrap();
    writer.append_recalls([&b"\x01nothing"[..]]).unwrap();
    writer.commit().unwrap();
    let recalls = db.store("default").unwrap().recalls();
    assert_eq!(recalls.list().unwrap_err().kind(), ErrorKind::Corrupt);
    let places: Vec<_> =
        db.verify().unwrap().findings.into_iter().map(|found| found.place).collect();
    assert_eq!(places, ["recall 2", "tally of recalls"]);
    let one = crate::engine::Forget::Session("s1".to_owned());
    assert_eq!(recalls.forget(&one).unwrap_err().kind(), ErrorKind::Corrupt);
    recalls.forget(&crate::engine::Forget::All).unwrap();
    assert!(recalls.list().unwrap().is_empty());
    assert!(db.verify().unwrap().is_sound());
}
