//! The feed: all that is added to a database, in order.

use std::collections::HashMap;
use std::time::Duration;

use crate::engine::database::Database;
use crate::engine::row::{self, ReadRow, RowHead, Summary};
use crate::error::Result;
use crate::object::{Key, ObjectKind, StoreName, Stored};
use crate::storage::{CommitId, OperationId, RecordId, SessionObjectId};

/// A row of the log as a follower sees it.
#[derive(Clone, Debug)]
pub struct FeedRow {
    /// The row's place in the log; dense, from 1.
    pub sequence: u64,
    /// The store it belongs to.
    pub store: StoreName,
    /// The commit, where it is one.
    pub commit: Option<CommitId>,
    /// What the commit changed, in order of the keys.
    pub edits: Vec<FeedEdit>,
    /// The operation, where the row closes one.
    pub operation: Option<OperationId>,
    /// The sessions it brought in: id and object.
    pub sessions: Vec<(String, SessionObjectId)>,
}

/// One key of a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FeedEdit {
    /// The key.
    pub key: Key,
    /// The record before.
    pub before: Option<RecordId>,
    /// The record after.
    pub after: Option<RecordId>,
}

/// A row with the records that it brought in, for followers that read them all.
pub(crate) struct WholeRow {
    pub(crate) row: FeedRow,
    /// How long the row is.
    pub(crate) bytes: u64,
    /// Those that it brought in and nobody took yet.
    records: HashMap<RecordId, Stored>,
}

impl FeedRow {
    fn of(head: RowHead, summary: Summary) -> Self {
        let edits = head.edits.into_iter();
        let edits = edits
            .map(|edit| FeedEdit { key: edit.key, before: edit.before, after: edit.after })
            .collect();
        Self {
            sequence: summary.sequence,
            store: head.store,
            commit: summary.commit,
            edits,
            operation: summary.operation_id(),
            sessions: summary.sessions,
        }
    }
}

impl WholeRow {
    fn of(ReadRow { head, objects, summary }: ReadRow) -> Result<Self> {
        let bytes = summary.bytes;
        let mut records = HashMap::with_capacity(objects.len().min(head.edits.len()));
        for (id, stored) in objects {
            if stored.kind()? == ObjectKind::Record {
                records.insert(id.into(), stored);
            }
        }
        Ok(Self { row: FeedRow::of(head, summary), bytes, records })
    }

    /// Takes out a record that the row brought in, unopened; `None` if it came with another row.
    pub(crate) fn take(&mut self, id: RecordId) -> Option<Stored> {
        self.records.remove(&id)
    }
}

/// All that is added to a database, in order: what search, caches and followers consume.
#[derive(Clone, Debug)]
pub struct Feed {
    database: Database,
}

impl Database {
    /// The feed of changes.
    pub fn feed(&self) -> Feed {
        Feed { database: self.clone() }
    }
}

impl Feed {
    /// The sequence of the newest row.
    ///
    /// # Errors
    /// `Io` or `Corrupt` if the log cannot be read.
    pub fn last(&self) -> Result<u64> {
        let core = self.database.core();
        core.refresh()?;
        Ok(core.state().last)
    }

    /// At most `limit` rows after `sequence`, in order.
    ///
    /// # Errors
    /// `Corrupt` if a row is damaged.
    pub fn changes_after(&self, sequence: u64, limit: usize) -> Result<Vec<FeedRow>> {
        self.rows_after(sequence, limit, u64::MAX)
    }

    /// At most `limit` rows after `sequence`, in order; no more once they have `bytes` bytes
    /// together.
    pub(crate) fn rows_after(
        &self,
        sequence: u64,
        limit: usize,
        bytes: u64,
    ) -> Result<Vec<FeedRow>> {
        let of = |ReadRow { head, summary, .. }| Ok(FeedRow::of(head, summary));
        self.read_after(sequence, limit, bytes, of)
    }

    /// As [`Feed::rows_after`], with the records of each row.
    pub(crate) fn whole_rows_after(
        &self,
        sequence: u64,
        limit: usize,
        bytes: u64,
    ) -> Result<Vec<WholeRow>> {
        self.read_after(sequence, limit, bytes, WholeRow::of)
    }

    fn read_after<T>(
        &self,
        sequence: u64,
        limit: usize,
        bytes: u64,
        of: impl Fn(ReadRow) -> Result<T>,
    ) -> Result<Vec<T>> {
        let core = self.database.core();
        let last = self.last()?;
        let reader = core.storage.read()?;
        let (mut rows, mut read) = (Vec::new(), 0);
        for next in sequence + 1..=last.min(sequence.saturating_add(limit as u64)) {
            let Some(row) = row::read_row(&reader, next)? else { break };
            read += row.summary.bytes;
            rows.push(of(row)?);
            if read >= bytes {
                break;
            }
        }
        Ok(rows)
    }

    /// Waits until there are rows after `sequence`, or `timeout` has passed. Rows of other
    /// processes are noticed within a tenth of a second.
    ///
    /// # Errors
    /// `Io` or `Corrupt` if the log cannot be read.
    pub fn wait(&self, sequence: u64, timeout: Duration) -> Result<bool> {
        let queue = &self.database.core().queue;
        let step = Duration::from_millis(100);
        let mut left = timeout;
        loop {
            let seen = queue.announced();
            if self.last()? > sequence {
                return Ok(true);
            }
            if left.is_zero() {
                return Ok(false);
            }
            queue.wait_for_news(seen, step.min(left));
            left = left.saturating_sub(step);
        }
    }
}
