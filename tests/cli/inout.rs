//! Search, and what goes in and out.

use std::process::Command;

use crate::desk::{Desk, assert_story};

fn desk() -> Desk {
    Desk::after(&[
        "init",
        "put facts/city 'The office is in Lisbon, near the river.' --kind fact --label place",
        "put facts/drink 'The team drinks oolong tea in the office.'",
        "put rules/refunds 'Refunds up to 50 EUR need no approval.' --kind rule --title Refunds",
        "tag create v1",
        "put facts/city 'The office is in Porto.'",
    ])
}

const SESSION: &str = r#"{"session_id":"s1","source":"t","agent":"a","model":"m","events":[{"role":"user","content":"Hello."},{"role":"assistant","content":"Hi."}]}"#;

#[test]
fn memories_are_found_by_their_words_now_and_then() {
    assert_story(
        "search",
        &desk().tell(&[
            "search office",
            "search lisbon",
            "search lisbon --at v1",
            "search office --kind fact",
            "search office --label place -n 1",
            "search refunds --prefix rules --json",
            "search nothing-like-it",
            "search ''",
            "--color always search tea",
            "brief --query 'office tea'",
            "brief --query office --json --max-bytes 90",
        ]),
    );
}

#[test]
fn memories_go_out_and_come_in() {
    let desk = desk();
    assert_story(
        "inout",
        &desk.tell(&[
            "export -",
            "export out.jsonl --prefix facts",
            "export out.jsonl --at v1 --json",
            "export out.jsonl --at v1 --force --json",
            "export --markdown out",
            "export all.jsonl --history",
            "export",
            "init copy",
            "--db copy import all.jsonl",
            "--db copy import all.jsonl",
            "--db copy log -n 2",
            "--db copy verify",
            "init other",
            "--db other import out.jsonl",
            "--db other import out.jsonl --json",
            "--db other import --markdown out",
            "--db other ls",
            "import",
            "import nowhere.jsonl",
            "import - < {\"key\":\"x\"}",
            "import - < {\"key\":\"notes/x\",\"text\":\"Piped in.\"}",
            "backup kept",
            "backup kept",
            "--db kept log -n 1",
            "verify",
            "verify --json",
            "backup kept2 --json",
            "import --git nowhere",
        ]),
    );
}

#[test]
fn the_account_of_an_export_to_stdout_goes_to_stderr() {
    let desk = desk();
    for (line, account) in [
        ("export - --json", "{\"export\":{\"memories\":3,\"skipped\":[]}}\n"),
        ("export -", "Wrote 3 memories.\n"),
        ("export - --quiet", ""),
    ] {
        let output = desk.output(line, "");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), account, "{line}");
        assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 3, "{line}");
    }
}

#[test]
fn a_history_is_that_of_all_stores_unless_one_is_named() {
    let desk = desk();
    for line in ["store create other", "put x y --store other", "export all --history"] {
        assert_eq!(desk.code(line), 0, "{line}");
    }
    let exported = |line: &str| desk.json(line)["export"]["commits"].as_u64().unwrap();
    assert_eq!(exported("export all --history --force --json"), 5);
    assert_eq!(exported("export one --history --store other --json"), 1);
    assert_eq!(desk.code("init copy"), 0);
    assert_eq!(desk.code("--db copy import one"), 0);
    assert_eq!(desk.json("--db copy ls --store other --json")["memories"][0]["key"], "x");
}

#[test]
fn an_imported_history_has_equal_ids() {
    let desk = desk();
    for line in ["export all --history", "init copy", "import all --db copy"] {
        assert_eq!(desk.code(line), 0, "{line}");
    }
    assert_eq!(desk.json("log --json"), desk.json("log --json --db copy"));
}

#[test]
fn transcripts_are_taken_in_and_damaged_lines_are_named() {
    let desk = desk();
    std::fs::write(desk.path("good.jsonl"), format!("{SESSION}\n")).unwrap();
    let cut = &SESSION.replace("s1", "s2")[..80];
    std::fs::write(desk.path("bad.jsonl"), format!("{SESSION}\n{cut}\n")).unwrap();
    std::fs::write(desk.path("notes.txt"), "one\ntwo\nthree\nfour\nfive\n").unwrap();
    assert_story(
        "session_import",
        &desk.tell(&[
            "session import good.jsonl --user ana --project press --label weekly",
            "session import good.jsonl --user ana --project press --label weekly --json",
            "session import bad.jsonl",
            "session import bad.jsonl --json",
            "session import nowhere",
            "session import notes.txt",
            "session import notes.txt --json",
            "session list",
            "status",
        ]),
    );
}

#[test]
fn a_git_history_is_replayed() {
    let desk = desk();
    let repository = desk.path("repository");
    let git = |words: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-C"]).arg(&repository).args(["-c", "user.name=ben", "-c", "user.email=b@x"]);
        assert!(git.args(words).output().unwrap().status.success(), "{words:?}");
    };
    std::fs::create_dir(&repository).unwrap();
    git(&["init", "-q", "-b", "notes"]);
    std::fs::write(repository.join("a.md"), "One.\n").unwrap();
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "First"]);
    git(&["mv", "a.md", "b.md"]);
    git(&["commit", "-q", "-m", "Second", "--date", "2025-01-01T00:00:00Z"]);
    assert_story(
        "git",
        &desk.tell(&[
            "import --git repository",
            "import --git repository --git-branch notes",
            "diff notes~1 notes",
            "ls --at notes",
        ]),
    );
}

#[test]
fn message_arrays_are_taken_in_whatever_holds_them() {
    let desk = desk();
    let chat = r#"{"messages":[{"role":"user","content":"Hi."},{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"ls","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"a"}]}"#;
    let blocks = r#"{"id":"c-7","messages":[{"role":"user","content":"Hi."},{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Hello."}]}]}"#;
    std::fs::write(desk.path("chat.json"), chat).unwrap();
    std::fs::write(desk.path("log.jsonl"), format!("{blocks}\n{}\n", &blocks[..60])).unwrap();
    std::fs::write(desk.path("cut.json"), &chat[..60]).unwrap();
    assert_story(
        "messages",
        &desk.tell(&[
            "session import chat.json",
            "session import --format anthropic log.jsonl",
            "session import --format openai cut.json --json",
            "session import chat.json",
            "session list",
            "session show messages:file:chat.json",
        ]),
    );
}
