//! Where a record or a commit comes from, and how far it is to be trusted.

use serde::{Deserialize, Serialize};

use crate::object::Author;
use crate::storage::{RecordId, SessionObjectId, TextId};

/// Where words come from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Source {
    /// A person.
    User,
    /// A model or an agent's program.
    Agent,
    /// A tool's output.
    Tool,
    /// A tool's output that came from the web.
    Web,
    /// The harness around the agent.
    Harness,
}

impl Source {
    /// The source's name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Agent => "agent",
            Self::Tool => "tool",
            Self::Web => "web",
            Self::Harness => "harness",
        }
    }

    /// The trust that words from this source start with.
    pub fn trust(self) -> Trust {
        match self {
            Self::User => Trust::User,
            Self::Agent => Trust::Agent,
            Self::Tool | Self::Web | Self::Harness => Trust::Tool,
        }
    }

    /// The source with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Taint::ALL.into_iter().find(|source| source.name() == name)
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// How far a memory is trusted, least first.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
pub enum Trust {
    /// Nothing is known of where it comes from.
    #[default]
    None,
    /// It rests on a tool's output or on the web.
    Tool,
    /// An agent says so.
    Agent,
    /// A person said so.
    User,
    /// A person read exactly this text and vouches for it. No record says so of itself: see
    /// [`Store::endorse`](crate::Store::endorse).
    Endorsed,
}

impl Trust {
    const ALL: [Self; 5] = [Self::None, Self::Tool, Self::Agent, Self::User, Self::Endorsed];

    /// The trust with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trust| trust.name() == name)
    }

    /// The name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Tool => "tool",
            Self::Agent => "agent",
            Self::User => "user",
            Self::Endorsed => "endorsed",
        }
    }
}

/// The set of sources whose words a memory rests on.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Taint(u8);

impl Taint {
    const ALL: [Source; 5] =
        [Source::User, Source::Agent, Source::Tool, Source::Web, Source::Harness];

    /// The set of just `source`.
    pub fn of(source: Source) -> Self {
        Self(source.bit())
    }

    /// Both sets together.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the set holds `source`.
    pub fn contains(self, source: Source) -> bool {
        self.0 & source.bit() != 0
    }

    /// Whether every bit stands for a source.
    pub(crate) fn is_known(self) -> bool {
        Self::ALL.into_iter().fold(self.0, |bits, source| bits & !source.bit()) == 0
    }

    /// The sources in the set.
    pub fn sources(self) -> impl Iterator<Item = Source> {
        Self::ALL.into_iter().filter(move |source| self.contains(*source))
    }
}

/// What a proposal rests on: one stored session and a range of its events. The quote is not stored:
/// it is cut out of the events when shown, so erasing an event erases its quotes.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Evidence {
    /// The session as it was read.
    pub session: SessionObjectId,
    /// The first event, counted from 0.
    pub first: u32,
    /// The last event, inclusive.
    pub last: u32,
    /// The texts of those events, in order.
    pub texts: Vec<TextId>,
}

/// Who wrote a record, in which session, from what.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Provenance {
    /// Where the words come from.
    pub source: Source,
    /// Who wrote them.
    pub author: Author,
    /// The session in which they were written, by its label.
    pub session: Option<String>,
    /// The dream and the proposal that wrote them.
    pub dream: Option<(u64, u32)>,
    /// The session events the words rest on.
    pub evidence: Vec<Evidence>,
    /// The records the words were made from.
    pub inputs: Vec<RecordId>,
}
