//! The records of schedules: what was ordered, and beside it what became of it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::Time;
use crate::dream::manifest::meta;
use crate::dream::run::write_meta;
use crate::dream::schedule::due::{Outlook, due};
use crate::dream::schedule::schedule::Schedule;
use crate::dream::schedule::sight::Sight;
use crate::dream::schedule::state::ScheduleState;
use crate::engine::{Expect, Snapshot, Store, Transaction};
use crate::error::{Error, Result};
use crate::object::{Author, Entry, Kind};

/// Where the records lie.
const FOLDER: &str = "schedules";
/// The record of what was ordered.
const PLAN: &str = "plan";
/// The record of what became of it.
const STATE: &str = "state";

/// The schedules of a store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Schedules {
    pub(super) store: Store,
}

/// A schedule, what became of its runs, and what there is to do.
#[derive(Clone, Debug)]
pub struct Scheduled {
    /// What was ordered.
    pub schedule: Schedule,
    /// What became of it.
    pub state: ScheduleState,
    /// What there is to do now.
    pub outlook: Outlook,
}

impl Schedules {
    /// The schedules of `store`.
    pub fn of(store: &Store) -> Self {
        Self { store: store.clone() }
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// All of them, in order of their names, and what there is to do for each.
    ///
    /// # Errors
    /// `Corrupt` if a record is damaged.
    pub fn list(&self) -> Result<Vec<Scheduled>> {
        let snapshot = meta(&self.store).snapshot()?;
        let names = names(&snapshot)?;
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.store.database().now();
        let found =
            names.iter().filter_map(|name| self.scheduled(&snapshot, name, now).transpose());
        found.collect()
    }

    fn scheduled(&self, snapshot: &Snapshot, name: &str, now: Time) -> Result<Option<Scheduled>> {
        let Some((schedule, state)) = load(snapshot, name)? else { return Ok(None) };
        let sight = Sight::of(&self.store, &schedule, now)?;
        let outlook = due(&schedule, &state, &sight, now)?;
        Ok(Some(Scheduled { schedule, state, outlook }))
    }

    /// Keeps a new schedule.
    ///
    /// # Errors
    /// `Invalid` if there is one of that name, or it breaks a rule; `NotFound` if there is no such
    /// branch.
    pub fn add(&self, schedule: &Schedule, author: &Author) -> Result<()> {
        schedule.check()?;
        self.store.branch(&schedule.branch)?.refuse_reserved()?;
        let name = &schedule.name;
        write_meta(&self.store, author.message(format!("Add schedule {name}")), |transaction| {
            if transaction.base().get(&key(name, PLAN))?.is_some() {
                return Err(Error::invalid(format!("there is a schedule `{name}` already")));
            }
            transaction.require(key(name, PLAN), Expect::Absent)?;
            put(transaction, &key(name, PLAN), schedule)
        })
    }

    /// Removes a schedule. A run that has begun goes on to its end.
    ///
    /// # Errors
    /// `NotFound` with the schedules there are.
    pub fn remove(&self, name: &str, author: &Author) -> Result<()> {
        write_meta(&self.store, author.message(format!("Remove schedule {name}")), |transaction| {
            let snapshot = transaction.base().clone();
            if !names(&snapshot)?.iter().any(|known| known == name) {
                return Err(missing(&snapshot, name)?);
            }
            transaction.remove(key(name, PLAN))?;
            match snapshot.get(&key(name, STATE))? {
                Some(_) => transaction.remove(key(name, STATE)),
                None => Ok(()),
            }
        })
    }
}

/// That there is no schedule of that name, and which there are.
pub(super) fn missing(snapshot: &Snapshot, name: &str) -> Result<Error> {
    let known = names(snapshot)?;
    Ok(Error::not_found(format!("there is no schedule `{name}`")).with_candidates(known))
}

/// Reads a schedule and what became of it; `None` if there is no such schedule.
pub(super) fn load(snapshot: &Snapshot, name: &str) -> Result<Option<(Schedule, ScheduleState)>> {
    let Some(schedule) = read::<Schedule>(snapshot, &key(name, PLAN))? else { return Ok(None) };
    let state = read(snapshot, &key(name, STATE))?;
    let state = state.unwrap_or_else(|| ScheduleState::of(&schedule));
    Ok(Some((schedule, state)))
}

/// Writes down what became of a schedule.
pub(super) fn save(transaction: &mut Transaction, name: &str, state: &ScheduleState) -> Result<()> {
    put(transaction, &key(name, STATE), state)
}

fn names(snapshot: &Snapshot) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in snapshot.keys(FOLDER) {
        let (key, _) = entry?;
        let mut parts = key.as_str().split('/').skip(1);
        if let (Some(name), Some(PLAN), None) = (parts.next(), parts.next(), parts.next()) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

fn key(name: &str, part: &str) -> String {
    format!("{FOLDER}/{name}/{part}")
}

fn read<T: DeserializeOwned>(snapshot: &Snapshot, key: &str) -> Result<Option<T>> {
    let Some(record) = snapshot.get(key)? else { return Ok(None) };
    serde_json::from_str(record.text()?).map(Some).map_err(|error| {
        Error::corrupt(format!("the record `{key}` is damaged")).with_source(error)
    })
}

fn put<T: Serialize>(transaction: &mut Transaction, key: &str, value: &T) -> Result<()> {
    let text = serde_json::to_string(value)
        .map_err(|error| Error::invalid("a schedule cannot be written").with_source(error))?;
    transaction.put(key, Entry::new(text).kind(Kind::SYSTEM))
}
