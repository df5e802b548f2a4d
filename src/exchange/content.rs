//! What a branch holds, brought in from elsewhere as one commit.

use std::collections::BTreeSet;

use crate::engine::{Branch, Transaction};
use crate::error::{Error, Result};
use crate::object::{Cause, Entry, Key, Message, OperationKind};
use crate::progress::Work;
use crate::storage::CommitId;

/// What bringing memories in came to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ContentReport {
    /// Memories that were not there.
    pub added: u64,
    /// Memories that say something else now.
    pub changed: u64,
    /// Memories that said the same already.
    pub unchanged: u64,
    /// Memories that were removed because nothing was brought for their key.
    pub removed: u64,
    /// Files or fields that were left out, each with the reason.
    pub skipped: Vec<(String, String)>,
    /// The commit that holds it all; `None` if there was nothing to change.
    pub commit: Option<CommitId>,
}

/// Memories on their way into a branch.
pub(super) struct Intake {
    transaction: Transaction,
    seen: BTreeSet<Key>,
    pub(super) report: ContentReport,
    work: Work,
}

impl Intake {
    pub(super) fn on(branch: &Branch) -> Result<Self> {
        let transaction = branch.write()?;
        let work = branch.store().database().progress().begin("memories", None);
        Ok(Self { transaction, seen: BTreeSet::new(), report: ContentReport::default(), work })
    }

    /// Writes `entry` at `key`.
    ///
    /// # Errors
    /// `Invalid` if the key was brought before; `Limit` or `Invalid` if the entry is out of bounds.
    pub(super) fn put(&mut self, key: Key, entry: Entry) -> Result<()> {
        let entry = entry.checked()?;
        if !self.seen.insert(key.clone()) {
            return Err(Error::invalid(format!("`{key}` is there twice")));
        }
        self.work.advance();
        let before = self.transaction.base().get(key.as_str())?;
        match before {
            Some(before) if before.says(&entry) => self.report.unchanged += 1,
            Some(_) => self.report.changed += 1,
            None => self.report.added += 1,
        }
        self.transaction.put(key, entry)
    }

    /// Notes that `key` was met, so that it is not taken for missing.
    pub(super) fn keep(&mut self, key: Key) {
        self.seen.insert(key);
    }

    /// Removes the memories under `prefix` for which nothing was brought.
    pub(super) fn remove_missing(&mut self, prefix: &str) -> Result<()> {
        for entry in self.transaction.base().keys(prefix) {
            let (key, _) = entry?;
            if !self.seen.contains(&key) {
                self.transaction.remove(key)?;
                self.report.removed += 1;
            }
        }
        Ok(())
    }

    pub(super) fn commit(mut self, origin: &str, message: Message) -> Result<ContentReport> {
        let cause = Cause::Import { origin: origin.to_owned() };
        self.transaction.set_cause((cause, Vec::new()), OperationKind::Import);
        let mut report = self.report;
        if !self.transaction.is_empty() {
            report.commit = Some(self.transaction.commit(message)?);
        }
        Ok(report)
    }
}
