//! Walking history: commits, what each changed, and the operation log.

use std::sync::Arc;

use crate::engine::change::{Change, name_changes};
use crate::engine::filter::{LogFilter, Sieve};
use crate::engine::store::Store;
use crate::error::{Error, Result};
use crate::history::{Walk, only_in};
use crate::object::{Cause, Commit, ObjectKind, Operation};
use crate::storage::{CommitId, Prefix};
use crate::tree;

impl Store {
    /// The commits that `from` descends from, itself first, newest first. A dream's review stands
    /// for the picks beneath it, unless the filter asks for them or for a key.
    ///
    /// # Errors
    /// `NotFound` if there is no such commit; `Invalid` if the filter's pattern is none. Items fail
    /// if something is damaged.
    pub fn log(
        &self,
        from: CommitId,
        filter: LogFilter,
    ) -> Result<impl Iterator<Item = Result<Arc<Commit>>> + '_> {
        self.log_of(&[from], filter)
    }

    /// The commits that any of `from` descends from, each once, newest first; else as
    /// [`Store::log`].
    ///
    /// # Errors
    /// As [`Store::log`].
    pub fn log_of<'a>(
        &'a self,
        from: &[CommitId],
        filter: LogFilter,
    ) -> Result<impl Iterator<Item = Result<Arc<Commit>>> + use<'a>> {
        let follow: fn(&Commit) -> &[CommitId] =
            if filter.follows_picks() { Commit::parents } else { parents_of_note };
        let mut walk = Walk::new(&**self.core(), from, follow)?;
        let mut sieve = Sieve::new(self, filter)?;
        Ok(std::iter::from_fn(move || {
            loop {
                let commit = match walk.next()? {
                    Ok(commit) => commit,
                    Err(error) => return Some(Err(error)),
                };
                match sieve.passes(&commit) {
                    Ok(true) => return Some(Ok(commit)),
                    Ok(false) => {}
                    Err(error) => return Some(Err(error)),
                }
            }
        }))
    }

    /// The commits that `after` descends from and `before` does not, newest first, picks included.
    ///
    /// # Errors
    /// As [`Store::log`].
    pub fn commits_between(&self, before: CommitId, after: CommitId) -> Result<Vec<Arc<Commit>>> {
        only_in(&**self.core(), before, after)
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
}

/// The parents whose history a reader of the log wants: of a review, the branch only.
fn parents_of_note(commit: &Commit) -> &[CommitId] {
    match commit.cause() {
        Cause::Review { .. } => &commit.parents()[..1.min(commit.parents().len())],
        _ => commit.parents(),
    }
}
