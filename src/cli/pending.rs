//! What can be decided, looked at and committed: merges, a review's merge, a dream's reversal.

use undream::{
    Change, CommitId, Conflict, DreamRevert, DreamsRevert, Entry, JudgedChange, Merge, RecordId,
    Resolution, Result, ReviewMerge,
};

/// Changes prepared for a branch, perhaps with conflicts.
pub(crate) trait Pending {
    /// The conflicts that need a decision.
    fn open(&self) -> Vec<Conflict>;

    fn decide(&mut self, key: &str, resolution: Resolution) -> Result<()>;

    fn decide_all(&mut self, resolution: &Resolution) -> Result<()>;

    /// What committing changes.
    fn changes(&self) -> Result<Vec<Change>>;

    /// What a record of a change or a conflict says.
    fn entry(&self, record: RecordId) -> Result<Entry>;

    /// Where probes are asked before this is committed: the commit it stands on, and its changes.
    fn foreseen(&self) -> Result<Option<(CommitId, Vec<JudgedChange>)>> {
        Ok(None)
    }
}

/// What all of them do by methods of the same names.
macro_rules! decided_by_itself {
    () => {
        fn decide(&mut self, key: &str, resolution: Resolution) -> Result<()> {
            self.resolve_key(key, resolution)
        }

        fn decide_all(&mut self, resolution: &Resolution) -> Result<()> {
            self.resolve(|_| resolution.clone())
        }

        fn changes(&self) -> Result<Vec<Change>> {
            Self::changes(self)
        }
    };
}

impl Pending for Merge {
    fn open(&self) -> Vec<Conflict> {
        self.conflicts().cloned().collect()
    }

    decided_by_itself!();

    fn entry(&self, record: RecordId) -> Result<Entry> {
        Self::entry(self, record)
    }
}

impl Pending for ReviewMerge {
    fn open(&self) -> Vec<Conflict> {
        self.conflicts().into_iter().map(|(_, conflict)| conflict).collect()
    }

    fn foreseen(&self) -> Result<Option<(CommitId, Vec<JudgedChange>)>> {
        match self.head() {
            Some(head) => Ok(Some((head, Self::foreseen(self)?))),
            None => Ok(None),
        }
    }

    decided_by_itself!();

    fn entry(&self, record: RecordId) -> Result<Entry> {
        Self::entry(self, record)
    }
}

impl Pending for DreamRevert {
    fn open(&self) -> Vec<Conflict> {
        self.conflicts().cloned().collect()
    }

    decided_by_itself!();

    fn entry(&self, record: RecordId) -> Result<Entry> {
        self.merge().entry(record)
    }
}

impl Pending for DreamsRevert {
    fn open(&self) -> Vec<Conflict> {
        self.merge().conflicts().cloned().collect()
    }

    fn decide(&mut self, key: &str, resolution: Resolution) -> Result<()> {
        self.merge_mut().resolve_key(key, resolution)
    }

    fn decide_all(&mut self, resolution: &Resolution) -> Result<()> {
        self.merge_mut().resolve(|_| resolution.clone())
    }

    fn changes(&self) -> Result<Vec<Change>> {
        self.merge().changes()
    }

    fn entry(&self, record: RecordId) -> Result<Entry> {
        self.merge().entry(record)
    }
}
