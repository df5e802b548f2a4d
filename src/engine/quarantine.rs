//! Sessions that nothing is to be learnt from: records on the branch `meta`. Dreams do not read them,
//! and nothing is written in them; what is taken over from another history is.
//!
//! A session is kept out by its id, so also as it grows. The record's key holds the id's BLAKE3
//! hash, because an id may be no key; its text names the id.

use std::collections::BTreeSet;

use crate::clock::Time;
use crate::engine::endorse::only_a_person;
use crate::engine::landing::Landing;
use crate::engine::prepared::Prepared;
use crate::engine::snapshot::Snapshot;
use crate::engine::store::Store;
use crate::engine::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::object::{
    Author, AuthorKind, Cause, Entry, Kind, Operation, OperationKind, Record, RefName, StoreName,
    Suspect,
};
use crate::storage::{CommitId, ObjectId};

/// The folder of sessions kept out, on `meta`.
const FOLDER: &str = "quarantine";

/// That a session is kept out of dreams.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Quarantine {
    /// The session's id.
    pub session: String,
    /// Who took back what rests on it.
    pub by: Author,
    /// Since when.
    pub at: Time,
}

impl Store {
    /// The sessions kept out of dreams, in no particular but always the same order.
    ///
    /// # Errors
    /// `Io` or `Corrupt` if the log cannot be read.
    pub fn quarantined(&self) -> Result<Vec<Quarantine>> {
        let meta = self.meta_snapshot()?;
        let found = meta.entries(FOLDER).map(|entry| {
            let (_, record) = entry?;
            self.read_quarantine(&record)
        });
        found.collect()
    }

    /// Why the session with this id is kept out of dreams; `None` if it is not.
    ///
    /// # Errors
    /// `Io` or `Corrupt` if the log cannot be read.
    pub fn quarantine_of(&self, session: &str) -> Result<Option<Quarantine>> {
        let record = self.meta_snapshot()?.get(&key_of(session))?;
        record.map(|record| self.read_quarantine(&record)).transpose()
    }

    /// Refuses a session that was taken back. Every commit that names its session is refused so where
    /// it lands; asking before spares the work that leads there.
    ///
    /// # Errors
    /// `Blocked` if the session is kept out; `Io` or `Corrupt` if the log cannot be read.
    pub fn refuse_quarantined(&self, session: &str) -> Result<()> {
        match self.meta_snapshot()?.get_id(&key_of(session))? {
            None => Ok(()),
            Some(_) => Err(kept_out(session)),
        }
    }

    /// Lets dreams read a session again, and agents write in it. What was taken back because of it stays away. Returns
    /// whether it was kept out.
    ///
    /// # Errors
    /// `Invalid` if `author` is no person.
    pub fn lift_session(&self, session: &str, author: &Author) -> Result<bool> {
        only_a_person(author, "let a session back into dreams")?;
        let message = author.message(format!("Let session {session} back into dreams"));
        self.any_branch(RefName::meta()).strike(&key_of(session), message)
    }

    /// The session that a commit took back, if it took one back.
    ///
    /// # Errors
    /// `NotFound` if there is no such commit; `Corrupt` if it is damaged.
    pub fn session_taken_back(&self, commit: CommitId) -> Result<Option<String>> {
        Ok(match self.commit(commit)?.cause() {
            Cause::Withdrawal { suspect: Suspect::Session(id) } => Some(id.clone()),
            _ => None,
        })
    }

    /// What undoing an operation does to quarantines, to land in the same durable write: a
    /// withdrawal that is taken back keeps its session out no longer, and one that comes back does
    /// again. Agents cannot let a session back in.
    pub(super) fn quarantines_beside(
        &self,
        undone: &Operation,
        author: &Author,
    ) -> Result<Option<Prepared>> {
        let redone = matches!(undone.kind(), OperationKind::Undo(_));
        let mut transaction = self.any_branch(RefName::meta()).write_reserved()?;
        for step in undone.moves() {
            let taken_back = |commit: Option<CommitId>| match commit {
                Some(commit) => self.session_taken_back(commit),
                None => Ok(None),
            };
            let person = author.kind() == AuthorKind::Person;
            if let Some(session) = taken_back(step.to)?.filter(|_| person) {
                if self.was_kept_out_by(undone, &session)? {
                    transaction.remove(key_of(&session))?;
                }
            } else if let Some(session) = taken_back(step.from)?.filter(|_| redone) {
                keep_out(&mut transaction, &session)?;
            }
        }
        if transaction.is_empty() {
            return Ok(None);
        }
        let text = format!("Sessions kept out of dreams after undo {:.12}", undone.id());
        transaction.prepare(&author.message(text), &self.core().seed()?).map(Some)
    }

    /// Whether a session is kept out because of an operation: that was noted in the row after it.
    fn was_kept_out_by(&self, operation: &Operation, session: &str) -> Result<bool> {
        let Some(record) = self.meta_snapshot()?.get(&key_of(session))? else { return Ok(false) };
        let noted = self.place_of_commit(self.commit_of(record.id())?.id())?;
        let row = self.core().row_of(&operation.id().object())?;
        Ok(row.is_some_and(|row| row + 1 == noted))
    }

    fn meta_snapshot(&self) -> Result<Snapshot> {
        self.any_branch(RefName::meta()).snapshot()
    }

    fn read_quarantine(&self, record: &Record) -> Result<Quarantine> {
        Ok(Quarantine {
            session: record.text()?.to_owned(),
            by: record.provenance().author.clone(),
            at: self.commit_of(record.id())?.committed(),
        })
    }
}

impl Landing<'_> {
    /// Refuses a session that is kept out at this turn.
    pub(super) fn refuse_quarantined(&self, store: &StoreName, session: &str) -> Result<()> {
        let Some(meta) = self.find_ref(store, &RefName::meta()) else { return Ok(()) };
        let tree = self.tree(Some(&*self.commit(meta.commit)?))?;
        let held = !tree.is_empty() && tree.get(&key_of(session))?.is_some();
        if held { Err(kept_out(session)) } else { Ok(()) }
    }
}

/// Keeps a session out of dreams from now on, with what else `transaction` writes to `meta`.
pub(crate) fn keep_out(transaction: &mut Transaction, session: &str) -> Result<()> {
    if session.is_empty() {
        return Err(Error::invalid("a session without an id cannot be kept out of dreams"));
    }
    transaction.put(key_of(session), Entry::new(session).kind(Kind::SYSTEM))
}

/// The ids of the sessions kept out of dreams. What `transaction` writes to `meta` lands only while
/// they are these.
pub(crate) fn rely_on_kept_out(transaction: &mut Transaction) -> Result<BTreeSet<String>> {
    transaction.require_unchanged(FOLDER);
    let found = transaction.base().entries(FOLDER);
    found.map(|entry| Ok(entry?.1.text()?.to_owned())).collect()
}

fn kept_out(session: &str) -> Error {
    let message = format!(
        "the session `{session}` was taken back; nothing is written in it until a person lets it \
         in again"
    );
    Error::new(ErrorKind::Blocked, message)
}

fn key_of(session: &str) -> String {
    format!("{FOLDER}/{}", ObjectId::of(session.as_bytes()))
}
