//! Checking a whole database against itself: every row of the log, every object in it, and all
//! that is derived from them.

mod derived;
mod erased;
mod noted;
mod rows;
mod trees;

use std::fmt;

use crate::engine::database::Database;
use crate::error::Result;

pub use self::noted::Verified;
use self::rows::Walk;

/// What a verification looked at and what it found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct VerifyReport {
    /// Rows of the log.
    pub rows: u64,
    /// Commits whose edits were applied and gave their tree.
    pub commits: u64,
    /// Commits whose tree could not be checked because of damage beneath them.
    pub unchecked: u64,
    /// Operations in the hash chain.
    pub operations: u64,
    /// Objects of all kinds in the log, each hashed again with all its texts.
    pub objects: u64,
    /// Edits of commits.
    pub edits: u64,
    /// Stored tree nodes that were read through.
    pub nodes: u64,
    /// What is wrong, in the order it was met; empty if nothing is.
    pub findings: Vec<Finding>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// What is wrong, as a sentence.
    pub what: String,
    /// The row, object or name where it is wrong.
    pub place: String,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, place: impl fmt::Display, what: impl fmt::Display) {
        self.findings.push(Finding { what: what.to_string(), place: place.to_string() });
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl Database {
    /// Reads the whole log and checks it: checksums of rows, a dense sequence, the hash chain of
    /// operations, the hash of every object and text, a tombstone for each text that is gone, each commit's edits against its tree, and
    /// that index, refs, sessions, homes and tree nodes are what the log gives, and that the recall log
    /// can be read. Damage does not
    /// stop it where it can go on. Writers may go on writing; what they add meanwhile is not
    /// looked at. When it ended is noted in a file beside the database: see [`Database::verified`].
    ///
    /// # Errors
    /// `Io` if the file cannot be read at all.
    pub fn verify(&self) -> Result<VerifyReport> {
        let mut walk = Walk::begin(self.core())?;
        walk.read_rows(&self.progress().begin("rows", Some(walk.last)));
        walk.erasures.check(&mut walk.report);
        walk.check_derived();
        walk.check_heads();
        walk.check_recalls();
        self.note_verified(&walk.report);
        Ok(walk.report)
    }
}
