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
    /// depends on one that is rejected, or that a newer dream proposes anew.
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
            self.refuse_need(number, needed, answers.get(&needed))?;
        }
        Ok(())
    }

    /// Whether a proposal can be taken that needs another, to which this is answered.
    pub(super) fn refuse_need(
        &self,
        number: u32,
        needed: u32,
        answer: Option<&Reply>,
    ) -> Result<()> {
        let other = self.proposal(needed)?;
        let rejected = match answer {
            Some(answer) => !answer.approves(),
            None => other.choice().is_some_and(|held| held.verb == Verb::Reject),
        };
        let why = match other.overtaken() {
            Some(Overtaken::ByProposal { dream, proposal }) => {
                format!("was made anew: decide on proposal {proposal} of dream {dream}")
            }
            _ if rejected => "is rejected".to_owned(),
            _ => return Ok(()),
        };
        let text = format!("proposal {number} needs proposal {needed}, which {why}");
        Err(Error::new(ErrorKind::Conflict, text))
    }

    /// Whether a proposal cannot be taken because a newer dream proposes anew what it needs.
    pub(super) fn needs_what_was_made_anew(&self, number: u32) -> Result<bool> {
        for needed in self.needs(number)? {
            if let Some(Overtaken::ByProposal { .. }) = self.proposal(needed)?.overtaken() {
                return Ok(true);
            }
        }
        Ok(false)
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
    pub(super) fn needs(&self, number: u32) -> Result<BTreeSet<u32>> {
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
