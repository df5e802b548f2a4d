//! A database to serve: memories, sessions, and a dream of main with proposals.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use undream::{
    Author, Database, Dream, Entry, Event, Mine, NewSession, Role, SessionFacts, Store, ToolCall,
};

pub(crate) struct Shelf {
    _directory: tempfile::TempDir,
    pub(crate) path: PathBuf,
}

impl Shelf {
    /// A database with three memories.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("db");
        let shelf = Self { _directory: directory, path };
        let database = undream::Options::new().create(&shelf.path).unwrap();
        let main = database.store("default").unwrap().branch("main").unwrap();
        let mut tx = main.write().unwrap();
        tx.put("facts/city", Entry::fact("The office is in Lisbon.")).unwrap();
        tx.put("facts/tea", Entry::fact("The office drinks oolong tea.")).unwrap();
        tx.put("rules/polite", Entry::rule("Greet before asking.")).unwrap();
        tx.commit(Author::person("ana").message("First facts")).unwrap();
        shelf
    }

    /// The same with six sessions and a dream over them that waits for review.
    pub(crate) fn dreamt() -> Self {
        let shelf = Self::new();
        let store = shelf.store();
        let sessions: Vec<_> = (1..=6).map(session).collect();
        store.import_sessions(&sessions, &Author::program("importer")).unwrap();
        let main = store.branch("main").unwrap();
        let dream = Dream::on(&main).curator(Mine::default()).run().unwrap();
        assert!(dream.manifest().unwrap().proposals > 0);
        shelf
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn store(&self) -> Store {
        Database::open(&self.path).unwrap().store("default").unwrap()
    }

    pub(crate) fn text(&self, branch: &str, key: &str) -> Option<String> {
        let snapshot = self.store().branch(branch).unwrap().snapshot().unwrap();
        snapshot.get(key).unwrap().map(|record| record.text().unwrap().to_owned())
    }

    pub(crate) fn record(&self, branch: &str, key: &str) -> String {
        let snapshot = self.store().branch(branch).unwrap().snapshot().unwrap();
        snapshot.get_id(key).unwrap().unwrap().to_string()
    }

    /// Where every branch and tag is, and the last operation.
    pub(crate) fn places(&self) -> BTreeMap<String, String> {
        let store = self.store();
        let mut places: BTreeMap<_, _> = store
            .refs()
            .unwrap()
            .into_iter()
            .map(|found| (found.name.to_string(), found.commit.to_string()))
            .collect();
        let last = store.operations().unwrap().next().unwrap().unwrap();
        places.insert("operations".to_owned(), last.id().to_string());
        places
    }
}

fn session(number: u32) -> NewSession {
    let call = |args: &str, result: &str, is_error| {
        Event::called(ToolCall {
            tool: "Bash".to_owned(),
            args: format!("{{\"command\":\"{args}\"}}"),
            result: result.to_owned(),
            is_error,
            call_id: None,
        })
    };
    let facts = SessionFacts {
        id: format!("chat-{number}"),
        source: "test".to_owned(),
        agent: "scribe".to_owned(),
        project: Some("press".to_owned()),
        ..SessionFacts::default()
    };
    let events = vec![
        Event::said(Role::User, format!("Please publish issue {number}.")),
        call("press publish", "error: the printer queue is locked, pass --drain first", true),
        call("press publish --drain", "published", false),
        Event::said(Role::Assistant, "Published."),
    ];
    NewSession { facts, events, extra: None }
}
