//! The doctor says what is wrong, and nothing else.

use std::fs;
use std::path::Path;

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
    home.write(".gemini/settings.json", "{\"a\": ");
    let program = home.path("old/undream");
    fs::create_dir(program.parent().unwrap()).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_undream"), &program).unwrap();
    let connected = crate::home::output(home.started(&program, "connect windsurf --yes"), "");
    assert!(connected.status.success());
    fs::remove_file(&program).unwrap();
    let (found, code) = checkup(&home, "doctor");
    let found = problems(&found);
    assert_eq!((found.len(), code), (2, 1), "{found:?}");
    assert!(found[0].0.contains("settings.json") && found[0].1.contains("gemini-cli"));
    assert!(found[1].0.contains("no longer there"));
    assert_eq!(found[1].1, "undream connect windsurf --yes");
    home.done(&found[1].1["undream ".len()..], "");
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
