//! What is told of steps, errors and words that differ in how much they say, and how surely.

use super::{call, facts, find, keys, mine, shell};
use crate::object::{Event, Outcome, Role, SessionFacts};

/// How sure one is that a line is a habit which half of the sessions have.
fn confidence(line: &str, key: &str) -> u16 {
    let session = |number: usize| {
        let line = if number.is_multiple_of(2) { line } else { "kit run tidy" };
        (facts(number), vec![shell(line, "ok", false)])
    };
    let findings = mine(&(0..24).map(session).collect::<Vec<_>>());
    find(&findings, key).unwrap_or_else(|| panic!("{:?}", keys(&findings))).confidence
}

#[test]
fn looking_at_files_is_less_of_a_habit_than_editing_them_and_that_than_a_task() {
    let looks = confidence("nl -ba notes.txt", "workflows/commands/nl-ba");
    let edits = confidence("sed -i s/a/b/ notes.txt", "workflows/commands/sed-i");
    let reads = confidence("sed -n 1,9p notes.txt", "workflows/commands/sed-n");
    let task = confidence("kit run wash", "workflows/commands/kit-run-wash");
    assert!(looks < edits && reads < edits && edits < task, "{looks} {reads} {edits} {task}");
}

#[test]
fn a_kind_of_errors_is_claimed_with_less_confidence_than_one_error() {
    let confidence = |text: fn(usize) -> String, key: &str| {
        let session = |number| (facts(number), vec![call("open", "{}", &text(number), true)]);
        let findings = mine(&(0..12).map(session).collect::<Vec<_>>());
        find(&findings, key).unwrap_or_else(|| panic!("{:?}", keys(&findings))).confidence
    };
    let kind = confidence(
        |number| format!("WashError: {0} {0}s", ["brush", "comb", "soap"][number % 3]),
        "mistakes/open/washerror",
    );
    let one =
        confidence(|_| "WashError: the brush is lost".into(), "mistakes/open/the-brush-is-lost");
    assert!(kind + 50 < one, "{kind} {one}");
}

#[test]
fn a_sequence_has_the_whole_of_its_share_of_sessions() {
    let found = |count: usize| {
        let session = |number: usize| {
            let tools: &[&str] =
                if number < count { &["look", "mend", "rest"] } else { &["mend", "rest"] };
            (facts(number), tools.iter().map(|tool| call(tool, "{}", "ok", false)).collect())
        };
        let findings = mine(&(0..25).map(session).collect::<Vec<_>>());
        find(&findings, "workflows/sequences/look-then-mend").is_some()
    };
    assert!(!found(3) && found(4), "0.15 of 25 are 3.75");
}

#[test]
fn a_step_that_few_sessions_take_stands_for_the_beginning_that_many_take() {
    let session = |number: usize| {
        let letter = char::from(b'a' + number as u8);
        let events = vec![
            shell(&format!("kit run wash{letter}"), "ok", false),
            call(&format!("tool{number}"), "{}", "ok", false),
            call("mend", "{}", "ok", false),
            call("rest", "{}", "ok", false),
        ];
        (facts(number), events)
    };
    let findings = mine(&(0..24).map(session).collect::<Vec<_>>());
    assert!(
        keys(&findings).contains(&"workflows/sequences/kit-run-then-mend"),
        "{:?}",
        keys(&findings)
    );
}

#[test]
fn a_habit_says_when_in_its_sessions_it_comes() {
    let session = |number: usize| {
        let line = |line: &str| shell(line, "ok", false);
        let mut events = vec![line("kit run wash"), line("kit run dry"), line("kit run fold")];
        events.extend((0..8).map(|_| call("look", "{}", "ok", false)));
        events.swap(1, 5);
        events.swap(2, 10);
        (facts(number), events)
    };
    let findings = mine(&(0..9).map(session).collect::<Vec<_>>());
    let text = |task: &str| {
        let key = format!("workflows/commands/kit-run-{task}");
        find(&findings, &key).unwrap_or_else(|| panic!("{:?}", keys(&findings))).text.clone()
    };
    assert!(text("wash").contains("`, usually at the start."), "{}", text("wash"));
    assert!(text("dry").contains("`kit run dry`. Seen"), "{}", text("dry"));
    assert!(text("fold").contains("`, usually near the end,"), "{}", text("fold"));
}

#[test]
fn a_task_that_succeeded_once_does_not_fail_in_every_trial() {
    let session = |number: usize| {
        let task = Some(["hard", "harder", "late"][number / 3].to_owned());
        let good = number == 8;
        let outcome = Some(if good { Outcome::Success } else { Outcome::Failure });
        (SessionFacts { task, outcome, ..facts(number) }, vec![call("push", "{}", "ok", false)])
    };
    let findings = mine(&(0..9).map(session).collect::<Vec<_>>());
    let finding = find(&findings, "mistakes/tasks/fail-in-every-trial").expect("two tasks do");
    assert!(
        finding.text.contains("2 of 3 tasks, 6 of 9 sessions: hard, harder."),
        "{}",
        finding.text
    );
}

#[test]
fn the_words_of_a_task_are_no_wish_of_a_user() {
    let found = |task: Option<&str>| {
        let session = |number: usize| {
            let text = if number < 6 { "Please translate the page for me" } else { "go on" };
            let task = task.map(str::to_owned);
            (SessionFacts { task, ..facts(number) }, vec![Event::said(Role::User, text)])
        };
        let findings = mine(&(0..30).map(session).collect::<Vec<_>>());
        find(&findings, "preferences/requests/translate").is_some()
    };
    assert!(found(None) && !found(Some("pages")));
}
