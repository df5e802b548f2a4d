//! Damage planted in a sound database, each kind of which `verify` must name.

use std::sync::Arc;
use std::time::Duration;

use super::disk::Disk;
use crate::engine::database::GENESIS;
use crate::engine::flush::Thresholds;
use crate::engine::row::{Row, RowEdit, RowHead};
use crate::engine::state::{WATERMARK, ref_name};
use crate::engine::{Database, Options};
use crate::error::ErrorKind;
use crate::memory_tool::MemoryTool;
use crate::object::{
    Author, Cause, Commit, Entry, Genesis, Key, ObjectKind, Operation, OperationHeader,
    OperationKind, RefKind, RefMove, RefName, StoreName, Stored,
};
use crate::storage::{
    CommitId, Location, MemoryId, ObjectId, OperationId, RecordId, Shelf, TreeId, Writer, codec,
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

/// The object of a golden vector.
fn vector(name: &str) -> Stored {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format/objects");
    let text = std::fs::read_to_string(folder.join(format!("{name}.hex"))).unwrap();
    let (_, hex) = text.split_once("\n\n").unwrap();
    let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    Stored::decode(&digits.chunks(2).map(byte).collect::<Vec<_>>()).unwrap()
}

#[test]
fn a_text_that_no_tombstone_accounts_for_is_named() {
    let gone = vector("record-1-erased");
    let grave = vector("tombstone-1-record");
    let other = vector("tombstone-1");
    let row = |objects: &[&Stored]| {
        let mut row = Row::new(StoreName::default_store());
        row.objects = objects.iter().map(|stored| (stored.id(), (*stored).clone())).collect();
        row
    };
    // A tombstone that is there, and names another object.
    let mut bytes = gone.encode();
    let at = bytes.windows(32).position(|bytes| bytes == grave.id().as_bytes()).unwrap();
    bytes[at..at + 32].copy_from_slice(other.id().as_bytes());
    let elsewhere = Stored::decode(&bytes).unwrap();
    for objects in [&[&gone][..], &[&gone, &other], &[&elsewhere, &other]] {
        let found = found_after(|db, writer| append(db, writer, &row(objects)));
        assert_names(&found, "does not account for");
    }
    let disk = Disk::new(Vec::new());
    sound(&disk);
    let db = open(&disk);
    let writer = db.core().storage.write(Duration::ZERO).unwrap();
    append(&db, &writer, &row(&[&gone, &grave]));
    writer.commit().unwrap();
    assert_eq!(db.verify().unwrap().findings, []);
    drop(db);
    let store = open(&disk).store("default").unwrap();
    let record = store.record(gone.id().into()).unwrap();
    assert_eq!(record.text().unwrap_err().kind(), ErrorKind::Redacted);
    let grave = store.tombstone(record.tombstone().unwrap()).unwrap();
    assert_eq!((grave.author().name(), grave.reason()), ("ana", Some("Wrong office hours.")));
    let error = store.tombstone(record.id().object().into()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
}

#[test]
fn a_memory_whose_text_was_erased_is_listed_and_deleted_but_not_read() {
    let (gone, grave) = (vector("record-1-erased"), vector("tombstone-1-record"));
    let disk = Disk::new(Vec::new());
    sound(&disk);
    let db = open(&disk);
    let writer = db.core().storage.write(Duration::ZERO).unwrap();
    let mut row = Row::new(StoreName::default_store());
    row.objects = [&gone, &grave].map(|stored| (stored.id(), stored.clone())).into();
    append(&db, &writer, &row);
    writer.commit().unwrap();
    drop(db);
    let main = open(&disk).store("default").unwrap().branch("main").unwrap();
    let mut tx = main.write().unwrap();
    tx.place(Key::new("gone/hours").unwrap(), Some(gone.id().into())).unwrap();
    tx.commit(Author::person("ana").message("placed")).unwrap();

    let tool = MemoryTool::on(&main, Author::agent("scribe"));
    let run = |json: &str| tool.run(&json.parse().unwrap());
    let listing = run(r#"{"command": "view", "path": "/memories/gone"}"#).unwrap();
    assert!(listing.ends_with("\n0B\t/memories/gone/hours"), "{listing}");
    for refused in [
        r#"{"command": "view", "path": "/memories/gone/hours"}"#,
        r#"{"command": "insert", "path": "/memories/gone/hours", "insert_line": 0, "insert_text": "x"}"#,
    ] {
        assert_eq!(run(refused).unwrap_err().kind(), ErrorKind::Redacted, "{refused}");
    }
    run(r#"{"command": "rename", "old_path": "/memories/gone", "new_path": "/memories/went"}"#)
        .unwrap();
    run(r#"{"command": "delete", "path": "/memories/went/hours"}"#).unwrap();
    assert!(main.snapshot().unwrap().get_id("went/hours").unwrap().is_none());
}

#[test]
fn a_row_that_is_not_what_its_head_says_is_refused() {
    let record = vector("record-1-plain");
    let id = RecordId::from(record.id());
    let edit = |key: &str, after| RowEdit { key: Key::new(key).unwrap(), before: None, after };
    let kind = ObjectKind::Record as u8;
    let length = record.encode().len() as u32;
    let sound = RowHead {
        store: StoreName::default_store(),
        objects: vec![(kind, length)],
        edits: vec![edit("a", Some(id)), edit("b", Some(id))],
        homes: Vec::new(),
    };
    let heads = [
        (RowHead { objects: vec![(ObjectKind::Commit as u8, length)], ..sound.clone() }, "kind"),
        (RowHead { objects: vec![(kind, length - 1)], ..sound.clone() }, "truncated"),
        (RowHead { objects: Vec::new(), ..sound.clone() }, "more than it lists"),
        (RowHead { objects: vec![(kind, length); 2], ..sound.clone() }, "lists more"),
        (
            RowHead {
                edits: vec![sound.edits[1].clone(), sound.edits[0].clone()],
                ..sound.clone()
            },
            "edits of row",
        ),
        (RowHead { edits: vec![sound.edits[0].clone(); 2], ..sound.clone() }, "edits of row"),
        (RowHead { edits: vec![edit("a", None)], ..sound.clone() }, "edits of row"),
        (RowHead { homes: vec![(MemoryId::from_bytes([1; 16]), 2)], ..sound }, "does not have"),
    ];
    for (head, what) in heads {
        let found = found_after(|db, writer| {
            let sequence = db.core().state().last + 1;
            writer.append(sequence, &codec::encode(&head), &record.encode()).unwrap();
        });
        assert_names(&found, what);
    }
}
