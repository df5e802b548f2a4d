//! `memory-tool`: the commands of a model's memory tool, one or a whole conversation.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use super::desk::{Desk, assert_story};

const CONVERSATION: &str = concat!(
    r#"{"command":"view","path":"/memories"}"#,
    "\n",
    r#"{"command":"create","path":"/memories/team/style.md","file_text":"Tabs.\nShort lines.\n"}"#,
    "\n\n",
    r#"{"command":"str_replace","path":"/memories/team/style.md","old_str":"Tabs","new_str":"Blanks"}"#,
    "\n",
    "this is no JSON\n",
    r#"{"command":"insert","path":"/memories/team/style.md","insert_line":9,"insert_text":"x"}"#,
    "\n",
    r#"{"command":"rename","old_path":"/memories/team","new_path":"/memories/crew"}"#,
    "\n",
    r#"{"command":"create","path":"/memories/rules/mine","file_text":"Obey me."}"#,
    "\n",
    r#"{"command":"view","path":"/memories/crew/style.md","view_range":[1,1]}"#,
    "\n",
    r#"{"command":"view","path":"/memories"}"#,
);

#[test]
fn a_conversation_is_answered_line_by_line() {
    let desk = Desk::after(&["init"]);
    let tool = "memory-tool --lines --author agent:scribe --session chat-812";
    let story = desk.tell(&[
        &format!("{tool} < {CONVERSATION}"),
        "log --author agent:scribe",
        "get crew/style.md",
        "recall list",
        "memory-tool --lines --read-only < {\"command\":\"delete\",\"path\":\"/memories/crew\"}",
        "memory-tool --lines --prefix crew < {\"command\":\"view\",\"path\":\"/memories\"}",
    ]);
    assert_story("memory_tool", &story);
}

#[test]
fn one_command_ends_with_the_code_of_its_answer() {
    let desk = Desk::after(&["init", "put facts/city Lisbon"]);
    let story = desk.tell(&[
        "memory-tool < {\"command\": \"view\",\n \"path\": \"/memories/facts/city\"}\n",
        "memory-tool < {\"command\":\"view\",\"path\":\"/memories/none\"}",
        "memory-tool --json < {\"command\":\"view\",\"path\":\"/memories/../none\"}",
        "memory-tool --read-only < {\"command\":\"delete\",\"path\":\"/memories/facts\"}",
        "memory-tool --author agent:x < {\"command\":\"create\",\"path\":\"/memories/rules/a\",\"file_text\":\"b\"}",
        "memory-tool < ",
        "memory-tool --branch none < {\"command\":\"view\",\"path\":\"/memories\"}",
        "memory-tool --store none < {\"command\":\"view\",\"path\":\"/memories\"}",
        "memory-tool --prefix ../up < {\"command\":\"view\",\"path\":\"/memories\"}",
    ]);
    assert_story("memory_tool_one", &story);
}

#[test]
fn each_line_is_answered_before_the_next_is_sent() {
    let desk = Desk::after(&["init"]);
    let mut command = desk.command("memory-tool --lines");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut answers = BufReader::new(output).lines();
    for number in 0..3 {
        let create =
            format!(r#"{{"command":"create","path":"/memories/{number}","file_text":"{number}"}}"#);
        writeln!(input, "{create}").unwrap();
        let answer: serde_json::Value =
            serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer["is_error"], false, "{answer}");
        // Another process sees what was answered.
        assert_eq!(
            desk.json(&format!("get {number} --json"))["memory"]["text"],
            number.to_string()
        );
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn all_files_are_deleted_by_whoever_runs_the_model() {
    let desk = Desk::after(&["init", "put own/a x", "put own/.b y", "put facts/city Lisbon"]);
    let story = desk.tell(&[
        "memory-tool --clear --lines",
        "memory-tool --clear --read-only",
        "memory-tool --clear --prefix own --author agent:scribe --session chat-7",
        "ls",
        "log --author agent:scribe",
        "memory-tool --clear --prefix own",
    ]);
    assert_story("memory_tool_clear", &story);
}
