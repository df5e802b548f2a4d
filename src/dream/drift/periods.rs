//! What was written when.

use std::collections::BTreeMap;

use crate::clock::Time;
use crate::object::{Record, Trust};

/// In how many parts the time is cut at most.
const PERIODS_MAX: usize = 6;

/// What was written in one part of the time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Period {
    /// When it begins.
    pub begins: Time,
    /// How many commits were made, along first parents.
    pub commits: u64,
    /// How many versions of memories came to the branch.
    pub written: u64,
    /// How many of them from dreams.
    pub by_dreams: u64,
    /// How many of them are trusted how far; endorsements do not count.
    pub trust: BTreeMap<Trust, u64>,
}

/// Equal parts of the time from the first commit to the last.
#[derive(Default)]
pub(super) struct Periods {
    first: i64,
    /// In microseconds.
    length: i64,
    list: Vec<Period>,
}

impl Periods {
    pub(super) fn between(first: Option<Time>, last: Option<Time>, commits: usize) -> Self {
        let (Some(first), Some(last)) = (first, last) else { return Self::default() };
        let count = commits.clamp(1, PERIODS_MAX) as i64;
        let span = last.as_micros().saturating_sub(first.as_micros()).max(0);
        let length = span / count + 1;
        let begins = |number: i64| {
            Time::from_micros(first.as_micros().saturating_add(length.saturating_mul(number)))
        };
        let list = (0..count).map(|number| Period {
            begins: begins(number),
            commits: 0,
            written: 0,
            by_dreams: 0,
            trust: BTreeMap::new(),
        });
        Self { first: first.as_micros(), length, list: list.collect() }
    }

    /// The part that a time falls in: the first or last, where a clock went backwards.
    pub(super) fn at(&self, time: Time) -> Option<usize> {
        let last = self.list.len().checked_sub(1)?;
        let number = time.as_micros().saturating_sub(self.first) / self.length;
        Some(usize::try_from(number).unwrap_or(0).min(last))
    }

    pub(super) fn list_mut(&mut self) -> &mut [Period] {
        &mut self.list
    }

    pub(super) fn into_list(self) -> Vec<Period> {
        self.list
    }
}

impl Period {
    pub(super) fn note(&mut self, record: &Record) {
        self.written += 1;
        self.by_dreams += u64::from(record.provenance().dream.is_some());
        *self.trust.entry(record.trust()).or_default() += 1;
    }
}
