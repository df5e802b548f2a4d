//! Erasing from the recall log.

use crate::clock::Time;
use crate::engine::recall::recalls::Recalls;
use crate::engine::recall::row::Recall;
use crate::engine::recall::tally::Tally;
use crate::engine::store::Store;
use crate::error::{Error, Result};

/// What of the recall log of a store is to be erased.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Forget {
    /// What this session asked.
    Session(String),
    /// What was asked before this time.
    Before(Time),
    /// All of it.
    All,
}

impl Recalls {
    /// Erases from the recall log of the store, whatever part of it was asked for, and returns how
    /// many rows went. From then on the log counts as whole from the newest of them on only. What
    /// another process has noted in its last second and not written yet is not reached; pages of
    /// the file keep the bytes until they are used again, copies made with `backup` do not have
    /// them.
    ///
    /// # Errors
    /// `Invalid` if the database is open read-only; `Locked` if another process keeps writing;
    /// `Corrupt` if a row is damaged and not all is to go.
    pub fn forget(&self, what: &Forget) -> Result<u64> {
        let core = self.store.core();
        if core.storage.is_read_only() {
            return Err(Error::invalid("the database is open read-only"));
        }
        core.flush_recalls()?;
        let _right = core.queue.writing();
        let writer = core.storage.write(core.wait)?;
        let Some(mut tally) = Tally::read_in(&writer)? else { return Ok(0) };
        let (now, before) = (core.clock.now(), tally.rows);
        writer.drop_recalls(|row| {
            let recall = match Recall::decode(row) {
                // Nobody can tell whose it is.
                Err(_) if *what == Forget::All => {
                    tally.leave(now, row);
                    return Ok(true);
                }
                other => other?,
            };
            let goes = what.names(&self.store, &recall);
            if goes {
                tally.leave(recall.at, row);
            }
            Ok(goes)
        })?;
        tally.write(&writer)?;
        writer.commit()?;
        Ok(before.saturating_sub(tally.rows))
    }
}

impl Forget {
    fn names(&self, store: &Store, recall: &Recall) -> bool {
        recall.store == *store.name()
            && match self {
                Self::Session(session) => recall.session == *session,
                Self::Before(time) => recall.at < *time,
                Self::All => true,
            }
    }
}
