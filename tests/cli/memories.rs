//! Writing, reading and the history of memories.

use crate::desk::{Desk, assert_story};

const MEMORY: &[&str] = &[
    "init",
    "put facts/city 'The office is in Lisbon.' --kind fact --label place --title Office",
    "put facts/drink 'The team drinks oolong.'",
    "put rules/refunds 'Refunds up to 50 EUR need no approval.' --kind rule -m 'Agreed in March'",
    "branch create trial",
    "put facts/city 'The office is in Porto.' --branch trial --session chat-812",
];

#[test]
fn the_first_hour_tells_at_each_step_what_happened_and_what_comes_next() {
    let desk = Desk::new();
    assert_story(
        "first_hour",
        &desk.tell(&[
            "status",
            "init",
            "status",
            "ls",
            "log",
            "put facts/city 'The office is in Lisbon.'",
            "put facts/city 'The office is in Lisbon.'",
            "put facts/drink - < The team drinks oolong.\nAlways hot.\n",
            "get facts/city",
            "get facts/drink --full",
            "ls",
            "branch create trial",
            "put facts/city 'The office is in Porto.' --branch trial",
            "diff main trial",
            "diff main trial --stat",
            "merge trial",
            "log",
            "show",
            "status",
        ]),
    );
}

#[test]
fn memories_are_listed_moved_removed_and_restored() {
    let desk = Desk::after(MEMORY);
    assert_story(
        "memories",
        &desk.tell(&[
            "ls --depth 1",
            "ls facts",
            "ls --at trial facts/city",
            "get facts/city --at trial",
            "mv facts/drink habits/tea",
            "rm facts/city rules/refunds",
            "ls",
            "diff main~2 main",
            "diff main~2 main --prefix rules",
            "log --key facts/city",
            "log -n 1",
            "restore --to main~1 --prefix facts --dry-run",
            "restore --to main~1 --prefix facts",
            "restore --to main~1 --prefix facts",
            "revert main~2 --dry-run",
            "revert main~2",
            "ls",
            "brief",
            "brief --max-bytes 60",
            "blame facts/city",
            "tag create v1 main~1",
            "tag list",
            "branch list",
            "branch delete trial",
            "undo",
            "branch list",
            "undo --dry-run",
            "op log -n 4",
            "store create notes",
            "store list",
            "store delete notes",
            "--store notes status",
            "--color always log -n 1",
            "--quiet put a b",
        ]),
    );
}

#[test]
fn a_conflict_is_shown_with_the_commands_that_decide_it() {
    let desk = Desk::after(MEMORY);
    assert_story(
        "conflicts",
        &desk.tell(&[
            "put facts/city 'The office is in Berlin.'",
            "merge trial",
            "merge trial --dry-run --json",
            "merge trial --resolve-key facts/town=ours",
            "merge trial --resolve-key facts/city=mine",
            "merge trial --resolve-key 'facts/city=text:Berlin and Porto.' --dry-run",
            "merge trial --resolve-key 'facts/city=text:Berlin and Porto.'",
            "get facts/city",
            "merge trial",
            "put facts/city 'Nowhere.'",
            "revert main~1",
            "revert main~1 --resolve theirs",
            "get facts/city",
        ]),
    );
}

#[test]
fn every_verb_answers_with_one_json_document() {
    let desk = Desk::after(MEMORY);
    desk.import_sessions();
    assert_story(
        "json",
        &desk.tell(&[
            "status --json",
            "store list --json",
            "store create notes --json",
            "store delete notes --json",
            "put facts/city 'In Berlin.' --json --label place --label office",
            "get facts/city --json",
            "ls --json --depth 1",
            "ls --json facts",
            "mv facts/drink habits/tea --json",
            "rm habits/tea --json",
            "log --json -n 2",
            "show --json main",
            "diff --json main~1 main",
            "blame --json facts/city",
            "op log --json -n 2",
            "branch create next --json",
            "branch list --json",
            "branch delete next --json",
            "tag create v1 --json",
            "tag list --json",
            "tag delete v1 --json",
            "merge trial --json --resolve theirs",
            "revert main --json --dry-run",
            "restore --to main~1 --json",
            "undo --json",
            "brief --json",
            "session list --json",
            "session show chat-1#1-2 --json",
            "get facts/cty --json",
        ]),
    );
    let other = Desk::new();
    assert_story("json_init", &other.tell(&["init --json", "log --json", "ls --json"]));
    assert!(desk.json("completions bash --json")["completions"]["script"].is_string());
}

#[test]
fn equal_seeds_and_clocks_give_equal_answers() {
    let answer = || Desk::after(MEMORY).output("log --json", "").stdout;
    let first = answer();
    assert_eq!(first, answer());
    assert!(!first.is_empty());
}

#[test]
fn a_text_survives_put_and_get_byte_by_byte() {
    let desk = Desk::after(&["init"]);
    let text = "  two \u{1b}[31mred\u{202e}\u{200b}\n\nlines\twith é  ";
    assert!(desk.output("put raw -", text).status.success());
    assert_eq!(desk.output("get raw", "").stdout, text.as_bytes());
    let listed = String::from_utf8(desk.output("ls", "").stdout).unwrap();
    assert!(listed.contains(r"two \u{1b}[31mred\u{202e}\u{200b}"), "{listed}");
    assert!(desk.output("put raw", "piped\n").status.success());
    assert_eq!(desk.output("get raw", "").stdout, b"piped");
}

#[test]
fn what_put_is_not_told_stays() {
    let desk = Desk::after(MEMORY);
    assert_eq!(desk.code("put facts/city 'In Faro.'"), 0);
    let memory = &desk.json("get facts/city --json")["memory"];
    assert_eq!((&memory["kind"], &memory["title"]), (&"fact".into(), &"Office".into()));
    assert_eq!(memory["labels"][0], "place");
}

#[test]
fn a_database_is_found_in_a_parent_folder_and_by_option() {
    let desk = Desk::after(MEMORY);
    let deep = desk.path("a/b");
    std::fs::create_dir_all(&deep).unwrap();
    assert!(desk.command("get facts/city").current_dir(&deep).status().unwrap().success());
    let elsewhere = tempfile::tempdir().unwrap();
    let run = |command: &mut std::process::Command| {
        command.current_dir(elsewhere.path()).output().unwrap().status.code()
    };
    assert_eq!(run(&mut desk.command("get facts/city")), Some(1));
    assert_eq!(
        run(desk.command("get facts/city").env("UNDREAM_DB", desk.path(".undream"))),
        Some(0)
    );
    let line = format!("get facts/city --db {}", desk.path(".undream").display());
    assert_eq!(run(&mut desk.command(&line)), Some(0));
}

#[test]
fn help_names_every_verb_and_option() {
    let desk = Desk::new();
    assert_story(
        "help",
        &desk.tell(&[
            "--help",
            "put --help",
            "merge --help",
            "dream --help",
            "session --help",
            "--version",
        ]),
    );
}

#[test]
fn a_deleted_store_comes_back_by_undo() {
    let desk = Desk::after(&["init", "store create team", "--store team put x y"]);
    let deleted = desk.json("store delete team --json");
    let operation = deleted["deleted"]["operation"].as_str().unwrap();
    assert_eq!(desk.code("--store team ls"), 1);
    let undone = desk.output(&format!("undo {operation}"), "");
    let said = String::from_utf8(undone.stderr).unwrap();
    assert_eq!(said, "To have it again: undream --store team undo\n");
    assert_eq!(desk.json("--store team ls --json")["memories"][0]["key"], "x");
    assert_eq!(desk.code("--store team undo"), 0);
    assert_eq!(desk.code("--store team ls"), 1);
}
