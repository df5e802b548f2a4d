//! What all searches of sessions through one `Search` share: the index as last seen, the tail.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::engine::{Database, Store};
use crate::error::{Error, Result};
use crate::object::{Session, StoreName};
use crate::search::events::live::{Live, Part};
use crate::search::fields::Fields;
use crate::search::index::{Fault, Place, Subject, View};
use crate::search::live::LiveSet;
use crate::search::tail::Tail;
use crate::search::words::counter;
use crate::storage::SessionObjectId;

/// More missing chunks than this are indexed for good before a search, rather than in memory.
const FOREGROUND_MIN: usize = 64;
/// How many chunks are indexed in memory at a time.
const BATCH: usize = 64;

/// The index of events.
pub(in crate::search) struct Events {
    pub(super) database: Database,
    pub(super) fields: Fields,
    pub(super) place: Place,
    /// Held while this process writes the index.
    pub(super) indexing: Mutex<()>,
    state: Mutex<State>,
    /// The index has given an error and is to be built anew.
    damaged: AtomicBool,
}

struct State {
    view: View,
    tail: Tail,
    live: BTreeMap<StoreName, Arc<Live>>,
    /// Session headers that were read, for as long as they stand for something.
    read: HashMap<SessionObjectId, Arc<Session>>,
    failure: Option<Error>,
}

impl Events {
    pub(in crate::search) fn open(database: &Database) -> Result<Self> {
        let fields = Fields::new();
        let place = Place::new(database.directory(), &fields, Subject::Events);
        let view = match place.open(&fields, database.id(), &[]) {
            Some(view) => view,
            None => View::empty(&fields, database.id())?,
        };
        let state = State {
            view,
            tail: Tail::new(),
            live: BTreeMap::new(),
            read: HashMap::new(),
            failure: None,
        };
        Ok(Self {
            database: database.clone(),
            fields,
            place,
            indexing: Mutex::default(),
            state: Mutex::new(state),
            damaged: AtomicBool::new(false),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Takes note that the index is new and empty.
    pub(super) fn note_rebuilt(&self) {
        self.damaged.store(false, Ordering::Relaxed);
    }

    /// What went wrong with the index since the last time; searches did without it.
    pub(in crate::search) fn take_failure(&self) -> Option<Error> {
        self.state().failure.take()
    }

    /// Stops using an index that gave errors: until it is built anew all is indexed in memory.
    pub(super) fn discard(&self) -> Result<()> {
        self.damaged.store(true, Ordering::Relaxed);
        let view = View::empty(&self.fields, self.database.id())?;
        self.state().exchange(view);
        Ok(())
    }

    /// The sessions of `store` as they stand now, with every event of theirs.
    pub(super) fn live(&self, store: &Store) -> Result<Arc<Live>, Fault> {
        let mut indexed_already = false;
        loop {
            let ids = store.session_ids()?;
            let mut state = self.state();
            if let Some(held) = state.live.get(store.name())
                && held.ids == ids
            {
                return Ok(Arc::clone(held));
            }
            if !self.is_damaged() {
                state.look_again(self);
            }
            let sessions = state.sessions(store, &ids)?;
            let mut set = LiveSet::empty(&state.view, state.tail.chunks());
            let missing = Live::enter(&sessions, &mut set);
            if missing.is_empty() {
                let live = Arc::new(Live { ids, sessions, set });
                state.live.insert(store.name().clone(), Arc::clone(&live));
                return Ok(live);
            }
            if missing.len() > FOREGROUND_MIN && !indexed_already && !self.database.is_read_only() {
                drop(state);
                indexed_already = true;
                // Where it cannot be indexed for good now, memory must do.
                if let Err(error) = self.catch_up(|| false) {
                    self.state().failure = Some(error);
                }
                continue;
            }
            state.index_in_memory(&self.fields, store, &missing)?;
        }
    }
}

impl State {
    /// Goes over to another view of the index and gives up the tail.
    fn exchange(&mut self, view: View) {
        self.view = view;
        self.tail = Tail::new();
        self.live.clear();
    }

    /// Sees what was indexed since, here or by another process.
    fn look_again(&mut self, events: &Events) {
        let newer = if self.view.stamp.sequence == 0 {
            // What is shown may be the stand-in for an index that was not there yet.
            let view = events.place.open(&events.fields, events.database.id(), &[]);
            view.filter(|view| view.stamp.sequence > 0)
        } else {
            self.view.newer(&events.fields)
        };
        if let Some(view) = newer {
            self.exchange(view);
        }
    }

    /// The headers of these sessions.
    fn sessions(
        &mut self,
        store: &Store,
        ids: &[(String, SessionObjectId)],
    ) -> Result<Vec<Arc<Session>>> {
        let mut sessions = Vec::with_capacity(ids.len());
        for (_, object) in ids {
            let session = match self.read.get(object) {
                Some(session) => Arc::clone(session),
                None => Arc::new(store.session_object(*object)?),
            };
            sessions.push(session);
        }
        let read = sessions.iter().map(|session| (session.object_id(), Arc::clone(session)));
        self.read = read.collect();
        Ok(sessions)
    }

    fn index_in_memory(
        &mut self,
        fields: &Fields,
        store: &Store,
        missing: &[Part],
    ) -> Result<(), Fault> {
        let mut counter = counter();
        for batch in missing.chunks(BATCH) {
            let mut documents = Vec::new();
            for part in batch {
                documents.extend(part.documents(store, fields, &mut counter)?);
            }
            if let Err(error) = self.tail.enter(fields, documents) {
                self.tail = Tail::new();
                self.live.clear();
                return Err(error);
            }
        }
        Ok(())
    }
}
