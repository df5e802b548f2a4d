//! The front door: sessions are read one by one, findings come out at the end.

use crate::dream::mine::census::Census;
use crate::dream::mine::finding::Finding;
use crate::dream::mine::ledger::{Digest, Family, Ledger, Signal};
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

impl MineOptions {
    /// The fewest sessions that make a finding where so many were read.
    fn least(&self, sessions: usize) -> usize {
        match self.sessions_min {
            0 => (sessions / 60).clamp(2, 5),
            least => least,
        }
    }
}

/// Reads sessions and finds what recurs in them.
#[derive(Debug)]
pub(crate) struct Miner {
    options: MineOptions,
    ledger: Ledger,
    /// Where it was counted beforehand what is frequent, with the fewest sessions that make it so.
    census: Option<(Census, usize)>,
}

impl Miner {
    /// A miner that has read nothing.
    #[cfg(test)]
    pub(crate) fn new(options: MineOptions) -> Self {
        Self { options, ledger: Ledger::default(), census: None }
    }

    /// A miner for the sessions that were counted: of what few of them hold it keeps nothing.
    pub(super) fn counted(options: MineOptions, sessions: usize, census: Census) -> Self {
        Self { options, ledger: Ledger::default(), census: Some((census, options.least(sessions))) }
    }

    /// What a session adds, to be kept and absorbed.
    pub(super) fn digest(session: &SessionFacts, events: &[Event]) -> Digest {
        let mut ledger = Ledger::default();
        read::session(&mut ledger, session.clone(), events);
        ledger.into_digest()
    }

    /// Takes in what a session adds. Its number in citations is the count of sessions before it.
    pub(super) fn absorb(&mut self, session: SessionFacts, digest: Digest) {
        let census = &self.census;
        let frequent = |signal: &Signal| match census {
            Some((census, least)) => census.sessions(signal) as usize >= *least,
            None => true,
        };
        self.ledger.absorb(session, digest, frequent);
    }

    /// Reads one session and takes it in.
    #[cfg(test)]
    pub(crate) fn read(&mut self, session: SessionFacts, events: &[Event]) {
        let digest = Self::digest(&session, events);
        self.absorb(session, digest);
    }

    /// Findings, best first.
    pub(crate) fn finish(mut self) -> Vec<Finding> {
        let least = self.options.least(self.ledger.sessions.len());
        let supports = self.ledger.take_supports();
        let facts = self.ledger.facts();
        let scopes = Scopes::of(&facts);
        let tools = self.ledger.family(Family::Tool);
        let calls = tools.map(|(number, _)| supports[number as usize].places()).sum();
        let view = View { supports, ledger: &self.ledger, least, scopes, calls };
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
    /// The number of calls in all sessions.
    pub(super) calls: usize,
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

    /// The share of a step among all calls, per mille: how often it comes next anyway.
    pub(super) fn usual(&self, step: &str) -> usize {
        let words = step.split(' ').count().to_string();
        let number = self.ledger.find(Family::Tool, "", step);
        let number = number.or_else(|| self.ledger.find(Family::Command, &words, step));
        let places = number.map_or(0, |number| self.support(number).places());
        (places * 1000).checked_div(self.calls).unwrap_or(0)
    }

    /// `n of m sessions`.
    pub(super) fn share(&self, sessions: usize) -> String {
        format!("{sessions} of {} sessions", self.all())
    }
}
