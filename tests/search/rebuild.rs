//! The index may be deleted or damaged at any time.

use std::fs;
use std::path::{Path, PathBuf};

use undream::{Database, Search, Snapshot};

use crate::equality::{assert_equal, run};
use crate::oracle::Oracle;
use crate::walk::Walk;

/// A database with a history and a finished index.
fn indexed(dir: &Path) -> Snapshot {
    let database = Database::open(dir).unwrap();
    let mut walk = Walk::new(&database, 4);
    let search = Search::open(&database).unwrap();
    for step in 0..12 {
        walk.step(40);
        if step % 4 == 0 {
            search.catch_up().unwrap();
        }
    }
    search.catch_up().unwrap();
    walk.store.snapshot(*walk.commits.last().unwrap()).unwrap()
}

fn index_files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir.join("search/index")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.is_file() && fs::metadata(path).unwrap().len() > 0);
    files.sort();
    files
}

fn assert_searchable(dir: &Path, snapshot: &Snapshot, oracle: &Oracle) {
    let database = Database::open(dir).unwrap();
    let store = database.store("default").unwrap();
    let snapshot = store.snapshot(snapshot.id().unwrap()).unwrap();
    let search = Search::open(&database).unwrap();
    assert_equal(&search, &snapshot, oracle, "tea cache deploy");
    search.catch_up().unwrap();
    assert_eq!(search.lag().unwrap(), 0);
    drop(search);
    let search = Search::open(&database).unwrap();
    assert_eq!(search.lag().unwrap(), 0, "the index on disk is whole again");
    assert_equal(&search, &snapshot, oracle, "office branch");
}

#[test]
fn a_deleted_index_is_built_anew() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = indexed(dir.path());
    let oracle = Oracle::of(&snapshot);
    fs::remove_dir_all(dir.path().join("search")).unwrap();
    assert_searchable(dir.path(), &snapshot, &oracle);
}

#[test]
fn an_index_cut_anywhere_is_built_anew() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = indexed(dir.path());
    let oracle = Oracle::of(&snapshot);
    for at in 0..index_files(dir.path()).len() {
        let files = index_files(dir.path());
        let Some(path) = files.get(at) else { break };
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(fs::metadata(path).unwrap().len() / 2).unwrap();
        assert_searchable(dir.path(), &snapshot, &oracle);
    }
}

#[test]
fn an_index_of_another_version_or_database_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = indexed(dir.path());
    let oracle = Oracle::of(&snapshot);
    let meta = dir.path().join("search/index/meta.json");
    let text = fs::read_to_string(&meta).unwrap();
    let other = text.replace("undream search ", "undream search 9");
    assert_ne!(other, text, "the index says which version wrote it");
    fs::write(&meta, other).unwrap();
    let database = Database::open(dir.path()).unwrap();
    assert!(Search::open(&database).unwrap().lag().unwrap() > 0);
    drop(database);
    assert_searchable(dir.path(), &snapshot, &oracle);
}

#[test]
fn an_index_that_vanishes_while_it_is_open_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let snapshot = indexed(dir.path());
    let database = Database::open(dir.path()).unwrap();
    let store = database.store("default").unwrap();
    let snapshot = store.snapshot(snapshot.id().unwrap()).unwrap();
    let search = Search::open(&database).unwrap();
    let before = run(&search, &snapshot, "tea", 50);
    fs::remove_dir_all(dir.path().join("search")).unwrap();
    assert_eq!(run(&search, &snapshot, "tea", 50), before);
    search.catch_up().unwrap();
    assert_eq!(run(&search, &snapshot, "tea", 50), before);
}
