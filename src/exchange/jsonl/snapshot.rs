//! What one commit holds, as JSON Lines: one memory per line.

use std::collections::BTreeMap;
use std::io::{BufRead, Read, Write};

use serde::{Deserialize, Serialize};

use crate::engine::{Branch, Snapshot};
use crate::error::{Error, Result};
use crate::exchange::content::{ContentReport, Intake};
use crate::limits;
use crate::object::{Entry, Key, Kind, Message};

/// The longest line: every character of the longest entry escaped.
const LINE_BYTES_MAX: u64 = 16 * limits::TEXT_BYTES_MAX as u64;

/// One memory as it stands on a line.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line {
    key: String,
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, String>,
}

/// What writing memories out came to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ContentExport {
    /// Memories that were written.
    pub memories: u64,
    /// Memories that could not be written, by key, each with the reason: their text was erased, or
    /// a file system cannot hold their key.
    pub skipped: Vec<(String, String)>,
}

impl Snapshot {
    /// Writes the memories at and under `prefix` as JSON Lines, one per line, in order of their
    /// keys.
    ///
    /// # Errors
    /// `Io` if `out` fails; `Corrupt` if something is damaged.
    pub fn export_jsonl(&self, prefix: &str, out: &mut dyn Write) -> Result<ContentExport> {
        let mut export = ContentExport::default();
        let total = self.count(prefix)?;
        let work = self.store().database().progress().begin("memories", Some(total));
        for entry in self.entries(prefix) {
            let (key, record) = entry?;
            work.advance();
            match record.to_entry() {
                Ok(entry) => {
                    serde_json::to_writer(&mut *out, &Line::of(&key, entry))
                        .map_err(std::io::Error::from)?;
                    out.write_all(b"\n")?;
                    export.memories += 1;
                }
                Err(error) => export.skipped.push((key.to_string(), error.to_string())),
            }
        }
        Ok(export)
    }
}

impl Branch {
    /// Writes the memories of JSON Lines into this branch, as one commit; other memories stay.
    /// Memories that say the same already change nothing, and if that is all, there is no commit.
    ///
    /// # Errors
    /// `Invalid` or `Limit` with the number of the first line that is not right; nothing is
    /// written then.
    pub fn import_jsonl(&self, input: &mut dyn BufRead, message: Message) -> Result<ContentReport> {
        let mut intake = Intake::on(self)?;
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            if input.take(LINE_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
                break;
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            take(&line, &mut intake).map_err(|error| {
                Error::new(error.kind(), format!("line {number}: {error}")).with_source(error)
            })?;
        }
        intake.commit("jsonl", message)
    }
}

fn take(line: &[u8], intake: &mut Intake) -> Result<()> {
    let line: Line = serde_json::from_slice(line)
        .map_err(|error| Error::invalid(format!("not a memory as JSON: {error}")))?;
    let key = Key::new(&line.key)?;
    intake.put(key, line.into_entry()?)
}

impl Line {
    fn of(key: &Key, entry: Entry) -> Self {
        Self {
            key: key.to_string(),
            text: entry.text,
            title: entry.title,
            kind: Some(entry.kind).filter(|kind| *kind != Kind::NOTE).map(String::from),
            labels: entry.labels,
            context: entry.context,
            attributes: entry.attributes,
        }
    }

    fn into_entry(self) -> Result<Entry> {
        Ok(Entry {
            text: self.text,
            title: self.title,
            kind: self.kind.map_or(Ok(Kind::NOTE), Kind::new)?,
            labels: self.labels,
            context: self.context,
            attributes: self.attributes,
        })
    }
}
