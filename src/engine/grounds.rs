//! What a version of a memory rests on.

use std::sync::Arc;

use crate::engine::store::Store;
use crate::error::Result;
use crate::object::{Cause, Commit, Evidence, Record};
use crate::storage::RecordId;

/// What a version of a memory rests on: the commit that wrote it and, where a dream taught it, the
/// proposal and all the session events that this cites.
#[derive(Clone, Debug)]
pub struct Grounds {
    /// The commit that wrote the version: a proposal's own commit where one did.
    pub commit: Arc<Commit>,
    /// The dream and the proposal that wrote it, or whose text a reviewer amended.
    pub proposal: Option<(u64, u32)>,
    /// The session events it rests on.
    pub evidence: Vec<Evidence>,
    /// The records it was made from, beside the earlier versions of the same memory.
    pub inputs: Vec<RecordId>,
}

impl Store {
    /// The commit on a dream's branch that `commit` is, or that it applies to another branch;
    /// `None` if it comes from no proposal.
    ///
    /// # Errors
    /// `Corrupt` if the commit is damaged.
    pub fn proposal_behind(&self, commit: &Arc<Commit>) -> Result<Option<Arc<Commit>>> {
        match commit.cause() {
            Cause::Proposal(_) => Ok(Some(Arc::clone(commit))),
            Cause::Pick { source, .. } => self.commit(*source).map(Some),
            _ => Ok(None),
        }
    }

    /// What a version of a memory rests on. A record names a part of its evidence only; here is all
    /// of it.
    ///
    /// # Errors
    /// `NotFound` if there is no such record; `Corrupt` if a commit is damaged.
    pub fn grounds(&self, record: &Record) -> Result<Grounds> {
        let commit = self.commit_of(record.id())?;
        let own = record.provenance();
        let behind = self.proposal_behind(&commit)?;
        if let Some(Cause::Proposal(part)) = behind.as_ref().map(|behind| behind.cause()) {
            return Ok(Grounds {
                proposal: Some((part.dream, part.number)),
                evidence: part.evidence.clone(),
                inputs: part.inputs.clone(),
                commit,
            });
        }
        Ok(Grounds {
            proposal: own.dream,
            evidence: own.evidence.clone(),
            inputs: own.inputs.clone(),
            commit,
        })
    }
}
