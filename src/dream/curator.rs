//! What a curator is given, and what it hands back.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::clock::Time;
use crate::dream::account::Account;
use crate::dream::feedback::Feedback;
use crate::dream::footing::Footing;
use crate::dream::mine::{EventName, kept_names};
use crate::dream::order::Orders;
use crate::engine::{Snapshot, Store};
use crate::error::{Error, Result};
use crate::limits;
use crate::object::{Entry, Event, Evidence, Key, ProposalKind, Role, Session, Trust};
use crate::progress::Work;
use crate::storage::{MemoryId, RecordId, TextId};

/// A shorter quote stands in almost any event, so it proves no reading.
const QUOTE_CHARS_MIN: usize = 16;

/// Proposes changes to a memory, given a snapshot of it and sessions. It writes nowhere: what it
/// hands back is checked, stamped with trust and written to the dream's branch by the engine.
pub trait Curator {
    /// The curator's name, such as `mine`.
    fn name(&self) -> String;

    /// The version of its method, so that a dream can say what made it.
    fn version(&self) -> String;

    /// The most that its proposals may be trusted, whatever they cite, unless every citation has a
    /// quote that is found where it says. A curator whose reading cannot be followed says less
    /// than [`Trust::User`].
    fn trust_max(&self) -> Trust {
        Trust::User
    }

    /// Whether it takes sessions into account that earlier dreams read, [`SessionReader::earlier`], so
    /// that its suggestions cover theirs.
    fn remembers(&self) -> bool {
        false
    }

    /// Reads, and hands suggestions to `suggest`, best first.
    ///
    /// # Errors
    /// Whatever keeps it from finishing; suggestions handed over before are kept, and the dream is
    /// marked as failed.
    fn propose(
        &self,
        input: &CuratorInput<'_>,
        suggest: &mut dyn FnMut(Suggestion) -> Result<()>,
    ) -> Result<()>;
}

/// What a curator may read.
#[derive(Debug)]
pub struct CuratorInput<'a> {
    /// The memory as it was when the dream began.
    pub memory: &'a Snapshot,
    /// The sessions.
    pub sessions: &'a SessionReader<'a>,
    /// What the person who ordered the dream asked for.
    pub instructions: Option<&'a str>,
    /// What is asked of the dream while it runs: to wait, or to end.
    pub orders: &'a Orders,
    /// When the dream began.
    pub now: Time,
    /// Which memories were given to somebody; `None` where nothing keeps note of that.
    pub recalls: Option<&'a dyn Recalled>,
    /// What readers said of memories.
    pub feedback: &'a [Feedback],
    /// Where the curator notes what it does beside suggesting.
    pub account: &'a Account,
}

/// Tells which memories were given to somebody.
pub trait Recalled: fmt::Debug + Send + Sync {
    /// Since when note is kept without a gap; `None` if it is not kept now.
    ///
    /// # Errors
    /// What keeps it from being read.
    fn since(&self) -> Result<Option<Time>>;

    /// How often a memory was given to somebody, and when last.
    ///
    /// # Errors
    /// What keeps it from being read.
    fn recalled(&self, memory: MemoryId) -> Result<(u64, Option<Time>)>;
}

/// A change that a curator suggests.
#[derive(Clone, Debug)]
pub enum SuggestedChange {
    /// Write an entry at a key.
    Put(Key, Entry),
    /// Remove the memory at a key.
    Remove(Key),
    /// Move a memory.
    Rename(Key, Key),
    /// What was said is no change, because of this. The suggestion is dropped and counted.
    Malformed(String),
}

/// Events of a session, by the session's own id; both numbers inclusive, counted from 0.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Citation {
    /// The session's id.
    pub session: String,
    /// The first event.
    pub first: u32,
    /// The last event.
    pub last: u32,
    /// Words of one of these events, letter by letter. A curator whose reading cannot be followed
    /// is trusted as far as what it cites if each of its citations has a quote that is found there.
    pub quote: Option<String>,
}

impl Citation {
    /// Cites events `first` to `last` of a session, without a quote.
    pub fn new(session: impl Into<String>, first: u32, last: u32) -> Self {
        Self { session: session.into(), first, last, quote: None }
    }

    /// Adds a quote.
    #[must_use]
    pub fn quoting(mut self, quote: impl Into<String>) -> Self {
        self.quote = Some(quote.into());
        self
    }
}

/// One suggestion: changes that belong together, and what they rest on.
#[derive(Clone, Debug)]
pub struct Suggestion {
    /// What it is about.
    pub kind: ProposalKind,
    /// A heading.
    pub title: String,
    /// The changes.
    pub changes: Vec<SuggestedChange>,
    /// Why.
    pub rationale: String,
    /// How sure the curator is, per mille.
    pub confidence: u16,
    /// The events it rests on.
    pub cites: Vec<Citation>,
    /// The records it was made from.
    pub inputs: Vec<RecordId>,
}

/// The session whose events were cited last, by its number, with their names.
type Cited = Option<(usize, Vec<EventName>)>;

/// Gives a curator the sessions of a dream, one by one, and keeps note of what it reads.
#[derive(Debug)]
pub struct SessionReader<'a> {
    store: &'a Store,
    /// The sessions of this dream, and behind them those of earlier ones.
    sessions: Vec<Session>,
    /// Their places in the order of their ids.
    by_id: Vec<usize>,
    orders: &'a Orders,
    /// How many are of this dream.
    own: usize,
    /// Which of them were read.
    read: Mutex<Vec<bool>>,
    last_cited: Mutex<Cited>,
    work: Work,
}

impl<'a> SessionReader<'a> {
    pub(crate) fn new(
        store: &'a Store,
        mut sessions: Vec<Session>,
        earlier: Vec<Session>,
        orders: &'a Orders,
    ) -> Self {
        let own = sessions.len();
        sessions.extend(earlier);
        let total = sessions.len() as u64;
        let work = store.database().progress().begin("sessions", Some(total));
        let mut by_id: Vec<usize> = (0..sessions.len()).collect();
        // Of two with one id, the first: it is of this dream.
        by_id.sort_by_key(|at| sessions[*at].id());
        by_id.dedup_by_key(|at| sessions[*at].id());
        let read = Mutex::new(vec![false; sessions.len()]);
        Self { store, sessions, by_id, own, orders, read, last_cited: Mutex::default(), work }
    }

    /// The sessions of the dream, without their events.
    pub fn sessions(&self) -> &[Session] {
        &self.sessions[..self.own]
    }

    /// Sessions that earlier dreams of the branch read, as they are now. They can be read and cited
    /// too. Empty unless the curator says that it remembers, and the dream is of new sessions.
    pub fn earlier(&self) -> &[Session] {
        &self.sessions[self.own..]
    }

    fn index(&self, id: &str) -> Result<usize> {
        let missing =
            || Error::not_found(format!("session `{id}` is not among those of this dream"));
        let found = self.by_id.binary_search_by_key(&id, |at| self.sessions[*at].id());
        found.map(|at| self.by_id[at]).map_err(|_| missing())
    }

    /// Takes note that a session was read, now or before.
    pub(crate) fn note(&self, id: &str) -> Result<()> {
        self.orders.heed()?;
        let at = self.index(id)?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut read[at], true) {
            self.work.advance();
        }
        Ok(())
    }

    /// The names of a session's events. They are not kept while a dream runs: it may cite any event
    /// of any session, and they are most of what it would hold.
    pub(crate) fn names(&self, session: &Session) -> Result<Vec<EventName>> {
        match kept_names(self.store, session)? {
            Some(names) => Ok(names),
            None => self.store.event_sources(session, 0..=u32::MAX),
        }
    }

    /// The events of a session of this dream, in order. An erased event is an empty one, so that
    /// numbers stay right.
    ///
    /// # Errors
    /// `NotFound` if the session is not of this dream; `Stale` once the dream is cancelled;
    /// `Corrupt` if the session is damaged.
    pub fn events(&self, id: &str) -> Result<Vec<Event>> {
        self.orders.heed()?;
        let events = self.stored(id)?.into_iter();
        let erased = || Event::said(Role::Meta, "");
        let events = events.map(|(_, _, event)| event.unwrap_or_else(erased)).collect();
        self.note(id)?;
        Ok(events)
    }

    fn stored(&self, id: &str) -> Result<Vec<(u32, TextId, Option<Event>)>> {
        self.store.events(&self.sessions[self.index(id)?], 0..=u32::MAX)
    }

    /// The events of a session, to decide what to read together. That is no reading: nothing of it
    /// can be cited, and the session stays unread unless [`SessionReader::events`] follows.
    #[cfg(feature = "llm")]
    pub(crate) fn glance(&self, id: &str) -> Result<Vec<Event>> {
        self.orders.heed()?;
        let erased = || Event::said(Role::Meta, "");
        let events = self.stored(id)?.into_iter();
        Ok(events.map(|(_, _, event)| event.unwrap_or_else(erased)).collect())
    }

    /// The sessions of this dream that were read.
    fn own_read(&self) -> Vec<&Session> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let own = self.sessions().iter().zip(read.iter());
        own.filter(|(_, read)| **read).map(|(session, _)| session).collect()
    }

    /// How many sessions and events of this dream were read.
    pub(crate) fn read(&self) -> (usize, usize) {
        let own = self.own_read();
        (own.len(), own.iter().map(|session| session.events() as usize).sum())
    }

    /// The sessions of this dream that were read, each with the object that was, in order of their ids.
    pub(crate) fn read_list(&self) -> Vec<(String, String)> {
        let read = self.own_read().into_iter();
        let mut list: Vec<_> = read
            .map(|session| (session.id().to_owned(), session.object_id().to_string()))
            .collect();
        list.sort_unstable();
        list
    }

    /// The session that a citation names, if it was read.
    fn cited(&self, cite: &Citation) -> Option<usize> {
        let at = self.index(&cite.session).ok()?;
        self.read.lock().unwrap_or_else(PoisonError::into_inner)[at].then_some(at)
    }

    /// Evidence for citations, and what its events come to as footing.
    ///
    /// # Errors
    /// `Invalid` if a citation names a session or an event that was not read; `Corrupt` if a session
    /// is damaged.
    pub(crate) fn evidence(&self, cites: &[Citation]) -> Result<(Vec<Evidence>, Footing)> {
        limits::check("a proposal", cites.len(), limits::EVIDENCE_MAX, "citations")?;
        let mut evidence = Vec::with_capacity(cites.len());
        let mut held = self.last_cited.lock().unwrap_or_else(PoisonError::into_inner);
        let mut footing = Footing::default();
        for cite in cites {
            let unread = || {
                Error::invalid(format!(
                    "the curator cites events {} to {} of session `{}`, which it did not read",
                    cite.first, cite.last, cite.session
                ))
            };
            let at = self.cited(cite).ok_or_else(unread)?;
            let session = &self.sessions[at];
            if held.as_ref().is_none_or(|(cited, _)| *cited != at) {
                *held = Some((at, self.names(session)?));
            }
            let names = held.as_ref().map_or(&[][..], |(_, names)| names);
            let range = cite.first as usize..(cite.last as usize).saturating_add(1);
            let events = names.get(range).filter(|events| !events.is_empty());
            let events = events.ok_or_else(unread)?;
            limits::check("a citation", events.len(), limits::EVIDENCE_EVENTS_MAX, "events")?;
            for (_, source) in events {
                footing.add_source(*source);
            }
            evidence.push(Evidence {
                session: session.object_id(),
                first: cite.first,
                last: cite.last,
                texts: events.iter().map(|(text, _)| *text).collect(),
            });
        }
        Ok((evidence, footing))
    }

    /// Whether there are citations and each has a quote that stands in one of its events.
    ///
    /// # Errors
    /// `Corrupt` if a session is damaged.
    pub(crate) fn quotes_verify(&self, cites: &[Citation]) -> Result<bool> {
        for cite in cites {
            let quote = cite.quote.as_deref().map_or("", str::trim);
            let (Some(at), true) = (self.cited(cite), quote.chars().count() >= QUOTE_CHARS_MIN)
            else {
                return Ok(false);
            };
            let session = &self.sessions[at];
            let events = self.store.events(session, cite.first..=cite.last)?;
            let mut texts = events.iter().filter_map(|(_, _, event)| event.as_ref());
            if !texts.any(|event| event.text().contains(quote)) {
                return Ok(false);
            }
        }
        Ok(!cites.is_empty())
    }
}
