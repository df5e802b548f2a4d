//! Asking the recall log.

use std::collections::BTreeSet;

use crate::clock::Time;
use crate::engine::database::Database;
use crate::engine::recall::row::{Given, Recall};
use crate::engine::recall::tally::{RecallSize, Tally};
use crate::engine::store::Store;
use crate::error::Result;
use crate::storage::{CommitId, MemoryId, RecordId};

/// The recall log of one store, or the part of it that was asked for: which query of which session
/// was given which memories.
#[derive(Clone, Debug)]
#[must_use = "nothing is read until it is asked for"]
pub struct Recalls {
    pub(super) store: Store,
    session: Option<String>,
    key: Option<String>,
    memory: Option<MemoryId>,
    records: Option<BTreeSet<RecordId>>,
    since: Option<Time>,
}

/// How often something was given, and to whom.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RecallUse {
    /// To how many queries.
    pub count: u64,
    /// When first.
    pub first: Option<Time>,
    /// When last.
    pub last: Option<Time>,
    /// To which sessions, in order of their ids.
    pub sessions: Vec<String>,
}

impl Database {
    /// How much the recall log of all stores holds, as far as it is written.
    ///
    /// # Errors
    /// `Io` or `Corrupt` if it cannot be read.
    pub fn recall_size(&self) -> Result<RecallSize> {
        let tally = Tally::read(&self.core().storage.read()?)?;
        Ok(tally.map_or_else(RecallSize::default, Tally::size))
    }

    /// Writes down now what queries of sessions were given through this process; else it is done
    /// within a second or two, and when the database closes.
    ///
    /// # Errors
    /// `Locked` if another process keeps writing; `Io` if it cannot be written.
    pub fn flush_recalls(&self) -> Result<()> {
        self.core().flush_recalls()
    }
}

impl Store {
    /// The recall log of this store. It holds what queries that name their session were given.
    pub fn recalls(&self) -> Recalls {
        Recalls {
            store: self.clone(),
            session: None,
            key: None,
            memory: None,
            records: None,
            since: None,
        }
    }
}

impl Recalls {
    /// Only what this session asked.
    pub fn in_session(mut self, session: impl Into<String>) -> Self {
        self.session = Some(session.into());
        self
    }

    /// Only where something that stood at this key was given.
    pub fn at_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Only where a version of this memory was given, whatever its key.
    pub fn of_memory(mut self, memory: MemoryId) -> Self {
        self.memory = Some(memory);
        self
    }

    /// Only where one of these versions was given.
    pub fn of_records(mut self, records: impl IntoIterator<Item = RecordId>) -> Self {
        self.records = Some(records.into_iter().collect());
        self
    }

    /// Only from this time on.
    pub fn since(mut self, since: Time) -> Self {
        self.since = Some(since);
        self
    }

    /// Only from the time on at which this commit was made.
    ///
    /// # Errors
    /// `NotFound` if there is no such commit.
    pub fn since_commit(self, commit: CommitId) -> Result<Self> {
        let committed = self.store.commit(commit)?.committed();
        Ok(self.since(committed))
    }

    /// All of it, newest first.
    ///
    /// # Errors
    /// `Corrupt` if the recall log is damaged; `Locked` if what this process noted cannot be
    /// written because another one keeps writing.
    pub fn list(&self) -> Result<Vec<Recall>> {
        let mut found = Vec::new();
        self.visit(|recall| found.push(recall))?;
        // Rows of several processes come in batches.
        found.sort_by_key(|recall| recall.at);
        found.reverse();
        Ok(found)
    }

    /// How often, when and to which sessions it was given: who was told what a memory says.
    ///
    /// # Errors
    /// As [`Recalls::list`].
    pub fn usage(&self) -> Result<RecallUse> {
        let (mut usage, mut sessions) = (RecallUse::default(), BTreeSet::new());
        self.visit(|recall| {
            usage.count += 1;
            usage.first = Some(usage.first.map_or(recall.at, |first| first.min(recall.at)));
            usage.last = usage.last.max(Some(recall.at));
            sessions.insert(recall.session);
        })?;
        usage.sessions = sessions.into_iter().collect();
        Ok(usage)
    }

    /// Visits what was asked for, in the order in which it was written.
    pub(super) fn visit(&self, mut visit: impl FnMut(Recall)) -> Result<()> {
        let core = self.store.core();
        core.flush_recalls()?;
        core.storage.read()?.visit_recalls(|_, row| {
            let recall = Recall::decode(row)?;
            if self.wants(&recall) {
                visit(recall);
            }
            Ok(())
        })
    }

    pub(super) fn wants(&self, recall: &Recall) -> bool {
        let asked = recall.store == *self.store.name()
            && self.session.as_ref().is_none_or(|session| recall.session == *session)
            && self.since.is_none_or(|since| recall.at >= since);
        let any = self.key.is_none() && self.memory.is_none() && self.records.is_none();
        asked && (any || recall.given.iter().any(|given| self.names(given)))
    }

    fn names(&self, given: &Given) -> bool {
        self.key.as_deref().is_none_or(|key| given.key.as_str() == key)
            && self.memory.is_none_or(|memory| given.memory == memory)
            && self.records.as_ref().is_none_or(|records| records.contains(&given.record))
    }
}
