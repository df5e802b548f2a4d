//! Bringing the index up to date with the feed.

use std::collections::HashSet;
use std::sync::PoisonError;

use tantivy::IndexWriter;
use tantivy::tokenizer::TextAnalyzer;

use crate::engine::{FeedRow, Snapshot, Store};
use crate::error::{Error, ErrorKind, Result};
use crate::object::Key;
use crate::search::fields::{analyser, identity};
use crate::search::index::{Fault, Stamp, View, WriteRight};
use crate::search::shared::Shared;
use crate::storage::RecordId;

/// How many rows are read at a time.
const ROWS: usize = 64;
/// After this many documents a backlog is committed.
const DOCUMENTS_PER_COMMIT: usize = 50_000;
/// What tantivy may gather in memory before it writes a segment.
const ARENA_BYTES: usize = 64 << 20;

/// Indexes rows in their order, each document once.
struct Indexer<'a> {
    shared: &'a Shared,
    analyser: TextAnalyzer,
    /// What the last commit of the index holds.
    committed: View,
    writer: IndexWriter,
    /// Added since.
    added: HashSet<u64>,
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
            Indexer::new(self, view)?.run(&stop)?;
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

impl<'a> Indexer<'a> {
    fn new(shared: &'a Shared, committed: View) -> Result<Self, Fault> {
        let writer = committed.index().writer_with_num_threads(1, ARENA_BYTES)?;
        let sequence = committed.stamp.sequence;
        Ok(Self {
            shared,
            analyser: analyser(),
            committed,
            writer,
            added: HashSet::new(),
            sequence,
        })
    }

    fn run(mut self, stop: &impl Fn() -> bool) -> Result<(), Fault> {
        let database = &self.shared.database;
        let feed = database.feed();
        let behind = feed.last()?.saturating_sub(self.sequence);
        let work = database.progress().begin("rows indexed", Some(behind));
        loop {
            let rows = feed.changes_after(self.sequence, ROWS)?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                if !self.index(&row, stop)? {
                    return Ok(());
                }
                self.sequence = row.sequence;
                work.advance();
                if self.added.len() >= DOCUMENTS_PER_COMMIT {
                    self.commit()?;
                }
            }
        }
        self.commit()?;
        Ok(self.writer.wait_merging_threads()?)
    }

    /// Indexes a row; `false` if told to stop.
    fn index(&mut self, row: &FeedRow, stop: &impl Fn() -> bool) -> Result<bool, Fault> {
        let store = Store::new(self.shared.database.clone(), row.store.clone());
        // Not for its content: it keeps one view of the file open for all records of the row.
        let reader = Snapshot::at(store, None)?;
        for edit in &row.edits {
            if stop() {
                return Ok(false);
            }
            if let Some(record) = edit.after
                && !self.holds(&edit.key, record)?
            {
                self.add(&reader, &edit.key, record)?;
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

    fn add(&mut self, reader: &Snapshot, key: &Key, record: RecordId) -> Result<(), Fault> {
        let made = reader
            .record(record)
            .and_then(|record| self.shared.fields.document(key, &record, &mut self.analyser));
        match made {
            Ok(document) => {
                self.writer.add_document(document)?;
                self.added.insert(identity(key.as_str(), record));
                Ok(())
            }
            // A damaged record fails the searches of the snapshots it stands in, not the index.
            Err(error) if matches!(error.kind(), ErrorKind::Redacted | ErrorKind::Corrupt) => {
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn commit(&mut self) -> Result<(), Fault> {
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
