//! The ids of conversations that do not say for sure which one they are.
//!
//! Such a conversation is called after its file, or by a number that others may have too. Whether one of that name in the store is the same
//! one, perhaps grown, is told by how both begin: by all that was said up to the user's first words.
//! So nothing of what was said, not even a hash, gets into an id, which could not be erased.

use std::collections::{HashMap, VecDeque};

use super::bounds::Transcript;
use super::messages::{Named, numbered};
use crate::engine::Store;
use crate::error::Result;
use crate::object::{Event, Role};

/// How many events a beginning has at most.
const EVENTS_MAX: u32 = 16;

/// How a conversation begins. An event whose words were erased is like any other.
struct Beginning(Vec<Option<(Role, blake3::Hash)>>);

impl Beginning {
    fn of<'e>(events: impl Iterator<Item = Option<&'e Event>>) -> Self {
        let mut beginning = Vec::new();
        for event in events.take(EVENTS_MAX as usize) {
            beginning.push(event.map(|event| (event.role, blake3::hash(event.content.as_bytes()))));
            if event.is_some_and(|event| event.role == Role::User) {
                break;
            }
        }
        Self(beginning)
    }

    /// Whether both are the beginning of one conversation. One that ends before the user spoke can
    /// have grown into the other.
    fn is_that_of(&self, other: &Self) -> bool {
        let mut pairs = self.0.iter().zip(&other.0);
        let (long, short) =
            if self.0.len() > other.0.len() { (self, other) } else { (other, self) };
        let ended = short.0.last().is_some_and(|last| matches!(last, Some((Role::User, _))));
        let may_grow = long.0.len() == short.0.len() || !ended;
        may_grow && pairs.all(|(own, other)| own.is_none() || other.is_none() || own == other)
    }
}

/// The conversations of one name.
#[derive(Default)]
struct Bearers {
    /// Those of the store that this run has not met: the next one like one of them is that one.
    unmet: VecDeque<(Beginning, String)>,
    /// How many there are, in the store and of this run.
    count: usize,
}

/// The ids given out in one run over files.
pub(super) struct Names<'s> {
    store: &'s Store,
    bearers: HashMap<String, Bearers>,
}

impl<'s> Names<'s> {
    pub(super) fn of(store: &'s Store) -> Self {
        Self { store, bearers: HashMap::new() }
    }

    /// The transcript under the id that it keeps.
    pub(super) fn settle(&mut self, named: Named) -> Result<Transcript> {
        let Named { mut transcript, base } = named;
        let Some(base) = base else { return Ok(transcript) };
        let beginning = Beginning::of(transcript.events.iter().map(Some));
        if !self.bearers.contains_key(&base) {
            let known = self.known(&base)?;
            self.bearers.insert(base.clone(), known);
        }
        let bearers = self.bearers.entry(base.clone()).or_default();
        let same = |(other, _): &(Beginning, String)| other.is_that_of(&beginning);
        let met = bearers.unmet.iter().position(same).and_then(|at| bearers.unmet.remove(at));
        transcript.facts.id = if let Some((_, id)) = met {
            id
        } else {
            bearers.count += 1;
            numbered(&base, bearers.count)
        };
        Ok(transcript)
    }

    /// Those of the name that the store has.
    fn known(&self, base: &str) -> Result<Bearers> {
        let mut bearers = Bearers::default();
        loop {
            let id = numbered(base, bearers.count + 1);
            let Some(session) = self.store.session(&id)? else { return Ok(bearers) };
            let last = EVENTS_MAX.min(session.events()).saturating_sub(1);
            let events = self.store.events(&session, 0..=last)?;
            let beginning = Beginning::of(events.iter().map(|(_, _, event)| event.as_ref()));
            bearers.unmet.push_back((beginning, id));
            bearers.count += 1;
        }
    }
}
