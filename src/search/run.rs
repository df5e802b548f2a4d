//! Running one query at one snapshot.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::engine::{Endorsements, Snapshot, TrustFilter};
use crate::error::{Error, Result};
use crate::object::Key;
use crate::search::collect::{Scored, collect};
use crate::search::edits::Edits;
use crate::search::fields::Filter;
use crate::search::hit::Found;
use crate::search::index::Fault;
use crate::search::parse::Clause;
use crate::search::plan::Plan;
use crate::search::shared::Shared;

/// One query at one snapshot.
pub(super) struct Run<'a> {
    pub(super) shared: &'a Shared,
    pub(super) snapshot: Snapshot,
    /// What is searched differs from the snapshot by these.
    pub(super) edits: &'a Edits,
    pub(super) clause: Clause,
    pub(super) filter: Filter,
    /// What of the memories found is trusted enough, where not all is.
    pub(super) trusted: Option<(TrustFilter, Endorsements)>,
}

impl Run<'_> {
    /// The first hits that can be shown. What was erased after it was indexed, or is not trusted
    /// enough, leaves its place to the next.
    pub(super) fn first(&self, limit: usize) -> Result<Vec<Result<Found>>> {
        let mut wanted = limit;
        loop {
            let scored = self.guarded(wanted)?;
            let exhausted = scored.len() < wanted;
            let mut found = Vec::with_capacity(scored.len());
            for scored in scored {
                found.extend(self.read(scored).transpose());
            }
            if found.len() >= limit || exhausted {
                found.truncate(limit);
                return Ok(found);
            }
            wanted *= 2;
        }
    }

    /// The memory behind a score; `None` if its text was erased or is not trusted enough.
    fn read(&self, Scored { key, score }: Scored) -> Result<Option<Found>> {
        let key = Key::from_stored(key.as_bytes())?;
        let gone =
            || Error::corrupt(format!("the search index holds `{key}`, the snapshot does not"));
        let record = self.edits.get(&self.snapshot, &key)?.ok_or_else(gone)?;
        let shown = !record.is_erased()
            && match &self.trusted {
                Some((filter, endorsements)) => filter.admits(&record, endorsements)?,
                None => true,
            };
        Ok(shown.then_some(Found { key, score, record }))
    }

    /// Searches, and once more without the index if it turns out to be damaged.
    fn guarded(&self, limit: usize) -> Result<Vec<Scored>> {
        match catch_unwind(AssertUnwindSafe(|| self.scored(limit))) {
            Ok(Ok(scored)) => return Ok(scored),
            Ok(Err(Fault::Database(error))) => return Err(error),
            // tantivy checks no sums as it reads: damaged files give errors, or panics.
            Ok(Err(Fault::Index(_))) | Err(_) => {}
        }
        self.shared.discard()?;
        Ok(self.scored(limit)?)
    }

    fn scored(&self, limit: usize) -> Result<Vec<Scored>, Fault> {
        let live = self.shared.live_set(&self.snapshot)?;
        let live = self.edits.live(live, &self.snapshot, &self.shared.fields)?;
        if live.documents == 0 {
            return Ok(Vec::new());
        }
        let fields = &self.shared.fields;
        let plan = Plan::new(&self.clause, fields, &live)?;
        Ok(collect(&plan, &live, fields, &self.filter, limit)?)
    }
}
