//! The evidence of one candidate: sessions, and events in them.

use std::collections::{BTreeMap, BTreeSet};

use crate::dream::mine::finding::{Cite, Sources};
use crate::object::SessionFacts;

/// The most citations of one candidate beyond one per session: each is stored with the proposal.
const CITES_MAX: usize = 8_192;

/// Sessions and the events in them that speak for a candidate.
#[derive(Clone, Debug, Default)]
pub(super) struct Support(BTreeMap<usize, Vec<(u32, u32)>>);

/// How often sessions with and without something succeeded, where outcomes are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Split {
    pub(super) with: (u32, u32),
    pub(super) without: (u32, u32),
}

impl Support {
    /// Adds the events `first` to `last` of `session`.
    pub(super) fn add(&mut self, session: usize, first: u32, last: u32) {
        let events = self.0.entry(session).or_default();
        if events.last() != Some(&(first, last)) {
            events.push((first, last));
        }
    }

    /// Adds a session with its events, in order.
    pub(super) fn add_session(&mut self, session: usize, events: Vec<(u32, u32)>) {
        self.0.insert(session, events);
    }

    /// Adds all that `other` holds.
    pub(super) fn join(&mut self, other: &Self) {
        for (&session, events) in &other.0 {
            let held = self.0.entry(session).or_default();
            held.extend(events);
            held.sort_unstable();
            held.dedup();
        }
    }

    /// The number of sessions.
    pub(super) fn sessions(&self) -> usize {
        self.0.len()
    }

    /// The number of places.
    pub(super) fn places(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// The sessions.
    pub(super) fn numbers(&self) -> impl Iterator<Item = usize> {
        self.0.keys().copied()
    }

    /// In how many sessions both are at one event.
    pub(super) fn together(&self, other: &Self) -> usize {
        let meets = |(session, events): (&usize, &Vec<(u32, u32)>)| {
            other.0.get(session).is_some_and(|held| events.iter().any(|event| held.contains(event)))
        };
        self.0.iter().filter(|pair| meets((pair.0, pair.1))).count()
    }

    /// In how many sessions the other comes after the first place of this.
    pub(super) fn followed_by(&self, other: &Self) -> usize {
        let follows = |(session, events): (&usize, &Vec<(u32, u32)>)| {
            let (Some(first), Some(held)) = (events.first(), other.0.get(session)) else {
                return false;
            };
            held.iter().any(|event| event.0 > first.0)
        };
        self.0.iter().filter(|pair| follows((pair.0, pair.1))).count()
    }

    /// Whether `session` is among them.
    pub(super) fn holds(&self, session: usize) -> bool {
        self.0.contains_key(&session)
    }

    /// The sessions that both hold.
    pub(super) fn common(&self, other: &Self) -> usize {
        self.0.keys().filter(|session| other.holds(**session)).count()
    }

    /// Common sessions by all sessions, per mille.
    pub(super) fn likeness(&self, other: &Self) -> usize {
        let common = self.common(other);
        let all = self.sessions() + other.sessions() - common;
        (common * 1000).checked_div(all).unwrap_or(0)
    }

    /// The citations: every session, and as many places of each as [`CITES_MAX`] allows.
    pub(super) fn cites(&self) -> Vec<Cite> {
        let each = (CITES_MAX / self.sessions().max(1)).max(1);
        let mut cites = Vec::new();
        for (&session, events) in &self.0 {
            let places = events.iter().take(each);
            cites.extend(places.map(|&(first, last)| Cite { session, first, last }));
        }
        cites
    }

    /// Who stands behind it.
    pub(super) fn sources(&self, facts: &[&SessionFacts]) -> Sources {
        let (mut users, mut agents) = (BTreeSet::new(), BTreeSet::new());
        let mut sources = Sources { sessions: self.0.len() as u32, ..Sources::default() };
        for &session in self.0.keys() {
            let fact = facts[session];
            users.extend(fact.user.as_deref());
            agents.insert(fact.agent.as_str());
            sources.successes += u32::from(fact.succeeded() == Some(true));
            sources.failures += u32::from(fact.succeeded() == Some(false));
        }
        sources.users = users.len() as u32;
        sources.agents = agents.len() as u32;
        sources
    }

    /// Success with and without, if at least one outcome is known on the `with` side.
    pub(super) fn split(&self, facts: &[&SessionFacts]) -> Option<Split> {
        let mut split = Split { with: (0, 0), without: (0, 0) };
        for (session, fact) in facts.iter().enumerate() {
            let Some(success) = fact.succeeded() else { continue };
            let side = if self.holds(session) { &mut split.with } else { &mut split.without };
            side.0 += u32::from(success);
            side.1 += 1;
        }
        (split.with.1 > 0).then_some(split)
    }
}

impl Split {
    /// A sentence, with a leading space: ` Success 8% with it, 44% without.`
    pub(super) fn sentence(self) -> String {
        let percent = |(part, all): (u32, u32)| (part * 200 + all) / (all * 2);
        // A share of a handful says nothing to compare with.
        if self.without.1 < 5 {
            return format!(" {}% of them succeeded.", percent(self.with));
        }
        let (with, without) = (percent(self.with), percent(self.without));
        format!(" Success: {with}% of sessions with it, {without}% without.")
    }

    /// How far success with it lies below success without it, in standard deviations times ten;
    /// 0 where it is not below or where one side has fewer than five sessions.
    pub(super) fn harm(self) -> u32 {
        let ((good_with, with), (good_without, without)) = (self.with, self.without);
        if with < 5 || without < 5 {
            return 0;
        }
        let rate = |part: u32, all: u32| f64::from(part) / f64::from(all);
        let pooled = rate(good_with + good_without, with + without);
        let spread = pooled * (1.0 - pooled) * (1.0 / f64::from(with) + 1.0 / f64::from(without));
        if spread <= 0.0 {
            return 0;
        }
        let gap = rate(good_without, without) - rate(good_with, with);
        (gap.max(0.0) / spread.sqrt() * 10.0) as u32
    }
}
