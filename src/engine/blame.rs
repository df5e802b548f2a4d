//! Where each line of a memory comes from.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use similar::{ChangeTag, TextDiff};

use crate::engine::branch::Branch;
use crate::engine::grounds::Grounds;
use crate::engine::snapshot::Snapshot;
use crate::engine::store::Store;
use crate::error::{Error, Result};
use crate::object::{Cause, Commit, Key, ObjectKind, Record};
use crate::storage::RecordId;

/// A line of a memory's text and the version that brought it.
#[derive(Clone, Debug)]
pub struct BlamedLine {
    /// The line, without its end.
    pub text: String,
    /// The version that first said it.
    pub record: Arc<Record>,
    /// What that version rests on.
    pub grounds: Arc<Grounds>,
}

impl BlamedLine {
    /// Whether a reviewer worded it anew when they approved the proposal.
    pub fn is_amended(&self) -> bool {
        matches!(self.grounds.commit.cause(), Cause::Pick { amended: true, .. })
    }
}

/// Where a memory and each of its lines come from.
#[derive(Clone, Debug)]
pub struct Blame {
    /// The key.
    pub key: Key,
    /// The version that stands there.
    pub record: Arc<Record>,
    /// What it rests on.
    pub grounds: Arc<Grounds>,
    /// Its lines.
    pub lines: Vec<BlamedLine>,
}

impl Store {
    /// The commit whose row first held a record.
    ///
    /// # Errors
    /// `NotFound` if there is no such record; `Corrupt` if the row is damaged.
    pub fn commit_of(&self, record: RecordId) -> Result<Arc<Commit>> {
        let core = self.core();
        let unknown = || Error::not_found(format!("there is no record {record:.12}"));
        let sequence = core.row_of(&record.object())?.ok_or_else(unknown)?;
        let reader = core.storage.read()?;
        let row = crate::engine::row::read_row(&reader, sequence)?.ok_or_else(unknown)?;
        row.summary.commit.ok_or_else(unknown).and_then(|id| core.commit(id))
    }

    /// The place in the log of the row that first held a record: of two versions, the one with the
    /// greater place is newer.
    ///
    /// # Errors
    /// `NotFound` if there is no such record.
    pub fn place_of(&self, record: RecordId) -> Result<u64> {
        let unknown = || Error::not_found(format!("there is no record {record:.12}"));
        self.core().row_of(&record.object())?.ok_or_else(unknown)
    }
}

impl Branch {
    /// Where the memory at `key` and each line of its text come from.
    ///
    /// # Errors
    /// As [`Snapshot::blame`].
    pub fn blame(&self, key: &str) -> Result<Blame> {
        self.snapshot()?.blame(key)
    }
}

impl Snapshot {
    /// Where the memory at `key` and each line of its text come from: the versions that the record
    /// was made from are searched for each line, newest first.
    ///
    /// # Errors
    /// `NotFound` if nothing stands there; `Redacted` if its text was erased.
    pub fn blame(&self, key: &str) -> Result<Blame> {
        let missing = || Error::not_found(format!("there is no memory at `{key}`"));
        let record = Arc::new(self.get(key)?.ok_or_else(missing)?);
        let mut known: HashMap<RecordId, Arc<Grounds>> = HashMap::new();
        let mut grounds = |record: &Record| -> Result<_> {
            if let Some(grounds) = known.get(&record.id()) {
                return Ok(Arc::clone(grounds));
            }
            let grounds = Arc::new(self.store().grounds(record)?);
            known.insert(record.id(), Arc::clone(&grounds));
            Ok(grounds)
        };
        let text = record.text()?.to_owned();
        let origins = self.origins(&record, text.lines().count())?;
        let mut lines = Vec::new();
        for (line, origin) in text.lines().zip(origins) {
            let grounds = grounds(&origin)?;
            lines.push(BlamedLine { text: line.to_owned(), record: origin, grounds });
        }
        let grounds = grounds(&record)?;
        Ok(Blame { key: Key::new(key)?, record, grounds, lines })
    }

    /// For each line of `newest`, the oldest version that has it without interruption.
    fn origins(&self, newest: &Arc<Record>, count: usize) -> Result<Vec<Arc<Record>>> {
        let mut origins: Vec<Arc<Record>> = vec![Arc::clone(newest); count];
        // A version, and which of its lines stand at which line of the newest.
        let mut open =
            vec![(Arc::clone(newest), (0..count).map(|at| (at, at)).collect::<Vec<_>>())];
        while let Some((record, mut lines)) = open.pop() {
            for previous in record.previous() {
                let previous = Arc::new(self.record(*previous)?);
                let Ok(old) = previous.text() else { continue };
                let kept = kept_lines(old, record.text()?);
                let carried: Vec<_> =
                    lines.iter().filter_map(|(here, top)| Some((*kept.get(here)?, *top))).collect();
                lines.retain(|(here, _)| !kept.contains_key(here));
                for (_, top) in &carried {
                    origins[*top] = Arc::clone(&previous);
                }
                if !carried.is_empty() {
                    open.push((previous, carried));
                }
            }
        }
        Ok(origins)
    }
}

/// For each line of `new` that `old` has too, its number there.
fn kept_lines(old: &str, new: &str) -> HashMap<usize, usize> {
    let diff = TextDiff::from_lines(old, new);
    let kept = diff.iter_all_changes().filter(|change| change.tag() == ChangeTag::Equal);
    kept.filter_map(|change| Some((change.new_index()?, change.old_index()?))).collect()
}

impl fmt::Display for Blame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            let commit = &line.grounds.commit;
            let by = match line.grounds.proposal {
                Some((dream, proposal)) => format!("dream {dream}, proposal {proposal}"),
                None => line.record.provenance().author.to_string(),
            };
            writeln!(f, "{:.8} {:<24} {}", commit.id(), by, line.text)?;
        }
        Ok(())
    }
}

impl Store {
    /// The record that an id's first digits name.
    ///
    /// # Errors
    /// `NotFound` with the candidates if there is none or several.
    pub fn find_record(&self, digits: &str) -> Result<Record> {
        let unknown = || Error::not_found(format!("there is no record `{digits}`"));
        let prefix = crate::storage::Prefix::parse(digits).ok_or_else(unknown)?;
        let ids = self.core().with_prefix(&prefix, ObjectKind::Record)?;
        match ids.as_slice() {
            [id] => self.record((*id).into()),
            several => Err(unknown().with_candidates(several.iter().map(|id| format!("{id:.16}")))),
        }
    }
}
