//! Probes that do not hold any more, and the commits that made them fall.

use crate::engine::{AsSnapshot, Bisection, Branch, Snapshot, Store};
use crate::error::{ErrorKind, Result};
use crate::history::Test;
use crate::object::Key;
use crate::search::front::Search;
use crate::search::probes::ranks::ProbeChange;
use crate::storage::CommitId;

/// A probe that does not hold.
#[derive(Clone, Debug)]
pub struct FallenProbe {
    /// The ranks when it held last, and now; twice those of now if no such state was found.
    pub change: ProbeChange,
    /// What made it fall; `None` if it did not hold when it was added, nor at any state that was
    /// looked at, in doubling steps backwards.
    pub since: Option<Bisection>,
}

impl FallenProbe {
    /// The newest commit of the branch at which it is known to have held: from there on a bisection
    /// finds the same.
    pub fn held_at(&self) -> Option<CommitId> {
        let since = self.since.as_ref()?;
        match since.merges.first() {
            Some(merge) => merge.first_parent(),
            None => since.good,
        }
    }
}

impl Search {
    /// The probes that do not hold on a branch, in order of their names, each with the newest commit
    /// that made it fall. Only for these is the history searched, as [`crate::Store::bisect`] does.
    ///
    /// # Errors
    /// As [`Search::probe`]; `Corrupt` if something is damaged.
    pub fn fallen_probes(&self, branch: &Branch) -> Result<Vec<FallenProbe>> {
        let (store, now) = (branch.store(), branch.as_snapshot()?);
        let mut fallen = Vec::new();
        for probe in store.probes()? {
            let answer = self.probe(&probe, &now)?;
            if answer.holds() {
                continue;
            }
            let mut test = |snapshot: &Snapshot| {
                let holds = self.probe(&probe, snapshot)?.holds();
                Ok(if holds { Test::Good } else { Test::Bad })
            };
            let added = store.branch_at(branch.name(), &probe)?;
            let keys: Vec<Key> = probe.expects.iter().map(|one| one.key.clone()).collect();
            let since = now.id().map(|bad| turn(store, added, (bad, &keys), &mut test));
            let since = since.transpose()?;
            let since = since.flatten();
            let before = match since.as_ref().and_then(|since| since.good) {
                Some(good) => self.probe(&probe, &store.snapshot(good)?)?,
                None => answer.clone(),
            };
            fallen.push(FallenProbe { change: before.to(&answer), since });
        }
        Ok(fallen)
    }
}

/// What made the test turn: since the probe was added, or else since some state before.
fn turn(
    store: &Store,
    added: Option<CommitId>,
    (bad, keys): (CommitId, &[Key]),
    test: &mut dyn FnMut(&Snapshot) -> Result<Test>,
) -> Result<Option<Bisection>> {
    for good in added.map(Some).into_iter().chain([None]) {
        let found = match good {
            Some(_) => store.bisect(good, bad, test),
            None => store.bisect_near(bad, keys, test),
        };
        match found {
            // It did not hold when it was added, or the branch has another history since.
            Err(error) if good.is_some() && error.kind() == ErrorKind::Invalid => {}
            Err(error) if good.is_none() && error.kind() == ErrorKind::NotFound => {}
            found => return found.map(Some),
        }
    }
    Ok(None)
}
