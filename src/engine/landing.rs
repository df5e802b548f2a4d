//! Where writes land: one at a time, against the refs as they are then, several in one durable
//! transaction.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::clock::Time;
use crate::engine::core::Core;
use crate::engine::new_commit::NewCommit;
use crate::engine::nodes::PinnedTree;
use crate::engine::policy::Clearance;
use crate::engine::queue::Request;
use crate::engine::row::{Row, Summary};
use crate::engine::state::{FullRef, RefState, move_ref};
use crate::error::{Error, Result};
use crate::object::{
    Author, Commit, Operation, OperationHeader, OperationKind, Record, RefKind, RefMove, RefName,
    SaltedText, StoreName, Stored,
};
use crate::storage::{CommitId, ObjectId, OperationId, Reader, RecordId, SessionObjectId};

/// What requests have added and not yet made durable.
#[derive(Clone, Default)]
pub(crate) struct Delta {
    rows: Vec<Row>,
    refs: BTreeMap<FullRef, Option<RefState>>,
    stores: BTreeMap<StoreName, bool>,
    commits: HashMap<CommitId, Arc<Commit>>,
    last_operation: Option<OperationId>,
}

impl Delta {
    fn absorb(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.refs.extend(other.refs);
        self.stores.extend(other.stores);
        self.commits.extend(other.commits);
        self.last_operation = other.last_operation.or(self.last_operation);
    }
}

/// One request's turn to write.
pub(crate) struct Landing<'a> {
    pub(crate) core: &'a Arc<Core>,
    group: &'a Delta,
    own: Delta,
    now: Time,
    /// Leave that was given for moves of guarded branches.
    pub(crate) cleared: Vec<Clearance>,
}

impl Landing<'_> {
    pub(crate) fn has_store(&self, store: &StoreName) -> bool {
        let changed = self.own.stores.get(store).or_else(|| self.group.stores.get(store));
        changed.copied().unwrap_or_else(|| self.core.state().stores.contains(store))
    }

    /// The ref as it is now.
    pub(crate) fn find_ref(&self, store: &StoreName, name: &RefName) -> Option<RefState> {
        let full = (store.clone(), name.clone());
        let changed = self.own.refs.get(&full).or_else(|| self.group.refs.get(&full));
        match changed {
            Some(changed) => *changed,
            None => self.core.state().refs.get(&full).copied(),
        }
    }

    /// All refs of `store` as they are now.
    pub(crate) fn refs_of(&self, store: &StoreName) -> Vec<(RefName, RefState)> {
        let mut refs: BTreeMap<RefName, RefState> = BTreeMap::new();
        for ((held, name), state) in &self.core.state().refs {
            if held == store {
                refs.insert(name.clone(), *state);
            }
        }
        for ((held, name), state) in self.group.refs.iter().chain(&self.own.refs) {
            if held == store {
                match state {
                    Some(state) => drop(refs.insert(name.clone(), *state)),
                    None => drop(refs.remove(name)),
                }
            }
        }
        refs.into_iter().collect()
    }

    /// The object that a session stands for now.
    pub(crate) fn find_session(
        &self,
        store: &StoreName,
        id: &str,
    ) -> Result<Option<SessionObjectId>> {
        let added = self.own.rows.iter().rev().chain(self.group.rows.iter().rev());
        for row in added.filter(|row| row.store == *store) {
            if let Some((_, object)) = row.sessions.iter().rev().find(|(held, _)| held == id) {
                return Ok(Some(*object));
            }
            let kind = row.operation.as_ref().map(|operation| operation.kind());
            if kind == Some(OperationKind::DeleteStore) {
                return Ok(None);
            }
        }
        self.core.find_session(store, id)
    }

    /// The commit at the head of a branch; `None` before its first.
    ///
    /// # Errors
    /// `Invalid` if the name is a tag's; `NotFound` if the store does not exist, or the branch
    /// does not and is not `main`, which begins with its first commit.
    pub(crate) fn head(&self, store: &StoreName, branch: &RefName) -> Result<Option<Arc<Commit>>> {
        match self.find_ref(store, branch) {
            Some(RefState { kind: RefKind::Branch, commit }) => self.commit(commit).map(Some),
            Some(_) => Err(Error::invalid(format!("`{branch}` is a tag; a tag does not move"))),
            None if !self.has_store(store) => {
                Err(Error::not_found(format!("there is no store `{store}`")))
            }
            None if *branch == RefName::main() || branch.is_reserved() => Ok(None),
            None => Err(no_branch(branch)),
        }
    }

    pub(crate) fn commit(&self, id: CommitId) -> Result<Arc<Commit>> {
        match self.own.commits.get(&id).or_else(|| self.group.commits.get(&id)) {
            Some(commit) => Ok(Arc::clone(commit)),
            None => self.core.commit(id),
        }
    }

    /// A record, which may be one that this group has not made durable yet.
    pub(crate) fn record(&self, view: &Arc<Reader>, id: RecordId) -> Result<Record> {
        let rows = self.own.rows.iter().chain(&self.group.rows);
        let mut added = rows.flat_map(|row| &row.objects);
        match added.find(|(held, _)| *held == id.object()) {
            Some((_, stored)) => Record::open(stored.clone()),
            None => self.core.record(view, id),
        }
    }

    /// The tree of `commit`, or the empty tree.
    pub(crate) fn tree(&self, commit: Option<&Commit>) -> Result<PinnedTree> {
        match commit {
            Some(commit) => self.core.tree(commit),
            None => self.core.empty_tree(),
        }
    }

    /// Makes a commit and its row. No ref moves yet.
    ///
    /// # Errors
    /// `Blocked` if it is made in a session that was taken back.
    pub(crate) fn add_commit(&mut self, new: NewCommit) -> Result<(Arc<Commit>, PinnedTree)> {
        if let Some(session) = &new.message.session {
            self.refuse_quarantined(&new.store, session)?;
        }
        let (row, commit, tree) = new.make(self.core, self.now)?;
        self.own.commits.insert(commit.id(), Arc::clone(&commit));
        self.own.rows.push(row);
        Ok((commit, tree))
    }

    /// Adds rows with commits that are made already, each after its parents.
    pub(crate) fn add_rows(&mut self, rows: Vec<Row>) {
        for row in &rows {
            let commits = row.commit.iter().map(|commit| (commit.id(), Arc::clone(commit)));
            self.own.commits.extend(commits);
        }
        self.own.rows.extend(rows);
    }

    /// Stores an object with the request's last row, or in a row of its own if there is none.
    pub(crate) fn add_object(&mut self, store: &StoreName, stored: Stored) -> ObjectId {
        let id = stored.id();
        self.open_row(store).objects.push((id, stored));
        id
    }

    /// Notes that a session now stands for an object added before.
    pub(crate) fn add_session(&mut self, store: &StoreName, id: &str, object: SessionObjectId) {
        self.open_row(store).sessions.push((id.to_owned(), object));
    }

    fn open_row(&mut self, store: &StoreName) -> &mut Row {
        let open = self.own.rows.last().is_some_and(|row| row.operation.is_none());
        if !open {
            self.own.rows.push(Row::new(store.clone()));
        }
        self.own.rows.last_mut().expect("BUG: a row was just added")
    }

    /// Closes the request's last row with an operation that moves refs. Each move starts where
    /// [`Self::find_ref`] says the ref is; one of a guarded branch needs [leave](Self::clear).
    pub(crate) fn operate(
        &mut self,
        store: &StoreName,
        author: &Author,
        kind: OperationKind,
        moves: Vec<(RefName, RefKind, Option<CommitId>)>,
        message: Option<SaltedText>,
    ) -> Result<OperationId> {
        author.check()?;
        let moves: Vec<RefMove> = moves
            .into_iter()
            .map(|(name, kind, to)| RefMove {
                from: self.find_ref(store, &name).map(|state| state.commit),
                store: store.clone(),
                name,
                kind,
                to,
            })
            .collect();
        for step in &moves {
            self.pass(author, step)?;
        }
        let previous = self
            .own
            .last_operation
            .or(self.group.last_operation)
            .or_else(|| self.core.state().last_operation);
        let sessions = self.open_row(store).sessions.iter().map(|(_, object)| *object).collect();
        let header = OperationHeader {
            previous,
            at: self.now,
            author: author.clone(),
            kind,
            store: store.clone(),
            moves,
            sessions,
            message: None,
        };
        let operation = Arc::new(Operation::make(header, message)?);
        let id = operation.id();
        self.note(&operation);
        self.open_row(store).operation = Some(operation);
        Ok(id)
    }

    fn note(&mut self, operation: &Operation) {
        self.own.last_operation = Some(operation.id());
        for step in operation.moves() {
            let mut one = BTreeMap::new();
            move_ref(&mut one, step);
            let full = (step.store.clone(), step.name.clone());
            let state = one.remove(&full);
            self.own.refs.insert(full, state);
        }
        match operation.kind() {
            OperationKind::CreateStore => {
                self.own.stores.insert(operation.store().clone(), true);
            }
            OperationKind::DeleteStore => {
                self.own.stores.insert(operation.store().clone(), false);
            }
            _ => {}
        }
    }
}

/// The branch was deleted, or never was: only `main` begins with its first commit.
pub(crate) fn no_branch(branch: &RefName) -> Error {
    Error::not_found(format!("there is no branch `{branch}` any more"))
}

/// An error to give to several callers.
fn same_error(error: &Error) -> Error {
    Error::new(error.kind(), error.to_string())
}

impl Core {
    /// Lands requests in one durable write and tells each what became of it. The caller has the
    /// right to write.
    pub(crate) fn land_group(self: &Arc<Self>, requests: Vec<Request>) {
        let mut group = Delta::default();
        let mut accepted = Vec::new();
        let writer = self.storage.write(self.wait).and_then(|writer| {
            // Nobody else appends from here on, so this is the whole log.
            self.refresh()?;
            Ok(writer)
        });
        let writer = match writer {
            Ok(writer) => writer,
            Err(error) => return tell_all(requests.into_iter().map(|r| r.done), &Err(error)),
        };
        for request in requests {
            let mut landing = Landing {
                core: self,
                group: &group,
                own: Delta::default(),
                now: self.clock.now(),
                cleared: Vec::new(),
            };
            match (request.job)(&mut landing) {
                Ok(()) => {
                    let own = landing.own;
                    group.absorb(own);
                    accepted.push(request.done);
                }
                Err(error) => tell_all([request.done], &Err(error)),
            }
        }
        let durable = self.append(writer, group);
        tell_all(accepted, &durable);
    }

    fn append(&self, writer: crate::storage::Writer, group: Delta) -> Result<()> {
        if group.rows.is_empty() {
            return Ok(());
        }
        let first = self.state().last + 1;
        let mut summaries: Vec<Summary> = Vec::with_capacity(group.rows.len());
        for (sequence, row) in (first..).zip(group.rows) {
            let (head, body, summary) = row.encode(sequence)?;
            writer.append(sequence, &head, &body)?;
            summaries.push(summary);
        }
        writer.commit()?;
        for commit in group.commits.values() {
            self.remember(commit);
        }
        let mut state = self.state_mut();
        for summary in summaries {
            // A reader may have followed the log to this row since it became durable.
            if summary.sequence > state.last {
                state.apply(summary)?;
            }
        }
        let flush = self.thresholds.want_flush(&state);
        drop(state);
        self.queue.announce();
        if flush {
            self.queue.ask_for_flush();
        }
        Ok(())
    }
}

fn tell_all(
    callers: impl IntoIterator<Item = std::sync::mpsc::Sender<Result<()>>>,
    outcome: &Result<()>,
) {
    for caller in callers {
        let answer = match outcome {
            Ok(()) => Ok(()),
            Err(error) => Err(same_error(error)),
        };
        // A caller that has gone away needs no answer.
        drop(caller.send(answer));
    }
}
