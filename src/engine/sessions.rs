//! Sessions: taken in, found again, their events read.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::engine::core::session_object_id;
use crate::engine::landing::Landing;
use crate::engine::state::ref_name;
use crate::engine::store::Store;
use crate::error::{Error, ErrorKind, Result};
use crate::limits;
use crate::object::{
    Author, Event, Evidence, OperationKind, Outcome, Session, SessionFacts, Source, StoreName,
    Stored, chunk_sources, cut_into_chunks, make_chunk, make_session, open_chunk,
};
use crate::storage::{ChunkId, SessionObjectId, Shelf, TextId};

/// A session about to be taken in.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// What is known of it.
    pub facts: SessionFacts,
    /// Its events, in order.
    pub events: Vec<Event>,
    /// Fields that the reader did not know, as the JSON text of one object.
    pub extra: Option<String>,
}

/// What taking a session in came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Taken {
    /// It was not known.
    New,
    /// It was known and has grown or changed.
    Changed,
    /// It was known as it is.
    Known,
}

/// How often an import is prepared anew because others took the same sessions in meanwhile.
const TRIES_MAX: usize = 64;

/// What a session to be taken in becomes.
struct MadeSession {
    id: String,
    /// What it stands for now.
    known: Option<SessionObjectId>,
    chunks: Vec<Stored>,
    header: Stored,
}

impl Store {
    /// Takes sessions in, durably together. One that is known as it is changes nothing, and neither
    /// does one that was cut short: what is known goes on where it ends. One that has grown shares
    /// what it had. Of two who take the same session in at once, one finds it
    /// known.
    ///
    /// # Errors
    /// `Limit` or `Invalid`, naming the session that is out of bounds; nothing is taken in then.
    pub fn import_sessions(&self, sessions: &[NewSession], author: &Author) -> Result<Vec<Taken>> {
        for _ in 0..TRIES_MAX {
            match self.try_import(sessions, author) {
                Err(error) if error.kind() == ErrorKind::Stale => {}
                other => return other,
            }
        }
        Err(Error::stale("others kept taking the same sessions in"))
    }

    fn try_import(&self, sessions: &[NewSession], author: &Author) -> Result<Vec<Taken>> {
        let mut taken = Vec::with_capacity(sessions.len());
        let mut made = Vec::new();
        for session in sessions {
            let (outcome, objects) = self.make(session)?;
            taken.push(outcome);
            made.extend(objects);
        }
        if !made.is_empty() {
            self.land_sessions(made, author)?;
        }
        Ok(taken)
    }

    /// Writes down how a session ended, as a new version of its header with the same events; `None`
    /// takes that back. What is known already changes nothing.
    ///
    /// # Errors
    /// `NotFound` if there is no such session.
    pub fn mark_session(
        &self,
        id: &str,
        outcome: Option<Outcome>,
        author: &Author,
    ) -> Result<Taken> {
        let missing = || Error::not_found(format!("there is no session `{id}`"));
        for _ in 0..TRIES_MAX {
            let known = self.session(id)?.ok_or_else(missing)?;
            if known.facts().outcome == outcome {
                return Ok(Taken::Known);
            }
            let facts = SessionFacts { outcome, ..known.facts().clone() };
            let seed = self.core().seed()?;
            let header = make_session(facts, known.extra(), known.chunks().to_vec(), &seed);
            let known = Some(known.object_id());
            let made = MadeSession { id: id.to_owned(), known, chunks: Vec::new(), header };
            match self.land_sessions(vec![made], author) {
                Err(error) if error.kind() == ErrorKind::Stale => {}
                other => return other.map(|()| Taken::Changed),
            }
        }
        Err(Error::stale("others kept taking the same session in"))
    }

    /// Writes new versions of sessions, durably together.
    fn land_sessions(&self, made: Vec<MadeSession>, author: &Author) -> Result<()> {
        let (store, author) = (self.name().clone(), author.clone());
        self.core().land(move |turn| {
            if !turn.has_store(&store) {
                return Err(Error::not_found(format!("there is no store `{store}`")));
            }
            check_unchanged(turn, &store, &made)?;
            for session in made {
                for chunk in session.chunks {
                    turn.add_object(&store, chunk);
                }
                let object = SessionObjectId::from(turn.add_object(&store, session.header));
                turn.add_session(&store, &session.id, object);
            }
            turn.operate(&store, &author, OperationKind::ImportSessions, Vec::new(), None)?;
            Ok(())
        })
    }

    /// The new objects of a session; none if it is known as it is.
    fn make(&self, new: &NewSession) -> Result<(Taken, Option<MadeSession>)> {
        let mut facts = new.facts.clone().in_order();
        facts.check()?;
        let bytes: usize = new.events.iter().map(Event::bytes).sum();
        let what = format!("session {}", new.facts.id);
        limits::check(&what, bytes, limits::SESSION_BYTES_MAX, "bytes")?;
        let seed = self.core().seed()?;
        let known = self.session(&new.facts.id)?;
        // A transcript that says nothing of its end does not take back what was marked since.
        facts.outcome = facts.outcome.or(known.as_ref().and_then(|known| known.facts().outcome));
        let old: &[(ChunkId, u32)] = known.as_ref().map_or(&[], Session::chunks);
        let view = self.core().view()?;
        let mut chunks = Vec::new();
        let mut added = Vec::new();
        let mut first = 0;
        let (mut shared, mut begins) = (true, known.is_some());
        for (index, run) in cut_into_chunks(&new.events).into_iter().enumerate() {
            let mut held = Vec::new();
            if let Some((id, _)) = old.get(index).filter(|_| begins) {
                held = open_chunk(&self.core().chunk(&view, &id.object())?)?;
            }
            let mut held = held.iter().map(|(_, event)| event.as_ref());
            begins &= run.iter().all(|event| held.next() == Some(Some(event)));
            shared &= begins && held.next().is_none();
            if shared {
                chunks.push(old[index]);
            } else {
                let chunk = make_chunk(run, &seed, first);
                chunks.push((ChunkId::from(chunk.id()), run.len() as u32));
                added.push(chunk);
            }
            first += run.len() as u64;
        }
        if begins && first < old.iter().map(|(_, events)| u64::from(*events)).sum() {
            return Ok((Taken::Known, None));
        }
        if let Some(known) = &known
            && known.chunks() == chunks
            && *known.facts() == facts
            && known.extra() == new.extra.as_deref()
        {
            return Ok((Taken::Known, None));
        }
        let outcome = if known.is_some() { Taken::Changed } else { Taken::New };
        let header = make_session(facts, new.extra.as_deref(), chunks, &seed);
        let (id, known) = (new.facts.id.clone(), known.map(|known| known.object_id()));
        Ok((outcome, Some(MadeSession { id, known, chunks: added, header })))
    }

    /// The newest version of the session with this id; `None` if there is none.
    ///
    /// # Errors
    /// `Io` or `Corrupt` if it cannot be read.
    pub fn session(&self, id: &str) -> Result<Option<Session>> {
        let core = self.core();
        core.refresh()?;
        core.find_session(self.name(), id)?.map(|object| core.session(object)).transpose()
    }

    /// A stored version of a session, newest or not.
    ///
    /// # Errors
    /// `NotFound` if there is none; `Corrupt` if it is damaged.
    pub fn session_object(&self, object: SessionObjectId) -> Result<Session> {
        self.core().session(object)
    }

    /// The newest versions of all sessions, in order of their ids.
    ///
    /// # Errors
    /// `Io` or `Corrupt` if the log cannot be read.
    pub fn session_ids(&self) -> Result<Vec<(String, SessionObjectId)>> {
        let core = self.core();
        core.refresh()?;
        let (unflushed, emptied) = {
            let state = core.state();
            (state.sessions(self.name()), state.is_emptied(self.name()))
        };
        let flushed = if emptied {
            Vec::new()
        } else {
            core.view()?.derived_under(Shelf::Sessions, &ref_name(self.name(), ""))?
        };
        let mut all = BTreeMap::new();
        for (name, value) in flushed {
            let id = String::from_utf8(name).map_err(|error| {
                Error::corrupt("a session's id is not UTF-8").with_source(error)
            })?;
            all.insert(id, session_object_id(&value)?);
        }
        all.extend(unflushed);
        Ok(all.into_iter().collect())
    }

    /// The events of a session whose numbers lie in `range`, each with its number and the name of
    /// its words; `None` where they were erased.
    ///
    /// # Errors
    /// `Corrupt` if a chunk is missing or damaged.
    pub fn events(
        &self,
        session: &Session,
        range: RangeInclusive<u32>,
    ) -> Result<Vec<(u32, TextId, Option<Event>)>> {
        let view = self.core().view()?;
        let mut events = Vec::new();
        let mut first = 0;
        for (id, count) in session.chunks() {
            let end = first + count;
            if first <= *range.end() && end > *range.start() {
                let held = open_chunk(&self.core().chunk(&view, &id.object())?)?;
                if held.len() != *count as usize {
                    return Err(Error::corrupt(format!("chunk {id} has a wrong number of events")));
                }
                let numbered = (first..).zip(held).filter(|(number, _)| range.contains(number));
                events.extend(numbered.map(|(number, (text, event))| (number, text, event)));
            }
            first = end;
        }
        Ok(events)
    }

    /// Where the events of a session whose numbers lie in `range` come from, each with the name of
    /// its words.
    ///
    /// # Errors
    /// `Corrupt` if a chunk is missing or damaged.
    pub(crate) fn event_sources(
        &self,
        session: &Session,
        range: RangeInclusive<u32>,
    ) -> Result<Vec<(TextId, Source)>> {
        let view = self.core().view()?;
        let (mut sources, mut first) = (Vec::new(), 0);
        for (id, count) in session.chunks() {
            let end = first + count;
            if first <= *range.end() && end > *range.start() {
                let held = chunk_sources(&self.core().chunk(&view, &id.object())?)?;
                let numbered = (first..).zip(held).filter(|(number, _)| range.contains(number));
                sources.extend(numbered.map(|(_, source)| source));
            }
            first = end;
        }
        Ok(sources)
    }

    /// Evidence for events `first` to `last` of a session.
    ///
    /// # Errors
    /// `Invalid` if the session has no such events; `Limit` if they are too many.
    pub fn evidence(&self, session: &Session, first: u32, last: u32) -> Result<Evidence> {
        let span = last.wrapping_sub(first).wrapping_add(1) as usize;
        if first > last || last >= session.events() {
            return Err(Error::invalid(format!(
                "session {} has {} events, no events {first} to {last}",
                session.id(),
                session.events()
            )));
        }
        limits::check("evidence", span, limits::EVIDENCE_EVENTS_MAX, "events")?;
        let texts = self.events(session, first..=last)?.into_iter().map(|(_, text, _)| text);
        Ok(Evidence { session: session.object_id(), first, last, texts: texts.collect() })
    }
}

/// Every session must still stand for what it did when its new version was made.
fn check_unchanged(turn: &Landing<'_>, store: &StoreName, made: &[MadeSession]) -> Result<()> {
    for session in made {
        if turn.find_session(store, &session.id)? != session.known {
            return Err(Error::stale(format!("session {} has changed meanwhile", session.id)));
        }
    }
    Ok(())
}
