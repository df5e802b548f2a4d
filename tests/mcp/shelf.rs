//! A database to serve: memories, sessions, and a dream of main with proposals.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use undream::{Author, Database, Dream, Entry, Mine, Store};

use crate::press;

/// The store that is served unless another one is named.
const STORE: &str = "default";

pub(crate) struct Shelf {
    _directory: tempfile::TempDir,
    pub(crate) path: PathBuf,
    served: &'static str,
}

impl Shelf {
    /// A database with three memories.
    pub(crate) fn new() -> Self {
        Self::serving(STORE)
    }

    /// A database with three memories in its first store and in the one that is `served`.
    fn serving(served: &'static str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("db");
        let shelf = Self { _directory: directory, path, served };
        let database = undream::Options::new().create(&shelf.path).unwrap();
        write_first_facts(&database.store(STORE).unwrap());
        if served != STORE {
            write_first_facts(&database.create_store(served, &Author::person("ana")).unwrap());
        }
        shelf
    }

    /// The same with six sessions and a dream over them that waits for review.
    pub(crate) fn dreamt() -> Self {
        Self::dreamt_in(STORE)
    }

    /// The same where another store is served: what was dreamt lies in that one.
    pub(crate) fn dreamt_in(served: &'static str) -> Self {
        let shelf = Self::serving(served);
        shelf.import("press", "chat");
        let main = shelf.store().branch("main").unwrap();
        let dream = Dream::on(&main).curator(Mine::default()).run().unwrap();
        assert!(dream.manifest().unwrap().proposals > 0);
        shelf
    }

    /// Takes in sessions with `tool`, called `name` and a number.
    pub(crate) fn import(&self, tool: &str, name: &str) {
        let sessions = press::sessions(tool, name);
        self.store().import_sessions(&sessions, &Author::program("importer")).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn store(&self) -> Store {
        Database::open(&self.path).unwrap().store(self.served).unwrap()
    }

    pub(crate) fn text(&self, branch: &str, key: &str) -> Option<String> {
        let snapshot = self.store().branch(branch).unwrap().snapshot().unwrap();
        snapshot.get(key).unwrap().map(|record| record.text().unwrap().to_owned())
    }

    pub(crate) fn record(&self, branch: &str, key: &str) -> String {
        let snapshot = self.store().branch(branch).unwrap().snapshot().unwrap();
        snapshot.get_id(key).unwrap().unwrap().to_string()
    }

    /// Where every branch and tag is, with its store if that is not the one that is served, and the
    /// last operation.
    pub(crate) fn places(&self) -> BTreeMap<String, String> {
        let mut places = BTreeMap::new();
        let database = Database::open(&self.path).unwrap();
        for store in database.stores().unwrap() {
            let store = database.store(store.as_str()).unwrap();
            let other = store.name().as_str() != self.served;
            let named = |name: &str| {
                if other { format!("{}: {name}", store.name()) } else { name.to_owned() }
            };
            for found in store.refs().unwrap() {
                places.insert(named(found.name.as_str()), found.commit.to_string());
            }
        }
        let last = self.store().operations().unwrap().next().unwrap().unwrap();
        places.insert("operations".to_owned(), last.id().to_string());
        places
    }
}

fn write_first_facts(store: &Store) {
    let mut tx = store.branch("main").unwrap().write().unwrap();
    tx.put("facts/city", Entry::fact("The office is in Lisbon.")).unwrap();
    tx.put("facts/tea", Entry::fact("The office drinks oolong tea.")).unwrap();
    tx.put("rules/polite", Entry::rule("Greet before asking.")).unwrap();
    tx.commit(Author::person("ana").message("First facts")).unwrap();
}
