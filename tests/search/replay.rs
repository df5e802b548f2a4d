//! A real history, replayed from git: searched at random commits against a stock index.

use std::path::{Path, PathBuf};
use std::process::Command;

use undream::{Author, Database, Entry, Search, Transaction};

use crate::equality::assert_equal;
use crate::oracle::Oracle;
use crate::walk::Walk;

const COMMITS: usize = 300;

fn git(dir: &Path, args: &[&str]) -> Vec<u8> {
    let output = Command::new("git").current_dir(dir).args(args).output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn git_text(dir: &Path, args: &[&str]) -> String {
    String::from_utf8_lossy(&git(dir, args)).into_owned()
}

/// Puts or removes what one commit changed; files that are no memories are left out.
fn apply(dir: &Path, commit: &str, tx: &mut Transaction) {
    let args = [
        "diff-tree",
        "--root",
        "-r",
        "-m",
        "--first-parent",
        "-z",
        "--no-commit-id",
        "--no-renames",
        commit,
    ];
    let text = git_text(dir, &args);
    let mut fields = text.split('\0');
    while let (Some(header), Some(path)) = (fields.next(), fields.next()) {
        let blob = header.split(' ').nth(3).unwrap();
        let file = header.starts_with(":100") || header.contains(" 100");
        if header.ends_with('D') {
            // Nothing stands there if the file was left out.
            drop(tx.remove(path));
        } else if file && let Ok(text) = String::from_utf8(git(dir, &["cat-file", "blob", blob])) {
            // A path that is no key, or a folder that was a file: left out.
            drop(tx.put(path, Entry::new(text)));
        }
    }
}

#[test]
fn a_replayed_history_is_searched_exactly_at_any_commit() {
    let Some(data) = std::env::var_os("UNDREAM_DATA").map(PathBuf::from) else {
        println!("skipped: UNDREAM_DATA is not set");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let clone = dir.path().join("clone");
    let bundle = data.join("git/github-gitignore.bundle");
    git(
        dir.path(),
        &["clone", "-q", "--no-checkout", bundle.to_str().unwrap(), clone.to_str().unwrap()],
    );
    let list = git_text(&clone, &["rev-list", "--first-parent", "--reverse", "HEAD"]);
    let database = Database::open(dir.path().join("database")).unwrap();
    let search = Search::open(&database).unwrap();
    let mut walk = Walk::new(&database, 5);
    let main = walk.store.branch("main").unwrap();
    for commit in list.lines().take(COMMITS) {
        let mut tx = main.write().unwrap();
        apply(&clone, commit, &mut tx);
        walk.commits.push(tx.commit(Author::person("replay").message(commit)).unwrap());
    }
    let queries =
        ["build output", "python cache", "ignore log files", "node modules", "xcode user data"];
    for _ in 0..20 {
        let commit = walk.any_commit();
        let snapshot = walk.store.snapshot(commit).unwrap();
        let oracle = Oracle::of(&snapshot);
        for query in queries {
            assert_equal(&search, &snapshot, &oracle, query);
        }
    }
}
