//! Bringing the index up to date with the feed.

use std::sync::PoisonError;

use tantivy::IndexWriter;
use tantivy::indexer::UserOperation;
use tantivy::tokenizer::TextAnalyzer;

use crate::engine::{Snapshot, Store, WholeRow};
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Key, Record};
use crate::search::fields::{counter, identity};
use crate::search::identities::Identities;
use crate::search::index::{Fault, Stamp, View, WriteRight};
use crate::search::shared::Shared;
use crate::storage::RecordId;

/// How many rows are read at a time, and from how many bytes on no more are.
const ROWS: usize = 64;
const ROW_BYTES: u64 = 8 << 20;
/// After this many documents a backlog is committed.
const DOCUMENTS_PER_COMMIT: usize = 50_000;
/// How many documents are handed to tantivy at a time.
const BATCH: usize = 64;
/// From this many bytes of rows on, two threads of tantivy's index them. A backlog this long is
/// worth the second segment that comes of it.
const TWO_THREADS_MIN: u64 = 2 << 20;
/// What each thread may gather in memory before it writes a segment.
const ARENA_BYTES: usize = 64 << 20;

/// Indexes rows in their order, each document once.
struct Indexer<'a> {
    shared: &'a Shared,
    counter: TextAnalyzer,
    /// What the last commit of the index holds.
    committed: View,
    writer: IndexWriter,
    /// Made and not yet handed to the writer.
    batch: Vec<UserOperation>,
    /// Added since the last commit.
    added: Identities,
    sequence: u64,
}

impl Shared {
    /// Indexes all rows there are. `stop` is asked now and then; if it says so, what was not
    /// committed yet is left for the next time.
    ///
    /// # Errors
    /// `Locked` if another process is indexing; `Invalid` if the database is open read-only.
    pub(super) fn catch_up(&self, stop: impl Fn() -> bool) -> Result<()> {
        if self.database.is_read_only() {
            return Err(Error::invalid("the database is open read-only: its index stays as it is"));
        }
        let _one_at_a_time = self.indexing.lock().unwrap_or_else(PoisonError::into_inner);
        let right = self.place.lock()?;
        let last = self.database.feed().last()?;
        let view = self.writable_view(&right, last)?;
        if view.stamp.sequence < last {
            let rows = next_rows(self, view.stamp.sequence)?;
            Indexer::new(self, view, &rows)?.run(rows, &stop)?;
        }
        Ok(())
    }

    /// The index to write to: what is there, or an empty one in place of what cannot be used or
    /// is ahead of the log.
    fn writable_view(&self, right: &WriteRight, last: u64) -> Result<View, Fault> {
        let database = self.database.id();
        let held = if self.is_damaged() { None } else { self.place.open(&self.fields, database) };
        if let Some(view) = held.filter(|view| view.stamp.sequence <= last) {
            return Ok(view);
        }
        let index = self.place.create(&self.fields, right)?;
        self.note_rebuilt();
        let view = View::of(&index, &self.fields, database)?;
        Ok(view.expect("BUG: a new index has a foreign stamp"))
    }
}

/// The next rows after `sequence`, as many as are worth reading at a time.
fn next_rows(shared: &Shared, sequence: u64) -> Result<Vec<WholeRow>> {
    shared.database.feed().whole_rows_after(sequence, ROWS, ROW_BYTES)
}

impl<'a> Indexer<'a> {
    fn new(shared: &'a Shared, committed: View, first: &[WholeRow]) -> Result<Self, Fault> {
        let backlog: u64 = first.iter().map(|whole| whole.bytes).sum();
        let threads = if backlog < TWO_THREADS_MIN { 1 } else { 2 };
        let writer = committed.index().writer_with_num_threads(threads, threads * ARENA_BYTES)?;
        let sequence = committed.stamp.sequence;
        Ok(Self {
            shared,
            counter: counter(),
            committed,
            writer,
            batch: Vec::with_capacity(BATCH),
            added: Identities::default(),
            sequence,
        })
    }

    fn run(mut self, mut rows: Vec<WholeRow>, stop: &impl Fn() -> bool) -> Result<(), Fault> {
        let database = &self.shared.database;
        let behind = database.feed().last()?.saturating_sub(self.sequence);
        let work = database.progress().begin("rows indexed", Some(behind));
        while !rows.is_empty() {
            for mut whole in rows {
                if !self.index(&mut whole, stop)? {
                    return Ok(());
                }
                self.sequence = whole.row.sequence;
                work.advance();
                if self.added.len() >= DOCUMENTS_PER_COMMIT {
                    self.commit()?;
                }
            }
            rows = next_rows(self.shared, self.sequence)?;
        }
        self.commit()?;
        Ok(self.writer.wait_merging_threads()?)
    }

    /// Indexes a row; `false` if told to stop.
    fn index(&mut self, whole: &mut WholeRow, stop: &impl Fn() -> bool) -> Result<bool, Fault> {
        let store = Store::new(self.shared.database.clone(), whole.row.store.clone());
        // Not for its content: it keeps one view of the file open for all records of the row.
        let reader = Snapshot::at(store, None)?;
        for edit in std::mem::take(&mut whole.row.edits) {
            if stop() {
                return Ok(false);
            }
            let Some(id) = edit.after else { continue };
            match whole.take(id) {
                // What the row itself brought in is in no index yet.
                Some(record) => self.add(&edit.key, id, record)?,
                None if self.holds(&edit.key, id)? => {}
                None => self.add(&edit.key, id, reader.record(id))?,
            }
        }
        Ok(true)
    }

    fn holds(&self, key: &Key, record: RecordId) -> Result<bool, Fault> {
        if self.added.contains(&identity(key.as_str(), record)) {
            return Ok(true);
        }
        for segment in &self.committed.segments {
            if segment.find(&self.shared.fields, key.as_str(), record)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn add(&mut self, key: &Key, id: RecordId, record: Result<Record>) -> Result<(), Fault> {
        let made =
            record.and_then(|record| self.shared.fields.document(key, &record, &mut self.counter));
        match made {
            Ok(document) => {
                self.batch.push(UserOperation::Add(document));
                if self.batch.len() >= BATCH {
                    self.hand_over()?;
                }
                self.added.insert(identity(key.as_str(), id));
                Ok(())
            }
            // A damaged record fails the searches of the snapshots it stands in, not the index.
            Err(error) if matches!(error.kind(), ErrorKind::Redacted | ErrorKind::Corrupt) => {
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn hand_over(&mut self) -> Result<(), Fault> {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        self.writer.run(batch)?;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Fault> {
        self.hand_over()?;
        let database = self.shared.database.id();
        let stamp = Stamp { database, sequence: self.sequence };
        let mut commit = self.writer.prepare_commit()?;
        commit.set_payload(&stamp.to_text());
        commit.commit()?;
        self.added.clear();
        if let Some(view) = self.committed.newer(&self.shared.fields) {
            self.committed = view;
        }
        Ok(())
    }
}
