//! The front door: sessions are read one by one, findings come out at the end.

use std::rc::Rc;

use crate::dream::mine::census::Census;
use crate::dream::mine::finding::Finding;
use crate::dream::mine::ledger::{Digest, Family, Signal};
use crate::dream::mine::scope::Scopes;
use crate::dream::mine::sums::Sums;
use crate::dream::mine::support::Support;
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
pub(crate) struct Miner<'a> {
    options: MineOptions,
    sums: Sums<'a>,
    /// Where it was counted beforehand what is frequent, with the fewest sessions that make it so.
    census: Option<(Census, usize)>,
}

impl<'a> Miner<'a> {
    /// A miner that has read nothing.
    #[cfg(test)]
    pub(crate) fn new(options: MineOptions) -> Self {
        Self { options, sums: Sums::default(), census: None }
    }

    /// A miner for the sessions that were counted: of what few of them hold it keeps nothing.
    pub(super) fn counted(options: MineOptions, sessions: usize, census: Census) -> Self {
        Self { options, sums: Sums::default(), census: Some((census, options.least(sessions))) }
    }

    /// What a session adds, to be kept and absorbed.
    pub(super) fn digest(session: &SessionFacts, events: &[Event]) -> Digest {
        read::session(session, events)
    }

    /// Takes in what a session adds. Its number in citations is the count of sessions before it.
    pub(super) fn absorb(&mut self, session: &'a SessionFacts, digest: Digest) {
        let census = self.census.as_ref();
        let often =
            |signal: &Signal| census.is_none_or(|(census, least)| census.reaches(signal, *least));
        self.sums.absorb(session, digest, often);
    }

    /// Findings, best first.
    pub(crate) fn finish(self) -> Vec<Finding> {
        let Self { options, mut sums, census } = self;
        drop(census);
        let least = options.least(sums.facts().len());
        // What is in one session recurs nowhere.
        sums.settle(least.max(2));
        let scopes = Scopes::of(sums.facts());
        let tools = sums.family(Family::Tool);
        let calls = tools.map(|(number, _)| sums.support(number).places()).sum();
        let view = View { sums: &sums, least, scopes, calls };
        let mut candidates = mistake::mine(&view);
        candidates.extend(outcome::mine(&view));
        candidates.extend(habit::mine(&view));
        candidates.extend(sequence::mine(&view));
        candidates.extend(preference::mine(&view));
        candidates.extend(drift::mine(&view));
        rank::findings(candidates, sums.facts(), options.findings_max)
    }
}

/// What the miners look at.
pub(super) struct View<'a> {
    pub(super) sums: &'a Sums<'a>,
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
        self.sums.facts().len()
    }

    /// The support of a signal.
    pub(super) fn support(&self, signal: u32) -> &Rc<Support> {
        self.sums.support(signal)
    }

    /// The share of a step among all calls, per mille: how often it comes next anyway.
    pub(super) fn usual(&self, step: &str) -> usize {
        let words = step.split(' ').count().to_string();
        let number = self.sums.find(Family::Tool, "", step);
        let number = number.or_else(|| self.sums.find(Family::Command, &words, step));
        let places = number.map_or(0, |number| self.support(number).places());
        (places * 1000).checked_div(self.calls).unwrap_or(0)
    }

    /// `n of m sessions`.
    pub(super) fn share(&self, sessions: usize) -> String {
        format!("{sessions} of {} sessions", self.all())
    }
}
