//! Sessions in which a tool fails until its flag is given.

use undream::{Event, NewSession, Role, SessionFacts, Time, ToolCall};

/// Six sessions of two users with `tool`, called `name` and a number.
pub(crate) fn sessions(tool: &str, name: &str) -> Vec<NewSession> {
    (1..=6).map(|number| session(tool, name, number)).collect()
}

fn session(tool: &str, name: &str, number: u32) -> NewSession {
    let call = |args: &str, result: &str, is_error| {
        Event::called(ToolCall {
            tool: "Bash".to_owned(),
            args: format!("{{\"command\":\"{args}\"}}"),
            result: result.to_owned(),
            is_error,
            call_id: None,
        })
    };
    let facts = SessionFacts {
        id: format!("{name}-{number}"),
        source: "test".to_owned(),
        agent: "scribe".to_owned(),
        model: "m1".to_owned(),
        user: Some(if number.is_multiple_of(2) { "ana" } else { "ben" }.to_owned()),
        project: Some(tool.to_owned()),
        started: Some(Time::parse(&format!("2026-02-{:02}T09:00:00Z", 10 + number)).unwrap()),
        ..SessionFacts::default()
    };
    let events = vec![
        Event::said(Role::User, format!("Please publish issue {number}.")),
        call(
            &format!("{tool} publish"),
            "error: the printer queue is locked, pass --drain first",
            true,
        ),
        call(&format!("{tool} publish --drain"), "published", false),
        Event::said(Role::Assistant, "Published."),
    ];
    NewSession { facts, events, extra: None }
}
