//! What the engine holds in memory: the refs, and the rows that are not flushed yet.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use crate::clock::Time;
use crate::engine::flush::load_since_checkpoint;
use crate::engine::row::Summary;
use crate::error::{Error, Result};
use crate::object::{Key, RefKind, RefMove, RefName, StoreName};
use crate::storage::{
    CommitId, Location, MemoryId, ObjectId, OperationId, Reader, SessionObjectId, Shelf, codec,
};

/// The name of the watermark among the single values of the file.
pub(crate) const WATERMARK: &str = "watermark";
/// The name of the last flushed operation's id.
pub(crate) const LAST_OPERATION: &str = "last operation";

/// Where a ref points.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct RefState {
    pub(crate) kind: RefKind,
    pub(crate) commit: CommitId,
}

/// A ref of a store.
pub(crate) type FullRef = (StoreName, RefName);

/// The refs as of the last row known, and the tail of rows beyond the watermark.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// The last row known.
    pub(crate) last: u64,
    /// The last row whose index entries, refs and so on are in their tables.
    pub(crate) watermark: u64,
    pub(crate) last_operation: Option<OperationId>,
    pub(crate) stores: BTreeSet<StoreName>,
    pub(crate) refs: BTreeMap<FullRef, RefState>,
    pub(crate) tail: VecDeque<Arc<Summary>>,
    pub(crate) tail_bytes: u64,
    /// Edits since the trees of the heads were last written out.
    pub(crate) edits_since_checkpoint: usize,
    /// What went wrong where nobody waited for it: flushing and checkpoints.
    pub(crate) background_failure: Option<Error>,
    held: Held,
}

/// What rows of the tail bring that is not in its tables yet.
#[derive(Debug, Default)]
struct Held {
    objects: HashMap<ObjectId, Location>,
    sessions: HashMap<(StoreName, String), SessionObjectId>,
    /// The stores that unflushed rows delete, with the last such row: what the file says of their
    /// sessions is over.
    emptied: BTreeMap<StoreName, u64>,
    homes: HashMap<MemoryId, Vec<Key>>,
    moves: BTreeMap<(StoreName, RefName, u64), (Time, Option<CommitId>)>,
}

impl State {
    /// The state as of the watermark; rows beyond it are to be [applied](Self::apply).
    pub(crate) fn load(reader: &Reader) -> Result<Self> {
        let mut state = Self::default();
        if let Some(bytes) = reader.meta(WATERMARK)? {
            state.watermark = codec::decode("the watermark", &bytes)?;
        }
        if let Some(bytes) = reader.meta(LAST_OPERATION)? {
            state.last_operation = codec::decode("the last operation", &bytes)?;
        }
        state.last = state.watermark;
        state.edits_since_checkpoint = load_since_checkpoint(reader)?;
        for (name, _) in reader.derived_under(Shelf::Stores, b"")? {
            state.stores.insert(StoreName::new(text(&name)?)?);
        }
        for (name, value) in reader.derived_under(Shelf::Refs, b"")? {
            let (kind, commit) = codec::decode("a ref", &value)?;
            state.refs.insert(split_ref(&name)?, RefState { kind, commit });
        }
        Ok(state)
    }

    /// Takes in the next row.
    ///
    /// # Errors
    /// `Corrupt` if the row does not follow the last one, or its operation does not name the
    /// operation before it.
    pub(crate) fn apply(&mut self, row: Summary) -> Result<()> {
        if row.sequence != self.last + 1 {
            return Err(Error::corrupt(format!("row {} follows {}", row.sequence, self.last)));
        }
        if let Some(operation) = &row.operation {
            if operation.previous() != self.last_operation {
                return Err(Error::corrupt(format!(
                    "operation {} does not name the operation before it",
                    operation.id()
                )));
            }
            self.last_operation = Some(operation.id());
        }
        match row.store_change() {
            Some(true) => drop(self.stores.insert(row.store.clone())),
            Some(false) => self.delete_store(&row.store, row.sequence),
            None => {}
        }
        for (at, step) in row.moves() {
            move_ref(&mut self.refs, step);
            let name = (step.store.clone(), step.name.clone(), row.sequence);
            self.held.moves.insert(name, (at, step.to));
        }
        self.held.objects.extend(row.objects.iter().copied());
        for (session, object) in &row.sessions {
            self.held.sessions.insert((row.store.clone(), session.clone()), *object);
        }
        self.held.homes.reserve(row.homes.len());
        for (memory, key) in &row.homes {
            self.held.homes.entry(*memory).or_default().push(key.clone());
        }
        self.last = row.sequence;
        self.tail_bytes += row.bytes;
        self.edits_since_checkpoint += row.edits;
        self.tail.push_back(Arc::new(row));
        Ok(())
    }

    fn delete_store(&mut self, store: &StoreName, sequence: u64) {
        self.stores.remove(store);
        self.held.sessions.retain(|(held, _), _| held != store);
        self.held.emptied.insert(store.clone(), sequence);
    }

    /// Forgets the rows up to `watermark`, which are flushed.
    pub(crate) fn drop_flushed(&mut self, watermark: u64) {
        self.watermark = self.watermark.max(watermark);
        if self.tail.back().is_some_and(|row| row.sequence <= watermark) {
            // All that is held is of these rows: it need not be looked for.
            self.tail.clear();
            self.tail_bytes = 0;
            self.held = Held::default();
            return;
        }
        while self.tail.front().is_some_and(|row| row.sequence <= watermark) {
            let Some(row) = self.tail.pop_front() else { break };
            self.tail_bytes -= row.bytes;
            for (id, location) in &row.objects {
                if self.held.objects.get(id) == Some(location) {
                    self.held.objects.remove(id);
                }
            }
            for (session, object) in &row.sessions {
                let name = (row.store.clone(), session.clone());
                if self.held.sessions.get(&name) == Some(object) {
                    self.held.sessions.remove(&name);
                }
            }
            self.held.emptied.retain(|_, sequence| *sequence != row.sequence);
            for (memory, key) in &row.homes {
                if let Some(keys) = self.held.homes.get_mut(memory) {
                    keys.retain(|held| held != key);
                    if keys.is_empty() {
                        self.held.homes.remove(memory);
                    }
                }
            }
            for (_, step) in row.moves() {
                self.held.moves.remove(&(step.store.clone(), step.name.clone(), row.sequence));
            }
        }
    }

    pub(crate) fn location(&self, id: &ObjectId) -> Option<Location> {
        self.held.objects.get(id).copied()
    }

    /// Unflushed objects whose ids lie between `low` and `high`.
    pub(crate) fn locations(&self, low: &ObjectId, high: &ObjectId) -> Vec<(ObjectId, Location)> {
        let within = self.held.objects.iter().filter(|(id, _)| (low..=high).contains(id));
        within.map(|(id, location)| (*id, *location)).collect()
    }

    pub(crate) fn session(&self, store: &StoreName, id: &str) -> Option<SessionObjectId> {
        self.held.sessions.get(&(store.clone(), id.to_owned())).copied()
    }

    /// The unflushed sessions of `store`.
    pub(crate) fn sessions(&self, store: &StoreName) -> Vec<(String, SessionObjectId)> {
        let own = self.held.sessions.iter().filter(|((name, _), _)| name == store);
        own.map(|((_, id), object)| (id.clone(), *object)).collect()
    }

    /// Whether the sessions of `store` that are flushed went with it when it was deleted.
    pub(crate) fn is_emptied(&self, store: &StoreName) -> bool {
        self.held.emptied.contains_key(store)
    }

    pub(crate) fn homes(&self, memory: &MemoryId) -> &[Key] {
        self.held.homes.get(memory).map_or(&[], Vec::as_slice)
    }

    /// The unflushed moves of a ref, oldest first.
    pub(crate) fn moves(&self, name: &FullRef) -> Vec<(u64, Time, Option<CommitId>)> {
        let low = (name.0.clone(), name.1.clone(), 0);
        let high = (name.0.clone(), name.1.clone(), u64::MAX);
        self.held
            .moves
            .range(low..=high)
            .map(|((_, _, at), (time, to))| (*at, *time, *to))
            .collect()
    }
}

/// Moves one ref.
pub(crate) fn move_ref(refs: &mut BTreeMap<FullRef, RefState>, step: &RefMove) {
    let name = (step.store.clone(), step.name.clone());
    match step.to {
        Some(commit) => drop(refs.insert(name, RefState { kind: step.kind, commit })),
        None => drop(refs.remove(&name)),
    }
}

/// `store 0 name`.
pub(crate) fn ref_name(store: &StoreName, name: &str) -> Vec<u8> {
    [store.as_str().as_bytes(), &[0], name.as_bytes()].concat()
}

fn split_ref(bytes: &[u8]) -> Result<FullRef> {
    let (store, name) =
        text(bytes)?.split_once('\0').ok_or_else(|| Error::corrupt("a stored ref has no store"))?;
    Ok((StoreName::new(store)?, RefName::new(name)?))
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes)
        .map_err(|error| Error::corrupt("a stored name is not UTF-8").with_source(error))
}
