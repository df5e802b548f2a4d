//! Small sessions written here, and the databases that they are dreamt in.

use undream::{
    Author, Database, Dream, Event, FixedClock, NewSession, Options, Result, Role, SeededEntropy,
    SessionFacts, Store, Time, ToolCall,
};

pub(crate) fn database(seed: u64) -> Result<Database> {
    let clock = FixedClock::new(Time::parse("2026-11-22T12:00:00Z")?, 1_000_000);
    Options::new().clock(clock).entropy(SeededEntropy::new(seed)).in_memory()
}

pub(crate) fn importer() -> Author {
    Author::program("import")
}

/// Keys, texts and evidence of a dream's proposals, without ids.
pub(crate) fn content(dream: &Dream) -> Result<Vec<(String, String, String)>> {
    let mut all = Vec::new();
    for proposal in dream.proposals()? {
        let evidence = proposal.evident(usize::MAX)?;
        let key = proposal.key().map(ToString::to_string).unwrap_or_default();
        all.push((key, proposal.text().unwrap_or_default().to_owned(), format!("{evidence:?}")));
    }
    Ok(all)
}

/// A small session in which a tool fails in a recognisable way, and then works.
pub(crate) fn failing_session(number: usize) -> NewSession {
    let call = |args: &str, result: &str, is_error| {
        Event::called(ToolCall {
            tool: "Bash".to_owned(),
            args: format!("{{\"command\": \"{args}\"}}"),
            result: result.to_owned(),
            is_error,
            call_id: None,
        })
    };
    NewSession {
        facts: SessionFacts {
            id: format!("small:{number}"),
            source: "small".to_owned(),
            agent: "agent".to_owned(),
            model: "model".to_owned(),
            started: Some(Time::from_seconds(1_700_000_000 + 86_400 * number as i64)),
            ..SessionFacts::default()
        },
        events: vec![
            Event::said(Role::User, format!("Please run the checks of part {number}.")),
            call("zig build verify", "error: no step named verify in build.zig", true),
            call("zig build check", "all fine", false),
            Event::said(Role::Assistant, "Done."),
        ],
        extra: None,
    }
}

pub(crate) fn small(sessions: usize) -> Result<(Database, Store)> {
    let db = database(9)?;
    let store = db.store("default")?;
    let sessions: Vec<_> = (0..sessions).map(failing_session).collect();
    store.import_sessions(&sessions, &importer())?;
    Ok((db, store))
}
