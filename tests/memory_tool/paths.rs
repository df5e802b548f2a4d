//! No path leads out of the root.

use proptest::prelude::*;
use serde_json::{Value, json};
use undream::{Author, Branch, ErrorKind, MemoryTool, Options};

use super::{Bench, create, delete, insert, rename, replace, view};

const OUTSIDE: [&str; 18] = [
    "",
    "/",
    "//memories/a",
    "memories",
    "memories/a",
    "/memoriesX/a",
    "/memories-2/a",
    "/etc/passwd",
    "/memories/../outside",
    "/memories/a/../../outside",
    "/memories/..",
    "/memories\\..\\outside",
    "/memories/%2e%2e/outside",
    "/memories/.%2E/outside",
    "/memories%2Foutside",
    "/memories/a%5c..%5Coutside",
    "/memories/a\u{0}",
    "/memories/\u{200b}",
];

#[test]
fn every_command_refuses_every_path_that_is_not_plainly_under_the_root() {
    let bench = Bench::with(&[("a", "one")]);
    for path in OUTSIDE {
        let to_create = json!({"command": "create", "path": path, "file_text": "x"});
        for command in [
            view(path),
            to_create,
            replace(path, "one", "two"),
            insert(path, 0, "x"),
            delete(path),
            rename(path, "/memories/new"),
            rename("/memories/a", path),
        ] {
            bench.refused(&command, ErrorKind::Invalid);
        }
    }
    assert_eq!(bench.keys(), ["a"]);
}

#[test]
fn names_that_no_key_can_have_are_refused_with_the_limit() {
    let bench = Bench::new();
    let deep = vec!["d"; 33].join("/");
    for (path, said) in [(deep.as_str(), "32"), (&"x".repeat(1_025), "1024")] {
        let refused = bench.refused(&create(path, "x"), ErrorKind::Limit);
        assert!(refused.contains(said), "{refused}");
    }
    bench.refused(&create(&"x".repeat(3_000), "x"), ErrorKind::Limit);
    bench.refused(&create("a\u{7}b", "x"), ErrorKind::Invalid);
}

#[test]
fn names_that_look_the_same_are_one_file() {
    let bench = Bench::with(&[("cafe\u{301}", "one")]);
    bench.refused(&create("café", "two"), ErrorKind::Invalid);
    bench.ok(&replace("/memories/café", "one", "two"));
    assert_eq!(bench.keys(), ["café"]);
}

/// Parts from which paths in and out of the root are made.
fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "memories", "own", "a", "b", "..", ".", "", "%2e%2e", "\\", "..\\..", "...", "\u{202e}",
        ])
        .prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn path() -> impl Strategy<Value = String> {
    (
        prop::sample::select(vec!["/memories/", "/memories", "/", ""]),
        prop::collection::vec(part(), 0..6),
    )
        .prop_map(|(start, parts)| format!("{start}{}", parts.join("/")))
}

fn command() -> impl Strategy<Value = Value> {
    (0..6, path(), path(), any::<i64>(), ".{0,12}").prop_map(|(kind, path, other, line, text)| {
        match kind {
            0 => view(&path),
            1 => json!({"command": "create", "path": path, "file_text": text}),
            2 => replace(&path, &text, &other),
            3 => insert(&path, line % 4, &text),
            4 => delete(&path),
            _ => rename(&path, &other),
        }
    })
}

/// A branch with memories outside and inside of the prefix `own`.
fn walled() -> Branch {
    let options = Options::new().entropy(undream::SeededEntropy::new(7));
    let store = options.in_memory().unwrap().store("default").unwrap();
    let main = store.branch("main").unwrap();
    let mut tx = main.write().unwrap();
    for key in ["a", "b/a", "memories/a", "own-a", "own/a", "own/b/a"] {
        tx.put(key, key).unwrap();
    }
    tx.commit(Author::person("ana").message("walls")).unwrap();
    main
}

/// What stands outside of `own`.
fn outside(branch: &Branch) -> Vec<(String, undream::RecordId)> {
    let entries = branch.snapshot().unwrap().keys("").map(Result::unwrap);
    let entries = entries.filter(|(key, _)| !key.is_under("own"));
    entries.map(|(key, id)| (key.to_string(), id)).collect()
}

proptest! {
    #[test]
    fn nothing_outside_of_the_prefix_is_changed_or_shown(
        commands in prop::collection::vec(command(), 1..20)
    ) {
        let main = walled();
        let before = outside(&main);
        let tool = MemoryTool::on(&main, Author::agent("scribe")).prefix("own").unwrap();
        for command in commands {
            let reply = tool.reply(command.to_string().as_bytes());
            let shown = reply.content.contains("\town-a") || reply.content.contains("\tmemories/a");
            prop_assert!(!shown, "{command}: {}", reply.content);
        }
        prop_assert_eq!(outside(&main), before);
        prop_assert!(main.store().database().verify().unwrap().findings.is_empty());
    }
}
