//! Rows of a log that comes from elsewhere, checked one by one against all that came before them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::engine::database::Database;
use crate::engine::new_commit::check_paths;
use crate::engine::nodes::{Nodes, PinnedTree};
use crate::engine::row::{self, RowEdit};
use crate::engine::state::{FullRef, RefState, move_ref};
use crate::error::{Error, Result};
use crate::object::{
    Commit, Genesis, ObjectKind, Operation, OperationKind, Record, Session, StoreName, Stored,
    Tombstone, open_chunk,
};
use crate::storage::{CommitId, MemoryId, ObjectId, OperationId, RecordId};
use crate::tree::Shape;

/// After so many rows, tree nodes that nothing needs are looked for.
const TRIM_ROWS: u64 = 1_024;

/// A row as it was given: nothing in it is believed.
pub(crate) struct GivenRow {
    pub(crate) store: StoreName,
    pub(crate) objects: Vec<Stored>,
    pub(crate) edits: Vec<RowEdit>,
    pub(crate) homes: Vec<(MemoryId, u32)>,
}

/// The parts of a row that was found to be right.
#[derive(Default)]
pub(crate) struct CheckedRow {
    pub(crate) commit: Option<Arc<Commit>>,
    pub(crate) operation: Option<Arc<Operation>>,
    pub(crate) sessions: Vec<Session>,
}

/// What the rows so far come to.
pub(crate) struct GivenLog {
    nodes: Arc<Nodes>,
    shape: Shape,
    /// Whether the rows are those of all stores, so that each operation names the one before it.
    whole: bool,
    rows: u64,
    last_operation: Option<OperationId>,
    stores: BTreeSet<StoreName>,
    refs: BTreeMap<FullRef, RefState>,
    commits: HashMap<CommitId, StoreName>,
    records: HashMap<RecordId, MemoryId>,
    chunks: HashMap<ObjectId, u32>,
    /// The trees of commits that still have first children to come.
    trees: HashMap<CommitId, PinnedTree>,
    /// How many first children each commit has yet to come.
    children: HashMap<CommitId, u32>,
}

impl Database {
    /// The row `sequence` of the log; `None` if it does not reach so far.
    pub(crate) fn row(&self, sequence: u64) -> Result<Option<GivenRow>> {
        let reader = self.core().storage.read()?;
        let Some(read) = row::read_row(&reader, sequence)? else { return Ok(None) };
        let objects = read.objects.into_iter().map(|(_, stored)| stored).collect();
        let head = read.head;
        Ok(Some(GivenRow { store: head.store, objects, edits: head.edits, homes: head.homes }))
    }

    /// What the database was born with.
    pub(crate) fn genesis(&self) -> Genesis {
        self.core().genesis()
    }

    /// Begins to check the rows of the database that `genesis` founded, of all its stores or of
    /// one. `children` tells of each commit how often it is a first parent.
    pub(crate) fn chain(
        &self,
        genesis: &Genesis,
        whole: bool,
        children: HashMap<CommitId, u32>,
    ) -> GivenLog {
        GivenLog {
            nodes: Arc::clone(&self.core().nodes),
            shape: Shape::new(genesis.boundary_salt),
            whole,
            rows: 0,
            last_operation: None,
            stores: BTreeSet::new(),
            refs: BTreeMap::new(),
            commits: HashMap::new(),
            records: HashMap::new(),
            chunks: HashMap::new(),
            trees: HashMap::new(),
            children,
        }
    }
}

impl GivenLog {
    /// All refs as the rows leave them.
    pub(crate) fn refs(&self) -> impl Iterator<Item = (&FullRef, &RefState)> {
        self.refs.iter()
    }

    pub(crate) fn stores(&self) -> impl Iterator<Item = &StoreName> {
        self.stores.iter()
    }

    /// Checks the next row: every object is what its id says, the edits lead from the first
    /// parent's tree to the commit's, refs move from where they are.
    ///
    /// # Errors
    /// `Corrupt` with what does not fit.
    pub(crate) fn check(&mut self, row: &GivenRow) -> Result<CheckedRow> {
        let mut checked = CheckedRow::default();
        for stored in &row.objects {
            self.object(stored, &mut checked)?;
        }
        match &checked.commit {
            Some(commit) => self.commit(row, commit)?,
            None if row.edits.is_empty() && row.homes.is_empty() => {}
            None => return Err(Error::corrupt("a row has edits without a commit")),
        }
        if let Some(operation) = &checked.operation {
            self.operation(row, operation, &checked.sessions)?;
        }
        self.rows += 1;
        if self.rows.is_multiple_of(TRIM_ROWS) {
            self.nodes.trim(&[]);
        }
        Ok(checked)
    }

    fn object(&mut self, stored: &Stored, checked: &mut CheckedRow) -> Result<()> {
        let twice = || Error::corrupt("a row has two commits or operations");
        match stored.kind()? {
            ObjectKind::Record => {
                let record = Record::open(stored.clone())?;
                self.records.insert(record.id(), record.memory());
            }
            ObjectKind::Commit => {
                let commit = Arc::new(Commit::open(stored.clone())?);
                checked.commit.replace(commit).is_none().then_some(()).ok_or_else(twice)?;
            }
            ObjectKind::Operation => {
                let operation = Arc::new(Operation::open(stored.clone())?);
                checked.operation.replace(operation).is_none().then_some(()).ok_or_else(twice)?;
            }
            ObjectKind::EventChunk => {
                let events = open_chunk(stored)?.len() as u32;
                self.chunks.insert(stored.id(), events);
            }
            ObjectKind::Session => {
                let session = Session::open(stored)?;
                for (chunk, events) in session.chunks() {
                    if self.chunks.get(&chunk.object()) != Some(events) {
                        let id = session.id();
                        return Err(Error::corrupt(format!("session {id} lacks chunk {chunk}")));
                    }
                }
                checked.sessions.push(session);
            }
            ObjectKind::Tombstone => drop(Tombstone::open(stored)?),
            ObjectKind::Genesis | ObjectKind::Node => {
                let kind = stored.kind()?.name();
                return Err(Error::corrupt(format!("a row cannot hold a {kind}")));
            }
        }
        Ok(())
    }

    fn commit(&mut self, row: &GivenRow, commit: &Commit) -> Result<()> {
        let id = commit.id();
        for parent in commit.parents() {
            if self.commits.get(parent) != Some(&row.store) {
                return Err(Error::corrupt(format!("commit {id} comes before a parent")));
            }
        }
        let before = match commit.first_parent() {
            Some(parent) => self.first_parent(parent)?,
            None => self.nodes.empty(self.shape)?,
        };
        let sorted = row.edits.is_sorted_by(|a, b| a.key < b.key);
        for edit in &row.edits {
            let held = if before.is_empty() { None } else { before.get(edit.key.as_str())? };
            let known = edit.after.is_none_or(|record| self.records.contains_key(&record));
            if !sorted || held != edit.before || edit.before == edit.after || !known {
                return Err(Error::corrupt(format!("the edit of `{}` does not fit", edit.key)));
            }
        }
        for (memory, edit) in &row.homes {
            let record = row.edits.get(*edit as usize).and_then(|edit| edit.after);
            if record.and_then(|record| self.records.get(&record)) != Some(memory) {
                return Err(Error::corrupt(format!("memory {memory} does not come to its key")));
            }
        }
        let edits: Vec<_> = row.edits.iter().map(|edit| (edit.key.clone(), edit.after)).collect();
        let tree = self.nodes.keep(before.apply(&edits)?);
        if tree.id() != commit.tree() {
            return Err(Error::corrupt(format!("the edits of commit {id} do not give its tree")));
        }
        check_paths(&tree, &row.edits).map_err(|error| Error::corrupt(error.to_string()))?;
        self.commits.insert(id, row.store.clone());
        if self.children.contains_key(&id) {
            self.trees.insert(id, tree);
        }
        Ok(())
    }

    fn first_parent(&mut self, parent: CommitId) -> Result<PinnedTree> {
        let missing = || Error::corrupt(format!("commit {parent} has more children than were met"));
        let tree = self.trees.get(&parent).cloned().ok_or_else(missing)?;
        let left = self.children.entry(parent).or_insert(1);
        *left -= 1;
        if *left == 0 {
            self.children.remove(&parent);
            self.trees.remove(&parent);
        }
        Ok(tree)
    }

    fn operation(
        &mut self,
        row: &GivenRow,
        operation: &Operation,
        sessions: &[Session],
    ) -> Result<()> {
        let id = operation.id();
        let wrong = |what: &str| Err(Error::corrupt(format!("operation {id} {what}")));
        if self.whole && operation.previous() != self.last_operation {
            return wrong("does not name the operation before it");
        }
        if *operation.store() != row.store {
            return wrong("is of another store than its row");
        }
        match operation.kind() {
            OperationKind::CreateStore if !self.stores.insert(row.store.clone()) => {
                return wrong("creates a store that exists");
            }
            OperationKind::DeleteStore if !self.stores.remove(&row.store) => {
                return wrong("deletes a store that does not exist");
            }
            _ => {}
        }
        for step in operation.moves() {
            let full = (step.store.clone(), step.name.clone());
            let from = self.refs.get(&full).map(|state| state.commit);
            let known = step.to.is_none_or(|to| self.commits.get(&to) == Some(&step.store));
            if from != step.from || !known || step.store != row.store {
                return wrong(&format!("moves `{}` from where it is not", step.name));
            }
            move_ref(&mut self.refs, step);
        }
        let held: HashSet<_> = sessions.iter().map(Session::object_id).collect();
        if !operation.sessions().iter().all(|session| held.contains(session)) {
            return wrong("names sessions that its row does not have");
        }
        self.last_operation = Some(id);
        Ok(())
    }
}
