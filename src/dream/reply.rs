//! Answers to several proposals at once: all of them are kept, or none.

use std::collections::{BTreeMap, BTreeSet};

use crate::dream::manifest::Choice;
use crate::dream::overtaken::{Overtaken, made_anew};
use crate::dream::proposal::Proposal;
use crate::dream::review::Review;
use crate::error::{Error, ErrorKind, Result};
use crate::object::Verb;

/// What a reviewer says to one proposal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reply {
    /// Take it, with what it depends on.
    Approve {
        /// Why.
        reason: Option<String>,
    },
    /// Take it with this text instead of its own.
    Amend {
        /// The text.
        text: String,
        /// Why.
        reason: Option<String>,
    },
    /// Do not take it.
    Reject {
        /// Why.
        reason: Option<String>,
    },
}

impl Reply {
    fn approves(&self) -> bool {
        !matches!(self, Self::Reject { .. })
    }
}

impl Review {
    /// Gives these answers, by proposal number, and approves what they depend on, in one durable
    /// write. Returns the numbers of the proposals on which the decision is new.
    ///
    /// # Errors
    /// As [`Review::check`], for the first answer that cannot be given; then none is.
    pub fn answer(&mut self, answers: &BTreeMap<u32, Reply>) -> Result<Vec<u32>> {
        let mut decisions = BTreeMap::new();
        for (number, answer) in answers {
            self.check(*number, answers)?;
            if answer.approves() {
                for needed in self.needs(*number)? {
                    decisions
                        .entry(needed)
                        .or_insert_with(|| self.choice(Verb::Approve, None, None));
                }
            }
        }
        let open = |number: &u32| self.proposal(*number).map(Proposal::is_open);
        let mut kept = Vec::new();
        for (number, choice) in decisions {
            if open(&number)? && !answers.contains_key(&number) {
                kept.push((number, choice));
            }
        }
        for (number, answer) in answers {
            let choice = self.choice_of(answer);
            let held = self.proposal(*number)?.choice();
            if held.is_none_or(|held| !says_the_same(held, &choice)) {
                kept.push((*number, choice));
            }
        }
        kept.sort_by_key(|(number, _)| *number);
        self.decide(kept)
    }

    /// Whether the answer to one proposal can be given beside the others.
    ///
    /// # Errors
    /// `NotFound` if there is no such proposal; `Invalid` if it is merged already, or amended and
    /// writes no single text; `Limit` if the text is too long; `Conflict` if it is approved and
    /// depends on one that is rejected.
    pub fn check(&self, number: u32, answers: &BTreeMap<u32, Reply>) -> Result<()> {
        self.refuse_settled(number)?;
        let Some(answer) = answers.get(&number) else { return Ok(()) };
        if let Reply::Amend { text, .. } = answer {
            self.check_text(number, text)?;
        }
        if !answer.approves() {
            return Ok(());
        }
        for needed in self.needs(number)? {
            let held = self.proposal(needed)?.choice();
            let rejected = match answers.get(&needed) {
                Some(answer) => !answer.approves(),
                None => held.is_some_and(|held| held.verb == Verb::Reject),
            };
            if rejected {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    format!("proposal {number} needs proposal {needed}, which is rejected"),
                ));
            }
        }
        Ok(())
    }

    /// Whether a proposal can still be decided on.
    pub(super) fn refuse_settled(&self, number: u32) -> Result<()> {
        let proposal = self.proposal(number)?;
        if let Some(Overtaken::ByProposal { dream, proposal }) = proposal.overtaken() {
            return Err(made_anew(number, (dream, proposal)));
        }
        if proposal.choice().is_some_and(|choice| choice.merged) {
            return Err(Error::invalid(format!(
                "proposal {number} is merged already; it can be taken back, not decided anew"
            )));
        }
        Ok(())
    }

    /// All proposals that must be taken with one.
    fn needs(&self, number: u32) -> Result<BTreeSet<u32>> {
        let mut needs = BTreeSet::new();
        let mut pending = vec![number];
        while let Some(number) = pending.pop() {
            for needed in self.proposal(number)?.depends_on() {
                if needs.insert(*needed) {
                    pending.push(*needed);
                }
            }
        }
        Ok(needs)
    }

    fn choice_of(&self, answer: &Reply) -> Choice {
        match answer {
            Reply::Approve { reason } => self.choice(Verb::Approve, reason.as_deref(), None),
            Reply::Reject { reason } => self.choice(Verb::Reject, reason.as_deref(), None),
            Reply::Amend { text, reason } => {
                self.choice(Verb::Amend, reason.as_deref(), Some(text.clone()))
            }
        }
    }
}

/// Whether a decision says what another says, whoever made it.
fn says_the_same(held: &Choice, new: &Choice) -> bool {
    (held.verb, &held.text, &held.reason) == (new.verb, &new.text, &new.reason)
}
