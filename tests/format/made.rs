//! The database of the vector, made with a fixed clock and fixed chance.

use std::path::PathBuf;

use tempfile::TempDir;
use undream::{
    Author, Entry, Event, FixedClock, NewSession, Options, Outcome, Resolution, Role,
    SeededEntropy, SessionFacts, Time, ToolCall,
};

/// A text that takes more than one piece of a row.
pub(crate) const LONG_LINE: &str = "The office is in Lisbon.\n";
pub(crate) const LONG_LINES: usize = 120;

fn session() -> NewSession {
    let facts = SessionFacts {
        id: "chat-812".to_owned(),
        source: "neutral".to_owned(),
        agent: "scribe".to_owned(),
        user: Some("ana".to_owned()),
        labels: vec!["office".to_owned(), "move".to_owned()],
        outcome: Some(Outcome::Success),
        ..SessionFacts::default()
    };
    let call = ToolCall { tool: "ls".to_owned(), args: "{}".to_owned(), ..ToolCall::default() };
    let events = vec![Event::said(Role::User, "Where is the office?"), Event::called(call)];
    NewSession { facts, events, extra: None }
}

/// A backup of a small database: what is derived in it depends on nothing but the rows.
pub(crate) fn database() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let start = Time::parse("2026-11-05T12:00:00Z").unwrap();
    let database = Options::new()
        .clock(FixedClock::new(start, 1_000_000))
        .entropy(SeededEntropy::new(3))
        .author(Author::person("ana"))
        .create(directory.path().join("made"))
        .unwrap();
    let store = database.store("default").unwrap();
    let main = store.branch("main").unwrap();
    let scribe = Author::agent("scribe");

    let mut tx = main.write().unwrap();
    tx.put("facts/city", Entry::fact(LONG_LINE.repeat(LONG_LINES))).unwrap();
    tx.put("facts/drink", Entry::fact("The team drinks oolong.").label("tea")).unwrap();
    tx.put("facts/old", Entry::fact("The old office was in Porto.")).unwrap();
    let first = tx.commit(scribe.message("First facts").session("chat-812")).unwrap();
    let mut tx = main.write().unwrap();
    for number in 0..100 {
        tx.put(format!("many/{number:03}"), Entry::new(format!("Number {number}."))).unwrap();
    }
    tx.commit(scribe.message("Many")).unwrap();
    store.import_sessions(&[session()], &Author::program("importer")).unwrap();
    store.create_tag("v1", first, &Author::person("ana")).unwrap();

    let head = main.head().unwrap().unwrap();
    let trial = store.create_branch("trial", head).unwrap();
    let mut tx = trial.write().unwrap();
    tx.put("facts/drink", Entry::fact("The team drinks coffee.")).unwrap();
    tx.remove("facts/old").unwrap();
    tx.rename("many/007", "few/007").unwrap();
    tx.commit(scribe.message("Try coffee")).unwrap();
    let mut merge = main.merge(&trial).unwrap();
    merge.resolve(|_conflict| Resolution::Theirs).unwrap();
    merge.commit(scribe.message("Merge trial")).unwrap();
    let mut tx = main.write().unwrap();
    tx.put("facts/drink", Entry::fact("The team drinks oolong.").attribute("since", "2026"))
        .unwrap();
    tx.commit(Author::person("ana").message("Back to oolong")).unwrap();

    let tried = trial.head().unwrap().unwrap();
    store.delete_ref("trial", tried, &Author::person("ana")).unwrap();
    let other = database.create_store("other", &Author::person("ana")).unwrap();
    let mut tx = other.branch("main").unwrap().write().unwrap();
    tx.put("note", "Of another store.").unwrap();
    tx.commit(scribe.message("Elsewhere")).unwrap();
    database.delete_store("other", &Author::person("ana")).unwrap();

    let backup = directory.path().join("backup");
    database.backup(&backup).unwrap();
    (directory, backup)
}
