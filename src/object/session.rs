//! A session: the transcript of one agent run, as a header and a list of event chunks.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::entropy::Seed;
use crate::error::{Error, Result};
use crate::limits;
use crate::object::event::{self, EventHeader};
use crate::object::stored::{Header, ObjectKind, Stored};
use crate::object::text::{SaltedText, TextSlot};
use crate::object::{Event, Source, entry};
use crate::storage::{ChunkId, SessionObjectId, TextId};

/// How a session ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum Outcome {
    /// It reached its goal.
    Success,
    /// It did not.
    Failure,
}

impl Outcome {
    /// The outcome's name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

/// What is known of a session beside its events.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct SessionFacts {
    /// The id it was imported under, unique within its store.
    pub id: String,
    /// Where it comes from, such as `claude-code`.
    pub source: String,
    /// The harness or agent.
    pub agent: String,
    /// The model.
    pub model: String,
    /// The same id stands for the same task.
    pub task: Option<String>,
    /// Whose session it was.
    pub user: Option<String>,
    /// What it worked on.
    pub project: Option<String>,
    /// Words to select by, sorted.
    pub labels: Vec<String>,
    /// How it ended, where that is known.
    pub outcome: Option<Outcome>,
    /// A reward, in thousandths.
    pub reward_milli: Option<i64>,
    /// When it began.
    pub started: Option<Time>,
}

impl SessionFacts {
    /// Whether it reached its goal, where that is known.
    pub fn succeeded(&self) -> Option<bool> {
        self.outcome.map(|outcome| outcome == Outcome::Success)
    }

    /// The same facts with labels in order, each once.
    pub(crate) fn in_order(mut self) -> Self {
        self.labels.sort();
        self.labels.dedup();
        self
    }

    /// Checks names, labels and lengths.
    pub(crate) fn check(&self) -> Result<()> {
        if self.id.is_empty() || self.id.chars().any(char::is_control) {
            return Err(Error::invalid(format!("{:?} cannot be a session's id", self.id)));
        }
        let names = [Some(&self.id), Some(&self.source), Some(&self.agent), Some(&self.model)];
        let optional = [self.task.as_ref(), self.user.as_ref(), self.project.as_ref()];
        for name in names.into_iter().chain(optional).flatten() {
            limits::check("a session's field", name.len(), limits::NAME_BYTES_MAX, "bytes")?;
        }
        entry::check_labels(&self.labels)
    }
}

/// The hashed part of a session.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct SessionHeader {
    pub(crate) facts: SessionFacts,
    /// Each chunk and the number of its events.
    pub(crate) chunks: Vec<(ChunkId, u32)>,
    /// Fields that the reader did not know, as JSON.
    pub(crate) extra: Option<TextId>,
}

impl Header for SessionHeader {
    const KIND: ObjectKind = ObjectKind::Session;

    fn texts(&self) -> Vec<TextId> {
        self.extra.into_iter().collect()
    }

    fn is_ordered(&self) -> bool {
        self.facts.labels.is_sorted_by(|a, b| a < b)
    }
}

/// One stored version of a session, without its events.
#[derive(Clone, Debug)]
pub struct Session {
    id: SessionObjectId,
    header: SessionHeader,
    extra: Option<String>,
}

impl Session {
    /// The session that `stored` holds.
    pub(crate) fn open(stored: &Stored) -> Result<Self> {
        let header: SessionHeader = stored.open()?;
        let extra = match stored.texts().first() {
            Some(slot) => slot.text("the further fields of a session")?,
            None => None,
        };
        Ok(Self { id: stored.id().into(), header, extra })
    }

    /// The id of this stored version.
    pub fn object_id(&self) -> SessionObjectId {
        self.id
    }

    /// The id it was imported under.
    pub fn id(&self) -> &str {
        &self.header.facts.id
    }

    /// All that is known of it beside its events.
    pub fn facts(&self) -> &SessionFacts {
        &self.header.facts
    }

    /// How many events it has.
    pub fn events(&self) -> u32 {
        self.header.chunks.iter().map(|(_, count)| count).sum()
    }

    /// Fields that the reader did not know, as the JSON text of one object.
    pub fn extra(&self) -> Option<&str> {
        self.extra.as_deref()
    }

    pub(crate) fn chunks(&self) -> &[(ChunkId, u32)] {
        &self.header.chunks
    }
}

/// The hashed part of a chunk of events.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct ChunkHeader {
    pub(crate) events: Vec<EventHeader>,
}

impl Header for ChunkHeader {
    const KIND: ObjectKind = ObjectKind::EventChunk;

    fn texts(&self) -> Vec<TextId> {
        self.events.iter().map(|event| event.text).collect()
    }
}

/// A chunk's events in order, each with the name of its words; `None` where erased.
pub(crate) fn open_chunk(stored: &Stored) -> Result<Vec<(TextId, Option<Event>)>> {
    let header: ChunkHeader = stored.open()?;
    let slots = header.events.iter().zip(stored.texts());
    slots
        .map(|(event, slot)| {
            let words = match slot {
                TextSlot::Present(text) => Some(event::decode_payload(event, text.payload())?),
                TextSlot::Erased(_) => None,
            };
            Ok((event.text, words))
        })
        .collect()
}

/// The names of the words of a chunk's events, and where each comes from: known also of events
/// whose words were erased.
pub(crate) fn chunk_sources(stored: &Stored) -> Result<Vec<(TextId, Source)>> {
    let header: ChunkHeader = stored.open()?;
    Ok(header.events.iter().map(|event| (event.text, event.source)).collect())
}

/// Cuts events into runs of at most [`limits::CHUNK_BYTES_MAX`] bytes of text, at the same places
/// whatever follows, so that a grown session shares the chunks of its past.
pub(crate) fn cut_into_chunks(events: &[Event]) -> Vec<&[Event]> {
    let mut runs = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, event) in events.iter().enumerate() {
        let size = event.bytes() + 32;
        if index > start && (bytes + size > limits::CHUNK_BYTES_MAX || index - start == 1_000) {
            runs.push(&events[start..index]);
            (start, bytes) = (index, 0);
        }
        bytes += size;
    }
    if start < events.len() {
        runs.push(&events[start..]);
    }
    runs
}

/// The chunk object of a run of events; salts are the `first`-th and following of `seed`.
pub(crate) fn make_chunk(events: &[Event], seed: &Seed, first: u64) -> Stored {
    let mut headers = Vec::with_capacity(events.len());
    let mut texts = Vec::with_capacity(events.len());
    for (index, event) in events.iter().enumerate() {
        let salt = seed.derive("event", first + index as u64);
        let text = SaltedText::new(salt, event::encode_payload(event));
        headers.push(EventHeader {
            role: event.role,
            source: event.source(),
            at: event.at,
            is_error: event.call.as_ref().is_some_and(|call| call.is_error),
            text: text.id(),
        });
        texts.push(TextSlot::Present(text));
    }
    Stored::seal(&ChunkHeader { events: headers }, texts)
}

/// The session object over chunks that are already made.
pub(crate) fn make_session(
    facts: SessionFacts,
    extra: Option<&str>,
    chunks: Vec<(ChunkId, u32)>,
    seed: &Seed,
) -> Stored {
    let extra = extra.map(|text| SaltedText::new(seed.derive("session extra", 0), text.as_bytes()));
    let header = SessionHeader { facts, chunks, extra: extra.as_ref().map(SaltedText::id) };
    Stored::seal(&header, extra.into_iter().map(TextSlot::Present).collect())
}
