//! Whole databases as they lie on disk: the tables that `docs/format.md` describes, byte by byte.
//!
//! `tests/format/database-N.tables` holds every entry of a small database: table, key and value,
//! in hexadecimal. What earlier versions wrote is never written again; it must stay readable.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of `#[test]` functions")]

mod made;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::Once;

use tempfile::TempDir;
use undream::{Database, ErrorKind, LogFilter, Options, Result};

use tables::{Tables, dump, fill};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format").join(name)
}

/// The text of the vector; where `UNDREAM_GOLDEN` asks for it and there is none, it is written.
fn held_text() -> String {
    static ADDED: Once = Once::new();
    let path = golden("database-1.tables");
    ADDED.call_once(|| {
        if std::env::var("UNDREAM_GOLDEN").is_ok_and(|value| value == "add") && !path.exists() {
            let (_directory, directory) = made::database();
            std::fs::write(&path, tables::print(&dump(&directory))).unwrap();
        }
    });
    std::fs::read_to_string(path).unwrap()
}

fn held() -> Tables {
    tables::parse(&held_text())
}

/// A database of these tables, opened for reading.
fn opened(tables: &Tables) -> (TempDir, Result<Database>) {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path(), tables);
    let database = Options::new().read_only(true).open(directory.path());
    (directory, database)
}

/// What is wrong with a database of these tables: the kind of the error, or the findings.
fn fault(tables: &Tables) -> (Option<ErrorKind>, Vec<String>) {
    match opened(tables).1 {
        Err(error) => (Some(error.kind()), vec![error.to_string()]),
        Ok(database) => {
            let report = database.verify().unwrap();
            (None, report.findings.iter().map(ToString::to_string).collect())
        }
    }
}

#[test]
fn the_same_calls_write_the_tables_of_the_vector() {
    let (_directory, directory) = made::database();
    let (text, held) = (tables::print(&dump(&directory)), held_text());
    for (number, (made, held)) in text.lines().zip(held.lines()).enumerate() {
        assert_eq!(made, held, "entry {number}");
    }
    assert_eq!(text.lines().count(), held.lines().count());
}

#[test]
fn the_vector_opens_and_says_what_was_written() {
    let (_directory, database) = opened(&held());
    let database = database.unwrap();
    assert_eq!(database.verify().unwrap().findings, []);
    let store = database.store("default").unwrap();
    let main = store.branch("main").unwrap();
    let now = main.snapshot().unwrap();
    let text = |key: &str| now.get(key).unwrap().map(|record| record.text().unwrap().to_owned());
    assert_eq!(text("facts/drink").unwrap(), "The team drinks oolong.");
    assert_eq!(text("facts/city").unwrap(), made::LONG_LINE.repeat(made::LONG_LINES));
    assert_eq!(text("many/099").unwrap(), "Number 99.");
    assert_eq!(text("facts/old"), None);
    let log = store.log(main.head().unwrap().unwrap(), LogFilter::default()).unwrap();
    let messages: Vec<_> =
        log.map(|commit| commit.unwrap().message().unwrap().to_owned()).collect();
    let expected = ["Back to oolong", "Merge trial", "Try coffee", "Many", "First facts"];
    assert_eq!(messages, expected);
    assert!(store.refs().unwrap().iter().any(|named| named.name.as_str() == "v1"));
    let session = store.session("chat-812").unwrap().unwrap();
    assert_eq!((session.events(), session.facts().user.as_deref()), (2, Some("ana")));
}

#[test]
fn a_row_of_a_later_format_is_newer_and_a_row_of_none_is_damage() {
    for (format, kind) in [(2, ErrorKind::Newer), (255, ErrorKind::Newer), (0, ErrorKind::Corrupt)]
    {
        // The last row, which is read by `verify`; the first is beneath the watermark as well.
        let mut tables = held();
        let first = 1_u64 << 24;
        tables.get_mut("log").unwrap().get_mut(&first.to_be_bytes()[..]).unwrap()[0] = format;
        tables.get_mut("meta").unwrap().remove(&b"watermark"[..]);
        assert_eq!(fault(&tables).0, Some(kind), "format {format}");
    }
}

#[test]
fn every_changed_byte_of_a_row_is_found() {
    let sound = held();
    for (number, (key, value)) in sound["log"].iter().enumerate() {
        // One place per piece, another one in each.
        let at = (number * 131) % value.len();
        for flip in [1, 0x80] {
            let mut tables = sound.clone();
            tables.get_mut("log").unwrap().get_mut(key).unwrap()[at] ^= flip;
            let (kind, findings) = fault(&tables);
            assert!(kind.is_some() || !findings.is_empty(), "piece {number}, byte {at}");
        }
    }
}

#[test]
fn pieces_that_are_lacking_or_cut_are_found() {
    let sound = held();
    let keys: Vec<Vec<u8>> = sound["log"].keys().cloned().collect();
    for key in &keys {
        let mut lacking = sound.clone();
        lacking.get_mut("log").unwrap().remove(key);
        let mut cut = sound.clone();
        cut.get_mut("log").unwrap().get_mut(key).unwrap().pop();
        for tables in [lacking, cut] {
            let (kind, findings) = fault(&tables);
            assert!(kind.is_some() || !findings.is_empty(), "piece {key:?}");
        }
    }
}
