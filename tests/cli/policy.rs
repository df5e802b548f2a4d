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

/// What is held because it is near a protected text is shown with that text.
#[test]
fn what_is_near_a_protected_text_is_shown_beside_it() {
    let rule = "Refunds above fifty euros need the approval of a supervisor.";
    let desk = Desk::after(&["init", &format!("put rules/refunds '{rule}'")]);
    desk.import_sessions();
    let proposal = r#"{"kind":"other","title":"Refunds","rationale":"Seen.","confidence":0.9,
        "changes":[{"put":{"key":"notes/refunds","text":"Refunds above fifty euros need no approval."}}],
        "evidence":[{"session":"chat-1","events":[0,0]},{"session":"chat-2","events":[0,0]},
        {"session":"chat-3","events":[0,0]}]}"#;
    let script = format!("cat > /dev/null\ncat <<'END'\n{}\nEND\n", proposal.replace('\n', " "));
    std::fs::write(desk.path("near.sh"), script).unwrap();
    let terms = "mode gated\nusers at least 0\ntrust at least none";
    assert!(desk.output("policy edit -", terms).status.success());
    let run = format!("dream --curator 'command:sh {}'", desk.path("near.sh").display());
    assert_eq!(desk.code(&run), 0);
    for shown in ["dream show 1 1", "policy test dreams/1"] {
        let told = desk.tell(&[shown]);
        let at = told.find("beside rules/refunds").unwrap_or_else(|| panic!("{told}"));
        assert!(told[at..].contains(rule), "{told}");
    }
    let held = &desk.json("dream show 1 1 --json")["proposals"][0]["held"][0];
    assert_eq!(held["rule"], "near-protected");
    assert_eq!(held["beside"][0], serde_json::json!({"key": "rules/refunds", "text": rule}));
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
            "policy test dreams/1 --all",
            "policy test 9",
            "policy test nine",
            "policy edit - < mode gated",
            "dream run --sessions all",
            "dream show 2",
        ]),
    );
    let tested = desk.json("policy test dreams/2 --json");
    assert_eq!(tested["mode"], "gated");
    let first = &tested["proposals"][0];
    assert_eq!((first["passes"].as_bool(), first["proposal"].as_u64()), (Some(false), Some(1)));
    let sessions = &first["findings"][2];
    assert_eq!((&sessions["rule"], &sessions["at_least"]), (&"sessions".into(), &3.into()));
    assert_story(
        "policy_dream_merged",
        &desk.tell(&[
            "policy edit - < mode gated\ntrust at least tool",
            "policy test 2",
            "dream run --sessions all",
            "dream list",
            "show",
            "policy check",
            "log",
            "dream revert 3",
        ]),
    );
}
