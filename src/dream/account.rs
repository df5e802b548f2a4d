//! What a curator tells of its own work: how it was set, what it asked of whom, what of the answers
//! it dropped. It is kept with the dream.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Events of one session that a call showed; ranges with both ends, counted from 0.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Shown {
    /// The session's id.
    pub session: String,
    /// The events, in order.
    pub events: Vec<[u32; 2]>,
}

/// One question that a curator put to somebody else, such as a model, and what came of it. The words
/// of the question are not here: they are made again from what it showed, as far as that was not
/// erased since.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Call {
    /// The sessions it showed.
    pub sessions: Vec<Shown>,
    /// The keys of the memories it showed.
    pub memories: Vec<String>,
    /// How long the question was, in bytes.
    pub question_bytes: u64,
    /// How many requests were sent for it, with those that were refused or had to be repaired.
    pub requests: u32,
    /// Whether the first answer was of the wrong form.
    pub repaired: bool,
    /// Tokens that were read for it.
    pub tokens_in: u64,
    /// Tokens that were written for it.
    pub tokens_out: u64,
    /// The numbers of the proposals that rest on it.
    pub proposals: Vec<u32>,
}

/// What a curator told of its work.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Workings {
    /// How it was set, by name.
    pub settings: BTreeMap<String, String>,
    /// Its calls, in order.
    pub calls: Vec<Call>,
}

impl Workings {
    /// Whether nothing was told.
    pub fn is_empty(&self) -> bool {
        self.settings.is_empty() && self.calls.is_empty()
    }

    /// Tokens read and written, over all calls.
    pub fn tokens(&self) -> (u64, u64) {
        let sum = |of: fn(&Call) -> u64| self.calls.iter().map(of).sum();
        (sum(|call| call.tokens_in), sum(|call| call.tokens_out))
    }
}

#[derive(Debug, Default)]
struct Book {
    workings: Workings,
    dropped: BTreeMap<String, u64>,
    resting_on: Option<usize>,
}

/// Where a curator writes down what it does beside suggesting.
#[derive(Debug, Default)]
pub struct Account {
    book: Mutex<Book>,
}

impl Account {
    fn with<T>(&self, act: impl FnOnce(&mut Book) -> T) -> T {
        act(&mut self.book.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes how the curator is set.
    pub fn setting(&self, name: impl Into<String>, value: impl ToString) {
        self.with(|book| book.workings.settings.insert(name.into(), value.to_string()));
    }

    /// Notes a call, and gives its number, from 0.
    pub fn call(&self, call: Call) -> usize {
        self.with(|book| {
            book.workings.calls.push(call);
            book.workings.calls.len() - 1
        })
    }

    /// Adds to what was noted of a call.
    ///
    /// # Panics
    /// If there is no such call.
    pub fn amend(&self, call: usize, edit: impl FnOnce(&mut Call)) {
        self.with(|book| edit(&mut book.workings.calls[call]));
    }

    /// Tokens read and written so far.
    pub fn tokens(&self) -> (u64, u64) {
        self.with(|book| book.workings.tokens())
    }

    /// From here on, what is suggested rests on this call.
    pub fn resting_on(&self, call: usize) {
        self.with(|book| book.resting_on = Some(call));
    }

    /// Counts a claim that the curator itself dropped, under the reason.
    pub fn dropped(&self, reason: impl Into<String>) {
        self.with(|book| *book.dropped.entry(reason.into()).or_default() += 1);
    }

    /// Notes that a suggestion became the proposal `number`.
    pub(crate) fn wrote(&self, number: u32) {
        self.with(|book| {
            let call = book.resting_on.and_then(|call| book.workings.calls.get_mut(call));
            if let Some(call) = call {
                call.proposals.push(number);
            }
        });
    }

    /// What another curator suggests rests on no call of the one before.
    pub(crate) fn turn_over(&self) {
        self.with(|book| book.resting_on = None);
    }

    /// The claims that were dropped so far, by reason; they are handed over once.
    pub(crate) fn take_dropped(&self) -> BTreeMap<String, u64> {
        self.with(|book| std::mem::take(&mut book.dropped))
    }

    pub(crate) fn into_workings(self) -> Workings {
        self.book.into_inner().unwrap_or_else(PoisonError::into_inner).workings
    }
}
