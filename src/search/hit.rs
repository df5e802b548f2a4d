//! What a search finds.

use std::collections::HashSet;
use std::fmt;
use std::vec;

use tantivy::tokenizer::TextAnalyzer;

use crate::error::Result;
use crate::object::{Key, Kind, Record};
use crate::search::snippet::Snippet;
use crate::storage::RecordId;

/// A memory that a search found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Hit {
    /// Where it stands.
    pub key: Key,
    /// Which version of it.
    pub record: RecordId,
    /// How well it fits: comparable within one search only.
    pub score: f32,
    /// Its heading, if it has one.
    pub title: Option<String>,
    /// What sort of memory it is.
    pub kind: Kind,
    /// The part of its text that shows best why it was found.
    pub snippet: Snippet,
}

/// The key, the score, and the snippet, on one line.
impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:.2}): {}", self.key, self.score, self.snippet)
    }
}

/// The memories that a search found, the best first; snippets are cut as they are asked for.
pub struct Hits {
    found: vec::IntoIter<Result<Found>>,
    words: HashSet<String>,
    analyser: TextAnalyzer,
}

/// A hit without its snippet.
pub(super) struct Found {
    pub(super) key: Key,
    pub(super) score: f32,
    pub(super) record: Record,
}

impl Hits {
    pub(super) fn new(
        found: Vec<Result<Found>>,
        words: HashSet<String>,
        analyser: TextAnalyzer,
    ) -> Self {
        Self { found: found.into_iter(), words, analyser }
    }
}

impl Iterator for Hits {
    type Item = Result<Hit>;

    fn next(&mut self) -> Option<Self::Item> {
        let Found { key, score, record } = match self.found.next()? {
            Ok(found) => found,
            Err(error) => return Some(Err(error)),
        };
        let hit = || {
            Ok(Hit {
                score,
                title: record.title()?.map(ToOwned::to_owned),
                kind: record.kind().clone(),
                snippet: Snippet::of(record.text()?, &self.words, &mut self.analyser),
                record: record.id(),
                key,
            })
        };
        Some(hit())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.found.size_hint()
    }
}

impl ExactSizeIterator for Hits {}

impl fmt::Debug for Hits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hits({} left)", self.found.len())
    }
}
