//! The contents of files, held from where the stream brings them until a record says them.

use std::collections::HashMap;

use super::command::DataRef;
use crate::limits;
use crate::storage::{ObjectId, RecordId};

/// Why a file does not become a memory.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum SkippedFile {
    /// It is not UTF-8 text, or holds a NUL.
    Binary,
    /// It is over the limit of a text.
    TooLarge,
    /// It is a symbolic link or a submodule.
    NoFile,
    /// Its path breaks the rules of keys.
    Path,
    /// Its path equals another one once both are normalised.
    SameKey,
}

impl SkippedFile {
    /// A phrase for reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Binary => "not text",
            Self::TooLarge => "over 1 MiB",
            Self::NoFile => "link or submodule",
            Self::Path => "path is no key",
            Self::SameKey => "same key as another path",
        }
    }
}

/// Names a text while a history is replayed: equal for equal texts, and never stored.
pub(super) type Content = ObjectId;

/// All contents that the stream has brought so far.
#[derive(Default)]
pub(super) struct Blobs {
    marks: HashMap<u64, Result<Content, SkippedFile>>,
    /// Texts that no record says yet.
    texts: HashMap<Content, String>,
    records: HashMap<Content, RecordId>,
}

impl Blobs {
    /// Takes in what the stream calls `mark`; `None` is a blob too large to be held.
    pub(super) fn take(&mut self, mark: u64, data: Option<Vec<u8>>) {
        let content = match text(data) {
            Ok(text) => {
                let content = ObjectId::of(text.as_bytes());
                if !self.records.contains_key(&content) {
                    self.texts.insert(content, text);
                }
                Ok(content)
            }
            Err(why) => Err(why),
        };
        self.marks.insert(mark, content);
    }

    /// The content of a file with this git mode.
    pub(super) fn content(&self, mode: u32, data: &DataRef) -> Result<Content, SkippedFile> {
        match data {
            DataRef::Mark(mark) if mode & 0o170_000 == 0o100_000 => {
                self.marks.get(mark).copied().unwrap_or(Err(SkippedFile::NoFile))
            }
            _ => Err(SkippedFile::NoFile),
        }
    }

    /// The text, or else the record that says it.
    pub(super) fn find(&self, content: Content) -> Result<&str, Option<RecordId>> {
        match self.texts.get(&content) {
            Some(text) => Ok(text),
            None => Err(self.records.get(&content).copied()),
        }
    }

    /// Notes that `record` says this content.
    pub(super) fn recorded(&mut self, content: Content, record: RecordId) {
        self.texts.remove(&content);
        self.records.insert(content, record);
    }
}

fn text(data: Option<Vec<u8>>) -> Result<String, SkippedFile> {
    let data = data.ok_or(SkippedFile::TooLarge)?;
    let text = String::from_utf8(data).map_err(|_| SkippedFile::Binary)?;
    if text.contains('\0') {
        return Err(SkippedFile::Binary);
    }
    if text.len() > limits::TEXT_BYTES_MAX { Err(SkippedFile::TooLarge) } else { Ok(text) }
}
