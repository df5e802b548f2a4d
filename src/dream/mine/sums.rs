//! What all sessions hold, added up: by signal what it tells, and in which sessions it is; by session
//! its steps. Of sessions nothing else is kept, so that many of them need little room.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::dream::mine::ledger::{Digest, Family, Lore, Signal, Step};
use crate::dream::mine::support::{Support, pack, unpack};
use crate::object::SessionFacts;

/// In a session, a first sighting before this depth is early, per mille.
const EARLY: u16 = 200;
/// From this depth on it is late, per mille.
const LATE: u16 = 800;
/// Steps from this number on have no name: too few sessions hold them.
const NAMELESS: u32 = 1 << 31;

/// When in a session something is first seen, in most sessions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum When {
    Early,
    Between,
    Late,
}

/// What is known of one signal.
#[derive(Debug)]
struct Held {
    signal: Signal,
    lore: Lore,
    support: Rc<Support>,
    /// In how many sessions it is first seen early, and in how many late.
    early: usize,
    late: usize,
}

/// One session.
#[derive(Debug)]
struct Walk {
    events: u32,
    /// Its steps, packed: the signal, and how far the event lies behind the one before.
    steps: Box<[u8]>,
}

/// All sessions.
#[derive(Debug, Default)]
pub(super) struct Sums<'a> {
    numbers: BTreeMap<Signal, u32>,
    signals: Vec<Held>,
    facts: Vec<&'a SessionFacts>,
    walks: Vec<Walk>,
}

impl<'a> Sums<'a> {
    /// Adds what one more session holds. Of signals that are not seen `often` nothing is kept.
    pub(super) fn absorb(
        &mut self,
        facts: &'a SessionFacts,
        digest: Digest,
        often: impl Fn(&Signal) -> bool,
    ) {
        let session = self.facts.len();
        let mut sightings = digest.sightings;
        // Per signal of the digest its number here.
        let mut numbers: Vec<u32> = Vec::with_capacity(digest.signals.len());
        for (at, (signal, lore)) in (0..).zip(digest.signals) {
            if !often(&signal) {
                numbers.push(self.step_number(signal, &often));
                continue;
            }
            let number = self.number(signal);
            numbers.push(number);
            let held = &mut self.signals[number as usize];
            held.lore.absorb(lore);
            let Some(sighting) = sightings.remove(&at) else { continue };
            held.early += usize::from(sighting.depth < EARLY);
            held.late += usize::from(sighting.depth >= LATE);
            let places: Vec<_> = sighting.places.iter().map(|event| (*event, *event)).collect();
            let support = Rc::get_mut(&mut held.support).expect("BUG: nobody mines yet");
            support.add(session, &places);
        }
        self.facts.push(facts);
        let renumbered = |step: &Step| numbers.get(step.signal as usize).copied();
        let steps = digest.steps.iter().filter_map(|step| Some((renumbered(step)?, step.event)));
        self.walks.push(Walk { events: digest.events, steps: pack_steps(steps) });
    }

    /// Forgets what fewer than `least` sessions hold.
    pub(super) fn settle(&mut self, least: usize) {
        let signals = &mut self.signals;
        self.numbers.retain(|_, number| {
            let held = &mut signals[*number as usize];
            let enough = held.support.sessions() >= least;
            if !enough {
                (held.lore, held.support) = (Lore::default(), Rc::default());
            }
            enough
        });
    }

    /// The number of a signal, new or old.
    fn number(&mut self, signal: Signal) -> u32 {
        if let Some(&number) = self.numbers.get(&signal) {
            return number;
        }
        let number = self.signals.len() as u32;
        self.numbers.insert(signal.clone(), number);
        let (lore, support) = (Lore::default(), Rc::default());
        self.signals.push(Held { signal, lore, support, early: 0, late: 0 });
        number
    }

    /// The number of a step that few sessions hold: that of the longest beginning of its command which
    /// is `often`, or else one that tells it apart from other such steps.
    fn step_number(&mut self, mut signal: Signal, often: impl Fn(&Signal) -> bool) -> u32 {
        while let Some(shorter) = signal.shorter() {
            if often(&shorter) {
                return self.number(shorter);
            }
            signal = shorter;
        }
        NAMELESS | signal.hash() as u32
    }

    /// The number of a signal, if enough sessions hold it.
    pub(super) fn find(&self, family: Family, scope: &str, name: &str) -> Option<u32> {
        self.number_of(&Signal { family, scope: scope.to_owned(), name: name.to_owned() })
    }

    /// The number of a signal, if enough sessions hold it.
    pub(super) fn number_of(&self, signal: &Signal) -> Option<u32> {
        self.numbers.get(signal).copied()
    }

    /// The signals of one family, in the order of their names.
    pub(super) fn family(&self, family: Family) -> impl Iterator<Item = (u32, &Signal)> {
        let all = self.numbers.iter().filter(move |(signal, _)| signal.family == family);
        all.map(|(signal, &number)| (number, signal))
    }

    /// The signal with this number.
    pub(super) fn signal(&self, number: u32) -> &Signal {
        &self.signals[number as usize].signal
    }

    /// What is known about a signal.
    pub(super) fn lore(&self, signal: u32) -> &Lore {
        &self.signals[signal as usize].lore
    }

    /// Where a signal was seen.
    pub(super) fn support(&self, signal: u32) -> &Rc<Support> {
        &self.signals[signal as usize].support
    }

    /// Where the median of the first sightings of a signal lies in their sessions.
    pub(super) fn when(&self, signal: u32) -> When {
        let held = &self.signals[signal as usize];
        let half = held.support.sessions() / 2;
        if held.early > half {
            When::Early
        } else if held.support.sessions() - held.late <= half {
            When::Late
        } else {
            When::Between
        }
    }

    /// What every session is known to be, in the order of reading.
    pub(super) fn facts(&self) -> &[&'a SessionFacts] {
        &self.facts
    }

    /// The number of events of a session.
    pub(super) fn events(&self, session: usize) -> u32 {
        self.walks[session].events
    }

    /// Of each session its steps with their events, in order.
    pub(super) fn walks(&self) -> impl Iterator<Item = impl Iterator<Item = (u32, u32)>> {
        self.walks.iter().map(|walk| unpack_steps(&walk.steps))
    }

    /// Whether a step has a name: others are told apart, and that is all.
    pub(super) fn is_named(step: u32) -> bool {
        step < NAMELESS
    }
}

fn pack_steps(steps: impl Iterator<Item = (u32, u32)>) -> Box<[u8]> {
    let (mut packed, mut before) = (Vec::new(), 0);
    for (signal, event) in steps {
        pack(&mut packed, signal);
        pack(&mut packed, event.wrapping_sub(before));
        before = event;
    }
    packed.into_boxed_slice()
}

fn unpack_steps(mut packed: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    let mut before = 0_u32;
    std::iter::from_fn(move || {
        (!packed.is_empty()).then(|| {
            let signal = unpack(&mut packed);
            before = before.wrapping_add(unpack(&mut packed));
            (signal, before)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dream::mine::Miner;
    use crate::object::{Event, ToolCall};

    fn digest(tools: &[&str]) -> Digest {
        let call = |tool: &&str| {
            let (tool, result) = ((*tool).to_owned(), "Error: it is stuck".to_owned());
            Event::called(ToolCall { tool, result, args: "{}".into(), ..ToolCall::default() })
        };
        Miner::digest(&SessionFacts::default(), &tools.iter().map(call).collect::<Vec<_>>())
    }

    #[test]
    fn what_was_wrongly_taken_for_frequent_is_forgotten_before_mining() {
        let facts = SessionFacts::default();
        let mut sums = Sums::default();
        for tools in [&["saw", "drill"][..], &["saw"], &["saw", "saw", "look"]] {
            sums.absorb(&facts, digest(tools), |_| true);
        }
        let errors = |sums: &Sums<'_>| {
            let all = sums.family(Family::Error).filter(|(_, signal)| !signal.scope.is_empty());
            all.map(|(number, signal)| (signal.scope.clone(), sums.support(number).sessions()))
                .collect::<Vec<_>>()
        };
        let one = |tool: &str, sessions| (tool.to_owned(), sessions);
        assert_eq!(errors(&sums), [one("drill", 1), one("look", 1), one("saw", 3)]);
        let drill = sums.find(Family::Tool, "", "drill").expect("it was seen");
        sums.settle(2);
        assert_eq!(errors(&sums), [one("saw", 3)]);
        assert_eq!(sums.find(Family::Tool, "", "drill"), None);
        assert_eq!(sums.support(drill).sessions(), 0);
        assert!(
            sums.walks().flatten().any(|(step, _)| step == drill),
            "steps stay in their places"
        );
    }
}
