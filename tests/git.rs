//! What a git history becomes, on a repository made for the purpose.
#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use undream::{
    Author, Commit, Database, ErrorKind, GitImport, LogFilter, RefKind, SkippedFile, Store,
};

fn importer() -> Author {
    Author::program("import")
}

/// Feeds a stream to `git fast-import`. In `text`, `M mode path = content` writes a file.
fn feed(repository: &Path, text: &str) {
    if !repository.exists() {
        let made = Command::new("git").args(["init", "--quiet", "--bare"]).arg(repository).status();
        assert!(made.unwrap().success());
    }
    let mut child = Command::new("git")
        .arg("-C")
        .arg(repository)
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for line in text.lines() {
        let line = match line.split_once(" = ") {
            Some((file, content)) => {
                let (mode, path) = file[2..].split_once(' ').unwrap();
                format!("M {mode} inline {path}\ndata {}\n{content}\n", content.len())
            }
            None => match line.split_once(" : ") {
                Some((commit, message)) => {
                    let (reference, when) = commit.split_once(' ').unwrap();
                    format!(
                        "commit {reference}\nauthor Ana <ana@x> {when} +0000\n\
                         committer Bo <bo@x> 99 +0000\ndata {}\n{message}\n",
                        message.len()
                    )
                }
                None => format!("{line}\n"),
            },
        };
        input.write_all(line.as_bytes()).unwrap();
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

const LONG: &str = "a text that is long enough for git to see that it moved, if it moves";

/// A root, two sides, and a merge of three; another root; tags.
fn sample(repository: &Path) {
    let main = format!(
        "refs/heads/main 10 : root\nM 100644 a = {LONG}\nM 100644 dir/x = x\nM 100644 bin = \u{0}\n\
         M 120000 link = a\nM 100644 cafe\u{301} = coffee\n\
         refs/heads/side 20 : side\nfrom refs/heads/main\nR a b\nM 100644 new = from the side\n\
         refs/heads/third 30 : third\nfrom refs/heads/main\nM 100644 z = from the third\n\
         refs/heads/main 40 : main\nD dir/x\nM 100644 dir = a file now\nM 100755 bin = text now\n\
         refs/heads/main 50 : octopus\nmerge refs/heads/side\nmerge refs/heads/third\n\
         R a b\nM 100644 new = from the side\nM 100644 z = from the third, and more\n\
         refs/heads/orphan 60 : orphan\nM 100644 alone = yes\n\
         reset refs/tags/light\nfrom refs/heads/side\n\
         tag main\nfrom refs/heads/third\ntagger Bo <bo@x> 99 +0000\ndata 4\nnote\n"
    );
    feed(repository, &main);
}

fn imported() -> (tempfile::TempDir, Store, undream::GitImportReport) {
    let directory = tempfile::tempdir().unwrap();
    sample(&directory.path().join("git"));
    let store = Database::in_memory().unwrap().store("default").unwrap();
    let report = GitImport::new().run(&store, directory.path().join("git"), &importer()).unwrap();
    (directory, store, report)
}

fn texts(store: &Store, revision: &str) -> BTreeMap<String, String> {
    let commit = store.resolve(revision).unwrap().commit;
    let entries = store.snapshot(commit).unwrap().entries("").map(Result::unwrap);
    entries.map(|(key, record)| (key.to_string(), record.text().unwrap().to_owned())).collect()
}

#[test]
fn a_history_with_every_oddity_is_replayed() {
    let (_directory, store, report) = imported();
    assert_eq!((report.commits, report.known, report.renames), (6, 0, 2));
    let skipped = [(SkippedFile::Binary, 1), (SkippedFile::NoFile, 1)];
    assert_eq!(report.skipped, BTreeMap::from(skipped));
    let refs: Vec<_> = store.refs().unwrap();
    let names: Vec<&str> = refs.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["light", "main", "orphan", "side", "tags/main", "third"]);
    assert!(refs[0].kind == RefKind::Tag && refs[4].kind == RefKind::Tag);
    assert_eq!((refs[0].commit, refs[4].commit), (refs[3].commit, refs[5].commit));
    let expected = [
        ("b", LONG),
        ("bin", "text now"),
        ("caf\u{e9}", "coffee"),
        ("dir", "a file now"),
        ("new", "from the side"),
        ("z", "from the third, and more"),
    ];
    let expected = expected.map(|(key, text)| (key.to_owned(), text.to_owned()));
    assert_eq!(texts(&store, "main"), BTreeMap::from(expected));
    assert_eq!(texts(&store, "orphan").len(), 1);
}

#[test]
fn a_merge_brings_the_memories_of_its_other_parents() {
    let (_directory, store, _) = imported();
    let record = |revision: &str, key: &str| {
        let commit = store.resolve(revision).unwrap().commit;
        store.snapshot(commit).unwrap().get(key).unwrap().unwrap()
    };
    assert_eq!(record("main", "new").id(), record("side", "new").id());
    assert_eq!(record("main", "b").id(), record("side", "b").id());
    assert_eq!(record("main", "b").id(), record("main~2", "a").id());
    let (merged, third) = (record("main", "z"), record("third", "z"));
    assert_eq!((merged.memory(), merged.previous()), (third.memory(), &[third.id()][..]));
}

#[test]
fn commits_keep_parents_authors_and_times() {
    let (_directory, store, _) = imported();
    let head = store.commit(store.branch("main").unwrap().head().unwrap().unwrap()).unwrap();
    let parents: Vec<_> =
        head.parents().iter().map(|parent| store.commit(*parent).unwrap()).collect();
    let messages: Vec<_> = parents.iter().map(|parent| parent.message().unwrap()).collect();
    assert_eq!(messages, ["main", "side", "third"]);
    assert_eq!((head.author().name(), head.authored().as_seconds()), ("Ana", 50));
    let log = store.log(head.id(), LogFilter::default()).unwrap().map(Result::unwrap);
    let roots = log.filter(|commit: &std::sync::Arc<Commit>| commit.parents().is_empty());
    assert_eq!(roots.count(), 1);
}

#[test]
fn a_grown_repository_is_imported_from_where_it_was() {
    let (directory, store, _) = imported();
    let git = directory.path().join("git");
    let before = store.branch("main").unwrap().head().unwrap();
    feed(
        &git,
        "refs/heads/main 70 : more\nfrom refs/heads/main^0\nM 100644 dir = x\n\
         M 100644 again = from the third\n",
    );
    let report = GitImport::new().run(&store, &git, &importer()).unwrap();
    assert_eq!((report.commits, report.known, report.records), (1, 6, 2));
    let head = store.commit(store.branch("main").unwrap().head().unwrap().unwrap()).unwrap();
    assert_eq!(head.first_parent(), before);
    assert_eq!(texts(&store, "main")["again"], "from the third");
    feed(&git, "refs/heads/main 80 : back\nfrom refs/heads/main^0\nM 100644 dir = a file now\n");
    let report = GitImport::new().run(&store, &git, &importer()).unwrap();
    assert_eq!((report.commits, report.records), (1, 0), "the old text has its record");
}

#[test]
fn a_branch_that_went_its_own_way_is_not_moved() {
    let (directory, store, _) = imported();
    let main = store.branch("main").unwrap();
    let mut tx = main.write().unwrap();
    tx.put("mine", "stays").unwrap();
    let mine = tx.commit(importer().message("mine")).unwrap();
    let git = directory.path().join("git");
    feed(&git, "refs/heads/side 70 : more\nfrom refs/heads/side^0\nM 100644 new = x\n");
    let side = store.branch("side").unwrap().head().unwrap();
    let error = GitImport::new().run(&store, &git, &importer()).unwrap_err();
    assert_eq!((error.kind(), error.candidates()), (ErrorKind::Invalid, &["main".to_owned()][..]));
    assert_eq!(main.head().unwrap(), Some(mine));
    assert_eq!(store.branch("side").unwrap().head().unwrap(), side);
    let report = GitImport::new().branch("side").run(&store, &git, &importer()).unwrap();
    assert_eq!(report.refs.iter().map(ToString::to_string).collect::<Vec<_>>(), ["side"]);
}

#[test]
fn one_branch_can_be_had_alone() {
    let directory = tempfile::tempdir().unwrap();
    let git = directory.path().join("git");
    sample(&git);
    let store = Database::in_memory().unwrap().store("default").unwrap();
    let report = GitImport::new().branch("side").run(&store, &git, &importer()).unwrap();
    assert_eq!((report.commits, store.refs().unwrap().len()), (2, 1));
    let error = GitImport::new().branch("nowhere").run(&store, &git, &importer()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
}

#[test]
fn a_memory_stands_at_one_key_though_a_merge_keeps_both_files() {
    let directory = tempfile::tempdir().unwrap();
    let git = directory.path().join("git");
    let history = format!(
        "refs/heads/main 10 : root\nM 100644 a = {LONG}\n\
         refs/heads/side 20 : side\nfrom refs/heads/main\nM 100644 a = {LONG}!\n\
         refs/heads/main 30 : main\nR a b\n\
         refs/heads/main 40 : merge\nmerge refs/heads/side\nM 100644 a = {LONG}!\n"
    );
    feed(&git, &history);
    let store = Database::in_memory().unwrap().store("default").unwrap();
    GitImport::new().run(&store, &git, &importer()).unwrap();
    let snapshot = store.branch("main").unwrap().snapshot().unwrap();
    let memory = |key| snapshot.get(key).unwrap().unwrap().memory();
    assert_ne!(memory("a"), memory("b"));
    let side = store.branch("side").unwrap().snapshot().unwrap();
    assert_eq!(memory("b"), side.get("a").unwrap().unwrap().memory());
}
