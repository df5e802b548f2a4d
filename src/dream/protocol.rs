//! The lines that a program as curator reads and writes.
//!
//! The protocol is documented in `docs/dreaming.md`.

use serde::Deserialize;

use crate::dream::curator::SuggestedChange;
use crate::error::Result;
use crate::object::{Entry, Event, Key, Kind, Session};

/// The line of a session.
pub(super) fn session_line(session: &Session, events: &[Event]) -> serde_json::Value {
    let facts = session.facts();
    let events: Vec<_> = events.iter().map(event_line).collect();
    serde_json::json!({ "session": {
        "session_id": facts.id, "source": facts.source, "agent": facts.agent, "model": facts.model,
        "task_id": facts.task, "user": facts.user, "project": facts.project,
        "labels": facts.labels, "outcome": facts.outcome.map(crate::object::Outcome::name),
        "started_at": facts.started.map(|time| time.to_string()), "events": events,
    }})
}

fn event_line(event: &Event) -> serde_json::Value {
    let role = event.role.name();
    match &event.call {
        Some(call) => serde_json::json!({
            "role": role, "tool": call.tool, "args": call.args, "result": call.result,
            "is_error": call.is_error,
        }),
        None => serde_json::json!({ "role": role, "content": event.content }),
    }
}

/// A proposal as a program writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    #[serde(default)]
    pub(super) kind: String,
    pub(super) title: String,
    pub(super) rationale: String,
    #[serde(default)]
    pub(super) confidence: f64,
    pub(super) changes: Vec<SaidChange>,
    #[serde(default)]
    pub(super) evidence: Vec<SaidCite>,
}

/// Events that a proposal rests on, as a program writes them.
#[derive(Deserialize)]
pub(super) struct SaidCite {
    pub(super) session: String,
    pub(super) events: [u32; 2],
    pub(super) quote: Option<String>,
}

/// A change as a program writes it.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum SaidChange {
    Put {
        key: String,
        text: String,
        title: Option<String>,
        kind: Option<String>,
        #[serde(default)]
        labels: Vec<String>,
    },
    Remove {
        key: String,
    },
    Rename {
        from: String,
        to: String,
    },
}

impl SaidChange {
    pub(super) fn read(self) -> Result<SuggestedChange> {
        Ok(match self {
            Self::Remove { key } => SuggestedChange::Remove(Key::new(key)?),
            Self::Rename { from, to } => SuggestedChange::Rename(Key::new(from)?, Key::new(to)?),
            Self::Put { key, text, title, kind, labels } => {
                let mut entry = Entry::new(text);
                entry.title = title;
                entry.labels = labels;
                if let Some(kind) = kind {
                    entry.kind = Kind::new(kind)?;
                }
                SuggestedChange::Put(Key::new(key)?, entry.checked()?)
            }
        })
    }
}
