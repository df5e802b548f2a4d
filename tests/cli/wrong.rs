//! Wrong input: each is answered by one sentence and the command to try, and changes nothing.

use crate::desk::{Desk, assert_story, overwrite};

#[test]
fn wrong_input_is_answered_by_a_sentence_and_a_hint() {
    let desk = Desk::after(&[
        "init",
        "put facts/city Lisbon",
        "put facts/drink tea",
        "branch create trial",
        "tag create v1",
    ]);
    let before = desk.json("op log --json");
    let long = format!("put {} x", "k".repeat(1_100));
    assert_story(
        "wrong",
        &desk.tell(&[
            "",
            "frob",
            "pt a b",
            "put",
            "log --on x",
            "put facts x",
            "put facts/../x y",
            "put 'facts/a\u{7}b' y",
            "put x y --kind 'Not A Kind'",
            "put x y --if 12",
            "put x y --if absent --branch trail",
            "get facts/ctiy",
            "get facts",
            "get x --at mian",
            "get x --at 'main@{someday}'",
            "get facts/city --at 'main@{2020-01-01}'",
            "show main~7",
            "show 1234567",
            "show deadbeef",
            "mv facts/city facts/drink",
            "mv facts/town x",
            "mv facts/city facts/drink/tea",
            "search city --number 0",
            "branch",
            "tag",
            "rm facts/city facts/dirnk",
            "merge nope",
            "merge v1 --into v1",
            "revert nope",
            "branch create trial",
            "branch create 'a b'",
            "branch create dreams/1",
            "branch delete tral",
            "tag delete v2",
            "undo 12345678",
            "store delete x",
            "store create default",
            "session show x",
            "dream show 7",
            "--store x ls",
            "--author 'agent:' put x y",
            "--db nowhere ls",
            "init",
        ]),
    );
    assert!(desk.tell(&[&long]).contains("the limit is 1024"));
    assert_eq!(desk.json("op log --json"), before);
    overwrite(&desk.path(".undream/undream.redb"));
    assert_story("damaged", &desk.tell(&["ls", "ls --json"]));
}

#[test]
fn what_no_terminal_should_obey_is_escaped_in_messages_too() {
    let desk = Desk::after(&["init"]);
    let said = String::from_utf8(desk.output("show 'a\u{1b}[2Jb'", "").stderr).unwrap();
    assert!(!said.contains('\u{1b}') && said.contains(r"\u{1b}"), "{said}");
    assert_eq!(desk.code("put a b -m 'x\u{1b}[2J\u{202e}y'"), 0);
    let listed = String::from_utf8(desk.output("log", "").stdout).unwrap();
    assert!(listed.contains(r"x\u{1b}[2J\u{202e}y"), "{listed}");
}

#[test]
fn an_empty_pipe_is_no_text_and_a_file_that_is_there_is_not_written_over() {
    let desk = Desk::after(&["init", "put a one"]);
    assert_eq!(desk.code("put a"), 2, "what was piped in is empty");
    assert_eq!(desk.output("get a", "").stdout, b"one");
    assert_eq!(desk.code("put a -"), 0, "an empty text was asked for");
    std::fs::write(desk.path("kept"), "mine").unwrap();
    for line in ["export kept", "export kept --history", "export .undream"] {
        assert_eq!(desk.code(line), 2, "{line}");
    }
    assert_eq!(std::fs::read(desk.path("kept")).unwrap(), b"mine");
    assert_eq!(desk.code("export kept --force"), 0);
    assert_ne!(std::fs::read(desk.path("kept")).unwrap(), b"mine");
}
