//! One row of the recall log: what one query of a session was given.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Key, StoreName};
use crate::storage::{CommitId, MemoryId, RecordId, codec};

/// The first byte of a row.
const FORMAT: u8 = 1;

/// How a session asked.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub enum RecallKind {
    /// By a search.
    Search,
    /// By a key.
    Get,
    /// By asking for a brief.
    Brief,
}

impl RecallKind {
    /// The kind's name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Get => "get",
            Self::Brief => "brief",
        }
    }
}

/// A memory that a query was given.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Given {
    /// Where it stood.
    pub key: Key,
    /// Which memory it is.
    pub memory: MemoryId,
    /// Which version of it.
    pub record: RecordId,
}

/// A query of a session, and the memories it was given.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Recall {
    /// When.
    pub at: Time,
    /// In which store.
    pub store: StoreName,
    /// The session that asked.
    pub session: String,
    /// How it asked.
    pub kind: RecallKind,
    /// The words it asked with; empty where it asked with none.
    pub query: String,
    /// The commit that was read; `None` on a branch that had none.
    pub commit: Option<CommitId>,
    /// What it was given, the first rank first; empty if nothing was found.
    pub given: Vec<Given>,
}

impl Recall {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![FORMAT];
        codec::encode_into(self, &mut bytes);
        bytes
    }

    /// Reads a row.
    ///
    /// # Errors
    /// `Newer` if a newer version wrote it; `Corrupt` if it is damaged.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self> {
        match bytes.split_first() {
            Some((&FORMAT, rest)) => codec::decode("a row of the recall log", rest),
            Some(_) => {
                let what = "a newer version wrote the recall log";
                Err(Error::new(ErrorKind::Newer, what))
            }
            None => Err(Error::corrupt("a row of the recall log is empty")),
        }
    }
}
