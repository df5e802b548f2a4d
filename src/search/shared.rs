//! What all handles of one `Search` share: the index as last seen, the tail, the live sets.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::engine::{Database, Snapshot};
use crate::error::{Error, ErrorKind, Result};
use crate::search::fields::Fields;
use crate::search::index::{Fault, Place, Subject, View};
use crate::search::live::{Draft, LiveSet};
use crate::search::segment::Segment;
use crate::search::tail::Tail;

/// How many snapshots' live sets are kept.
const LIVE_SETS_MAX: usize = 8;
/// More missing documents than this are indexed for good before a search, rather than in memory.
const FOREGROUND_MIN: usize = 2_000;
/// From this many documents on, the tail is exchanged for what the index has meanwhile.
const TAIL_SOFT_MAX: usize = 512;
/// How long and how often to wait for another process that is indexing.
const LOCKED_PAUSE: Duration = Duration::from_millis(20);
const LOCKED_TRIES: usize = 100;
/// A tail of more documents than this is thrown away and begun anew with what is needed.
const TAIL_HARD_MAX: usize = 20_000;

/// What all handles of one `Search` share.
pub(super) struct Shared {
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
    /// The most recently used last.
    live: Vec<Arc<LiveSet>>,
    failure: Option<Error>,
}

impl Shared {
    pub(super) fn open(database: &Database) -> Result<Self> {
        let fields = Fields::new();
        let place = Place::new(database.directory(), &fields, Subject::Memories);
        let view = match place.open(&fields, database.id(), &[]) {
            Some(view) => view,
            None => View::empty(&fields, database.id())?,
        };
        let (tail, live) = (Tail::new(), Vec::new());
        Ok(Self {
            database: database.clone(),
            fields,
            place,
            indexing: Mutex::default(),
            state: Mutex::new(State { view, tail, live, failure: None }),
            damaged: AtomicBool::new(false),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many rows of the log are not in the index.
    pub(super) fn lag(&self) -> Result<u64> {
        let last = self.database.feed().last()?;
        Ok(last.saturating_sub(self.sequence()))
    }

    fn sequence(&self) -> u64 {
        let state = self.state();
        if state.view.stamp.sequence > 0 {
            return state.view.sequence_now();
        }
        drop(state);
        // What is shown may be the stand-in for an index that was not there yet.
        let view = self.place.open(&self.fields, self.database.id(), &[]);
        view.map_or(0, |view| view.stamp.sequence)
    }

    /// The segments that searches look into now.
    pub(super) fn segments(&self) -> Vec<Arc<Segment>> {
        self.state().view.segments.clone()
    }

    /// Whether there is something to index.
    pub(super) fn is_behind(&self) -> Result<bool> {
        Ok(self.is_damaged() || self.lag()? > 0)
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Takes note that the index is new and empty.
    pub(super) fn note_rebuilt(&self) {
        self.damaged.store(false, Ordering::Relaxed);
    }

    pub(super) fn note_failure(&self, error: Error) {
        self.state().failure = Some(error);
    }

    /// What went wrong in the background since the last time.
    pub(super) fn take_failure(&self) -> Option<Error> {
        self.state().failure.take()
    }

    /// Stops using an index that gave errors: until it is built anew all is indexed in memory.
    pub(super) fn discard(&self) -> Result<()> {
        self.damaged.store(true, Ordering::Relaxed);
        let view = View::empty(&self.fields, self.database.id())?;
        self.state().exchange(view);
        Ok(())
    }

    /// Sees what was indexed since, here or by another process.
    fn look_again(&self) {
        if self.is_damaged() {
            return;
        }
        let mut state = self.state();
        if let Some(view) = self.newer(&state) {
            state.exchange(view);
        }
    }

    fn newer(&self, state: &State) -> Option<View> {
        if state.view.stamp.sequence == 0 {
            // What is shown may be the stand-in for an index that was not there yet.
            let view = self.place.open(&self.fields, self.database.id(), &[])?;
            return (view.stamp.sequence > 0).then_some(view);
        }
        state.view.newer(&self.fields)
    }

    /// Indexes a backlog for good. Where that cannot be done now, a tail in memory must do.
    fn index_before_searching(&self) {
        if !self.database.is_read_only()
            && let Err(error) = self.catch_up_now()
        {
            self.note_failure(error);
        }
        self.look_again();
    }

    /// Indexes all rows there are, waiting a while for another process that is at it.
    pub(super) fn catch_up_now(&self) -> Result<()> {
        let mut tries = LOCKED_TRIES;
        loop {
            match self.catch_up(|| false) {
                Err(error) if error.kind() == ErrorKind::Locked && tries > 0 => tries -= 1,
                done => return done,
            }
            std::thread::sleep(LOCKED_PAUSE);
        }
    }

    /// The live set of `snapshot`, with every memory in it but erased ones.
    pub(super) fn live_set(&self, snapshot: &Snapshot) -> Result<Arc<LiveSet>, Fault> {
        let mut indexed_already = false;
        loop {
            let mut state = self.state();
            if let Some(found) = state.held(snapshot)? {
                return Ok(found);
            }
            if state.tail.len() >= TAIL_SOFT_MAX
                && !self.is_damaged()
                && let Some(view) = self.newer(&state)
            {
                state.exchange(view);
            }
            let mut draft = state.draft(snapshot)?;
            draft.missing.retain(|(key, record)| !state.tail.is_erased(key, *record));
            if draft.missing.len() > FOREGROUND_MIN && !indexed_already {
                drop(state);
                indexed_already = true;
                self.index_before_searching();
                continue;
            }
            if state.tail.len() + draft.missing.len() > TAIL_HARD_MAX && state.tail.len() > 0 {
                state.begin_tail();
                continue;
            }
            return state.complete(draft, snapshot, &self.fields);
        }
    }
}

impl State {
    /// Goes over to another view of the index. The tail is given up: what is still missing is
    /// indexed again when it is searched.
    fn exchange(&mut self, view: View) {
        self.view = view;
        self.begin_tail();
    }

    fn begin_tail(&mut self) {
        self.tail = Tail::new();
        self.live.clear();
    }

    fn held(&mut self, snapshot: &Snapshot) -> Result<Option<Arc<LiveSet>>> {
        let tree = snapshot.tree_id()?;
        let Some(at) = self.live.iter().position(|held| held.tree == Some(tree)) else {
            return Ok(None);
        };
        let found = self.live.remove(at);
        self.live.push(Arc::clone(&found));
        Ok(Some(found))
    }

    /// Makes a live set from the most recently used one, or else from scratch.
    fn draft(&self, snapshot: &Snapshot) -> Result<Draft, Fault> {
        let tail = self.tail.chunks();
        if let Some(base) = self.live.last()
            && let Some(draft) = Draft::follow(base, snapshot, &self.view, tail)?
        {
            return Ok(draft);
        }
        Draft::scan(snapshot, &self.view, tail)
    }

    fn complete(
        &mut self,
        draft: Draft,
        snapshot: &Snapshot,
        fields: &Fields,
    ) -> Result<Arc<LiveSet>, Fault> {
        let added = match self.tail.add(fields, snapshot, &draft.missing) {
            Ok(added) => added,
            Err(error) => {
                self.begin_tail();
                return Err(error);
            }
        };
        let live = draft.finish(&self.view, self.tail.chunks(), added);
        if self.live.len() >= LIVE_SETS_MAX {
            self.live.remove(0);
        }
        self.live.push(Arc::clone(&live));
        Ok(live)
    }
}
