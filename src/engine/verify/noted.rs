//! When a database was verified last: a small file beside the database's own.
//!
//! It is no part of the log: whoever checks only reads, and a check is none of memory's history.

use std::path::{Path, PathBuf};

use crate::clock::Time;
use crate::engine::database::Database;
use crate::engine::verify::VerifyReport;
use crate::error::{Error, Result};

/// The file, inside the database's directory.
const FILE: &str = "verified";
/// The same while it is written.
const DRAFT: &str = "verified.part";

/// The last verification of a database that was noted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Verified {
    /// When it ended.
    pub at: Time,
    /// How many rows of the log it read.
    pub rows: u64,
    /// How many things were wrong.
    pub findings: u64,
}

impl Database {
    /// When this database was verified last, and with what outcome; `None` if it never was, or if it
    /// is in memory. A copy of the database begins without.
    ///
    /// # Errors
    /// `Io` or `Corrupt` if the note cannot be read.
    pub fn verified(&self) -> Result<Option<Verified>> {
        let Some(directory) = self.directory() else { return Ok(None) };
        match std::fs::read_to_string(directory.join(FILE)) {
            Ok(text) => Verified::read(&text).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Notes that a verification has ended now.
    pub(super) fn note_verified(&self, report: &VerifyReport) {
        let Some(directory) = self.directory() else { return };
        let note =
            Verified { at: self.now(), rows: report.rows, findings: report.findings.len() as u64 };
        // What cannot be written to can be verified all the same; the report is what counts.
        drop(note.write(directory));
    }
}

impl Verified {
    fn read(text: &str) -> Result<Self> {
        let numbers: Option<Vec<i64>> =
            text.split_whitespace().map(|word| word.parse().ok()).collect();
        let damaged = || Error::corrupt(format!("the file `{FILE}` is damaged"));
        match numbers.ok_or_else(damaged)?.as_slice() {
            [at, rows, findings] if *rows >= 0 && *findings >= 0 => Ok(Self {
                at: Time::from_micros(*at),
                rows: rows.unsigned_abs(),
                findings: findings.unsigned_abs(),
            }),
            _ => Err(damaged()),
        }
    }

    /// Writes the note whole or not at all.
    fn write(self, directory: &Path) -> Result<()> {
        let (draft, file): (PathBuf, PathBuf) = (directory.join(DRAFT), directory.join(FILE));
        let text = format!("{} {} {}\n", self.at.as_micros(), self.rows, self.findings);
        std::fs::write(&draft, text)?;
        std::fs::rename(&draft, &file)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Verified;
    use crate::{Author, ErrorKind, Options, Time};

    #[test]
    fn a_verification_is_noted_beside_the_log_also_by_whoever_only_reads() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("db");
        let db = Options::new().create(&path).unwrap();
        let mut tx = db.store("default").unwrap().branch("main").unwrap().write().unwrap();
        tx.put("a", "one").unwrap();
        tx.commit(Author::agent("scribe").message("First")).unwrap();
        assert_eq!(db.verified().unwrap(), None);
        let last = db.feed().last().unwrap();
        drop(db);

        let reader = Options::new().read_only(true).open(&path).unwrap();
        let report = reader.verify().unwrap();
        let noted = reader.verified().unwrap().unwrap();
        assert_eq!((noted.rows, noted.findings), (report.rows, 0));
        assert_eq!(reader.feed().last().unwrap(), last);
    }

    #[test]
    fn a_note_that_cannot_be_read_is_damage() {
        let good = Verified { at: Time::from_micros(-5), rows: 3, findings: 1 };
        assert_eq!(Verified::read("-5 3 1\n").unwrap(), good);
        for text in ["", "1 2", "1 2 3 4", "now 1 2", "1 -2 3"] {
            assert_eq!(Verified::read(text).unwrap_err().kind(), ErrorKind::Corrupt, "{text}");
        }
    }
}
