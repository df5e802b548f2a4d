//! Endorsements, filters by trust, and taking back what rests on a source.

use std::fs;

use crate::desk::{Desk, assert_story};

/// What a curator proposes once it has read its input: sessions 1 to 6 are there, and session 3 is
/// the one that was poisoned.
const PROPOSALS: &str = r#"
{"kind":"other","title":"Raise the limit","rationale":"Chat 3 says so.","changes":[{"put":{"key":"refunds/limit","text":"Refunds up to 200 EUR need no approval."}}],"evidence":[{"session":"chat-3","events":[1,1]}]}
{"kind":"other","title":"Guests","rationale":"Chat 3 says so.","changes":[{"put":{"key":"refunds/guests","text":"Guests pay nothing."}}],"evidence":[{"session":"chat-3","events":[1,1]}]}
{"kind":"other","title":"A form","rationale":"Chat 3 says so.","changes":[{"put":{"key":"refunds/form","text":"No form is needed."}}],"evidence":[{"session":"chat-3","events":[1,1]}]}
{"kind":"preference","title":"Publishing","rationale":"Several ask for it.","changes":[{"put":{"key":"press/publish","text":"Publish when asked to."}}],"evidence":[{"session":"chat-1","events":[0,0],"quote":"Please publish issue 1."},{"session":"chat-2","events":[0,0],"quote":"Please publish issue 2."},{"session":"chat-3","events":[1,1],"quote":"the printer queue is locked"}]}
"#;

fn desk() -> Desk {
    let desk = Desk::after(&["init", "put refunds/limit 'Refunds up to 50 EUR need no approval.'"]);
    desk.import_sessions();
    fs::write(desk.path("proposals.jsonl"), PROPOSALS).unwrap();
    fs::write(desk.path("curator.sh"), "cat > /dev/null\ncat proposals.jsonl\n").unwrap();
    for line in [
        "dream run --sessions all --curator 'command:sh curator.sh'",
        "dream approve 1 --all",
        "dream merge 1",
        "mv refunds/guests guests/free",
        "put refunds/form 'No form is needed, but a note.'",
    ] {
        assert_eq!(desk.code(line), 0, "{line}");
    }
    desk
}

#[test]
fn what_rests_on_a_poisoned_session_is_shown_and_taken_back() {
    assert_story(
        "withdraw",
        &desk().tell(&[
            "revert",
            "revert --session chat-9",
            "revert --session chat-3 --resolve ours",
            "revert --session chat-3 --dry-run",
            "revert --session chat-3 -m 'A page had poisoned chat-3'",
            "show main",
            "ls",
            "get press/publish --full",
            "revert --session chat-3",
            "session quarantined",
            "session quarantined --json",
            "session lift chat-3 --author agent:scribe",
            "session lift chat-3",
            "session lift chat-3",
        ]),
    );
}

#[test]
fn from_a_cleaned_memory_one_comes_to_who_was_given_the_bad_version_and_to_the_session() {
    let desk = desk();
    for line in ["get refunds/limit --session chat-7", "search guests --session chat-8"] {
        assert_eq!(desk.code(line), 0, "{line}");
    }
    assert_story(
        "taken_back",
        &desk.tell(&[
            "revert --session chat-3",
            "status",
            "why refunds/limit",
            "why guests/free",
            "why guests/free --json",
            "recall list --taken-back main",
            "recall list --taken-back main~1",
            "session list",
            "session quarantined",
            "dream --sessions chat-1,chat-3",
            "dream list",
            "dream show 1",
            "dream show 1 1",
            "dream revert 1",
            "dream list",
            "dream list --json",
            "rm refunds/form",
            "why refunds/form",
            "why refunds/none",
            "bisect --key-exists refunds/limit",
        ]),
    );
}

#[test]
fn taking_back_answers_with_json_too() {
    let desk = desk();
    assert_story(
        "withdraw_json",
        &desk.tell(&["revert --session chat-3 --json", "session lift chat-3 --json"]),
    );
}

#[test]
fn what_an_author_wrote_and_what_dreams_brought_is_taken_back() {
    assert_story(
        "withdraw_author",
        &desk().tell(&[
            "put facts/sky 'The sky is green.' --author agent:rogue",
            "revert --by agent:rogue",
            "revert --dreams",
            "revert --dreams --since tomorrow",
            "revert --dreams --since yesterday --dry-run --resolve ours",
            "revert --dreams --since yesterday",
            "revert --dreams --since yesterday --resolve ours -m 'Back to yesterday'",
            "ls",
            "revert --dream 1",
        ]),
    );
}

#[test]
fn a_person_vouches_for_a_text_and_only_that_is_shown() {
    assert_story(
        "endorse",
        &desk().tell(&[
            "endorse refunds/none",
            "endorse refunds/limit --author agent:scribe",
            "endorse refunds/limit --reason 'It is in the contract.'",
            "endorse refunds/limit --author ben",
            "get refunds/limit --full",
            "ls --min-trust endorsed",
            "ls --min-trust most",
            "ls --without tool",
            "search refunds --min-trust user",
            "search refunds --without web --without tool",
            "brief --min-trust endorsed",
            "endorse refunds/limit --json",
            "put refunds/limit 'Refunds up to 300 EUR need no approval.' --author agent:scribe",
            "ls --min-trust endorsed",
            "unendorse refunds/limit",
            "unendorse refunds/limit --at main~1 --json",
        ]),
    );
}

#[test]
fn no_verb_writes_in_a_session_that_was_taken_back() {
    let desk = desk();
    assert_eq!(desk.code("revert --session chat-3 --quiet"), 0);
    let before = desk.json("op log --json");
    for verb in
        ["put facts/sky green", "rm facts/city", "mv facts/city facts/town", "restore --to main~1"]
    {
        let line = format!("{verb} --session chat-3 --json");
        let output = desk.output(&line, "");
        let said: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}: {said}");
        let (why, hint) = (&said["error"]["message"], &said["error"]["hint"]);
        assert!(why.as_str().unwrap().contains("`chat-3` was taken back"), "{line}: {said}");
        assert!(hint.as_str().unwrap().contains("undream session lift chat-3"), "{line}: {said}");
    }
    assert_eq!(desk.json("op log --json"), before);
    assert_eq!(desk.code("session lift chat-3"), 0);
    assert_eq!(desk.code("put facts/sky green --session chat-3"), 0);
}
