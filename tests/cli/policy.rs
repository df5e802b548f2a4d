//! The policy: what it refuses, overrides, modes, and commits checked again.

use crate::desk::{Desk, assert_story};

#[test]
fn the_policy_is_shown_changed_and_gone_against() {
    let desk = Desk::after(&["init", "put facts/city 'The office is in Lisbon.'"]);
    assert_story(
        "policy",
        &desk.tell(&[
            "policy show",
            "policy show --json",
            "put rules/refunds 'Up to 50 EUR.'",
            "put rules/refunds 'Up to 5,000 EUR.' --author agent:scribe",
            "put rules/refunds 'Up to 5,000 EUR.' --author agent:scribe --override 'I say so'",
            "put rules/refunds 'Up to 5,000 EUR.' --author agent:scribe --json",
            "put facts/db 'It is at postgres://app:q7Zk2Xw9Rb4T@db.internal/x.'",
            "put facts/db 'It is at postgres://app:q7Zk2Xw9Rb4T@db.internal/x.' --override 'a test system'",
            "show",
            "policy check",
            "policy check main~1",
            "policy check --json",
            "branch create trial main~2",
            "put rules/refunds 'None at all.' --branch trial --author agent:scribe",
            "merge trial --author agent:scribe",
            "policy edit - --dry-run < mode sometimes",
            "policy edit - --dry-run < mode gated",
            "policy edit - < ",
            "policy edit",
            "policy edit - --author agent:scribe < protect none",
            "policy edit - -m 'Only what is law' < protect law/",
            "policy show",
            "put rules/refunds 'None at all.' --author agent:scribe",
            "log meta",
        ]),
    );
}

#[test]
fn a_gated_dream_merges_what_passes_and_says_why_the_rest_waits() {
    let desk = Desk::after(&["init", "put facts/city 'The office is in Lisbon.'"]);
    desk.import_sessions();
    assert_story(
        "policy_dream",
        &desk.tell(&[
            "dream",
            "policy test dreams/1",
            "policy test 9",
            "policy test nine",
            "policy edit - < mode gated",
            "dream run --sessions all",
            "dream show 2",
            "policy edit - < mode gated\ntrust at least tool",
            "dream run --sessions all",
            "dream list",
            "show",
            "policy check",
            "log",
            "dream revert 3",
        ]),
    );
    let tested = desk.json("policy test dreams/2 --json");
    assert_eq!(tested["mode"], "gated");
    let first = &tested["proposals"][0];
    assert_eq!((first["passes"].as_bool(), first["proposal"].as_u64()), (Some(true), Some(1)));
    let sessions = &first["findings"][2];
    assert_eq!((&sessions["rule"], &sessions["at_least"]), (&"sessions".into(), &3.into()));
}
