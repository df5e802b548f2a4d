//! Queries that were answered and are not in the recall log yet.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::engine::core::Core;
use crate::engine::recall::row::Recall;
use crate::engine::recall::tally::Tally;
use crate::error::{ErrorKind, Result};

/// So many are written without waiting for a quiet moment.
const BATCH: usize = 256;
/// So many are kept while they cannot be written; the oldest go first.
const WAITING_MAX: usize = 16_384;

/// Queries that were answered and are not in the recall log yet.
#[derive(Default)]
pub(crate) struct Notes {
    waiting: Mutex<VecDeque<Recall>>,
    /// Whether the last try to write them failed for good.
    failed: AtomicBool,
}

impl Notes {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<Recall>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Notes what a query was given. It is written a moment later by the engine's thread; a
    /// database that is open read-only notes nothing.
    pub(crate) fn note_recall(&self, recall: Recall) {
        if self.storage.is_read_only() {
            return;
        }
        let mut waiting = self.notes.waiting();
        if waiting.len() >= WAITING_MAX {
            waiting.pop_front();
        }
        waiting.push_back(recall);
        let count = waiting.len();
        drop(waiting);
        if count == 1 || count.is_multiple_of(BATCH) {
            self.queue.ask_for_recalls(count > 1);
        }
    }

    /// Writes what was noted and drops what is beyond the bounds. What cannot be written is kept.
    pub(crate) fn flush_recalls(&self) -> Result<()> {
        if self.notes.waiting().is_empty() {
            return Ok(());
        }
        let _right = self.queue.writing();
        let taken = std::mem::take(&mut *self.notes.waiting());
        let written = self.write_recalls(&taken);
        if written.is_err() {
            let mut waiting = self.notes.waiting();
            let since = std::mem::replace(&mut *waiting, taken);
            waiting.extend(since);
        }
        written
    }

    fn write_recalls(&self, recalls: &VecDeque<Recall>) -> Result<()> {
        let Some(first) = recalls.iter().map(|recall| recall.at).min() else { return Ok(()) };
        let rows: Vec<_> = recalls.iter().map(Recall::encode).collect();
        let writer = self.storage.write(self.wait)?;
        let begun = Tally { since: first, rows: 0, bytes: 0 };
        let mut tally = Tally::read_in(&writer)?.unwrap_or(begun);
        writer.append_recalls(rows.iter().map(Vec::as_slice))?;
        for row in &rows {
            tally.enter(row);
        }
        tally.trim(&writer, self.thresholds.recalls, self.clock.now())?;
        tally.write(&writer)?;
        writer.commit()
    }

    /// As [`Core::flush_recalls`], where nobody waits for it: what fails is tried again.
    pub(crate) fn flush_recalls_behind(&self) {
        match self.flush_recalls() {
            Ok(()) if self.notes.failed.swap(false, Ordering::Relaxed) => {
                self.forget_background_failure();
            }
            Ok(()) => {}
            Err(error) => {
                // Who keeps others from writing will be done some time.
                if error.kind() != ErrorKind::Locked {
                    self.notes.failed.store(true, Ordering::Relaxed);
                    self.note_background_failure(error);
                }
                self.queue.ask_for_recalls(false);
            }
        }
    }
}
