//! Who makes a change, and what they say about it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::error::{Error, Result};
use crate::limits;
use crate::object::Source;

/// What an author is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum AuthorKind {
    /// A person.
    Person,
    /// An AI agent.
    Agent,
    /// A program without judgement of its own: an importer, a curator.
    Program,
}

impl AuthorKind {
    /// The kind's name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Agent => "agent",
            Self::Program => "program",
        }
    }
}

/// Who made a change: a claim, not a proof. Written `person:ana`, `agent:scribe` or `program:mine`;
/// a name alone is a person.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Author {
    kind: AuthorKind,
    name: String,
}

impl Author {
    /// A person.
    pub fn person(name: impl Into<String>) -> Self {
        Self { kind: AuthorKind::Person, name: name.into() }
    }

    /// An AI agent.
    pub fn agent(name: impl Into<String>) -> Self {
        Self { kind: AuthorKind::Agent, name: name.into() }
    }

    /// A program.
    pub fn program(name: impl Into<String>) -> Self {
        Self { kind: AuthorKind::Program, name: name.into() }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the author is.
    pub fn kind(&self) -> AuthorKind {
        self.kind
    }

    /// The source that words by this author count as.
    pub fn source(&self) -> Source {
        match self.kind {
            AuthorKind::Person => Source::User,
            AuthorKind::Agent | AuthorKind::Program => Source::Agent,
        }
    }

    /// Starts a commit message by this author.
    pub fn message(&self, text: impl Into<String>) -> Message {
        Message {
            author: self.clone(),
            text: text.into(),
            session: None,
            authored: None,
            overriding: None,
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        limits::check("the author's name", self.name.len(), limits::NAME_BYTES_MAX, "bytes")?;
        if self.name.trim().is_empty() || self.name.contains(char::is_control) {
            return Err(Error::invalid(format!("{:?} cannot name an author", self.name)));
        }
        Ok(())
    }
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            AuthorKind::Person => f.pad(&self.name),
            kind => f.pad(&format!("{}:{}", kind.name(), self.name)),
        }
    }
}

impl FromStr for Author {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let author = match text.split_once(':') {
            Some(("person", name)) => Self::person(name),
            Some(("agent", name)) => Self::agent(name),
            Some(("program", name)) => Self::program(name),
            _ => Self::person(text),
        };
        author.check()?;
        Ok(author)
    }
}

/// What goes with a commit: who makes it, why, in which session, and when it was first made.
#[derive(Clone, Debug)]
#[must_use = "a message does nothing until it is given to `commit`"]
pub struct Message {
    pub(crate) author: Author,
    pub(crate) text: String,
    pub(crate) session: Option<String>,
    pub(crate) authored: Option<Time>,
    pub(crate) overriding: Option<String>,
}

impl Message {
    /// Says in which session the change was made.
    pub fn session(mut self, label: impl Into<String>) -> Self {
        self.session = Some(label.into());
        self
    }

    /// Says when the change was first made, for imports.
    pub fn authored(mut self, time: Time) -> Self {
        self.authored = Some(time);
        self
    }

    /// Lets the commit through where the policy refuses it, with the reason on the record. Only a
    /// person can, and where nothing is refused it says nothing.
    pub fn overriding(mut self, reason: impl Into<String>) -> Self {
        self.overriding = Some(reason.into());
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.author.check()?;
        if let Some(reason) = &self.overriding {
            limits::check("the reason", reason.len(), limits::MESSAGE_BYTES_MAX, "bytes")?;
            if reason.trim().is_empty() {
                return Err(Error::invalid("the policy is overridden with a reason, not without"));
            }
        }
        limits::check("the message", self.text.len(), limits::MESSAGE_BYTES_MAX, "bytes")?;
        if let Some(session) = &self.session {
            limits::check("the session label", session.len(), limits::NAME_BYTES_MAX, "bytes")?;
        }
        Ok(())
    }
}
