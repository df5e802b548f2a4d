//! The ranks of what a probe expects, at one snapshot and from one to another.

use crate::engine::{AsSnapshot, JudgedChange, Probe, ProbeAsker, ProbeTally, Snapshot};
use crate::error::Result;
use crate::object::Key;
use crate::search::edits::Edits;
use crate::search::fields::Filter;
use crate::search::front::Search;
use crate::search::parse::parse;
use crate::search::run::Run;
use crate::search::words::analyser;
use crate::storage::MemoryId;

/// How far ranks are counted at least; further, if the probe asks for more hits.
const RANKS_MIN: usize = 100;

/// Where a memory stands that a probe expects.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProbeRank {
    /// The memory.
    pub memory: MemoryId,
    /// Its key there; where it is gone, the one it had when the probe was added.
    pub key: Key,
    /// Its rank, from 1; `None` if it is not among the first 100, or is not there.
    pub rank: Option<usize>,
}

/// What a probe finds at a snapshot.
#[derive(Clone, Debug)]
pub struct ProbeAnswer {
    /// The probe.
    pub probe: Probe,
    /// The memories that it expects.
    pub ranks: Vec<ProbeRank>,
    /// What stands among the first hits that count, in order.
    pub first: Vec<Key>,
    /// Which memories these are.
    order: Vec<MemoryId>,
}

/// How a memory that a probe expects moves from one snapshot to another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProbeShift {
    /// The memory.
    pub memory: MemoryId,
    /// Its key after; where it is gone, the one before.
    pub key: Key,
    /// Its rank before.
    pub before: Option<usize>,
    /// Its rank after.
    pub after: Option<usize>,
}

/// What a probe finds at one snapshot and at another.
#[derive(Clone, Debug)]
pub struct ProbeChange {
    /// The probe.
    pub probe: Probe,
    /// The memories that it expects.
    pub shifts: Vec<ProbeShift>,
    /// What stands among the first hits after, and did not before: in the order of its ranks.
    pub arrived: Vec<Key>,
    held: bool,
    holds: bool,
}

impl ProbeAnswer {
    /// Whether all that is expected is among the first hits that count.
    pub fn holds(&self) -> bool {
        let top = self.probe.top as usize;
        self.ranks.iter().all(|one| one.rank.is_some_and(|rank| rank <= top))
    }

    /// The way from here to `after`.
    pub(super) fn to(&self, after: &Self) -> ProbeChange {
        let shifts = self.ranks.iter().zip(&after.ranks).map(|(before, after)| ProbeShift {
            memory: before.memory,
            key: if after.rank.is_some() { after.key.clone() } else { before.key.clone() },
            before: before.rank,
            after: after.rank,
        });
        let ranked = after.first.iter().zip(&after.order);
        let arrived = ranked.filter(|(_, memory)| !self.order.contains(memory));
        ProbeChange {
            probe: after.probe.clone(),
            shifts: shifts.collect(),
            arrived: arrived.map(|(key, _)| key.clone()).collect(),
            held: self.holds(),
            holds: after.holds(),
        }
    }
}

impl ProbeShift {
    /// Whether the memory is found further down than before, or no more.
    pub fn is_worse(&self) -> bool {
        self.before.is_some_and(|before| self.after.is_none_or(|after| after > before))
    }
}

impl ProbeChange {
    /// Whether something that is expected is found further down than before, or no more.
    pub fn is_worse(&self) -> bool {
        self.shifts.iter().any(ProbeShift::is_worse)
    }

    /// Whether nothing has moved: neither what is expected nor what stands first.
    pub fn is_still(&self) -> bool {
        self.arrived.is_empty() && self.shifts.iter().all(|shift| shift.before == shift.after)
    }

    /// Whether the probe held before.
    pub fn held(&self) -> bool {
        self.held
    }

    /// Whether it holds after.
    pub fn holds(&self) -> bool {
        self.holds
    }
}

impl ProbeAsker for Search {
    fn tally(&self, snapshot: &Snapshot) -> Result<ProbeTally> {
        let mut tally = ProbeTally::default();
        for probe in snapshot.store().probes()? {
            tally.all += 1;
            tally.hold += u64::from(self.probe(&probe, snapshot)?.holds());
        }
        Ok(tally)
    }
}

impl Search {
    /// Asks a probe in the content of `source`.
    ///
    /// # Errors
    /// As a search with the probe's words.
    pub fn probe(&self, probe: &Probe, source: &impl AsSnapshot) -> Result<ProbeAnswer> {
        self.probe_edited(probe, &source.as_snapshot()?, &Edits::default())
    }

    /// Asks a probe at two snapshots.
    ///
    /// # Errors
    /// As [`Search::probe`].
    pub fn probe_between(
        &self,
        probe: &Probe,
        before: &impl AsSnapshot,
        after: &impl AsSnapshot,
    ) -> Result<ProbeChange> {
        Ok(self.probe(probe, before)?.to(&self.probe(probe, after)?))
    }

    /// Asks a probe at a snapshot, and in what that would be after changes that nobody has made.
    ///
    /// # Errors
    /// As [`Search::probe`].
    pub fn foresee_probe(
        &self,
        probe: &Probe,
        snapshot: &Snapshot,
        changes: &[JudgedChange],
    ) -> Result<ProbeChange> {
        let mut edits = Edits::default();
        for change in changes {
            if let Some(from) = &change.from {
                edits.set(from.clone(), None);
            }
        }
        // Where one memory leaves a key and another takes it, the one that takes it stands.
        for change in changes {
            edits.set(change.key.clone(), change.after.clone());
        }
        Ok(self.probe(probe, snapshot)?.to(&self.probe_edited(probe, snapshot, &edits)?))
    }

    /// Asks a probe in what `snapshot` would be after `edits`.
    pub(super) fn probe_edited(
        &self,
        probe: &Probe,
        snapshot: &Snapshot,
        edits: &Edits,
    ) -> Result<ProbeAnswer> {
        let top = probe.top as usize;
        let hits = self.ranked(&probe.query, snapshot, edits, top.max(RANKS_MIN))?;
        let ranks = probe.expects.iter().map(|expected| {
            let at = hits.iter().position(|(memory, _)| *memory == expected.memory);
            ProbeRank {
                memory: expected.memory,
                key: at.map_or_else(|| expected.key.clone(), |at| hits[at].1.clone()),
                rank: at.map(|at| at + 1),
            }
        });
        let ranks = ranks.collect();
        let (order, first) = hits.into_iter().take(top).unzip();
        Ok(ProbeAnswer { probe: probe.clone(), ranks, first, order })
    }

    /// The memories that are found, the best first.
    fn ranked(
        &self,
        query: &str,
        snapshot: &Snapshot,
        edits: &Edits,
        limit: usize,
    ) -> Result<Vec<(MemoryId, Key)>> {
        let Some(clause) = parse(query, &mut analyser())? else { return Ok(Vec::new()) };
        let run = Run {
            shared: self.shared(),
            snapshot: snapshot.clone(),
            edits,
            clause,
            filter: Filter::default(),
            trusted: None,
        };
        let found = run.first(limit)?.into_iter();
        found.map(|found| found.map(|found| (found.record.memory(), found.key))).collect()
    }
}
