//! Damage planted in a sound database, each kind of which `verify` must name.

use std::sync::Arc;
use std::time::Duration;

use super::disk::Disk;
use crate::engine::database::GENESIS;
use crate::engine::flush::Thresholds;
use crate::engine::row::{Row, RowEdit};
use crate::engine::state::{WATERMARK, ref_name};
use crate::engine::{Database, Options};
use crate::error::ErrorKind;
use crate::object::{
    Author, Cause, Commit, Entry, Genesis, Key, ObjectKind, Operation, OperationHeader,
    OperationKind, RefKind, RefMove, RefName, StoreName, Stored,
};
use crate::storage::{
    CommitId, Location, ObjectId, OperationId, RecordId, Shelf, TreeId, Writer, codec,
};

fn options() -> Options {
    let soon = Thresholds {
        tail_rows_max: 4,
        checkpoint_edits: 6,
        tail_rows_close: 1,
        ..Thresholds::default()
    };
    Options::new().thresholds(soon)
}

/// A flushed database with two branches on `disk`.
fn sound(disk: &Disk) {
    let db = options().on_backend(disk.clone()).unwrap();
    let store = db.store("default").unwrap();
    let main = store.branch("main").unwrap();
    for round in 0..12 {
        let mut tx = main.write().unwrap();
        tx.put(format!("k/{}", round % 5), Entry::fact(format!("{round}"))).unwrap();
        tx.commit(Author::agent("a").message("m")).unwrap();
    }
    store.create_branch("side", main.head().unwrap().unwrap()).unwrap();
}

fn open(disk: &Disk) -> Database {
    Options::new().on_backend(disk.clone()).unwrap()
}

/// Plants damage into a sound database and returns what `verify` finds.
fn found_after(plant: impl FnOnce(&Database, &Writer)) -> Vec<String> {
    let disk = Disk::new(Vec::new());
    sound(&disk);
    let db = open(&disk);
    assert_eq!(db.verify().unwrap().findings, [], "sound before");
    let writer = db.core().storage.write(Duration::ZERO).unwrap();
    plant(&db, &writer);
    writer.commit().unwrap();
    let report = db.verify().unwrap();
    assert!(!report.is_sound());
    report.findings.iter().map(ToString::to_string).collect()
}

fn assert_names(found: &[String], what: &str) {
    assert!(found.iter().any(|line| line.contains(what)), "{what}: {found:#?}");
}

fn head(db: &Database) -> CommitId {
    db.store("default").unwrap().branch("main").unwrap().head().unwrap().unwrap()
}

#[test]
fn damage_in_derived_tables_is_named() {
    let store = StoreName::default_store();
    let main = ref_name(&store, "main");
    let found = found_after(|db, writer| {
        let parent = db.core().commit(head(db)).unwrap().first_parent().unwrap();
        let value = codec::encode(&(RefKind::Branch, parent));
        writer.set_derived([(Shelf::Refs, main.as_slice(), Some(value.as_slice()))]).unwrap();
    });
    assert_names(&found, "is not what the log says");
    let found = found_after(|_, writer| {
        writer.set_derived([(Shelf::Refs, main.as_slice(), None)]).unwrap();
    });
    assert_names(&found, "is missing, though flushed");
    let found = found_after(|_, writer| {
        let name = ref_name(&store, "a-session");
        writer.set_derived([(Shelf::Sessions, name.as_slice(), Some(&[7; 32][..]))]).unwrap();
    });
    assert_names(&found, "is not in the log");
    let found = found_after(|db, writer| {
        let view = db.core().view().unwrap();
        let (home, _) = view.derived_under(Shelf::Homes, b"").unwrap().remove(0);
        writer.set_derived([(Shelf::Homes, home.as_slice(), None)]).unwrap();
    });
    assert_names(&found, "home of a memory");
    let found = found_after(|_, writer| {
        writer.set_meta(WATERMARK, &codec::encode(&1_000_u64)).unwrap();
    });
    assert_names(&found, "but the log ends at");
}

#[test]
fn a_wrong_index_entry_is_named() {
    let found = found_after(|db, writer| {
        let kind = ObjectKind::Commit as u8;
        let wrong = Location { kind, sequence: 1, offset: 41, length: 20 };
        writer.add_to_index(&mut [(head(db).object(), wrong)]).unwrap();
    });
    assert_names(&found, "leads to something else");
}

#[test]
fn a_damaged_node_is_named() {
    let found = found_after(|db, writer| {
        let view = db.core().view().unwrap();
        let (base, _) = view.derived_under(Shelf::Bases, b"").unwrap().pop().unwrap();
        let root = ObjectId::from_bytes(*base.last_chunk::<32>().unwrap());
        let mut bytes = view.node(&root).unwrap().unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        writer.add_nodes([(&root, bytes.as_slice())]).unwrap();
    });
    assert_names(&found, "is damaged");
}

/// A row with a forged commit on main, and its operation.
fn forge(db: &Database, tree: TreeId, edit: RowEdit, previous: Option<OperationId>) -> Row {
    let store = StoreName::default_store();
    let parent = head(db);
    let message = Author::agent("forger").message("forged");
    let cause = (Cause::Write, Vec::new());
    let commit =
        Commit::make(tree, vec![parent], &message, db.now(), cause, None, [0; 16]).unwrap();
    let header = OperationHeader {
        previous,
        at: db.now(),
        author: Author::agent("forger"),
        kind: OperationKind::Commit,
        store: store.clone(),
        moves: vec![RefMove {
            store: store.clone(),
            name: RefName::main(),
            kind: RefKind::Branch,
            from: Some(parent),
            to: Some(commit.id()),
        }],
        sessions: Vec::new(),
        message: None,
    };
    let mut row = Row::new(store);
    row.commit = Some(Arc::new(commit));
    row.operation = Some(Arc::new(Operation::make(header, None).unwrap()));
    row.edits = vec![edit];
    row
}

fn append(db: &Database, writer: &Writer, row: &Row) {
    let sequence = db.core().state().last + 1;
    let (head, body, _) = row.clone().encode(sequence).unwrap();
    writer.append(sequence, &head, &body).unwrap();
}

#[test]
fn forged_rows_are_named() {
    let edit = |before| RowEdit { key: Key::new("k/0").unwrap(), before, after: None };
    let newest = |db: &Database| db.core().state().last_operation;
    let at = |db: &Database| {
        let main = db.store("default").unwrap().branch("main").unwrap();
        main.snapshot().unwrap().get_id("k/0").unwrap()
    };
    let found = found_after(|db, writer| {
        let tree = db.core().commit(head(db)).unwrap().tree();
        append(db, writer, &forge(db, tree, edit(at(db)), newest(db)));
    });
    assert_names(&found, "has edits that do not give its tree");
    let found = found_after(|db, writer| {
        let tree = db.core().commit(head(db)).unwrap().tree();
        let lie = Some(RecordId::from_bytes([9; 32]));
        append(db, writer, &forge(db, tree, edit(lie), newest(db)));
    });
    assert_names(&found, "says something else stood at `k/0` before");
    let found = found_after(|db, writer| {
        let tree = db.core().commit(head(db)).unwrap().tree();
        append(db, writer, &forge(db, tree, edit(at(db)), None));
    });
    assert_names(&found, "does not name the operation before it");
}

#[test]
fn a_newer_format_is_told_apart_from_damage() {
    let disk = Disk::new(Vec::new());
    sound(&disk);
    let db = open(&disk);
    let mut genesis = db.core().storage.read().unwrap().meta(GENESIS).unwrap().unwrap();
    assert!(Genesis::decode(&genesis).is_ok() && Stored::decode(&genesis).is_ok());
    // Length of the header, its kind, then its format.
    genesis[5] += 1;
    let writer = db.core().storage.write(Duration::ZERO).unwrap();
    writer.set_meta(GENESIS, &genesis).unwrap();
    writer.commit().unwrap();
    drop(db);
    let error = Options::new().on_backend(disk).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Newer, "{error:?}");
}
