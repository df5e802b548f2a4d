//! What a search of sessions finds.

use std::fmt;

use crate::clock::Time;
use crate::object::{Event, Role, Source};
use crate::search::snippet::Snippet;

/// An event that a search of sessions found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SessionHit {
    /// The session.
    pub session: String,
    /// Which of its events, from 0.
    pub number: u32,
    /// Who speaks.
    pub role: Role,
    /// Where the words come from.
    pub source: Source,
    /// The tool, where it is a call.
    pub tool: Option<String>,
    /// When, if the transcript says.
    pub at: Option<Time>,
    /// How well it fits: comparable within one search only.
    pub score: f32,
    /// The part of what it says that shows best why it was found.
    pub snippet: Snippet,
}

impl SessionHit {
    pub(super) fn new((session, number): (&str, u32), event: &Event, score: f32) -> Self {
        Self {
            session: session.to_owned(),
            number,
            role: event.role,
            source: event.source(),
            tool: event.call.as_ref().map(|call| call.tool.clone()),
            at: event.at,
            score,
            snippet: Snippet::default(),
        }
    }

    /// Whether it is only the setting of what happened: the harness's instructions, or words that
    /// it put in the person's mouth, such as the summary of a conversation that had grown too
    /// long. Such an event says again what others said, and is never evidence.
    pub fn is_context(&self) -> bool {
        matches!(self.role, Role::System | Role::Meta)
    }
}

/// The session and event, who speaks, and the snippet, on one line.
impl fmt::Display for SessionHit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{} {}: {}", self.session, self.number, self.role.name(), self.snippet)
    }
}
