//! What one session holds, by signal: taken down as it is read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The most places that are kept of one signal in one session.
const PLACES_MAX: usize = 48;
/// The most signals that are kept of one session.
const SIGNALS_MAX: usize = 6_000;
/// The most examples that are kept of one signal.
const EXAMPLES_MAX: usize = 12;
/// The most steps that are kept of one session.
const STEPS_MAX: usize = 4_000;

/// What a signal tells; decides who mines it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(super) enum Family {
    /// A call failed with a message of this form. Scope: the tool.
    Error,
    /// A failing call holds this unfilled placeholder.
    Placeholder,
    /// The user refused a call. Name: `said` where they gave a reason, else `plain`.
    Refusal,
    /// A short harness note says that the run was broken off.
    Interrupt,
    /// A harness-written line in a result that did not fail.
    Notice,
    /// A command failed. Scope: how many words of it, as a digit.
    FailedCommand,
    /// A command of this class failed.
    FailedClass,
    /// A command ran. Scope: how many words of it, as a digit.
    Command,
    /// A command of this class ran.
    Class,
    /// One command before another in one line. Scope: the former.
    Chain,
    /// A tool was called.
    Tool,
    /// The session's first call.
    FirstCall,
    /// The session's last call.
    LastCall,
    /// What a session does with files it wrote itself: `write`, `rerun`, `remove`. Scope: the ending.
    OwnFile,
    /// A user asked for this.
    Request,
    /// A user gave a rule with this word.
    Rule,
    /// A word of a user that carries a subject.
    Word,
    /// A user named this.
    Name,
    /// A user asked not to do this.
    Ban,
    /// Two words that stand side by side in a request or rule of a user.
    Phrase,
    /// A user corrected the agent.
    Correction,
}

/// Something that can be seen in a session.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(super) struct Signal {
    pub(super) family: Family,
    pub(super) scope: String,
    pub(super) name: String,
}

impl Signal {
    /// The same command by one word less; nothing if it has only one, or is no command.
    pub(super) fn shorter(&self) -> Option<Self> {
        let (head, _) = self.name.rsplit_once(' ').filter(|_| self.family == Family::Command)?;
        let scope = head.split(' ').count().to_string();
        Some(Self { family: self.family, scope, name: head.to_owned() })
    }

    /// FNV-1a over the parts.
    pub(super) fn hash(&self) -> u64 {
        let family = [self.family as u8, 0];
        let bytes = family.iter().chain(self.scope.as_bytes()).chain(&[0]);
        bytes.chain(self.name.as_bytes()).fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
            (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}

/// A signal in one session.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Sighting {
    pub(super) places: Vec<u32>,
    /// Where in the session it was first seen, per mille.
    pub(super) depth: u16,
}

/// One step of a session: a tool, or one command of a shell line.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct Step {
    pub(super) signal: u32,
    pub(super) event: u32,
}

/// What is kept of one signal beside where it was seen.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Lore {
    /// How it looked where it was first seen.
    pub(super) examples: Vec<String>,
    /// What went with it, with the number of times: for a failure the step that succeeded next, for a
    /// file its name.
    pub(super) company: BTreeMap<String, u32>,
    /// For a failure, what succeeded between it and a later success of the very step that failed,
    /// with the number of times.
    pub(super) between: BTreeMap<String, u32>,
}

/// What one session adds to the sums: kept, it need not be read again; left out, it is taken away.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Digest {
    /// The number of events.
    pub(super) events: u32,
    pub(super) signals: Vec<(Signal, Lore)>,
    pub(super) steps: Vec<Step>,
    /// By the place of the signal among them.
    pub(super) sightings: BTreeMap<u32, Sighting>,
}

/// The sightings of one session that is being read.
#[derive(Debug)]
pub(super) struct Ledger {
    numbers: BTreeMap<Signal, u32>,
    notes: Digest,
}

impl Ledger {
    /// The ledger of a session that has `events` events.
    pub(super) fn open(events: usize) -> Self {
        let events = events as u32;
        let (signals, steps, sightings) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { numbers: BTreeMap::new(), notes: Digest { events, signals, steps, sightings } }
    }

    /// All that was taken down.
    pub(super) fn into_digest(self) -> Digest {
        self.notes
    }

    /// The number of a signal, new or old.
    pub(super) fn number(&mut self, family: Family, scope: &str, name: &str) -> u32 {
        let signal = Signal { family, scope: scope.to_owned(), name: name.to_owned() };
        if let Some(&number) = self.numbers.get(&signal) {
            return number;
        }
        let number = self.notes.signals.len() as u32;
        self.numbers.insert(signal.clone(), number);
        self.notes.signals.push((signal, Lore::default()));
        number
    }

    /// Notes that `signal` was seen at `event`.
    fn note(&mut self, signal: u32, event: u32) {
        let notes = &mut self.notes;
        if notes.sightings.len() >= SIGNALS_MAX && !notes.sightings.contains_key(&signal) {
            return;
        }
        let depth =
            (u64::from(event) * 1000 / u64::from(notes.events.saturating_sub(1).max(1))) as u16;
        let sighting =
            notes.sightings.entry(signal).or_insert(Sighting { places: Vec::new(), depth });
        if sighting.places.len() < PLACES_MAX && sighting.places.last() != Some(&event) {
            sighting.places.push(event);
        }
    }

    /// Notes a signal by its parts, and returns its number.
    pub(super) fn sight(&mut self, family: Family, scope: &str, name: &str, event: u32) -> u32 {
        let number = self.number(family, scope, name);
        self.note(number, event);
        number
    }

    /// Adds a step, unless it repeats the step before.
    pub(super) fn step(&mut self, signal: u32, event: u32) {
        let steps = &mut self.notes.steps;
        if steps.len() < STEPS_MAX && steps.last().is_none_or(|step| step.signal != signal) {
            steps.push(Step { signal, event });
        }
    }

    /// What is known about a signal, to add to it.
    pub(super) fn lore_mut(&mut self, signal: u32) -> &mut Lore {
        &mut self.notes.signals[signal as usize].1
    }
}

impl Lore {
    /// Adds what another session tells of the same signal.
    pub(super) fn absorb(&mut self, other: Self) {
        other.examples.iter().for_each(|example| self.example(example));
        for (name, count) in other.company {
            *self.company.entry(name).or_default() += count;
        }
        for (name, count) in other.between {
            *self.between.entry(name).or_default() += count;
        }
    }

    /// Keeps an example while there are not too many different ones.
    pub(super) fn example(&mut self, text: &str) {
        if self.examples.len() < EXAMPLES_MAX && !self.examples.iter().any(|held| held == text) {
            self.examples.push(text.to_owned());
        }
    }

    /// The examples that share most words with the others, at most `count`.
    pub(super) fn typical(&self, count: usize) -> Vec<&str> {
        let words = |text: &str| -> BTreeSet<String> {
            text.split(|c: char| !c.is_alphanumeric())
                .filter(|word| word.len() > 3)
                .map(str::to_lowercase)
                .collect()
        };
        let sets: Vec<BTreeSet<String>> = self.examples.iter().map(|text| words(text)).collect();
        let shared = |at: usize| -> usize {
            sets.iter().map(|other| sets[at].intersection(other).count()).sum::<usize>()
                - sets[at].len()
        };
        let mut order: Vec<usize> = (0..sets.len()).collect();
        order.sort_by_key(|at| (std::cmp::Reverse(shared(*at)), *at));
        order.into_iter().take(count).map(|at| self.examples[at].as_str()).collect()
    }

    /// The most frequent thing that went with it, with its share of all, per mille.
    pub(super) fn companion(&self) -> Option<(&str, u32)> {
        let all: u32 = self.company.values().sum();
        most(&self.company).map(|(name, count)| (name, count * 1000 / all.max(1)))
    }

    /// What stood most often between the failure and a later success of the same step, with its share
    /// per mille, if it did so in at least a third of the cases in which a remedy is known.
    pub(super) fn bridge(&self) -> Option<(&str, u32)> {
        let all: u32 = self.company.values().sum();
        let share = |(name, count)| (name, count * 1000 / all.max(1));
        most(&self.between).map(share).filter(|(_, share)| *share >= 333)
    }

    /// Whether the step that failed mostly succeeded later on.
    pub(super) fn succeeds_again(&self) -> bool {
        let all: u32 = self.company.values().sum();
        self.between.values().sum::<u32>() * 2 >= all.max(1)
    }
}

/// The name with the highest count; of equals the first by name.
fn most(counts: &BTreeMap<String, u32>) -> Option<(&str, u32)> {
    let best = counts.iter().max_by_key(|(name, count)| (**count, std::cmp::Reverse(*name)));
    best.map(|(name, count)| (name.as_str(), *count))
}
