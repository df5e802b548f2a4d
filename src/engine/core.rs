//! The heart of an open database: its file, its state in memory, and reading objects from both.

use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use quick_cache::sync::Cache;

use crate::clock::Clock;
use crate::engine::flush::Thresholds;
use crate::engine::holder::Holder;
use crate::engine::nodes::{Nodes, PinnedTree};
use crate::engine::overlay::Overlay;
use crate::engine::policy::{Gate, Standings};
use crate::engine::queue::Queue;
use crate::engine::recall::Notes;
use crate::engine::row;
use crate::engine::state::{State, ref_name};
use crate::engine::view::Newest;
use crate::entropy::{Entropy, Seed};
use crate::error::{Error, Result};
use crate::object::{
    Commit, Genesis, ObjectKind, Operation, Record, Session, StoreName, Stored, Tombstone,
};
use crate::storage::{
    CommitId, Location, MemoryId, ObjectId, OperationId, Prefix, Reader, RecordId, SessionObjectId,
    Shelf, Storage, TombstoneId,
};
use crate::tree::Shape;

/// How many commits stay decoded in memory.
const CACHED_COMMITS_MAX: usize = 20_000;
/// How many overlays of old commits stay in memory.
const CACHED_OVERLAYS_MAX: usize = 64;

/// What all handles on one open database share.
pub(crate) struct Core {
    pub(crate) storage: Arc<Storage>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// How long a write waits for writers in other processes.
    pub(crate) wait: Duration,
    pub(crate) thresholds: Thresholds,
    pub(crate) nodes: Arc<Nodes>,
    pub(crate) queue: Queue,
    /// Rules beside those of the policy.
    pub(crate) gates: Vec<Arc<dyn Gate>>,
    pub(crate) standings: Standings,
    pub(crate) notes: Notes,
    /// What tells other processes of this one, where it writes to a file.
    pub(crate) holder: OnceLock<Holder>,
    pub(crate) overlays: Cache<CommitId, Arc<Overlay>>,
    commits: Cache<CommitId, Arc<Commit>>,
    genesis: RwLock<Genesis>,
    state: RwLock<State>,
    views: Arc<Newest>,
}

impl Core {
    pub(crate) fn new(
        storage: Storage,
        genesis: Genesis,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        (wait, thresholds): (Duration, Thresholds),
        gates: Vec<Arc<dyn Gate>>,
    ) -> Result<Self> {
        let storage = Arc::new(storage);
        let state = State::load(&storage.read()?)?;
        let views = Arc::new(Newest::new(Arc::clone(&storage)));
        let core = Self {
            nodes: Arc::new(Nodes::new(
                Arc::clone(&storage),
                Arc::clone(&views),
                thresholds.pending_nodes_max,
            )),
            storage,
            genesis: RwLock::new(genesis),
            clock,
            entropy,
            wait,
            thresholds,
            gates,
            standings: Standings::default(),
            queue: Queue::default(),
            notes: Notes::default(),
            holder: OnceLock::new(),
            overlays: Cache::new(CACHED_OVERLAYS_MAX),
            commits: Cache::new(CACHED_COMMITS_MAX),
            state: RwLock::new(state),
            views,
        };
        core.follow(&core.storage.read()?)?;
        Ok(core)
    }

    pub(crate) fn shape(&self) -> Shape {
        Shape::new(self.genesis().boundary_salt)
    }

    pub(crate) fn genesis(&self) -> Genesis {
        self.genesis.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins anew with another genesis and the rows of `state`.
    pub(crate) fn begin_anew(&self, genesis: Genesis, state: State) {
        *self.genesis.write().unwrap_or_else(PoisonError::into_inner) = genesis;
        *self.state_mut() = state;
        self.queue.announce();
        self.queue.ask_for_flush();
    }

    pub(crate) fn seed(&self) -> Result<Seed> {
        Seed::draw(&*self.entropy)
    }

    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in the rows that other processes have appended.
    pub(crate) fn refresh(&self) -> Result<()> {
        if self.storage.is_shared() { self.follow(&self.storage.read()?) } else { Ok(()) }
    }

    /// Takes in the rows that `reader` sees beyond the last one known: the same code for recovery
    /// and for following other processes.
    pub(crate) fn follow(&self, reader: &Reader) -> Result<()> {
        let last = reader.last_sequence()?;
        if last <= self.state().last {
            return Ok(());
        }
        let mut state = self.state_mut();
        while state.last < last {
            let next = state.last + 1;
            let gap = || Error::corrupt(format!("the log has a gap at row {next}"));
            let row = row::read_row(reader, next)?.ok_or_else(gap)?;
            state.apply(row.summary)?;
        }
        drop(state);
        self.queue.announce();
        Ok(())
    }

    /// A view of the file at least as new as the state in memory: it has every row that is known,
    /// and what is derived from rows that the state has let go of. Who asks both for something
    /// therefore asks the state first.
    pub(crate) fn view(&self) -> Result<Arc<Reader>> {
        let (last, watermark) = {
            let state = self.state();
            (state.last, state.watermark)
        };
        self.views.view(last, watermark)
    }

    /// Where an object lies, and a view in which it can be read.
    fn locate(&self, view: &Arc<Reader>, id: &ObjectId) -> Result<Option<(Arc<Reader>, Location)>> {
        let unflushed = self.state().location(id);
        let found = match unflushed {
            Some(location) => Some(location),
            None => view.location(id)?,
        };
        if let Some(location) = found
            && view.last_sequence()? >= location.sequence
        {
            return Ok(Some((Arc::clone(view), location)));
        }
        // Flushed or appended after the view was taken.
        let fresh = Arc::new(self.storage.read()?);
        let location = match found {
            Some(location) => Some(location),
            None => fresh.location(id)?.or_else(|| self.state().location(id)),
        };
        Ok(location.map(|location| (fresh, location)))
    }

    /// The object with this id, checked against it.
    pub(crate) fn object(&self, view: &Arc<Reader>, id: &ObjectId) -> Result<Option<Stored>> {
        let Some((view, location)) = self.locate(view, id)? else { return Ok(None) };
        let stored = Stored::decode(&view.object(location)?)?;
        if stored.id() != *id {
            return Err(Error::corrupt(format!("object {id} is damaged")));
        }
        Ok(Some(stored))
    }

    fn expect(&self, view: &Arc<Reader>, kind: ObjectKind, id: &ObjectId) -> Result<Stored> {
        let missing = || Error::not_found(format!("there is no {} {id:.12}", kind.name()));
        self.object(view, id)?.ok_or_else(missing)
    }

    pub(crate) fn record(&self, view: &Arc<Reader>, id: RecordId) -> Result<Record> {
        Record::open(self.expect(view, ObjectKind::Record, &id.object())?)
    }

    /// The memory that a record is a version of.
    pub(crate) fn memory(&self, view: &Arc<Reader>, id: RecordId) -> Result<MemoryId> {
        Record::memory_in(&self.expect(view, ObjectKind::Record, &id.object())?)
    }

    pub(crate) fn commit(&self, id: CommitId) -> Result<Arc<Commit>> {
        if let Some(commit) = self.commits.get(&id) {
            return Ok(commit);
        }
        let stored = self.expect(&self.view()?, ObjectKind::Commit, &id.object())?;
        let commit = Arc::new(Commit::open(stored)?);
        self.commits.insert(id, Arc::clone(&commit));
        Ok(commit)
    }

    pub(crate) fn remember(&self, commit: &Arc<Commit>) {
        self.commits.insert(commit.id(), Arc::clone(commit));
    }

    pub(crate) fn operation(&self, id: OperationId) -> Result<Operation> {
        Operation::open(self.expect(&self.view()?, ObjectKind::Operation, &id.object())?)
    }

    pub(crate) fn session(&self, id: SessionObjectId) -> Result<Session> {
        Session::open(&self.expect(&self.view()?, ObjectKind::Session, &id.object())?)
    }

    /// The object that a session of `store` stands for now.
    pub(crate) fn find_session(
        &self,
        store: &StoreName,
        id: &str,
    ) -> Result<Option<SessionObjectId>> {
        let (unflushed, emptied) = {
            let state = self.state();
            (state.session(store, id), state.is_emptied(store))
        };
        if unflushed.is_some() || emptied {
            return Ok(unflushed);
        }
        let stored = self.view()?.derived(Shelf::Sessions, &ref_name(store, id))?;
        stored.map(|bytes| session_object_id(&bytes)).transpose()
    }

    pub(crate) fn chunk(&self, view: &Arc<Reader>, id: &ObjectId) -> Result<Stored> {
        self.expect(view, ObjectKind::EventChunk, id)
    }

    pub(crate) fn tombstone(&self, id: TombstoneId) -> Result<Tombstone> {
        Tombstone::open(&self.expect(&self.view()?, ObjectKind::Tombstone, &id.object())?)
    }

    /// The row in which an object stands.
    pub(crate) fn row_of(&self, id: &ObjectId) -> Result<Option<u64>> {
        Ok(self.locate(&self.view()?, id)?.map(|(_, location)| location.sequence))
    }

    /// All objects of `kind` whose ids begin with `prefix`.
    pub(crate) fn with_prefix(&self, prefix: &Prefix, kind: ObjectKind) -> Result<Vec<ObjectId>> {
        let (low, high) = prefix.range();
        let mut found = self.state().locations(&low, &high);
        found.extend(self.view()?.locations(&low, &high)?);
        let mut ids: Vec<_> = found
            .into_iter()
            .filter(|(_, location)| location.kind == kind as u8)
            .map(|(id, _)| id)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// The empty tree.
    pub(crate) fn empty_tree(&self) -> Result<PinnedTree> {
        self.nodes.empty(self.shape())
    }
}

/// The id that the entry of a session holds.
pub(crate) fn session_object_id(bytes: &[u8]) -> Result<SessionObjectId> {
    let bytes: [u8; 32] = bytes
        .try_into()
        .map_err(|_| Error::corrupt("the entry of a session has a wrong length"))?;
    Ok(SessionObjectId::from_bytes(bytes))
}
