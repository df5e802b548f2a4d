//! Walking history: commits, what each changed, and the operation log.

use std::sync::Arc;

use crate::engine::change::{Change, name_changes};
use crate::engine::store::Store;
use crate::error::{Error, Result};
use crate::history::Walk;
use crate::object::{Cause, Commit, Key, ObjectKind, Operation};
use crate::storage::{CommitId, Prefix};
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
}

/// The parents whose history a reader of the log wants: of a review, the branch only.
fn parents_of_note(commit: &Commit) -> &[CommitId] {
    match commit.cause() {
        Cause::Review { .. } => &commit.parents()[..1.min(commit.parents().len())],
        _ => commit.parents(),
    }
}
