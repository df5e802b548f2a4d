//! Sessions and dreams.

use crate::desk::{Desk, assert_story};

fn desk() -> Desk {
    let desk = Desk::after(&["init", "put facts/city 'The office is in Lisbon.'"]);
    desk.import_sessions();
    desk
}

#[test]
fn sessions_are_listed_and_shown() {
    assert_story(
        "sessions",
        &desk().tell(&[
            "session list",
            "session show chat-3",
            "session show chat-3#1-2",
            "session show chat-3#1",
            "session show chat-3#9",
            "session show chat-33",
        ]),
    );
}

#[test]
fn a_dream_is_run_reviewed_merged_and_taken_back() {
    let desk = desk();
    assert_story("dream", &desk.tell(&[
        "dream list",
        "dream",
        "status",
        "dream list",
        "dream show 1",
        "dream show 1 1",
        "dream merge 1",
        "merge dreams/1",
        "dream approve 1",
        "dream approve 1 99",
        "dream approve 1 1 --text 'Drain the printer queue before publishing.' --reason shorter",
        "status",
        "dream merge 1 --dry-run",
        "dream merge 1",
        "put facts/drink 'The team drinks oolong.'",
        "dream reject 1 1",
        "dream reject 1 --all --reason 'not now'",
        "log",
        "ls",
        "dream revert 1",
        "dream revert 1",
        "ls",
        "dream run --sessions chat-99",
        "dream run --curator nobody",
        "dream run --curator 'command:cat > /dev/null; exit 3'",
        "dream",
        "dream list",
        "dream show 1",
        "dream show 2",
        "dream show 3",
        "dream approve 1 1",
    ]));
}

#[test]
fn dreams_answer_with_json_too() {
    let desk = desk();
    assert_story(
        "dream_json",
        &desk.tell(&[
            "dream --json",
            "dream list --json",
            "dream approve 1 --all --json",
            "dream show 1 1 --json",
            "dream merge 1 --json",
            "dream revert 1 --proposal 1 --json",
            "dream reject 1 1 --json",
            "dream run --sessions all --curator 'command:cat > /dev/null; exit 3' --json",
        ]),
    );
}

#[test]
fn undo_takes_a_dream_s_merge_or_revert_back_and_not_the_note_beside_it() {
    let desk = desk();
    for line in ["dream", "dream approve 1 1", "dream merge 1"] {
        assert_eq!(desk.code(line), 0, "{line}");
    }
    let merged = desk.json("ls --json")["memories"].clone();
    assert_eq!(desk.code("dream revert 1"), 0);
    assert_eq!(desk.code("undo"), 0);
    assert_eq!(desk.json("ls --json")["memories"], merged);
    for line in ["dream revert 1", "undo", "dream revert 1", "undo", "undo"] {
        assert_eq!(desk.code(line), 0, "{line}");
    }
    assert_eq!(desk.json("ls --json")["memories"].as_array().unwrap().len(), 1);
}

#[test]
fn sessions_are_marked_and_memories_judged() {
    assert_story(
        "marks",
        &desk().tell(&[
            "session mark chat-3 success",
            "session mark chat-3 success --json",
            "session mark chat-3 unknown",
            "session mark chat-33 failure",
            "session mark chat-3 well",
            "feedback facts/city helpful",
            "feedback facts/city wrong --json",
            "feedback facts/town wrong",
        ]),
    );
}
