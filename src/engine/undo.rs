//! Taking one operation back.

use std::collections::BTreeMap;

use crate::engine::core::Core;
use crate::engine::landing::Landing;
use crate::engine::policy::leave_to_move;
use crate::engine::row::{read_head, read_row};
use crate::engine::state::RefState;
use crate::engine::store::{Store, reason};
use crate::error::{Error, Result};
use crate::object::{
    Author, ObjectKind, Operation, OperationKind, RefKind, RefMove, RefName, StoreName, Stored,
};
use crate::storage::{CommitId, OperationId, SessionObjectId};

/// Sessions as a row holds them: their ids, and the headers they stand for.
type Headers = Vec<(String, Stored)>;

impl Store {
    /// Takes one operation back: the refs it moved go back to where they were. The deletion of a
    /// store brings it back with its refs and sessions. Where a person undoes the withdrawal of a
    /// session, dreams read that session again. Nothing is lost; this is an operation too.
    ///
    /// # Errors
    /// `Stale` with the refs if they have moved since, or if the store exists again; `Invalid` if
    /// there is nothing that could go back.
    pub fn undo(&self, operation: OperationId, author: &Author) -> Result<Vec<RefMove>> {
        let core = self.core();
        let undone = core.operation(operation)?;
        let (kind, headers) = match undone.kind() {
            OperationKind::DeleteStore => {
                (OperationKind::CreateStore, sessions_before(core, &undone)?)
            }
            // Only one that brought a store back says what it consisted of.
            OperationKind::CreateStore if !undone.moves().is_empty() => {
                (OperationKind::DeleteStore, Headers::new())
            }
            _ if undone.moves().is_empty() => return Err(nothing_to_undo(&undone)),
            _ => (OperationKind::Undo(undone.id()), Headers::new()),
        };
        let moves = undone.moves().iter();
        let taken_back: Vec<RefMove> =
            moves.map(|step| RefMove { from: step.to, to: step.from, ..step.clone() }).collect();
        let beside = Self::new(self.database().clone(), undone.store().clone())
            .quarantines_beside(&undone, author)?;
        let cleared = leave_to_move(self.database(), author, &taken_back)?;
        let author = author.clone();
        let text = reason(core, &format!("undo {operation:.12}"))?;
        core.land(move |turn| {
            let store = undone.store();
            check_unmoved(turn, undone.moves())?;
            check_store(turn, store, &kind, undone.moves())?;
            turn.clear_all(cleared);
            for (id, header) in headers {
                let object = SessionObjectId::from(turn.add_object(store, header));
                turn.add_session(store, &id, object);
            }
            turn.operate(store, &author, kind, back(&undone), Some(text))?;
            beside.map(|beside| beside.land(turn)).transpose()?;
            Ok(undone.moves().to_vec())
        })
    }
}

fn nothing_to_undo(operation: &Operation) -> Error {
    Error::invalid(format!(
        "operation {:.12} ({}) moved no branch or tag that could go back",
        operation.id(),
        operation.kind().name()
    ))
}

/// The moves of an operation, the other way.
fn back(operation: &Operation) -> Vec<(RefName, RefKind, Option<CommitId>)> {
    let moves = operation.moves().iter();
    moves.map(|step| (step.name.clone(), step.kind, step.from)).collect()
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

/// A store comes back only where there is none of its name, and goes again only as it came.
fn check_store(
    turn: &Landing<'_>,
    store: &StoreName,
    kind: &OperationKind,
    moves: &[RefMove],
) -> Result<()> {
    match kind {
        OperationKind::CreateStore if turn.has_store(store) => {
            Err(Error::stale(format!("there is a store `{store}` again")))
        }
        OperationKind::DeleteStore if turn.refs_of(store).len() != moves.len() => {
            let message = format!("store `{store}` has got branches or tags since");
            Err(Error::stale(message))
        }
        _ => Ok(()),
    }
}

/// The sessions that a store had when `deletion` took it away, read from the log.
fn sessions_before(core: &Core, deletion: &Operation) -> Result<Headers> {
    let reader = core.storage.read()?;
    let gone = || Error::corrupt(format!("no row holds operation {}", deletion.id()));
    let end = core.row_of(&deletion.id().object())?.ok_or_else(gone)?;
    let mut sessions: BTreeMap<String, Stored> = BTreeMap::new();
    for sequence in 1..end {
        let missing = || Error::corrupt(format!("row {sequence} of the log is missing"));
        let head = read_head(&reader, sequence)?.ok_or_else(missing)?;
        let holds = |kind: ObjectKind| head.objects.iter().any(|(held, _)| *held == kind as u8);
        // Stores come and go in rows without a commit.
        let telling = holds(ObjectKind::Session) || !holds(ObjectKind::Commit);
        if head.store != *deletion.store() || !telling {
            continue;
        }
        let row = read_row(&reader, sequence)?.ok_or_else(missing)?;
        if row.summary.store_change() == Some(false) {
            sessions.clear();
        }
        let mut objects = BTreeMap::from_iter(row.objects);
        for (id, object) in row.summary.sessions {
            sessions.extend(objects.remove(&object.object()).map(|stored| (id, stored)));
        }
    }
    Ok(sessions.into_iter().collect())
}
