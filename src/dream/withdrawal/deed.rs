//! What a suspect removed or moved: no version of the memory tells of it, only history does.

use std::collections::{BTreeMap, BTreeSet};

use crate::dream::withdrawal::inquiry::Inquiry;
use crate::engine::{Change, ChangeKind, LogFilter, Snapshot};
use crate::error::Result;
use crate::object::{Cause, Commit, Key, Suspect};
use crate::storage::{MemoryId, RecordId};

/// A removal or a move.
pub(super) enum Deed {
    Removed { key: Key, record: RecordId },
    Moved { from: Key, to: Key },
}

impl Inquiry<'_> {
    /// The last thing that happened to each memory, where the suspect removed or moved it and
    /// nobody has touched it since.
    pub(super) fn deeds(
        &mut self,
        head: &Snapshot,
        suspect: &Suspect,
    ) -> Result<BTreeMap<MemoryId, Deed>> {
        let mut found: BTreeMap<MemoryId, Deed> = BTreeMap::new();
        let Some(id) = head.id() else { return Ok(found) };
        let filter = LogFilter { picks: true, ..LogFilter::default() };
        let (mut commits, mut last) = (Vec::new(), None);
        for commit in self.store.log(id, filter)? {
            let commit = commit?;
            // What a merge or a review brought, the commits that it closes have done.
            if commit.parents().len() > 1 || matches!(commit.cause(), Cause::Review { .. }) {
                continue;
            }
            let did = self.did(&commit, suspect)?;
            commits.push((commit.id(), did));
            if did {
                last = Some(commits.len());
            }
        }
        // Nothing that happened before the suspect's first deed matters.
        commits.truncate(last.unwrap_or(0));
        let mut touched: BTreeSet<MemoryId> = BTreeSet::new();
        for (commit, did) in commits {
            for change in self.store.changes(commit)? {
                let Some(record) = change.after.or(change.before) else { continue };
                let memory = head.memory_of(record)?;
                if touched.insert(memory)
                    && did
                    && let Some(deed) = read(change)
                {
                    found.insert(memory, deed);
                }
            }
        }
        Ok(found)
    }

    /// Whether the suspect made a commit, or a proposal that rests on nothing else.
    fn did(&mut self, commit: &Commit, suspect: &Suspect) -> Result<bool> {
        let named = match suspect {
            Suspect::Session(id) => commit.session() == Some(id),
            Suspect::Author(author) => commit.author() == author,
        };
        match commit.cause() {
            Cause::Write | Cause::Restore { .. } => Ok(named),
            Cause::Pick { source, .. } => {
                let proposal = self.store.commit(*source)?;
                let Cause::Proposal(part) = proposal.cause() else { return Ok(false) };
                if let Suspect::Author(author) = suspect {
                    return Ok(proposal.author() == author);
                }
                for cite in &part.evidence {
                    if !self.is_suspect(cite.session)? {
                        return Ok(false);
                    }
                }
                Ok(!part.evidence.is_empty())
            }
            _ => Ok(false),
        }
    }
}

fn read(change: Change) -> Option<Deed> {
    match (change.kind, change.from, change.before) {
        (ChangeKind::Removed, _, Some(record)) => Some(Deed::Removed { key: change.key, record }),
        (ChangeKind::Renamed, Some(from), _) => Some(Deed::Moved { from, to: change.key }),
        _ => None,
    }
}
