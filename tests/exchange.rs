//! What goes out comes back: histories, snapshots, Markdown folders, sessions.
#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;
use undream::{
    Author, Branch, CommitId, Database, Entry, ErrorKind, GitImport, HistoryFate, Kind, LogFilter,
    MarkdownImport, Resolution, SessionImport, Snapshot, Store, TranscriptFormat,
};

fn ana() -> Author {
    Author::person("ana")
}

/// A database with two stores, branches, a merge, a tag, a rename, a removal and sessions.
fn lively() -> Database {
    let db = Database::in_memory().unwrap();
    let store = db.store("default").unwrap();
    let main = store.branch("main").unwrap();
    put(&main, &[("facts/city", "Lisbon"), ("facts/drink", "oolong"), ("rules/a", "one")]);
    let base = main.head().unwrap().unwrap();
    let side = store.create_branch("side", base).unwrap();
    let mut tx = side.write().unwrap();
    tx.rename("facts/city", "places/office").unwrap();
    tx.remove("rules/a").unwrap();
    tx.commit(ana().message("side")).unwrap();
    put(&main, &[("facts/drink", "coffee")]);
    let mut merge = main.merge(&side).unwrap();
    merge.resolve(|_| Resolution::Theirs).unwrap();
    merge.commit(ana().message("merge").session("chat-1")).unwrap();
    store.create_tag("v1", base, &ana()).unwrap();
    let operation = store.operations().unwrap().next().unwrap().unwrap().id();
    store.undo(operation, &ana()).unwrap();
    import(&store, &[session("s:1", "hello"), session("s:2", "bye")]);
    import(&store, &[session("s:1", "hello again")]);
    let other = db.create_store("other", &ana()).unwrap();
    put(&other.branch("main").unwrap(), &[("x", "y")]);
    put(&main, &[("facts/tea", "green")]);
    db
}

fn put(branch: &Branch, entries: &[(&str, &str)]) -> CommitId {
    let mut tx = branch.write().unwrap();
    for (key, text) in entries {
        tx.put(key, *text).unwrap();
    }
    tx.commit(ana().message("put")).unwrap()
}

fn session(id: &str, text: &str) -> String {
    format!(
        "{{\"session_id\":\"{id}\",\"source\":\"t\",\"agent\":\"a\",\"model\":\"m\",\
         \"events\":[{{\"role\":\"user\",\"content\":\"{text}\"}}]}}\n"
    )
}

fn import(store: &Store, sessions: &[String]) -> undream::SessionImportReport {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sessions.jsonl");
    fs::write(&path, sessions.concat()).unwrap();
    SessionImport::new(TranscriptFormat::Auto).run(store, &path, &ana()).unwrap()
}

/// All that can be told apart: refs, operations, sessions, and the trees of all commits.
fn everything(db: &Database) -> String {
    let mut out = format!("{:?}\n", db.id());
    for name in db.stores().unwrap() {
        let store = db.store(name.as_str()).unwrap();
        let (refs, sessions) = (store.refs().unwrap(), store.session_ids().unwrap());
        writeln!(out, "{name} {refs:?}\n{sessions:?}").unwrap();
        for operation in store.operations().unwrap() {
            writeln!(out, "{}", operation.unwrap().id()).unwrap();
        }
        for reference in store.refs().unwrap() {
            for commit in store.log(reference.commit, LogFilter::default()).unwrap() {
                let commit = commit.unwrap();
                let snapshot = store.snapshot(commit.id()).unwrap();
                let content = content(&snapshot);
                writeln!(out, "{} {} {content:?}", commit.id(), commit.tree()).unwrap();
            }
        }
    }
    out
}

fn content(snapshot: &Snapshot) -> BTreeMap<String, Entry> {
    let entries = snapshot.entries("").map(Result::unwrap);
    entries.map(|(key, record)| (key.to_string(), record.to_entry().unwrap())).collect()
}

fn exported(db: &Database) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.jsonl");
    db.export_history(&mut fs::File::create(&path).unwrap()).unwrap();
    (directory, path)
}

#[test]
fn a_history_restored_into_an_empty_database_is_the_same_to_the_last_id() {
    let db = lively();
    let (directory, path) = exported(&db);
    for empty in [Database::in_memory(), Database::open(directory.path().join("db"))] {
        let empty = empty.unwrap();
        let report = empty.import_history(&path, &ana()).unwrap();
        assert_eq!((report.fate, report.commits), (HistoryFate::Restored, 6));
        assert_eq!(everything(&empty), everything(&db));
        let (_kept, again) = exported(&empty);
        assert_eq!(fs::read(&again).unwrap(), fs::read(&path).unwrap());
        put(&empty.store("default").unwrap().branch("main").unwrap(), &[("new", "works")]);
    }
    let reopened = Database::open(directory.path().join("db")).unwrap();
    let store = reopened.store("default").unwrap();
    assert_eq!(store.branch("main").unwrap().snapshot().unwrap().count("").unwrap(), 4);
    assert_eq!(reopened.id(), db.id());
}

#[test]
fn one_store_is_restored_with_equal_commits_and_a_chain_of_its_own() {
    let db = lively();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.jsonl");
    let store = db.store("default").unwrap();
    store.export_history(&mut fs::File::create(&path).unwrap()).unwrap();
    let empty = Database::open(directory.path().join("db")).unwrap();
    empty.import_history(&path, &ana()).unwrap();
    drop(empty);
    let again = Database::open(directory.path().join("db")).unwrap();
    assert_eq!(again.stores().unwrap().len(), 1);
    let again = again.store("default").unwrap();
    assert_eq!(again.refs().unwrap(), store.refs().unwrap());
    assert_eq!(again.session_ids().unwrap(), store.session_ids().unwrap());
    assert_eq!(again.operations().unwrap().map(Result::unwrap).count(), 11);
}

#[test]
fn every_cut_and_every_altered_byte_is_refused_and_nothing_is_written() {
    let (directory, path) = exported(&lively());
    let whole = fs::read(&path).unwrap();
    let bad = directory.path().join("bad.jsonl");
    let empty = Database::in_memory().unwrap();
    let before = everything(&empty);
    let mut ends: Vec<usize> =
        (0..whole.len()).filter(|at| *at == 0 || whole[at - 1] == b'\n').collect();
    ends.extend((1..whole.len()).step_by(997));
    for end in ends {
        fs::write(&bad, &whole[..end]).unwrap();
        assert!(empty.import_history(&bad, &ana()).is_err(), "cut at {end}");
    }
    for at in (0..whole.len()).step_by(211) {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        fs::write(&bad, &altered).unwrap();
        let error = empty.import_history(&bad, &ana()).unwrap_err();
        // A first line that is not right may be that of any file.
        let start = whole[..at].split(|byte| *byte == b'\n').count();
        if start > 1 && whole[at] != b'\n' {
            assert_eq!(error.kind(), ErrorKind::Corrupt);
            assert!(error.to_string().starts_with(&format!("line {start} of")), "{error}");
        }
    }

    assert_eq!(everything(&empty), before);
    empty.import_history(&path, &ana()).unwrap();
}

#[test]
fn a_copy_takes_in_what_it_lacks_and_keeps_what_it_has() {
    let db = lively();
    let (directory, path) = exported(&db);
    let copy = Database::open(directory.path().join("db")).unwrap();
    copy.import_history(&path, &ana()).unwrap();
    let (ours, theirs) = (copy.store("default").unwrap(), db.store("default").unwrap());
    let kept = put(&ours.branch("main").unwrap(), &[("only/here", "1")]);
    import(&ours, &[session("s:4", "of our own")]);
    let there = put(&theirs.branch("main").unwrap(), &[("only/there", "2")]);
    theirs.create_branch("fresh", there).unwrap();
    import(
        &theirs,
        &[session("s:3", "new"), session("s:2", "bye bye"), session("s:4", "of theirs")],
    );
    let (_kept, path) = exported(&db);
    let report = copy.import_history(&path, &ana()).unwrap();
    assert_eq!((report.fate, report.commits, report.known), (HistoryFate::Joined, 1, 6));
    assert_eq!((report.sessions, report.sessions_kept), (2, 1));
    assert_eq!(ours.branch("main").unwrap().head().unwrap(), Some(kept));
    assert_eq!(ours.branch("imported/main").unwrap().head().unwrap(), Some(there));
    assert_eq!(ours.branch("fresh").unwrap().head().unwrap(), Some(there));
    let (held, there) = (ours.session_ids().unwrap(), theirs.session_ids().unwrap());
    assert_eq!(held[..3], there[..3]);
    assert!(held.len() == 4 && held[3] != there[3]);
    let last = copy.feed().last().unwrap();
    let report = copy.import_history(&path, &ana()).unwrap();
    assert_eq!((report.commits, report.sessions, report.refs.len()), (0, 0, 0));
    assert_eq!(copy.feed().last().unwrap(), last);
}

#[test]
fn another_database_gets_the_history_as_new_commits_once() {
    let db = lively();
    let (_directory, path) = exported(&db);
    let other = Database::in_memory().unwrap();
    let store = other.store("default").unwrap();
    let own = put(&store.branch("main").unwrap(), &[("own", "stays")]);
    let report = other.import_history(&path, &ana()).unwrap();
    assert_eq!((report.fate, report.commits, report.sessions), (HistoryFate::Remade, 6, 3));
    assert_eq!(store.branch("main").unwrap().head().unwrap(), Some(own));
    let source = db.store("default").unwrap();
    for (theirs, ours) in [("main", "imported/main"), ("side", "side")] {
        let (a, b) = (source.branch(theirs).unwrap(), store.branch(ours).unwrap());
        assert_eq!(content(&a.snapshot().unwrap()), content(&b.snapshot().unwrap()));
        let log = |store: &Store, branch: &Branch| -> Vec<String> {
            let log = store.log(branch.head().unwrap().unwrap(), LogFilter::default()).unwrap();
            log.map(|commit| commit.unwrap().message().unwrap().to_owned()).collect()
        };
        assert_eq!(log(&source, &a), log(&store, &b));
    }
    let memory = |store: &Store, branch: &str| {
        let snapshot = store.branch(branch).unwrap().snapshot().unwrap();
        snapshot.get("places/office").unwrap().unwrap().memory()
    };
    assert_eq!(memory(&source, "main"), memory(&store, "imported/main"));
    let last = other.feed().last().unwrap();
    let report = other.import_history(&path, &ana()).unwrap();
    assert_eq!((report.commits, report.known, report.refs.len()), (0, 6, 0));
    assert_eq!(other.feed().last().unwrap(), last);
    put(&source.branch("main").unwrap(), &[("facts/tea", "black")]);
    let (_directory, path) = exported(&db);
    let report = other.import_history(&path, &ana()).unwrap();
    assert_eq!((report.commits, report.known, report.refs.len()), (1, 6, 1));
    let (a, b) = (source.branch("main").unwrap(), store.branch("imported/main").unwrap());
    assert_eq!(content(&a.snapshot().unwrap()), content(&b.snapshot().unwrap()));
}

#[test]
fn sessions_are_taken_in_once_and_overrides_hold() {
    let store = Database::in_memory().unwrap().store("default").unwrap();
    let report = import(&store, &[session("s:1", "a"), session("s:2", "b"), session("s:1", "c")]);
    assert_eq!((report.new, report.changed, report.known), (2, 1, 0));
    let report = import(&store, &[session("s:1", "c"), session("s:2", "b")]);
    assert_eq!((report.new, report.changed, report.known), (0, 0, 2));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.jsonl");
    let agent = "x".repeat(300);
    let long = session("s:4", "e").replace("\"a\"", &format!("\"{agent}\""));
    fs::write(&path, [session("s:3", "d"), long, "{broken\n".to_owned()].concat()).unwrap();
    let report = SessionImport::new(TranscriptFormat::Neutral)
        .user("bo")
        .project("p")
        .label("z")
        .label("a")
        .run(&store, &path, &ana())
        .unwrap();
    assert_eq!((report.new, report.reading.sessions, report.reading.damaged.len()), (1, 1, 2));
    let facts = store.session("s:3").unwrap().unwrap().facts().clone();
    assert_eq!((facts.user.as_deref(), facts.project.as_deref()), (Some("bo"), Some("p")));
    assert_eq!(facts.labels, ["a", "z"]);
}

#[test]
fn a_markdown_folder_is_edited_by_hand_and_brought_back() {
    let store = Database::in_memory().unwrap().store("default").unwrap();
    let main = store.branch("main").unwrap();
    put(&main, &[("a/b", "one"), ("c", "two"), ("d", "three")]);
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("notes");
    let export = main.snapshot().unwrap().export_markdown("", &folder).unwrap();
    assert_eq!(
        (export.memories, fs::read_to_string(folder.join("a/b.md")).unwrap()),
        (3, "one".into())
    );
    fs::write(folder.join("a/b.md"), "---\nkind: Odd Kind\nmood: calm\n---\nnew one").unwrap();
    fs::remove_file(folder.join("c.md")).unwrap();
    fs::write(folder.join("d.md"), b"\xff").unwrap();
    fs::write(folder.join("image.png"), b"\x89").unwrap();
    fs::create_dir(folder.join(".git")).unwrap();
    fs::write(folder.join(".git/x.md"), "hidden").unwrap();
    let report = MarkdownImport::new().run(&main, &folder, ana().message("edit")).unwrap();
    assert_eq!((report.added, report.changed, report.unchanged, report.removed), (0, 1, 0, 0));
    let named: Vec<&str> = report.skipped.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(named, ["a/b.md", "d.md", "image.png"]);
    let snapshot = main.snapshot().unwrap();
    assert_eq!(snapshot.get("a/b").unwrap().unwrap().attributes().unwrap()["mood"], "calm");
    let import = MarkdownImport::new().delete_missing("");
    let report = import.run(&main, &folder, ana().message("gone")).unwrap();
    assert_eq!((report.changed, report.unchanged, report.removed), (0, 1, 1));
    let left: Vec<_> = content(&main.snapshot().unwrap()).into_keys().collect();
    assert_eq!(left, ["a/b", "d"]);
    assert_eq!(import.run(&main, &folder, ana().message("again")).unwrap().commit, None);
    main.snapshot().unwrap().export_markdown("", &folder).unwrap();
    let full = main.snapshot().unwrap().export_markdown("", Path::new(directory.path()));
    assert_eq!(full.unwrap_err().kind(), ErrorKind::Invalid);
}

#[test]
fn a_wrong_line_is_named_and_nothing_is_written() {
    let store = Database::in_memory().unwrap().store("default").unwrap();
    let main = store.branch("main").unwrap();
    let good = "{\"key\":\"a\",\"text\":\"x\"}\n";
    for bad in
        ["{", "{\"key\":\"/\",\"text\":\"\"}", "{\"key\":\"b\"}", "{\"key\":\"a\",\"text\":\"y\"}"]
    {
        let text = format!("{good}\n{bad}\n");
        let error = main.import_jsonl(&mut text.as_bytes(), ana().message("m")).unwrap_err();
        assert!(error.to_string().starts_with("line 3:"), "{error}");
    }
    assert_eq!(main.head().unwrap(), None);
    let report = main.import_jsonl(&mut good.as_bytes(), ana().message("m")).unwrap();
    assert!(report.added == 1 && report.commit.is_some());
    let report = main.import_jsonl(&mut good.as_bytes(), ana().message("m")).unwrap();
    assert!(report.unchanged == 1 && report.commit.is_none());
}

fn entry() -> impl Strategy<Value = Entry> {
    let words = || prop_oneof![any::<String>(), "[-a-z: \r\n#'\"]{0,40}"];
    let kinds = prop_oneof![Just(Kind::NOTE), Just(Kind::RULE), Just(Kind::MISTAKE)];
    (
        words(),
        proptest::option::of(words()),
        kinds,
        proptest::collection::btree_set("[a-zA-Z,\"' :-]{1,12}", 0..4),
        proptest::option::of(words()),
        proptest::collection::btree_map("[a-zA-Z: _-]{1,10}", words(), 0..4),
    )
        .prop_map(|(text, title, kind, labels, context, attributes)| Entry {
            text,
            title,
            kind,
            labels: labels.into_iter().collect(),
            context,
            attributes,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_a_snapshot_holds_survives_json_lines_and_markdown(
        entries in proptest::collection::btree_map("[a-c]/[a-zé.%: ]{1,8}x", entry(), 1..6)
    ) {
        let store = Database::in_memory().unwrap().store("default").unwrap();
        let main = store.branch("main").unwrap();
        let mut tx = main.write().unwrap();
        for (key, entry) in &entries {
            tx.put(key, entry.clone()).unwrap();
        }
        tx.commit(ana().message("all")).unwrap();
        let before = content(&main.snapshot().unwrap());

        let mut lines = Vec::new();
        main.snapshot().unwrap().export_jsonl("", &mut lines).unwrap();
        let other = Database::in_memory().unwrap().store("default").unwrap();
        let copy = other.branch("main").unwrap();
        copy.import_jsonl(&mut lines.as_slice(), ana().message("in")).unwrap();
        prop_assert_eq!(content(&copy.snapshot().unwrap()), before.clone());

        let folder = tempfile::tempdir().unwrap();
        main.snapshot().unwrap().export_markdown("", folder.path()).unwrap();
        let other = Database::in_memory().unwrap().store("default").unwrap();
        let copy = other.branch("main").unwrap();
        let report =
            MarkdownImport::new().run(&copy, folder.path(), ana().message("in")).unwrap();
        prop_assert_eq!(report.skipped, vec![]);
        prop_assert_eq!(content(&copy.snapshot().unwrap()), before);
    }
}

#[test]
fn a_real_history_and_real_sessions_survive_export_and_import() {
    let Some(data) = std::env::var_os("UNDREAM_DATA") else {
        println!("skipped: UNDREAM_DATA is not set");
        return;
    };
    let data = Path::new(&data);
    let directory = tempfile::tempdir().unwrap();
    let clone = directory.path().join("clone");
    let bundle = data.join("git/mem-instructor-php.bundle");
    let git = std::process::Command::new("git")
        .args(["clone", "--quiet", "--bare"])
        .args([&bundle, &clone])
        .status();
    assert!(git.unwrap().success());
    let db = Database::open(directory.path().join("a")).unwrap();
    let store = db.store("default").unwrap();
    GitImport::new().run(&store, &clone, &ana()).unwrap();
    let sessions = data.join("sessions/medagent_haiku.jsonl.gz");
    SessionImport::new(TranscriptFormat::Auto).run(&store, &sessions, &ana()).unwrap();
    let (_kept, path) = exported(&db);
    let copy = Database::open(directory.path().join("b")).unwrap();
    let report = copy.import_history(&path, &ana()).unwrap();
    println!("{report:?}");
    assert_eq!(everything(&copy), everything(&db));
}
