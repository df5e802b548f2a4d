//! What a reading found, kept raw, cut or could not read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::cut::head;

/// The most different names that are counted one by one.
const NAMES_MAX: usize = 1_000;
/// The longest name that is counted as it stands, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// A line that could not be read and was left out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DamagedLine {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from one; 0 where the whole file is meant.
    pub line: u64,
    /// Why it could not be read.
    pub why: String,
}

/// What reading transcripts found, kept raw, cut or could not read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ReadingReport {
    /// How many files were read.
    pub files: u64,
    /// How many sessions were handed on.
    pub sessions: u64,
    /// How many events those sessions hold.
    pub events: u64,
    /// Fields, roles and content blocks that the reader did not know, by name, kept raw.
    pub unknown_fields: BTreeMap<String, u64>,
    /// Lines that are no part of a conversation, by type, kept raw as far as they fit.
    pub unknown_lines: BTreeMap<String, u64>,
    /// Lines, and whole sessions, that could not be read and were left out.
    pub damaged: Vec<DamagedLine>,
    /// How many events were longer than an event may be, and were cut.
    pub cut_events: u64,
}

impl ReadingReport {
    pub(super) fn unknown_field(&mut self, name: &str) {
        count(&mut self.unknown_fields, name);
    }

    pub(super) fn unknown_line(&mut self, name: &str) {
        count(&mut self.unknown_lines, name);
    }

    /// Adds what another reading found.
    pub fn add(&mut self, other: Self) {
        self.files += other.files;
        self.sessions += other.sessions;
        self.events += other.events;
        self.cut_events += other.cut_events;
        self.damaged.extend(other.damaged);
        for (name, count) in other.unknown_fields {
            *self.unknown_fields.entry(name).or_default() += count;
        }
        for (name, count) in other.unknown_lines {
            *self.unknown_lines.entry(name).or_default() += count;
        }
    }

    pub(super) fn damage(&mut self, path: &Path, line: u64, why: impl Into<String>) {
        self.damaged.push(DamagedLine { path: path.to_owned(), line, why: why.into() });
    }
}

/// Counts `name`; foreign input must not grow the report without bound, so long names are cut and
/// names beyond the first thousand are counted together.
fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    let name = head(name, NAME_BYTES_MAX);
    let full = counts.len() >= NAMES_MAX && !counts.contains_key(name);
    *counts.entry(if full { "(others)" } else { name }.to_owned()).or_default() += 1;
}
