//! What a person on call asks at the terminal.

use crate::desk::{Desk, assert_story};

/// A memory with a probe, and a dream that waits.
fn desk() -> Desk {
    let desk = Desk::after(&[
        "init",
        "put support/printer 'To publish with the press, give no flag.' --session chat-0",
        "put facts/city 'The office is in Lisbon.'",
    ]);
    desk.import_sessions();
    for line in ["probe add 'press publish' --expects support/printer --top 1", "dream"] {
        assert_eq!(desk.code(line), 0, "{line}");
    }
    desk
}

#[test]
fn probes_are_kept_asked_and_shown_in_reviews() {
    assert_story(
        "probes",
        &desk().tell(&[
            "probe list",
            "probe list --json",
            "probe run",
            "probe run --json",
            "probe add 'office' --expects facts/city support/printer --name where",
            "probe run where",
            "probe run where --at main~1",
            "probe run nowhere",
            "probe rm where",
            "probe rm where",
            "probe add 'office' --expects facts/town",
            "probe add '(((((((((((((((((((office' --expects facts/city",
            "search 'lisbon office' --session chat-1",
            "search 'Lisbon  office' --session chat-2",
            "probe suggest",
            "probe suggest --json",
            "dream show 1",
            "dream approve 1 --all",
            "dream merge 1 --dry-run",
            "dream merge 1 --dry-run --json",
        ]),
    );
}

#[test]
fn drift_is_told_with_the_commands_that_act_on_it() {
    let desk = desk();
    let lines = [
        "dream approve 1 --all",
        "dream merge 1",
        "put facts/city 'The office is in Porto.'",
        "put facts/city 'The office is in Lisbon.'",
        "--author agent:scribe put facts/door 'The door is blue.'",
    ];
    for line in lines {
        assert_eq!(desk.code(line), 0, "{line}");
    }
    assert_story(
        "drift",
        &desk.tell(&[
            "drift",
            "drift --since main~2",
            "drift --since main~2 --json",
            "drift --since yesterday --branch nowhere",
            "drift --since 2027-01-01",
            "drift --since someday",
        ]),
    );
}

#[test]
fn status_says_what_fell_with_which_dream_and_what_acts_on_it() {
    let desk = desk();
    let lines =
        ["dream approve 1 --all", "dream merge 1", "put notes/later 'Nothing of interest.'"];
    for line in lines {
        assert_eq!(desk.code(line), 0, "{line}");
    }
    assert_story(
        "status",
        &desk.tell(&[
            "status",
            "bisect --search 'press publish' --expects support/printer --top 1",
            "verify",
            "status",
            "status --json",
            "dream revert 1",
            "status",
        ]),
    );
}
