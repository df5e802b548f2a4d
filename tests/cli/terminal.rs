//! How the program behaves towards a terminal, a closed pipe and an impatient person.

#![cfg(unix)]

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::desk::Desk;

const BEGUN: &[&str] = &["init", "put a one", "put b two"];

/// What a terminal shows that runs a command of the shell; nothing where there is no `script`, the
/// program that plays the terminal.
fn on_a_terminal(desk: &Desk, shell: &str, pager: &str) -> Option<String> {
    let like = desk.command("");
    let mut script = Command::new("script");
    let line = shell.replace("undream", env!("CARGO_BIN_EXE_undream"));
    script.args(["-qec", &line, "/dev/null"]).current_dir(desk.path("")).stdin(Stdio::null());
    let settings = like.get_envs().filter_map(|(name, value)| Some((name, value?)));
    script.env_clear().envs(settings).env("PAGER", pager).env("TERM", "xterm");
    match script.output() {
        Ok(output) => Some(String::from_utf8(output.stdout).unwrap().replace('\r', "")),
        Err(error) => {
            eprintln!("SKIPPED: no `script` to play the terminal: {error}");
            None
        }
    }
}

#[test]
fn long_answers_go_through_the_pager_of_a_terminal() {
    let desk = Desk::after(BEGUN);
    let Some(paged) = on_a_terminal(&desk, "undream log", "sed s/^/paged:/") else { return };
    assert_eq!(paged.matches("paged:").count(), 2, "{paged}");
    let plain = on_a_terminal(&desk, "undream log --no-pager", "sed s/^/paged:/").unwrap();
    assert!(plain.contains("Put b") && !plain.contains("paged:"), "{plain}");
    let short = on_a_terminal(&desk, "undream status", "sed s/^/paged:/").unwrap();
    assert!(short.contains("2 memories") && !short.contains("paged:"), "{short}");
    let piped = desk.command("log").env("PAGER", "sed s/^/paged:/").output().unwrap();
    assert!(!String::from_utf8(piped.stdout).unwrap().contains("paged:"));
}

#[test]
fn an_answer_is_printed_where_the_pager_is_not_there_and_ends_well_where_it_was_left() {
    let desk = Desk::after(BEGUN);
    let Some(without) = on_a_terminal(&desk, "undream log", "no-such-pager") else { return };
    assert!(without.contains("Put b"), "{without}");
    let left = on_a_terminal(&desk, "undream log; echo code $?", "true").unwrap();
    assert_eq!(left, "code 0\n");
}

#[test]
fn colours_are_for_terminals() {
    let desk = Desk::after(BEGUN);
    let Some(coloured) = on_a_terminal(&desk, "undream ls", "") else { return };
    assert!(coloured.contains('\u{1b}'), "{coloured}");
    let plain = on_a_terminal(&desk, "undream --color never ls", "").unwrap();
    assert!(!plain.contains('\u{1b}'), "{plain}");
}

#[test]
fn an_interrupted_import_ends_with_130_and_changes_nothing() {
    let desk = Desk::after(BEGUN);
    let before = desk.json("op log --json");
    let mut import = desk.command("import -");
    let mut child = import.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"{\"key\":\"c\",\"text\":\"half way\"}\n").unwrap();
    // It listens to Ctrl-C before it opens the database, which it tells of by a file of its own.
    let own = format!("{}-0", child.id());
    while !desk.path(".undream/holders").join(&own).exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    drop(input);
    assert_eq!(desk.json("op log --json"), before);
    assert_eq!(desk.code("verify"), 0);
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let desk = Desk::after(BEGUN);
    let mut child = desk.command("manual").stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
