//! A transcript, and the bounds it must keep.

use crate::error::{Error, Result};
use crate::limits;
use crate::object::{Event, SessionFacts};

/// The record of one agent run: what is known of it as a whole, and the events in order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Transcript {
    /// What is known of the session as a whole. The id is unique among all sources:
    /// `source:...`; the model is `unknown` if the transcript does not say.
    pub facts: SessionFacts,
    /// What the reader did not know, as the JSON text of one object.
    pub extra: Option<String>,
    /// What happened, in order.
    pub events: Vec<Event>,
}

impl Transcript {
    /// Checks the bounds that no cutting can mend.
    pub(super) fn check(&self) -> Result<()> {
        let facts = &self.facts;
        if facts.id.is_empty() {
            return Err(Error::invalid("the session has no id"));
        }
        limits::check("the session's id", facts.id.len(), limits::NAME_BYTES_MAX, "bytes")?;
        limits::check("the session", facts.labels.len(), limits::LABELS_MAX, "labels")?;
        for label in &facts.labels {
            limits::check("a label", label.len(), limits::LABEL_BYTES_MAX, "bytes")?;
        }
        let bytes = self.events.iter().map(Event::bytes).sum();
        limits::check("the session", bytes, limits::SESSION_BYTES_MAX, "bytes of event text")
    }
}
