//! The curator that asks a language model, against a server that follows a script.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of `#[test]` functions")]

mod account;
mod answers;
mod server;
mod trouble;

use std::time::Duration;

use serde_json::{Value, json};
use undream::{
    Author, Database, Dream, Event, FixedClock, Llm, NewSession, Options, Result, Role,
    SeededEntropy, SessionFacts, Store, Time, ToolCall,
};

use server::Server;

/// A database with a fixed clock and chance.
fn database() -> Result<Database> {
    let clock = FixedClock::new(Time::parse("2026-11-22T12:00:00Z")?, 1_000_000);
    Options::new().clock(clock).entropy(SeededEntropy::new(7)).in_memory()
}

/// A session in which a pump fails, the wedge is taken out, and the pump runs.
fn pump(id: &str, project: &str) -> NewSession {
    let call = |tool: &str, result: &str, is_error| {
        let (tool, args, result) = (tool.into(), "{\"pump\":\"east\"}".into(), result.into());
        Event::called(ToolCall { tool, args, result, is_error, ..ToolCall::default() })
    };
    let events = vec![
        Event::said(Role::User, "Please water the orchid house, and never after noon."),
        call("start", "error: the intake is blocked by a wedge", true),
        call("inspect", "a wooden wedge sits in the intake", false),
        call("start", "the pump is running", false),
    ];
    let facts = SessionFacts {
        id: id.to_owned(),
        agent: "gardener".to_owned(),
        project: Some(project.to_owned()),
        ..SessionFacts::default()
    };
    NewSession { facts, events, extra: None }
}

fn take(store: &Store, sessions: &[NewSession]) -> Result<()> {
    store.import_sessions(sessions, &Author::program("import")).map(drop)
}

/// A store with two sessions.
fn garden() -> Result<Store> {
    let store = database()?.store("default")?;
    take(&store, &[pump("morning", "garden"), pump("evening", "garden")])?;
    Ok(store)
}

fn llm(server: &Server) -> Llm {
    Llm::new("gardener-7b").endpoint(server.url()).request_time_max(Duration::from_secs(20))
}

fn dream(store: &Store, curator: Llm) -> Result<Dream> {
    Dream::on(&store.branch("main")?).curator(curator).run()
}

/// A sound claim, resting on an event of the first session in a question.
fn claim() -> Value {
    json!({
        "action": "write",
        "key": "mistakes/start/intake-blocked",
        "title": "Clear the intake first",
        "text": "When `start` says that the intake is blocked, take out the wedge, then start again.",
        "kind": "mistake",
        "rationale": "The pump ran once the wedge was out.",
        "confidence": 0.9,
        "evidence": [{"session": "S1", "event": 1, "quote": "the intake is blocked by a wedge"}],
    })
}

/// A claim with other values in some places.
fn claim_with(changes: Value) -> Value {
    let mut claim = claim();
    for (name, value) in changes.as_object().unwrap() {
        claim[name] = value.clone();
    }
    claim
}

fn answer(claims: &[Value]) -> String {
    json!({"proposals": claims}).to_string()
}
