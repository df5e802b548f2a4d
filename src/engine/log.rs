//! Walking history: commits, what each changed, and the operation log.

use std::sync::Arc;

use crate::engine::change::{Change, name_changes};
use crate::engine::landing::Landing;
use crate::engine::policy::leave_to_move;
use crate::engine::state::RefState;
use crate::engine::store::{Store, reason};
use crate::error::{Error, Result};
use crate::history::Walk;
use crate::object::{Author, Cause, Commit, Key, ObjectKind, Operation, OperationKind, RefMove};
use crate::storage::{CommitId, OperationId, Prefix};
use crate::tree;

/// Which commits a log shows.
#[derive(Clone, Debug, Default)]
pub struct LogFilter {
    /// Only commits that changed this key.
    pub key: Option<Key>,
    /// Also the single picks beneath each review.
    pub picks: bool,
}

impl Store {
    /// The commits that `from` descends from, itself first, newest first. A dream's review stands
    /// for the picks beneath it, unless the filter asks for them or for a key.
    ///
    /// # Errors
    /// `NotFound` if there is no such commit. Items fail if something is damaged.
    pub fn log(
        &self,
        from: CommitId,
        filter: LogFilter,
    ) -> Result<impl Iterator<Item = Result<Arc<Commit>>> + '_> {
        let follow: fn(&Commit) -> &[CommitId] =
            if filter.picks || filter.key.is_some() { Commit::parents } else { parents_of_note };
        let walk = Walk::new(&**self.core(), from, follow)?;
        Ok(walk.filter_map(move |commit| match (commit, &filter.key) {
            (Ok(commit), Some(key)) => match self.touches(&commit, key) {
                Ok(true) => Some(Ok(commit)),
                Ok(false) => None,
                Err(error) => Some(Err(error)),
            },
            (commit, _) => Some(commit),
        }))
    }

    /// Whether a commit changed what stands at `key`. A merge that took its other parent's version
    /// as it is did not: that parent's history tells.
    fn touches(&self, commit: &Commit, key: &Key) -> Result<bool> {
        let head = self.core().row_head(&self.core().view()?, commit.id())?;
        let Ok(at) = head.edits.binary_search_by(|edit| edit.key.cmp(key)) else {
            return Ok(false);
        };
        for other in commit.parents().iter().skip(1) {
            if self.snapshot(*other)?.get_id(key.as_str())? == head.edits[at].after {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What a commit changed, seen from its first parent.
    ///
    /// # Errors
    /// `NotFound` if there is no such commit; `Corrupt` if its row is damaged.
    pub fn changes(&self, commit: CommitId) -> Result<Vec<Change>> {
        let core = self.core();
        let view = core.view()?;
        let edits = core.row_head(&view, commit)?.edits.into_iter();
        let raw = edits
            .map(|edit| tree::Change { key: edit.key, before: edit.before, after: edit.after })
            .collect();
        name_changes(raw, &|id| Ok(core.record(&view, id)?.memory()))
    }

    /// The operations on this database, newest first.
    ///
    /// # Errors
    /// Items fail if the log is damaged.
    pub fn operations(&self) -> Result<impl Iterator<Item = Result<Operation>> + '_> {
        self.core().refresh()?;
        let mut next = self.core().state().last_operation;
        Ok(std::iter::from_fn(move || {
            let operation = self.core().operation(next.take()?);
            if let Ok(operation) = &operation {
                next = operation.previous();
            }
            Some(operation)
        }))
    }

    /// The operation that an id's first digits name.
    ///
    /// # Errors
    /// `NotFound` with the candidates if there is none or several.
    pub fn operation(&self, digits: &str) -> Result<Operation> {
        self.core().refresh()?;
        let unknown = || Error::not_found(format!("there is no operation `{digits}`"));
        let prefix = Prefix::parse(digits).ok_or_else(unknown)?;
        let ids = self.core().with_prefix(&prefix, ObjectKind::Operation)?;
        match ids.as_slice() {
            [id] => self.core().operation((*id).into()),
            several => Err(unknown().with_candidates(several.iter().map(|id| format!("{id:.16}")))),
        }
    }

    /// Takes one operation back: the refs it moved go back to where they were. Nothing is lost;
    /// this is an operation too.
    ///
    /// # Errors
    /// `Stale` with the refs if they have moved since; `Invalid` if it moved none.
    pub fn undo(&self, operation: OperationId, author: &Author) -> Result<Vec<RefMove>> {
        let undone = self.core().operation(operation)?;
        let stores =
            matches!(undone.kind(), OperationKind::CreateStore | OperationKind::DeleteStore);
        if undone.moves().is_empty() || stores {
            return Err(Error::invalid(format!(
                "operation {operation:.12} ({}) moved no branch or tag that could go back",
                undone.kind().name()
            )));
        }
        let back: Vec<RefMove> = undone.moves().iter().map(taken_back).collect();
        let cleared = leave_to_move(self.database(), author, &back)?;
        let author = author.clone();
        let text = reason(self.core(), &format!("undo {operation:.12}"))?;
        self.core().land(move |turn| {
            check_unmoved(turn, undone.moves())?;
            turn.clear_all(cleared);
            let moves = back.into_iter().map(|step| (step.name, step.kind, step.to)).collect();
            let kind = OperationKind::Undo(undone.id());
            turn.operate(undone.store(), &author, kind, moves, Some(text))?;
            Ok(undone.moves().to_vec())
        })
    }
}

fn taken_back(step: &RefMove) -> RefMove {
    RefMove { from: step.to, to: step.from, ..step.clone() }
}

fn check_unmoved(turn: &Landing<'_>, moves: &[RefMove]) -> Result<()> {
    let mut moved = Vec::new();
    for step in moves {
        let now = turn.find_ref(&step.store, &step.name);
        if now.map(|RefState { commit, .. }| commit) != step.to {
            moved.push(step.name.to_string());
        }
    }
    if moved.is_empty() {
        return Ok(());
    }
    let names = moved.join("`, `");
    Err(Error::stale(format!("`{names}` has moved since; undo the later operations first"))
        .with_candidates(moved))
}

/// The parents whose history a reader of the log wants: of a review, the branch only.
fn parents_of_note(commit: &Commit) -> &[CommitId] {
    match commit.cause() {
        Cause::Review { .. } => &commit.parents()[..1.min(commit.parents().len())],
        _ => commit.parents(),
    }
}
