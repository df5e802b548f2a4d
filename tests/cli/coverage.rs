//! That no command is forgotten: each has a story with `--json`, and the demo is told in both forms.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::desk::{Desk, assert_story};

/// Commands whose answer names files of this machine, whose `--json` has a test of its own; and those
/// that speak a protocol of their own, which is JSON anyway.
const ELSEWHERE: [&str; 7] =
    ["demo", "completions", "connect", "doctor", "mcp", "memory-tool", "hook"];

#[test]
fn the_remaining_commands_answer_with_json() {
    let desk = Desk::after(&["init", "put facts/city 'The office is in Lisbon.'"]);
    desk.import_sessions();
    assert_story(
        "json_rest",
        &desk.tell(&[
            "dream --json",
            "dream pause 1 --json",
            "dream cancel 1 --json",
            "policy edit - --json < mode gated",
            "policy test dreams/1 --json",
            "probe add office --expects facts/city --name where --json",
            "probe rm where --json",
        ]),
    );
}

/// The commands that do something, from the headings of the reference.
fn commands() -> Vec<String> {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
    let reference = fs::read_to_string(reference).unwrap();
    let headings = reference.lines().filter(|line| line.starts_with("##"));
    let all: Vec<String> = headings
        .filter_map(|line| line.trim_start_matches('#').trim().strip_prefix("undream "))
        .map(str::to_owned)
        .collect();
    let has_more = |name: &String| all.iter().any(|other| other.starts_with(&format!("{name} ")));
    all.iter().filter(|name| !has_more(name) || *name == "dream").cloned().collect()
}

/// A typed line without the options before its verb, all of which take a value.
fn without_options(line: &str) -> String {
    let mut rest = line;
    while rest.starts_with("--") {
        rest = rest.splitn(3, ' ').nth(2).unwrap();
    }
    format!("{rest} ")
}

/// The demo's commands run one after the other, so they cannot share one seed and one instant.
fn demo(desk: &Desk, line: &str) -> Command {
    let mut command = desk.command(line);
    command.env_remove("UNDREAM_SEED").env_remove("UNDREAM_CLOCK");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn every_command_has_a_story_with_json() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/snapshots");
    let mut asked = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let story = fs::read_to_string(file.unwrap().path()).unwrap();
        let lines = story.lines().filter_map(|line| line.strip_prefix("$ undream "));
        asked.extend(lines.filter(|line| line.contains(" --json")).map(without_options));
    }
    let commands = commands();
    assert!(commands.len() > 60, "the reference has headings: {commands:?}");
    let told = |name: &String| asked.iter().any(|line| line.starts_with(&format!("{name} ")));
    let elsewhere = |name: &String| {
        let verb = name.split(' ').next().unwrap();
        ELSEWHERE.contains(&verb)
    };
    let silent: Vec<&String> =
        commands.iter().filter(|name| !elsewhere(name) && !told(name)).collect();
    assert!(silent.is_empty(), "no story with --json: {silent:?}");
}

#[test]
fn the_demo_brings_the_right_answer_back_and_keeps_both_new_facts() {
    let desk = Desk::new();
    let output = demo(&desk, "demo here --json").output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let steps = told["demo"]["steps"].as_array().unwrap();
    let answers = |words: &str| -> Vec<&str> {
        let asked = steps.iter().filter(|step| step["command"].as_str().unwrap().contains(words));
        asked.map(|step| step["answer"].as_str().unwrap()).collect()
    };
    let asked = answers("undream search");
    let [before, wrong, yesterday, after] = asked[..] else { panic!("asked otherwise: {asked:?}") };
    assert!(before.contains("up to 50 EUR") && yesterday.contains("up to 50 EUR"));
    assert!(wrong.contains("up to 200 EUR") && after.contains("up to 50 EUR"));
    assert!(answers("undream dream show 1 3")[0].contains("demo:05-blender#"));
    let kept = answers("undream ls")[0];
    assert!(kept.contains("support/lead") && kept.contains("support/stock"), "{kept}");

    assert_eq!(desk.code("demo here"), 2, "a folder that holds a demo is left alone");
    let shown = String::from_utf8(demo(&desk, "demo there").output().unwrap().stdout).unwrap();
    let lines = shown.lines().filter(|line| !line.is_empty()).count();
    assert!(lines < 55 && shown.contains("$ undream dream revert 1"), "{shown}");
}

#[test]
fn a_reader_may_leave_the_demo_early() {
    let desk = Desk::new();
    let mut child = demo(&desk, "demo here").spawn().unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}
