//! Exit codes.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use redb::{Builder, ConcurrencyMode};

use crate::desk::{Desk, overwrite};

const BEGUN: &[&str] =
    &["init", "put a one", "branch create b", "put a two --branch b", "put a three"];

#[test]
fn zero_is_done_even_if_there_is_nothing_to_show() {
    let desk = Desk::after(&["init"]);
    for line in
        ["ls", "log", "session list", "tag list", "brief", "dream list", "--help", "log --help"]
    {
        assert_eq!(desk.code(line), 0, "{line}");
    }
}

#[test]
fn one_is_a_no() {
    let desk = Desk::after(BEGUN);
    for line in ["get x", "show nope", "put a four --if absent", "--store x ls", "--db nowhere ls"]
    {
        assert_eq!(desk.code(line), 1, "{line}");
    }
    let record = desk.json("get a --json")["memory"]["record"].as_str().unwrap().to_owned();
    assert_eq!(desk.code(&format!("put a four --if {record}")), 0);
    assert_eq!(desk.code(&format!("put a five --if {record}")), 1);
}

#[test]
fn two_is_wrong_usage() {
    let desk = Desk::after(BEGUN);
    for line in
        ["", "frob", "put", "put a/../b x", "init .undream", "show main~x", "--wait soon ls"]
    {
        assert_eq!(desk.code(line), 2, "{line}");
    }
}

#[test]
fn three_is_a_conflict_that_remains() {
    let desk = Desk::after(BEGUN);
    assert_eq!(desk.code("merge b"), 3);
    assert_eq!(desk.code("merge b --dry-run"), 3);
    assert_eq!(desk.code("merge b --resolve base"), 0);
}

#[test]
fn four_is_damage() {
    let desk = Desk::after(BEGUN);
    overwrite(&desk.path(".undream/undream.redb"));
    assert_eq!(desk.code("ls"), 4);
    assert_eq!(desk.code("put a four"), 4);
}

#[test]
fn five_is_a_lock_and_names_the_holder() {
    let desk = Desk::after(BEGUN);
    let holder = desk.database();
    let mut builder = Builder::new();
    builder.set_concurrency_mode(ConcurrencyMode::MultiWriter);
    let file = builder.open(desk.path(".undream/undream.redb")).unwrap();
    let writing = file.begin_write().unwrap();
    assert_eq!(desk.code("ls"), 0);
    let output = desk.output("put a four --wait 0.1", "");
    assert_eq!(output.status.code(), Some(5));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&format!("process {}", std::process::id())), "{said}");
    writing.abort().unwrap();
    assert_eq!(desk.code("put a four"), 0);
    drop(holder);
}

#[test]
fn six_is_a_failure_of_the_system() {
    let desk = Desk::new();
    std::fs::write(desk.path("file"), "").unwrap();
    assert_eq!(desk.code("init file/database"), 6);
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_program_by_its_signal() {
    use std::os::unix::process::ExitStatusExt;
    let desk = Desk::after(BEGUN);
    let mut child = desk.command("put a -").stdin(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().signal(), Some(2), "a shell shows 128 + 2");
    assert_eq!(desk.output("get a", "").stdout, b"three");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let desk = Desk::after(&["init"]);
    let text = "x".repeat(1 << 19);
    assert!(desk.output("put a -", &text).status.success());
    let mut child =
        desk.command("get a").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}

#[test]
fn reading_works_beside_writers_and_after_a_crash() {
    let desk = Desk::after(BEGUN);
    let live = desk.database();
    assert_eq!(desk.code("ls"), 0);
    std::fs::create_dir(desk.path("crashed")).unwrap();
    std::fs::copy(desk.path(".undream/undream.redb"), desk.path("crashed/undream.redb")).unwrap();
    drop(live);
    assert_eq!(desk.output("get a --db crashed", "").stdout, b"three");
}
