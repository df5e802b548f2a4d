//! Probes that do not hold any more, and the commits that made them fall.

use crate::engine::{AsSnapshot, Bisection, Branch, Snapshot};
use crate::error::{ErrorKind, Result};
use crate::history::Test;
use crate::search::front::Search;
use crate::search::probes::ranks::ProbeChange;

/// A probe that does not hold.
#[derive(Clone, Debug)]
pub struct FallenProbe {
    /// The ranks when it held last, and now; twice those of now if it never held.
    pub change: ProbeChange,
    /// What made it fall; `None` if it never held on this branch.
    pub since: Option<Bisection>,
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
            let found = now.id().map(|bad| store.bisect(None, bad, &mut test));
            let since = match found {
                Some(Err(error)) if error.kind() == ErrorKind::NotFound => None,
                found => found.transpose()?,
            };
            let before = match since.as_ref().and_then(|since| since.good) {
                Some(good) => self.probe(&probe, &store.snapshot(good)?)?,
                None => answer.clone(),
            };
            fallen.push(FallenProbe { change: before.to(&answer), since });
        }
        Ok(fallen)
    }
}
