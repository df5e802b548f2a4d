//! What sessions were given, and searching what was said in them.

use crate::desk::{Desk, assert_story};

fn desk() -> Desk {
    Desk::after(&[
        "init",
        "put facts/city 'The office is in Lisbon.'",
        "put facts/tea 'The office drinks oolong tea.'",
        "put facts/door 'The door code is in the safe.'",
        "search office tea --session chat-1",
        "get facts/tea --session chat-1",
        "brief --query door --session chat-2",
        "put facts/tea 'The office drinks sencha.'",
        "mv facts/tea drinks/tea",
        "search sencha --session chat-2",
        "search nothing of the kind --session chat-2",
    ])
}

#[test]
fn what_sessions_were_given_is_listed_and_forgotten() {
    assert_story(
        "recall",
        &desk().tell(&[
            "recall list",
            "recall list --key drinks/tea",
            "why drinks/tea",
            "why drinks/tea --json",
            "recall list --key facts/tea -n 1",
            "recall list --session chat-1 --json",
            "recall list --session chat-9",
            "recall list --since 2026-03-01T12:08:30Z",
            "status",
            "recall unused --since 2026-03-01T12:06:30Z",
            "recall unused --since yesterday",
            "recall unused --since yesterday --json",
            "recall forget",
            "recall forget --session chat-1",
            "recall list --session chat-1",
            "recall unused --since 2026-03-01T12:04:00Z",
            "recall forget --before 2026-03-01T12:08:30Z --json",
            "recall forget --all --session chat-2",
            "recall forget --all",
            "recall list",
            "search office --session ''",
            "verify",
        ]),
    );
}

#[test]
fn what_was_said_in_sessions_is_searched() {
    let desk = Desk::after(&["init"]);
    desk.import_sessions();
    assert_story(
        "session_search",
        &desk.tell(&[
            "session search press drain -n 2",
            "session search publish issue --role user --user ben",
            "session search printer queue --tool bash --since 2026-02-15 -n 3 --json",
            "session search published --role assistant --project nowhere",
            "session search publish --role nobody",
            "session search",
        ]),
    );
}
