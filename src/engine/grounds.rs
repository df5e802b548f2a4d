//! What a version of a memory rests on.

use std::collections::HashSet;
use std::sync::Arc;

use crate::engine::row::read_row;
use crate::engine::store::Store;
use crate::error::Result;
use crate::object::{Cause, Commit, Evidence, Key, Record};
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

    /// The place in the log before which nothing can rest on a record or its evidence: just before
    /// the oldest version of the memory and the oldest of the cited sessions.
    pub(crate) fn oldest_place(&self, record: &Record, evidence: &[Evidence]) -> Result<u64> {
        let mut oldest = self.place_of(record.id())?;
        let mut seen = HashSet::from([record.id()]);
        let mut open = record.previous().to_vec();
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                oldest = oldest.min(self.place_of(id)?);
                open.extend(self.record(id)?.previous());
            }
        }
        for cite in evidence {
            let place = self.core().row_of(&cite.session.object())?;
            oldest = oldest.min(place.unwrap_or(oldest));
        }
        Ok(oldest - 1)
    }

    /// Hands over every record of this store that came into the log after the row `after`, with the
    /// key it was written at, in the order of the log.
    pub(crate) fn new_records(
        &self,
        after: u64,
        each: &mut dyn FnMut(&Key, &Record) -> Result<()>,
    ) -> Result<()> {
        let core = self.core();
        core.refresh()?;
        let reader = core.storage.read()?;
        for sequence in after + 1..=reader.last_sequence()? {
            let Some(row) = read_row(&reader, sequence)? else { break };
            if row.head.store != *self.name() || row.head.edits.is_empty() {
                continue;
            }
            for (id, stored) in row.objects {
                let written = row
                    .head
                    .edits
                    .iter()
                    .find(|edit| edit.after.is_some_and(|after| after.object() == id));
                if let Some(edit) = written {
                    each(&edit.key, &Record::open(stored)?)?;
                }
            }
        }
        Ok(())
    }
}
