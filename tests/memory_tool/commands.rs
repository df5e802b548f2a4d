//! Reading commands, whatever bytes they are.

use proptest::prelude::*;
use undream::{ErrorKind, MemoryCommand, MemoryReply, limits};

use super::Bench;

#[test]
fn what_is_no_command_is_answered_with_what_is_wrong() {
    let bench = Bench::new();
    for (json, said) in [
        ("", "the command is empty"),
        ("{\"command\": \"view\"", "not one JSON object"),
        ("{\"command\": \"view\", \"path\": \"/memories\"} {}", "not one JSON object"),
        ("[]", "is not a JSON object such as"),
        ("{}", "a command needs `command`, a text, which is missing"),
        ("{\"command\": 7}", "needs `command`, a text, which is something else"),
        ("{\"command\": \"view_all\"}", "view, create, str_replace, insert, delete, rename"),
        ("{\"command\": \"view\"}", "`view` needs `path`, a text, which is missing"),
        ("{\"command\": \"view\", \"path\": null}", "`path`, a text, which is missing"),
        ("{\"command\": \"view\", \"path\": [\"a\"]}", "which is something else"),
        ("{\"command\": \"view\", \"path\": \"/memories\", \"view_range\": [1]}", "two whole"),
        ("{\"command\": \"view\", \"path\": \"/memories\", \"view_range\": [1, 2.5]}", "two whole"),
        ("{\"command\": \"create\", \"path\": \"/memories/a\"}", "`create` needs `file_text`"),
        ("{\"command\": \"str_replace\", \"path\": \"/memories/a\"}", "needs `old_str`"),
        (
            "{\"command\": \"insert\", \"path\": \"/memories/a\", \"insert_line\": \"1\"}",
            "`insert` needs `insert_line`, a whole number, which is something else",
        ),
        (
            "{\"command\": \"insert\", \"path\": \"/memories/a\", \"insert_line\": 1}",
            "needs `insert_text`",
        ),
        ("{\"command\": \"rename\", \"old_path\": \"/memories/a\"}", "needs `new_path`"),
        (
            "{\"command\": \"create\", \"path\": \"/memories/a\", \"file_text\": \"\\ud800\"}",
            "not one",
        ),
    ] {
        let reply = bench.tool.reply(json.as_bytes());
        assert!(reply.is_error && reply.content.contains(said), "{json}: {}", reply.content);
    }
    assert!(bench.tool.reply(b"\xff{}").is_error);
    assert!(bench.tool.reply(&[b'['; 100_000]).is_error);
    assert_eq!(bench.commits(), 0);
}

#[test]
fn a_command_is_bounded_and_two_escaped_texts_of_full_length_fit() {
    let error = MemoryCommand::from_json(&vec![b' '; limits::MEMORY_COMMAND_BYTES_MAX + 1]);
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Limit);
    let text = "\\u0001".repeat(limits::TEXT_BYTES_MAX);
    let json = format!(
        "{{\"command\":\"str_replace\",\"path\":\"/memories/a\",\"old_str\":\"{text}\",\
         \"new_str\":\"{text}\"}}"
    );
    assert!(MemoryCommand::from_json(json.as_bytes()).is_ok());
}

#[test]
fn members_that_a_command_does_not_have_are_passed_over() {
    let json = r#"{"command": "view", "path": "/memories", "view_range": null, "why": 1}"#;
    let view = MemoryCommand::View { path: "/memories".to_owned(), view_range: None };
    assert_eq!(json.parse::<MemoryCommand>().unwrap(), view);
}

#[test]
fn a_reply_is_a_line_of_json_without_anything_invisible() {
    let content = "a\n\"b\"\u{202e}\u{e0041}\u{feff}é\u{1b}[1m".to_owned();
    let json = MemoryReply { content: content.clone(), is_error: false }.to_json();
    assert!(!json.chars().any(undream::is_unprintable), "{json}");
    assert!(json.contains("\\u202e\\udb40\\udc41\\ufeffé"), "{json}");
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&read["content"], &read["is_error"]), (&content.into(), &false.into()));
}

proptest! {
    #[test]
    fn no_bytes_make_the_tool_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Bench::new().tool.reply(&bytes).is_error);
    }
}
