//! Bringing the index up to date with the feed.

use std::sync::{Arc, PoisonError};

use tantivy::indexer::UserOperation;
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{IndexWriter, TantivyDocument};

use crate::engine::{Snapshot, Store, WholeRow};
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Key, Record};
use crate::parallel;
use crate::search::fields::identity;
use crate::search::identities::Identities;
use crate::search::index::{Fault, Stamp, View, WriteRight};
use crate::search::segment::Segment;
use crate::search::shared::Shared;
use crate::search::words::counter;
use crate::storage::RecordId;

/// How many rows are read at a time, and from how many bytes on no more are.
const ROWS: usize = 64;
const ROW_BYTES: u64 = 8 << 20;
/// After this many documents a backlog is committed.
const DOCUMENTS_PER_COMMIT: usize = 50_000;
/// How many documents are handed to tantivy at a time. It lets 10,000 batches wait.
const BATCH: usize = 8;
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
    /// Made and not yet handed to the writer: less than a batch.
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
    pub(super) fn catch_up(&self, stop: impl Fn() -> bool + Sync) -> Result<()> {
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
        if !self.is_damaged()
            && let Some(view) = self.place.open(&self.fields, database, &self.segments())
            && view.stamp.sequence <= last
        {
            return Ok(view);
        }
        let index = self.place.create(&self.fields, right)?;
        self.note_rebuilt();
        let view = View::of(&index, &self.fields, database, &[])?;
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

    fn run(
        mut self,
        mut rows: Vec<WholeRow>,
        stop: &(impl Fn() -> bool + Sync),
    ) -> Result<(), Fault> {
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
    fn index(
        &mut self,
        whole: &mut WholeRow,
        stop: &(impl Fn() -> bool + Sync),
    ) -> Result<bool, Fault> {
        let mut arriving = Vec::with_capacity(whole.row.edits.len());
        for edit in std::mem::take(&mut whole.row.edits) {
            let Some(id) = edit.after else { continue };
            let stored = whole.take(id);
            // What the row itself brought in is in no index yet.
            if stored.is_some() || !self.holds(&edit.key, id) {
                arriving.push((edit.key, id, stored));
            }
        }
        let store = Store::new(self.shared.database.clone(), whole.row.store.clone());
        // Not for its content: it keeps one view of the file open for all records of the row.
        let reader = Snapshot::at(store, None)?;
        let indexed = parallel::try_map_shares(arriving, |share| {
            let mut counter = self.counter.clone();
            let (mut added, mut batch) = (Vec::with_capacity(share.len()), Vec::new());
            for (key, id, stored) in share {
                if stop() {
                    return Ok(None);
                }
                let record = stored.map_or_else(|| reader.record(id), Record::open);
                if let Some(document) = self.document(&key, record, &mut counter)? {
                    batch.push(UserOperation::Add(document));
                    added.push(identity(key.as_str(), id));
                }
                if batch.len() == BATCH {
                    self.writer.run(std::mem::replace(&mut batch, Vec::with_capacity(BATCH)))?;
                }
            }
            Result::<_, Fault>::Ok(Some((added, batch)))
        })?;
        for share in indexed {
            let Some((added, rest)) = share else { return Ok(false) };
            self.added.extend(added);
            self.batch.extend(rest);
            if self.batch.len() >= BATCH {
                self.hand_over()?;
            }
        }
        Ok(true)
    }

    fn holds(&self, key: &Key, record: RecordId) -> bool {
        let found = |segment: &Arc<Segment>| segment.find(key.as_str(), record).is_some();
        self.added.contains(&identity(key.as_str(), record))
            || self.committed.segments.iter().any(found)
    }

    /// The document of a record; `None` if it was erased or is damaged. A damaged record fails the
    /// searches of the snapshots it stands in, not the index.
    fn document(
        &self,
        key: &Key,
        record: Result<Record>,
        counter: &mut TextAnalyzer,
    ) -> Result<Option<TantivyDocument>> {
        match record.and_then(|record| self.shared.fields.document(key, &record, counter)) {
            Ok(document) => Ok(Some(document)),
            Err(error) if matches!(error.kind(), ErrorKind::Redacted | ErrorKind::Corrupt) => {
                Ok(None)
            }
            Err(error) => Err(error),
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

#[cfg(test)]
mod tests {
    use crate::search::live::Draft;
    use crate::search::shared::Shared;
    use crate::{Author, Options};

    /// Searches would be exact with a part of the index as well, only slower.
    #[test]
    fn all_that_large_and_small_commits_bring_is_in_the_index() {
        let db = Options::new().in_memory().unwrap();
        let main = db.store("default").unwrap().branch("main").unwrap();
        let write = |first: u32, count: u32| {
            let mut tx = main.write().unwrap();
            for number in first..first + count {
                tx.put(format!("shelf/{number}"), format!("tea {number}")).unwrap();
            }
            tx.commit(Author::agent("scribe").message("Many")).unwrap();
        };
        write(0, 9_001);
        for first in 9_001..9_020 {
            write(first, 1);
        }
        let mut tx = main.write().unwrap();
        for number in 0..4_500 {
            tx.rename(format!("shelf/{number}"), format!("attic/{number}")).unwrap();
        }
        tx.commit(Author::agent("scribe").message("Moved")).unwrap();
        let shared = Shared::open(&db).unwrap();
        shared.catch_up(|| false).unwrap();
        let view = shared.place.open(&shared.fields, db.id(), &[]).unwrap();
        let held: u32 = view.segments.iter().map(|segment| segment.reader.max_doc()).sum();
        assert_eq!(held, 9_020 + 4_500);
        let draft = Draft::scan(&main.snapshot().unwrap(), &view, &[]).unwrap();
        assert!(draft.missing.is_empty());
    }
}
