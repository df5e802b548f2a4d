//! Adding many commits with given parents: histories that were made elsewhere.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::engine::given::GivenRow;
use crate::engine::new_commit::NewCommit;
use crate::engine::nodes::PinnedTree;
use crate::engine::policy::{Clearance, leave_to_move};
use crate::engine::row::Row;
use crate::engine::state::RefState;
use crate::engine::store::Store;
use crate::entropy::Seed;
use crate::error::{Error, Result};
use crate::limits;
use crate::object::{
    Author, Cause, Commit, Entry, Key, Message, ObjectKind, OperationKind, Origin, Record, RefKind,
    RefMove, RefName, Session,
};
use crate::storage::{CommitId, MemoryId, ObjectId, RecordId, SessionObjectId};

/// How many trees stay at hand between two landings.
const TREES_MAX: usize = 64;

/// A commit to be grafted on.
pub(crate) struct Grafted {
    /// Commits of the store, or such as were grafted before; the edits are relative to the first.
    pub(crate) parents: Vec<CommitId>,
    /// Sorted by key, each key once. Records are those of the store or made by [`Graft::record`].
    pub(crate) edits: Vec<(Key, Option<RecordId>)>,
    /// Memories that come to a key.
    pub(crate) homes: Vec<(MemoryId, Key)>,
    pub(crate) message: Message,
    pub(crate) cause: Cause,
}

/// Commits in the making, landed in batches. Nothing shows before refs move to them; a graft that
/// is given up leaves rows that nothing reaches.
pub(crate) struct Graft {
    store: Store,
    seed: Seed,
    drawn: u64,
    records_made: u64,
    rows: Vec<Row>,
    bytes: usize,
    /// Records that are made and not landed; those that no commit has taken yet stay for the next.
    records: HashMap<RecordId, Record>,
    fresh: Vec<RecordId>,
    trees: HashMap<CommitId, PinnedTree>,
    /// The sessions that were adopted, and all versions of them that were met.
    sessions: HashMap<String, SessionObjectId>,
    versions: HashSet<SessionObjectId>,
}

impl Graft {
    pub(crate) fn new(store: &Store) -> Result<Self> {
        Ok(Self {
            store: store.clone(),
            seed: store.core().seed()?,
            drawn: 0,
            records_made: 0,
            rows: Vec::new(),
            bytes: 0,
            records: HashMap::new(),
            fresh: Vec::new(),
            trees: HashMap::new(),
            sessions: HashMap::new(),
            versions: HashSet::new(),
        })
    }

    fn number(&mut self) -> u64 {
        self.drawn += 1;
        self.drawn
    }

    /// A name for a memory that is new.
    pub(crate) fn memory(&mut self) -> MemoryId {
        let number = self.number();
        MemoryId::from_bytes(self.seed.derive("memory", number))
    }

    /// Makes a record, to be stored with the next commit.
    pub(crate) fn make_record(
        &mut self,
        memory: MemoryId,
        entry: Entry,
        previous: &[RecordId],
        origin: Origin,
    ) -> Result<RecordId> {
        let before = previous.iter().map(|id| self.record(*id)).collect::<Result<Vec<_>>>()?;
        let before: Vec<&Record> = before.iter().collect();
        let number = self.number();
        let record = Record::make(memory, entry, &before, origin, &self.seed, number)?;
        let id = record.id();
        self.bytes += record.text().map_or(0, str::len);
        self.records.insert(id, record);
        self.fresh.push(id);
        self.records_made += 1;
        Ok(id)
    }

    /// A record of the store or of this graft.
    pub(crate) fn record(&self, id: RecordId) -> Result<Record> {
        match self.records.get(&id) {
            Some(record) => Ok(record.clone()),
            None => self.store.record(id),
        }
    }

    /// The tree of a commit of the store or of this graft; without one, the empty tree.
    pub(crate) fn tree(&mut self, commit: Option<CommitId>) -> Result<PinnedTree> {
        let core = self.store.core();
        let Some(id) = commit else { return core.empty_tree() };
        if let Some(tree) = self.trees.get(&id) {
            return Ok(tree.clone());
        }
        let tree = core.tree(&*core.commit(id)?)?;
        self.trees.insert(id, tree.clone());
        Ok(tree)
    }

    /// Makes a commit on top of its parents.
    ///
    /// # Errors
    /// `Limit` if it has too many parents or edits; `Invalid` if a key would be a memory and a
    /// folder at once.
    pub(crate) fn commit(&mut self, new: Grafted) -> Result<CommitId> {
        limits::check("a commit", new.parents.len(), limits::PARENTS_MAX, "parents")?;
        limits::check("a commit", new.edits.len(), limits::EDITS_MAX, "edits")?;
        let tree = self.tree(new.parents.first().copied())?;
        let records = std::mem::take(&mut self.fresh).into_iter();
        let records = records.map(|id| (id, self.records[&id].stored().clone())).collect();
        let number = self.number();
        let core = self.store.core();
        self.bytes += new.edits.len() * 128 + 512;
        let new = NewCommit {
            store: self.store.name().clone(),
            parents: new.parents,
            tree,
            edits: new.edits,
            records,
            homes: new.homes,
            message: new.message,
            cause: (new.cause, Vec::new()),
            judged: None,
            salt: self.seed.derive("message", number),
        };
        let (row, commit, tree) = new.make(core, core.clock.now())?;
        self.rows.push(row);
        self.trees.insert(commit.id(), tree);
        Ok(commit.id())
    }

    /// How many records were made.
    pub(crate) fn records_made(&self) -> u64 {
        self.records_made
    }

    /// Takes over a row that was checked, as it is, but for its operation and what is known here
    /// already. Its commit's parents must be known or adopted. A session that this store has, in a
    /// version that was not adopted before, stays as it is; tells how many did.
    pub(crate) fn adopt(&mut self, given: GivenRow) -> Result<u64> {
        let core = self.store.core().clone();
        let mut row = Row::new(self.store.name().clone());
        let mut kept = 0;
        for stored in given.objects {
            let id = stored.id();
            let known = core.row_of(&id)?.is_some();
            match stored.kind()? {
                ObjectKind::Operation => {}
                ObjectKind::Commit if known => return Ok(kept),
                ObjectKind::Commit => row.commit = Some(Arc::new(Commit::open(stored)?)),
                ObjectKind::Session => {
                    let session = Session::open(&stored)?;
                    let held = match self.sessions.get(session.id()) {
                        Some(held) => Some(*held),
                        None => self.store.session(session.id())?.map(|held| held.object_id()),
                    };
                    let follows = held.is_none_or(|held| self.versions.contains(&held));
                    self.versions.insert(session.object_id());
                    if !known && follows {
                        self.sessions.insert(session.id().to_owned(), session.object_id());
                        row.sessions.push((session.id().to_owned(), session.object_id()));
                        row.objects.push((id, stored));
                    }
                    kept += u64::from(!known && !follows);
                }
                _ if known => {}
                _ => row.objects.push((id, stored)),
            }
        }
        if row.commit.is_some() {
            row.edits = given.edits;
            row.homes = given.homes;
        }
        if row.commit.is_some() || !row.objects.is_empty() {
            let sizes = row.objects.iter().map(|(_, stored)| stored.encode().len());
            self.bytes += sizes.sum::<usize>() + 128 * row.edits.len() + 512;
            self.rows.push(row);
        }
        Ok(kept)
    }

    /// About how many bytes wait to be landed.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Makes everything so far durable. No ref moves.
    pub(crate) fn land(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        let store = self.store.name().clone();
        self.store.core().land(move |turn| {
            if !turn.has_store(&store) {
                return Err(Error::not_found(format!("there is no store `{store}`")));
            }
            turn.add_rows(rows);
            Ok(())
        })?;
        self.landed();
        Ok(())
    }

    fn landed(&mut self) {
        let fresh = &self.fresh;
        self.records.retain(|id, _| fresh.contains(id));
        self.bytes = 0;
        if self.trees.len() > TREES_MAX {
            self.trees.clear();
        }
    }

    /// Lands what is left and moves refs, each from where it is expected to be, as one operation.
    ///
    /// # Errors
    /// `Stale` if a ref is not where it is expected to be.
    pub(crate) fn finish(
        mut self,
        author: &Author,
        moves: Vec<(RefName, RefKind, Option<CommitId>, CommitId)>,
    ) -> Result<()> {
        if moves.is_empty() {
            return self.land();
        }
        let cleared = self.leave(author, &moves)?;
        let (store, author) = (self.store.name().clone(), author.clone());
        let rows = std::mem::take(&mut self.rows);
        self.store.core().land(move |turn| {
            for (name, _, from, _) in &moves {
                let now = turn.find_ref(&store, name).map(|RefState { commit, .. }| commit);
                if now != *from {
                    let message = format!("`{name}` has moved during the import");
                    return Err(Error::stale(message).with_candidates([name.to_string()]));
                }
            }
            turn.clear_all(cleared);
            turn.add_rows(rows);
            let moves = moves.into_iter().map(|(name, kind, _, to)| (name, kind, Some(to)));
            turn.operate(&store, &author, OperationKind::Import, moves.collect(), None)?;
            Ok(())
        })
    }
}

impl Graft {
    /// Leave to move the refs. Where a guarded branch is among them, what is left lands first, to
    /// be looked at.
    fn leave(
        &mut self,
        author: &Author,
        moves: &[(RefName, RefKind, Option<CommitId>, CommitId)],
    ) -> Result<Vec<Clearance>> {
        let policy = self.store.policy()?;
        let guarded = moves.iter().filter(|(name, ..)| policy.guards(name));
        let moves: Vec<RefMove> = guarded
            .map(|(name, kind, from, to)| RefMove {
                store: self.store.name().clone(),
                name: name.clone(),
                kind: *kind,
                from: *from,
                to: Some(*to),
            })
            .collect();
        if !moves.is_empty() {
            self.land()?;
        }
        leave_to_move(self.store.database(), author, &moves)
    }
}

impl Store {
    /// The commits of all branches and tags that were imported with an origin that begins with
    /// `scheme`, by the rest of their origin.
    pub(crate) fn imported(&self, scheme: &str) -> Result<HashMap<String, CommitId>> {
        let core = self.core();
        let mut found = HashMap::new();
        let mut seen = HashSet::new();
        let mut open: Vec<CommitId> = self.refs()?.into_iter().map(|found| found.commit).collect();
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let commit: Arc<_> = core.commit(id)?;
            if let Cause::Import { origin } = commit.cause()
                && let Some(name) = origin.strip_prefix(scheme)
            {
                found.insert(name.to_owned(), id);
            }
            open.extend(commit.parents());
        }
        Ok(found)
    }

    /// Whether the database has an object with this id.
    pub(crate) fn knows(&self, id: ObjectId) -> Result<bool> {
        Ok(self.core().row_of(&id)?.is_some())
    }

    /// The records that a commit brought to keys, as its row lists them.
    pub(crate) fn records_of(&self, commit: CommitId) -> Result<Vec<(Key, RecordId)>> {
        let core = self.core();
        let edits = core.row_head(&core.view()?, commit)?.edits.into_iter();
        Ok(edits.filter_map(|edit| Some((edit.key, edit.after?))).collect())
    }
}
