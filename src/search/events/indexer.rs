//! Bringing the index of events up to date with the sessions there are.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use tantivy::IndexWriter;
use tantivy::indexer::UserOperation;

use crate::engine::Store;
use crate::error::{Error, ErrorKind, Result};
use crate::search::events::index::Events;
use crate::search::events::live::{Part, parts};
use crate::search::index::{Fault, Stamp, View, WriteRight};
use crate::search::words::counter;

/// How many rows are looked through for sessions at a time, and from how many bytes on no more are.
const ROWS: usize = 256;
const ROW_BYTES: u64 = 8 << 20;
/// After this many chunks the index is committed.
const CHUNKS_PER_COMMIT: usize = 1_024;
/// From this many chunks on, two threads of tantivy's index them.
const TWO_THREADS_MIN: usize = 32;
/// What each thread may gather in memory before it writes a segment.
const ARENA_BYTES: usize = 64 << 20;

impl Events {
    /// Indexes what sessions the rows after `seen` bring, or all there are where nothing was seen
    /// yet; returns how far it has come. A database without sessions gets no index.
    ///
    /// # Errors
    /// As [`Events::catch_up`].
    pub(in crate::search) fn follow(
        &self,
        seen: Option<u64>,
        stop: impl Fn() -> bool,
    ) -> Result<u64> {
        let feed = self.database.feed();
        let (mut sequence, mut brings) = match seen {
            Some(seen) => (seen, false),
            None => (feed.last()?, self.has_sessions()?),
        };
        while feed.last()? > sequence {
            let rows = feed.rows_after(sequence, ROWS, ROW_BYTES)?;
            brings |= rows.iter().any(|row| !row.sessions.is_empty());
            sequence = rows.last().map_or(sequence, |row| row.sequence);
        }
        if brings {
            self.catch_up(&stop)?;
        }
        Ok(sequence)
    }

    fn has_sessions(&self) -> Result<bool> {
        for name in self.database.stores()? {
            if !Store::new(self.database.clone(), name).session_ids()?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Indexes every chunk of every session there is now. `stop` is asked now and then; if it
    /// says so, what was not committed yet is left for the next time.
    ///
    /// # Errors
    /// `Locked` if another process is indexing; `Invalid` if the database is open read-only.
    pub(in crate::search) fn catch_up(&self, stop: impl Fn() -> bool) -> Result<()> {
        if self.database.is_read_only() {
            return Err(Error::invalid("the database is open read-only: its index stays as it is"));
        }
        let _one_at_a_time = self.indexing.lock().unwrap_or_else(PoisonError::into_inner);
        let right = self.place.lock()?;
        // Before the sessions are listed: what comes in meanwhile is met again.
        let sequence = self.database.feed().last()?;
        let view = self.writable_view(&right, sequence)?;
        let missing = self.missing(&view)?;
        if missing.is_empty() {
            return Ok(());
        }
        let threads = if missing.len() < TWO_THREADS_MIN { 1 } else { 2 };
        let writer = view.index().writer_with_num_threads(threads, threads * ARENA_BYTES);
        let writer = writer.map_err(Fault::from)?;
        Ok(self.index(writer, (&missing, sequence), view.stamp.sequence, &stop)?)
    }

    fn index(
        &self,
        mut writer: IndexWriter,
        (missing, sequence): (&[(Store, Part)], u64),
        before: u64,
        stop: &impl Fn() -> bool,
    ) -> Result<(), Fault> {
        let mut counter = counter();
        let work =
            self.database.progress().begin("parts of sessions indexed", Some(missing.len() as u64));
        for (at, (store, part)) in missing.iter().enumerate() {
            if stop() {
                return Ok(());
            }
            match part.documents(store, &self.fields, &mut counter) {
                Ok(documents) => {
                    writer.run(documents.into_iter().map(UserOperation::Add))?;
                }
                // A damaged chunk fails the searches that need it, not the index.
                Err(error) if error.kind() == ErrorKind::Corrupt => {}
                Err(error) => return Err(error.into()),
            }
            work.advance();
            if (at + 1).is_multiple_of(CHUNKS_PER_COMMIT) {
                // Not all is in yet, so it says no more than it did.
                self.commit(&mut writer, before.max(1))?;
            }
        }
        self.commit(&mut writer, sequence)?;
        Ok(writer.wait_merging_threads()?)
    }

    fn commit(&self, writer: &mut IndexWriter, sequence: u64) -> Result<(), Fault> {
        let stamp = Stamp { database: self.database.id(), sequence };
        let mut commit = writer.prepare_commit()?;
        commit.set_payload(&stamp.to_text());
        commit.commit()?;
        Ok(())
    }

    /// The chunks of all sessions of all stores that `view` lacks, each once.
    fn missing(&self, view: &View) -> Result<Vec<(Store, Part)>> {
        let mut met = HashSet::new();
        for segment in &view.segments {
            met.extend((0..segment.reader.max_doc()).filter_map(|doc| segment.identity(doc)));
        }
        let mut missing = Vec::new();
        for name in self.database.stores()? {
            let store = Store::new(self.database.clone(), name);
            for (_, object) in store.session_ids()? {
                let session = Arc::new(store.session_object(object)?);
                let parts = parts(&session).filter(|part| met.insert(part.identity));
                missing.extend(parts.map(|part| (store.clone(), part)));
            }
        }
        Ok(missing)
    }

    /// The index to write to: what is there, or an empty one in place of what cannot be used or
    /// is ahead of the log.
    fn writable_view(&self, right: &WriteRight, last: u64) -> Result<View, Fault> {
        let database = self.database.id();
        let held =
            if self.is_damaged() { None } else { self.place.open(&self.fields, database, &[]) };
        if let Some(view) = held.filter(|view| view.stamp.sequence <= last) {
            return Ok(view);
        }
        let index = self.place.create(&self.fields, right)?;
        self.note_rebuilt();
        let view = View::of(&index, &self.fields, database, &[])?;
        Ok(view.expect("BUG: a new index has a foreign stamp"))
    }
}
