//! The evidence of one candidate: sessions, and events in them.

use std::collections::BTreeSet;

use crate::dream::mine::finding::{Cite, Sources};
use crate::object::SessionFacts;

/// The most citations of one candidate beyond one per session: each is stored with the proposal.
const CITES_MAX: usize = 8_192;

/// The first and the last event of a place in a session.
pub(super) type Place = (u32, u32);

/// Sessions and the events in them that speak for a candidate. Packed, because there is one of every
/// frequent signal, and the sessions that it holds are the most that grows with their number.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Support {
    /// In order.
    sessions: Vec<u32>,
    /// Of each session the number of its places, then each of them: how far it begins behind the one
    /// before, and how far it reaches.
    packed: Vec<u8>,
    places: usize,
}

/// How often sessions with and without something succeeded, where outcomes are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Split {
    pub(super) with: (u32, u32),
    pub(super) without: (u32, u32),
}

impl Support {
    /// Adds a session, which comes after those added before, with its places in order.
    pub(super) fn add(&mut self, session: usize, places: &[Place]) {
        debug_assert!(self.sessions.last().is_none_or(|last| (*last as usize) < session));
        self.sessions.push(session as u32);
        self.places += places.len();
        pack(&mut self.packed, places.len() as u32);
        let mut before = 0;
        for (first, last) in places {
            pack(&mut self.packed, first.wrapping_sub(before));
            pack(&mut self.packed, last.wrapping_sub(*first));
            before = *first;
        }
    }

    /// All that this or `other` holds.
    pub(super) fn joined(&self, other: &Self) -> Self {
        let mut joined = Self::default();
        let (mut these, mut those) = (self.each().peekable(), other.each().peekable());
        loop {
            let next = match (these.peek(), those.peek()) {
                (Some((a, _)), Some((b, _))) if a == b => {
                    let (session, mut places) = these.next().expect("BUG: it was seen");
                    places.extend(those.next().expect("BUG: it was seen").1);
                    places.sort_unstable();
                    places.dedup();
                    Some((session, places))
                }
                (Some((a, _)), Some((b, _))) if a > b => those.next(),
                (Some(_), _) => these.next(),
                (None, _) => those.next(),
            };
            let Some((session, places)) = next else { return joined };
            joined.add(session, &places);
        }
    }

    /// The number of sessions.
    pub(super) fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// The number of places.
    pub(super) fn places(&self) -> usize {
        self.places
    }

    /// The sessions, in order.
    pub(super) fn numbers(&self) -> impl Iterator<Item = usize> {
        self.sessions.iter().map(|session| *session as usize)
    }

    /// The sessions, in order, with their places.
    fn each(&self) -> impl Iterator<Item = (usize, Vec<Place>)> {
        let mut packed = self.packed.as_slice();
        self.numbers().map(move |session| {
            let mut before = 0_u32;
            let count = unpack(&mut packed);
            let place = |_| {
                before = before.wrapping_add(unpack(&mut packed));
                (before, before.wrapping_add(unpack(&mut packed)))
            };
            (session, (0..count).map(place).collect())
        })
    }

    /// The places of both in each session that both hold.
    fn beside(&self, other: &Self) -> impl Iterator<Item = (Vec<Place>, Vec<Place>)> {
        let mut those = other.each().peekable();
        self.each().filter_map(move |(session, places)| {
            while those.next_if(|(number, _)| *number < session).is_some() {}
            let (_, held) = those.next_if(|(number, _)| *number == session)?;
            Some((places, held))
        })
    }

    /// In how many sessions both are at one event.
    pub(super) fn together(&self, other: &Self) -> usize {
        let meets = |(these, those): &(Vec<Place>, Vec<Place>)| {
            these.iter().any(|place| those.contains(place))
        };
        self.beside(other).filter(meets).count()
    }

    /// In how many sessions the other comes after the first place of this.
    pub(super) fn followed_by(&self, other: &Self) -> usize {
        let follows = |(these, those): &(Vec<Place>, Vec<Place>)| {
            these.first().is_some_and(|first| those.iter().any(|place| place.0 > first.0))
        };
        self.beside(other).filter(follows).count()
    }

    /// Whether `session` is among them.
    pub(super) fn holds(&self, session: usize) -> bool {
        self.sessions.binary_search(&(session as u32)).is_ok()
    }

    /// The sessions that both hold.
    pub(super) fn common(&self, other: &Self) -> usize {
        let mut those = other.sessions.iter().peekable();
        let is_there = |session: &&u32| {
            while those.next_if(|other| other < session).is_some() {}
            those.next_if_eq(session).is_some()
        };
        self.sessions.iter().filter(is_there).count()
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
        for (session, places) in self.each() {
            let cite = |(first, last)| Cite { session, first, last };
            cites.extend(places.into_iter().take(each).map(cite));
        }
        cites
    }

    /// Who stands behind it.
    pub(super) fn sources(&self, facts: &[&SessionFacts]) -> Sources {
        let (mut users, mut agents) = (BTreeSet::new(), BTreeSet::new());
        let mut sources = Sources { sessions: self.sessions() as u32, ..Sources::default() };
        for session in self.numbers() {
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
        let mut held = self.numbers().peekable();
        for (session, fact) in facts.iter().enumerate() {
            let is_held = held.next_if_eq(&session).is_some();
            let Some(success) = fact.succeeded() else { continue };
            let side = if is_held { &mut split.with } else { &mut split.without };
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

/// Appends a number in groups of seven bits, the lowest first; the last has no high bit.
pub(super) fn pack(out: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes the next number from what [`pack`] wrote.
pub(super) fn unpack(packed: &mut &[u8]) -> u32 {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (byte, rest) = packed.split_first().expect("BUG: what was packed has no end");
        *packed = rest;
        number |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return number;
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn support(sessions: &[(usize, &[Place])]) -> Support {
        let mut support = Support::default();
        for (session, places) in sessions {
            support.add(*session, places);
        }
        support
    }

    fn all(support: &Support) -> Vec<(usize, Vec<Place>)> {
        support.each().collect()
    }

    #[test]
    fn what_is_packed_comes_out_as_it_went_in() {
        let far: &[Place] = &[(0, 0), (0, 63), (127, 128), (16_384, 16_384), (u32::MAX, u32::MAX)];
        let odd: &[Place] = &[(7, 3), (2, 2)];
        let held = support(&[(0, far), (3, &[]), (70_000, odd)]);
        let plain = [(0, far.to_vec()), (3, Vec::new()), (70_000, odd.to_vec())];
        assert_eq!(all(&held), plain);
        assert_eq!((held.sessions(), held.places()), (3, 7));
    }

    #[test]
    fn supports_are_compared_session_by_session() {
        let these = support(&[(1, &[(4, 4), (9, 9)]), (2, &[(5, 5)]), (4, &[(1, 1)]), (6, &[])]);
        let those = support(&[(0, &[(4, 4)]), (1, &[(9, 9)]), (2, &[(4, 4)]), (4, &[(2, 2)])]);
        assert_eq!((these.common(&those), those.common(&these)), (3, 3));
        assert_eq!(these.likeness(&those), 600);
        assert_eq!((these.together(&those), those.together(&these)), (1, 1));
        assert_eq!((these.followed_by(&those), those.followed_by(&these)), (2, 1));
        assert!(these.holds(6) && !these.holds(5));
        let joined = [
            (0, vec![(4, 4)]),
            (1, vec![(4, 4), (9, 9)]),
            (2, vec![(4, 4), (5, 5)]),
            (4, vec![(1, 1), (2, 2)]),
            (6, Vec::new()),
        ];
        assert_eq!(all(&these.joined(&those)), joined);
        assert_eq!(these.joined(&those), those.joined(&these));
    }
}
