//! The same search then and now, and what moved the ranks.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::{AsSnapshot, Snapshot};
use crate::error::Result;
use crate::object::{Cause, Commit, Key};
use crate::search::front::SearchQuery;
use crate::storage::MemoryId;

/// How far ranks are counted.
const RANKS_MAX: usize = 1_000;

/// A memory that the search finds then or now.
#[derive(Clone, Debug)]
pub struct RankChange {
    /// Where it stands now; where it stood, if it is gone.
    pub key: Key,
    /// Its rank then, from 1; `None` if it was not found.
    pub then: Option<usize>,
    /// Its rank now.
    pub now: Option<usize>,
    /// The newest commit since then that changed it.
    pub change: Option<Arc<Commit>>,
}

/// The ranks of a search then and now.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What is among the first now or was then: by its rank now, then what is no longer found.
    pub ranks: Vec<RankChange>,
    /// The reviews of dreams that were merged since, newest first.
    pub reviews: Vec<Arc<Commit>>,
}

/// A hit of one side.
struct Ranked {
    rank: usize,
    key: Key,
}

impl SearchQuery {
    /// Searches here and in `then`, and tells which ranks the memories had that are among the first
    /// in either. Ranks beyond 1,000 count as not found.
    ///
    /// # Errors
    /// As [`SearchQuery::run`].
    pub fn against(self, then: &impl AsSnapshot) -> Result<Comparison> {
        let (now, search) = self.opened()?;
        let then = then.as_snapshot()?;
        let limit = search.wanted().min(RANKS_MAX);
        let (new, old) = (search.ranked(&now)?, search.ranked(&then)?);
        let changed = Changed::between(&then, &now)?;
        let mut ranks = Vec::new();
        for (memory, hit) in &new {
            let before = old.get(memory);
            if hit.rank <= limit || before.is_some_and(|before| before.rank <= limit) {
                ranks.push(RankChange {
                    key: hit.key.clone(),
                    then: before.map(|before| before.rank),
                    now: Some(hit.rank),
                    change: changed.newest(&hit.key, before.map(|before| &before.key)),
                });
            }
        }
        for (memory, hit) in &old {
            if hit.rank <= limit && !new.contains_key(memory) {
                let stands = now.find(*memory)?;
                ranks.push(RankChange {
                    change: changed.newest(stands.as_ref().unwrap_or(&hit.key), Some(&hit.key)),
                    key: stands.unwrap_or_else(|| hit.key.clone()),
                    then: Some(hit.rank),
                    now: None,
                });
            }
        }
        ranks.sort_by_key(|found| (found.now.unwrap_or(usize::MAX), found.then));
        Ok(Comparison { ranks, reviews: changed.reviews })
    }

    /// The hits at one snapshot, by memory.
    fn ranked(&self, snapshot: &Snapshot) -> Result<BTreeMap<MemoryId, Ranked>> {
        let hits = self.anew(snapshot).limit(RANKS_MAX).run()?;
        let mut ranked = BTreeMap::new();
        for (rank, hit) in (1..).zip(hits) {
            let hit = hit?;
            let memory = snapshot.memory_of(hit.record)?;
            ranked.insert(memory, Ranked { rank, key: hit.key });
        }
        Ok(ranked)
    }
}

/// What happened between two snapshots.
struct Changed {
    by_key: BTreeMap<Key, Arc<Commit>>,
    reviews: Vec<Arc<Commit>>,
}

impl Changed {
    fn between(then: &Snapshot, now: &Snapshot) -> Result<Self> {
        let mut changed = Self { by_key: BTreeMap::new(), reviews: Vec::new() };
        let (Some(before), Some(after)) = (then.id(), now.id()) else { return Ok(changed) };
        let store = now.store();
        for commit in store.commits_between(before, after)? {
            if matches!(commit.cause(), Cause::Review { .. }) {
                changed.reviews.push(commit);
                continue;
            }
            for change in store.changes(commit.id())? {
                for key in change.from.into_iter().chain([change.key]) {
                    changed.by_key.entry(key).or_insert_with(|| Arc::clone(&commit));
                }
            }
        }
        Ok(changed)
    }

    fn newest(&self, key: &Key, before: Option<&Key>) -> Option<Arc<Commit>> {
        let found = self.by_key.get(key).or_else(|| self.by_key.get(before?));
        found.map(Arc::clone)
    }
}
