//! What an agent may touch: one store, one branch of it, as one author in one session.

use std::sync::Arc;

use undream::{
    Author, Branch, CommitId, ErrorKind, Gate, Message, NearProtected, NoWorseProbe, Result,
    Search, Snapshot, Store,
};

use super::answer::{Hinted, Outcome, Refusal};

/// What an agent may touch. Fixed when the server starts; no call can widen it.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) store: Store,
    pub(crate) branch: Branch,
    pub(crate) author: Author,
    pub(crate) session: String,
    pub(crate) search: Search,
    pub(crate) may_write: bool,
    pub(crate) may_review: bool,
}

impl Scope {
    /// A scope on `branch` in which everything may be read and nothing written.
    ///
    /// # Errors
    /// `Invalid` or `Limit` if the session can be none; `Io` if the index cannot be opened.
    pub(crate) fn new(branch: Branch, author: Author, session: String) -> Result<Self> {
        branch.snapshot()?.for_session(&session)?;
        let store = branch.store().clone();
        let search = Search::open(store.database())?;
        Ok(Self { store, branch, author, session, search, may_write: false, may_review: false })
    }

    /// Also lets memories be written to the branch, and dreams be run.
    pub(crate) fn writing(self) -> Self {
        Self { may_write: true, ..self }
    }

    /// Also lets dreams of the branch be decided on and merged, and commits be taken back.
    pub(crate) fn reviewing(self) -> Self {
        Self { may_review: true, ..self }
    }

    /// Refuses to write in a session that was taken back: what it taught is not trusted any more.
    pub(crate) fn check_session(&self) -> Outcome<()> {
        self.check_sessions([self.session.as_str()])
    }

    /// Refuses sessions that were taken back.
    pub(crate) fn check_sessions<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> Outcome<()> {
        for id in ids {
            self.store.refuse_quarantined(id).hint_for(ErrorKind::Blocked, || {
                format!(
                    "ask the person in charge, who can let it in again: undream session lift {id}"
                )
            })?;
        }
        Ok(())
    }

    /// What a write says of itself.
    pub(crate) fn message(&self, text: &str) -> Message {
        self.author.message(text).session(&self.session)
    }

    /// What to read: the branch as it is now, or the content of a revision.
    pub(crate) fn snapshot(&self, at: Option<&str>) -> Outcome<Snapshot> {
        match at {
            None => Ok(self.branch.snapshot()?),
            Some(revision) => self.own_snapshot(self.resolve(revision)?),
        }
    }

    /// The commit that a revision names.
    pub(crate) fn resolve(&self, revision: &str) -> Outcome<CommitId> {
        let resolved = self.store.resolve(revision).hint_for(ErrorKind::NotFound, || {
            "name a branch, a tag, a commit id of 8 or more digits that log shows, main~2, or \
             main@{2026-03-01}"
                .to_owned()
        })?;
        self.own(resolved.commit)?;
        Ok(resolved.commit)
    }

    /// The content of a commit, if it is one of this store.
    pub(crate) fn own_snapshot(&self, commit: CommitId) -> Outcome<Snapshot> {
        self.own(commit)?;
        Ok(self.store.snapshot(commit)?)
    }

    /// Refuses commits of other stores: ids are those of the whole database.
    fn own(&self, commit: CommitId) -> Outcome<()> {
        if self.branch.head()? == Some(commit) {
            return Ok(());
        }
        // `meta` is the engine's own account, of reviewers and their reasons.
        let refs = self.store.refs()?;
        for found in refs.into_iter().filter(|found| found.name.as_str() != "meta") {
            if self.store.is_ancestor(commit, found.commit)? {
                return Ok(());
            }
        }
        let message = format!("no branch of this store descends from {commit:.16}");
        Err(Refusal::new(ErrorKind::NotFound, message))
    }

    /// The rules of the policy that need search.
    pub(crate) fn gates(&self) -> Vec<Arc<dyn Gate>> {
        vec![Arc::new(NearProtected::new(&self.search)), Arc::new(NoWorseProbe::new(&self.search))]
    }
}
