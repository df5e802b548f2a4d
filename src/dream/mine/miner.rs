//! The front door: sessions are read one by one, findings come out at the end.

use crate::dream::mine::finding::Finding;
use crate::dream::mine::ledger::{Digest, Ledger};
use crate::dream::mine::scope::Scopes;
use crate::dream::mine::{drift, habit, mistake, outcome, preference, rank, read, sequence};
use crate::object::{Event, SessionFacts};

/// Bounds on what is mined.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MineOptions {
    /// The fewest sessions that make a finding; 0 chooses by the number of sessions read.
    pub(crate) sessions_min: usize,
    /// The most findings to hand back.
    pub(crate) findings_max: usize,
}

impl Default for MineOptions {
    fn default() -> Self {
        Self { sessions_min: 0, findings_max: 200 }
    }
}

/// Reads sessions and finds what recurs in them.
#[derive(Debug)]
pub(crate) struct Miner {
    options: MineOptions,
    ledger: Ledger,
}

impl Miner {
    /// A miner that has read nothing.
    pub(crate) fn new(options: MineOptions) -> Self {
        Self { options, ledger: Ledger::default() }
    }

    /// What a session adds, to be kept and absorbed.
    pub(super) fn digest(session: &SessionFacts, events: &[Event]) -> Digest {
        let mut ledger = Ledger::default();
        read::session(&mut ledger, session.clone(), events);
        ledger.into_digest()
    }

    /// Takes in what a session adds. Its number in citations is the count of sessions before it.
    pub(super) fn absorb(&mut self, session: SessionFacts, digest: Digest) {
        self.ledger.absorb(session, digest);
    }

    /// Reads one session and takes it in.
    #[cfg(test)]
    pub(crate) fn read(&mut self, session: SessionFacts, events: &[Event]) {
        let digest = Self::digest(&session, events);
        self.absorb(session, digest);
    }

    /// Findings, best first.
    pub(crate) fn finish(self) -> Vec<Finding> {
        let least = match self.options.sessions_min {
            0 => (self.ledger.sessions.len() / 60).clamp(2, 5),
            least => least,
        };
        let facts = self.ledger.facts();
        let scopes = Scopes::of(&facts);
        let view = View { supports: self.ledger.supports(), ledger: &self.ledger, least, scopes };
        let mut candidates = mistake::mine(&view);
        candidates.extend(outcome::mine(&view));
        candidates.extend(habit::mine(&view));
        candidates.extend(sequence::mine(&view));
        candidates.extend(preference::mine(&view));
        candidates.extend(drift::mine(&view));
        rank::findings(candidates, &self.ledger.facts(), self.options.findings_max)
    }
}

/// What the miners look at.
pub(super) struct View<'a> {
    pub(super) ledger: &'a Ledger,
    /// By signal.
    pub(super) supports: Vec<super::support::Support>,
    /// The fewest sessions that make a finding.
    pub(super) least: usize,
    /// Where findings hold.
    pub(super) scopes: Scopes,
}

impl View<'_> {
    /// The number of sessions read.
    pub(super) fn all(&self) -> usize {
        self.ledger.sessions.len()
    }

    /// The support of a signal.
    pub(super) fn support(&self, signal: u32) -> &super::support::Support {
        &self.supports[signal as usize]
    }

    /// `n of m sessions`.
    pub(super) fn share(&self, sessions: usize) -> String {
        format!("{sessions} of {} sessions", self.all())
    }
}
