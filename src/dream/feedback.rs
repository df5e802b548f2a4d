//! What readers said of memories: records on the branch `meta`, one per memory.

use serde::{Deserialize, Serialize};

use crate::dream::manifest::meta;
use crate::dream::run::write_meta;
use crate::engine::{Snapshot, Store};
use crate::error::{Error, Result};
use crate::object::{Author, Entry, Key, Kind};
use crate::storage::MemoryId;

/// Where the records lie.
const FOLDER: &str = "feedback";

/// What a reader says of a memory.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Opinion {
    /// It helped.
    Helpful,
    /// It is not so.
    Wrong,
}

impl Opinion {
    /// The opinion's name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Helpful => "helpful",
            Self::Wrong => "wrong",
        }
    }
}

/// How often readers called a memory helpful, and wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Feedback {
    /// The memory.
    pub memory: MemoryId,
    /// Its key when somebody last said something of it.
    pub key: String,
    /// How often it was called helpful.
    pub helpful: u32,
    /// How often it was called wrong.
    pub wrong: u32,
}

/// The record of a memory's feedback.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Said {
    key: String,
    helpful: u32,
    wrong: u32,
}

impl Said {
    fn read(name: &str, text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| damaged(name).with_source(error))
    }

    fn of(self, memory: MemoryId) -> Feedback {
        Feedback { memory, key: self.key, helpful: self.helpful, wrong: self.wrong }
    }
}

impl Feedback {
    /// Adds a reader's opinion of the memory that `snapshot` holds at `key`, and gives all that was
    /// said of it.
    ///
    /// # Errors
    /// `NotFound` if there is no memory at `key`; what the database fails with.
    pub fn give(snapshot: &Snapshot, key: &str, opinion: Opinion, author: &Author) -> Result<Self> {
        let missing = || Error::not_found(format!("there is no memory at `{key}`"));
        let memory = snapshot.get(key)?.ok_or_else(missing)?.memory();
        let name = format!("{FOLDER}/{memory}");
        let mut given = Said::default();
        let message = author.message(format!("Call `{key}` {}", opinion.name()));
        write_meta(snapshot.store(), message, |transaction| {
            given = match transaction.base().get(&name)? {
                Some(record) => Said::read(&name, record.text()?)?,
                None => Said::default(),
            };
            key.clone_into(&mut given.key);
            let count = match opinion {
                Opinion::Helpful => &mut given.helpful,
                Opinion::Wrong => &mut given.wrong,
            };
            *count = count.saturating_add(1);
            let text = serde_json::to_string(&given).map_err(|error| {
                Error::invalid("a reader's opinion cannot be written").with_source(error)
            })?;
            transaction.put(&name, Entry::new(text).kind(Kind::SYSTEM))
        })?;
        Ok(given.of(memory))
    }

    /// All that readers said, by memory.
    ///
    /// # Errors
    /// `Corrupt` if a record is damaged.
    pub fn all(store: &Store) -> Result<Vec<Self>> {
        let snapshot = meta(store).snapshot()?;
        let mut all = Vec::new();
        for entry in snapshot.entries(FOLDER) {
            let (key, record) = entry?;
            let name = key.as_str();
            let memory = memory_of(&key).ok_or_else(|| damaged(name))?;
            all.push(Said::read(name, record.text()?)?.of(memory));
        }
        Ok(all)
    }
}

fn memory_of(key: &Key) -> Option<MemoryId> {
    key.as_str().strip_prefix(FOLDER)?.strip_prefix('/')?.parse().ok()
}

fn damaged(name: &str) -> Error {
    Error::corrupt(format!("the record `{name}` is damaged"))
}
