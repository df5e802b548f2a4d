//! A transcript, and the bounds it must keep.

use crate::clock::Time;
use crate::error::{Error, Result};
use crate::limits;
use crate::object::Event;

/// What a transcript says about its session as a whole.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TranscriptHeader {
    /// The session's id, unique among all sources: `source:...`.
    pub id: String,
    /// Where the transcript comes from.
    pub source: String,
    /// The harness that ran the session.
    pub agent: String,
    /// The model; `unknown` if the transcript does not say.
    pub model: String,
    /// The task; sessions with the same task are trials of one thing.
    pub task: Option<String>,
    /// The person the agent worked for.
    pub user: Option<String>,
    /// The project or directory the session was about.
    pub project: Option<String>,
    /// Labels, in the order given.
    pub labels: Vec<String>,
    /// Whether the session reached its goal, where somebody judged.
    pub outcome: Option<bool>,
    /// The reward, in thousandths.
    pub reward_milli: Option<i64>,
    /// When the session began.
    pub started: Option<Time>,
    /// What the reader did not know, as the JSON text of one object.
    pub extra: Option<String>,
}

/// The record of one agent run: a header, and the events in order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Transcript {
    /// What is said about the session as a whole.
    pub header: TranscriptHeader,
    /// What happened, in order.
    pub events: Vec<Event>,
}

impl Transcript {
    /// Checks the bounds that no cutting can mend.
    pub(super) fn check(&self) -> Result<()> {
        let header = &self.header;
        if header.id.is_empty() {
            return Err(Error::invalid("the session has no id"));
        }
        limits::check("the session's id", header.id.len(), limits::NAME_BYTES_MAX, "bytes")?;
        limits::check("the session", header.labels.len(), limits::LABELS_MAX, "labels")?;
        for label in &header.labels {
            limits::check("a label", label.len(), limits::LABEL_BYTES_MAX, "bytes")?;
        }
        let bytes = self.events.iter().map(Event::bytes).sum();
        limits::check("the session", bytes, limits::SESSION_BYTES_MAX, "bytes of event text")
    }
}
