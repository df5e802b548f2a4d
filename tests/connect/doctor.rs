//! The doctor says what is wrong, and nothing else.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::home::Home;

/// What the doctor found, and its exit code.
fn checkup(home: &Home, line: &str) -> (Value, i32) {
    let output = home.output(&format!("{line} --json"), "");
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    (value["doctor"].clone(), output.status.code().unwrap())
}

/// The problems: what is wrong, and the command that helps.
fn problems(found: &Value) -> Vec<(String, String)> {
    let findings = found["findings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    findings
        .filter(|finding| finding["problem"] == true)
        .map(|finding| (text(&finding["what"]), text(&finding["next"])))
        .collect()
}

#[test]
fn a_sound_installation_has_nothing_wrong() {
    let home = Home::new();
    home.done("connect cursor --yes", "");
    let (found, code) = checkup(&home, "doctor");
    assert_eq!((problems(&found), code), (vec![], 0));
    assert_eq!(found["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(found["database"]["format"], 1);
    assert!(found["database"]["bytes"].as_u64().unwrap() > 0);
    let cursor = found["clients"].as_array().unwrap().iter().find(|c| c["client"] == "cursor");
    assert_eq!(cursor.unwrap()["state"], "connected");
    assert!(home.done("doctor", "").contains("cursor  connected"));
}

#[test]
fn without_a_database_it_says_how_to_make_one() {
    let home = Home::empty();
    let (found, code) = checkup(&home, "doctor");
    assert_eq!(code, 1);
    assert_eq!(problems(&found)[0].1, "undream init");
    assert_eq!(found["database"], Value::Null);
}

#[test]
fn elsewhere_it_looks_at_the_database_that_clients_use() {
    let home = Home::new();
    home.done("connect cursor --yes", "");
    let mut command = home.command("doctor --json");
    command.current_dir(home.path(".cursor"));
    let output = crate::home::output(command, "");
    assert!(output.status.success(), "{output:?}");
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(value["doctor"]["directory"].as_str().unwrap().ends_with("project/.undream"));
}

#[test]
fn each_thing_that_is_wrong_is_named_with_what_helps() {
    let home = Home::new();
    home.done("connect cursor --yes", "");
    let program = home.path("old/undream");
    fs::create_dir(program.parent().unwrap()).unwrap();
    // Copied by a process of its own: a program that is open for writing anywhere cannot be run.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_undream")).arg(&program).status();
    assert!(copied.unwrap().success());
    let connected = crate::home::output(home.started(&program, "connect windsurf --yes"), "");
    assert!(connected.status.success());
    fs::remove_file(&program).unwrap();
    let (found, code) = checkup(&home, "doctor");
    let found = problems(&found);
    assert_eq!((found.len(), code), (1, 1), "{found:?}");
    assert!(found[0].0.contains("no longer there"));
    assert_eq!(found[0].1, "undream connect windsurf --yes");
    home.done(&found[0].1["undream ".len()..], "");
    assert_eq!(home.state("windsurf"), "connected");

    fs::rename(home.path("project/.undream"), home.path("project/moved")).unwrap();
    let (found, _) = checkup(&home, "doctor --db moved");
    let lost = problems(&found).into_iter().filter(|(what, _)| what.contains("no database at"));
    assert_eq!(lost.count(), 2);
}

#[test]
fn a_part_that_was_taken_out_by_hand_is_missed() {
    let home = Home::new();
    home.done("connect claude-code --yes", "");
    fs::remove_file(home.path(".claude/settings.json")).unwrap();
    let (found, code) = checkup(&home, "doctor");
    assert_eq!(code, 1);
    assert!(problems(&found)[0].0.contains("a part of what was written is gone"));
    // What must be done stands before what may be, such as a first `verify`.
    let order: Vec<_> =
        found["findings"].as_array().unwrap().iter().map(|found| &found["problem"]).collect();
    assert_eq!(order, [true, false], "{found}");
    home.done("connect claude-code --yes", "");
    assert_eq!(checkup(&home, "doctor").1, 0);
}

#[test]
fn a_damaged_database_is_named() {
    let home = Home::new();
    let file = home.path("project/.undream/undream.redb");
    fs::write(Path::new(&file), vec![7; 8_192]).unwrap();
    let (found, code) = checkup(&home, "doctor");
    assert_eq!(code, 1);
    assert!(problems(&found)[0].1.contains("backup"), "{found}");
}

#[test]
fn what_no_client_of_ours_needs_is_no_reason_to_fail() {
    let home = Home::new();
    home.write(".gemini/settings.json", "{\"a\": ");
    let (found, code) = checkup(&home, "doctor");
    assert_eq!((problems(&found), code), (vec![], 0));
    let told = found["findings"].as_array().unwrap().iter();
    let gemini = told.filter(|told| told["what"].as_str().unwrap().contains("settings.json"));
    assert_eq!(gemini.count(), 1, "it is told all the same: {found}");
    let output = home.output("doctor", "");
    let said = String::from_utf8(output.stderr).unwrap();
    let first = found["findings"][0]["next"].as_str().unwrap();
    assert_eq!(said, format!("Nothing is wrong. Next: {first}\n"));

    // One that is connected by one of its files, and cannot be understood in another, is a problem.
    home.done("connect claude-code --yes", "");
    home.write(".claude/settings.json", "{\"a\": ");
    let (found, code) = checkup(&home, "doctor");
    let found = problems(&found);
    assert_eq!((found.len(), code), (1, 1), "{found:?}");
    assert!(found[0].0.contains("settings.json") && found[0].1.contains("claude-code"));
}

#[test]
fn the_database_comes_before_its_clients() {
    let home = Home::new();
    home.done("connect claude-code --yes", "");
    fs::remove_file(home.path(".claude/settings.json")).unwrap();
    fs::write(home.path("project/.undream/undream.redb"), vec![7; 8_192]).unwrap();
    let (found, code) = checkup(&home, "doctor");
    assert_eq!(code, 1);
    let problems = problems(&found);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].1.contains("backup") && problems[1].1.contains("claude-code"));
    let said = String::from_utf8(home.output("doctor", "").stderr).unwrap();
    let last = said.lines().last().unwrap();
    assert_eq!(last, format!("Hint: {}; then undream doctor", problems[0].1));
}

#[test]
fn the_list_says_why_a_client_is_not_connected() {
    let home = Home::new();
    home.write(".cursor/mcp.json", "{\"a\": ");
    let list = home.done("connect", "");
    let line = list.lines().find(|line| line.starts_with("cursor")).unwrap();
    assert!(line.starts_with("cursor          unclear: /"), "{line}");
}
