//! Reading on behalf of a session.

use std::fmt;

use crate::engine::recall::row::{Given, Recall, RecallKind};
use crate::engine::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::limits;
use crate::object::{Key, Record};

/// A snapshot that is read on behalf of a session: what it gives is noted in the recall log.
#[derive(Clone)]
pub struct Recaller {
    snapshot: Snapshot,
    session: String,
}

impl Snapshot {
    /// The same snapshot, read on behalf of a session: what it gives is noted in the recall log.
    ///
    /// ```
    /// use undream::{Author, Database, Entry};
    ///
    /// let db = Database::in_memory()?;
    /// let memory = db.store("default")?;
    /// let main = memory.branch("main")?;
    /// let mut tx = main.write()?;
    /// tx.put("facts/city", Entry::fact("The office is in Lisbon."))?;
    /// tx.commit(Author::agent("scribe").message("First facts"))?;
    ///
    /// main.snapshot()?.for_session("chat-812")?.get("facts/city")?;
    /// let given = memory.recalls().at_key("facts/city").usage()?;
    /// assert_eq!(given.sessions, ["chat-812"]);
    /// # Ok::<(), undream::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Invalid` or `Limit` if `session` can be no session's id.
    pub fn for_session(&self, session: &str) -> Result<Recaller> {
        if session.is_empty() || session.chars().any(char::is_control) {
            return Err(Error::invalid(format!("{session:?} cannot be a session's id")));
        }
        limits::check("a session's id", session.len(), limits::NAME_BYTES_MAX, "bytes")?;
        Ok(Recaller { snapshot: self.clone(), session: session.to_owned() })
    }
}

impl Recaller {
    /// The record at `key`; `None` if there is none, which is not noted.
    ///
    /// # Errors
    /// As [`Snapshot::get`].
    pub fn get(&self, key: &str) -> Result<Option<Record>> {
        let found = self.snapshot.get(key)?;
        if let Some(record) = &found {
            self.note(RecallKind::Get, "", vec![Given::of(&Key::new(key)?, record)]);
        }
        Ok(found)
    }

    /// Notes a brief that was made of this snapshot: the query it was made for, if any, and what
    /// it holds, in order.
    ///
    /// # Errors
    /// `Limit` if the query is longer than that of a search may be.
    pub fn note_brief<'a>(
        &self,
        query: &str,
        given: impl IntoIterator<Item = (&'a Key, &'a Record)>,
    ) -> Result<()> {
        limits::check("the query", query.len(), limits::QUERY_BYTES_MAX, "bytes")?;
        let given = given.into_iter().map(|(key, record)| Given::of(key, record)).collect();
        self.note(RecallKind::Brief, query, given);
        Ok(())
    }

    /// Notes what a query was given.
    pub(crate) fn note(&self, kind: RecallKind, query: &str, given: Vec<Given>) {
        let store = self.snapshot.store();
        store.core().note_recall(Recall {
            at: store.core().clock.now(),
            store: store.name().clone(),
            session: self.session.clone(),
            kind,
            query: query.to_owned(),
            commit: self.snapshot.id(),
            given,
        });
    }
}

impl Given {
    pub(crate) fn of(key: &Key, record: &Record) -> Self {
        Self { key: key.clone(), memory: record.memory(), record: record.id() }
    }
}

impl fmt::Debug for Recaller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recaller({:?}, {:?})", self.snapshot, self.session)
    }
}
