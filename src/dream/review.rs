//! Deciding on proposals, and merging what was approved.

use std::collections::BTreeSet;
use std::fmt;

use crate::dream::dream::Dream;
use crate::dream::manifest::{Choice, Choices, meta};
use crate::dream::overtaken::refuse_made_anew;
use crate::dream::proposal::Proposal;
use crate::dream::reliance::Reliance;
use crate::dream::reviewer::Reviewer;
use crate::dream::run::write_meta;
use crate::engine::{Chain, Change, Conflict, Link, Resolution, Transaction};
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Author, Cause, Decision, Entry, Message, SaltedText, Verb, cause_text};
use crate::storage::{CommitId, RecordId};

/// A person at work on a dream's proposals. Each decision is kept at once; merging takes what is
/// approved and not yet merged, in as many rounds as one likes.
#[derive(Debug)]
pub struct Review {
    dream: Dream,
    reviewer: Reviewer,
    proposals: Vec<Proposal>,
}

impl Dream {
    /// Begins or resumes the review of this dream. One that is still running, or that was cut off,
    /// is reviewed as far as it got: proposals never change once they are written.
    ///
    /// # Errors
    /// `Invalid` if the reviewer has no name; `Corrupt` if something is damaged.
    pub fn review_as(&self, reviewer: Author) -> Result<Review> {
        reviewer.check()?;
        let proposals = self.proposals()?;
        Ok(Review { dream: self.clone(), reviewer: Reviewer::new(reviewer), proposals })
    }
}

impl Review {
    pub(super) fn dream(&self) -> &Dream {
        &self.dream
    }

    /// Says in which session the review is made: the commits that keep its decisions and those that
    /// merge them will name it.
    #[must_use]
    pub fn session(mut self, id: impl Into<String>) -> Self {
        self.reviewer.session = Some(id.into());
        self
    }

    /// The proposals, best first, each with its decision.
    pub fn proposals(&self) -> &[Proposal] {
        &self.proposals
    }

    /// Approves the open proposals that `choose` picks, with what they depend on, leaving those
    /// that depend on one which a newer dream proposes anew. Returns their numbers.
    ///
    /// # Errors
    /// `Conflict` if one depends on a proposal that was rejected.
    pub fn approve(&mut self, choose: impl Fn(&Proposal) -> bool) -> Result<Vec<u32>> {
        let mut numbers = Vec::new();
        for proposal in self.proposals.iter().filter(|one| one.is_open() && choose(one)) {
            if !self.needs_what_was_made_anew(proposal.number())? {
                numbers.push(proposal.number());
            }
        }
        self.approve_numbers(&numbers, None)
    }

    /// Approves proposals by number, also ones that were rejected before, with what they depend
    /// on. Returns the numbers of all that are newly approved.
    ///
    /// # Errors
    /// `NotFound` if there is no such proposal; `Conflict` if one depends on a rejected one, or on
    /// one that a newer dream proposes anew; `Stale` if it is itself proposed anew.
    pub fn approve_numbers(&mut self, numbers: &[u32], reason: Option<&str>) -> Result<Vec<u32>> {
        let mut wanted: BTreeSet<u32> = numbers.iter().copied().collect();
        for number in numbers {
            for needed in self.needs(*number)? {
                if wanted.insert(needed) {
                    self.refuse_need(*number, needed, None)?;
                }
            }
        }
        let choice = self.choice(Verb::Approve, reason, None);
        let mut approved = Vec::new();
        for number in wanted {
            let held = self.proposal(number)?.choice();
            if held.is_none_or(|held| held.verb == Verb::Reject) {
                approved.push((number, choice.clone()));
            }
        }
        self.decide(approved)
    }

    /// Approves a proposal with another text.
    ///
    /// # Errors
    /// `NotFound` if there is no such proposal; `Invalid` if it is merged already or writes no
    /// single text; `Limit` if the text is too long.
    pub fn amend(&mut self, number: u32, text: &str, reason: Option<&str>) -> Result<()> {
        self.check_text(number, text)?;
        self.approve_numbers(&[number], reason)?;
        let choice = self.choice(Verb::Amend, reason, Some(text.to_owned()));
        self.decide(vec![(number, choice)]).map(drop)
    }

    /// Rejects proposals by number.
    ///
    /// # Errors
    /// `NotFound` if there is no such proposal; `Invalid` if it is merged: then it is to be taken
    /// back.
    pub fn reject_numbers(&mut self, numbers: &[u32], reason: Option<&str>) -> Result<Vec<u32>> {
        let choice = self.choice(Verb::Reject, reason, None);
        self.decide(numbers.iter().map(|number| (*number, choice.clone())).collect())
    }

    /// Whether a proposal can be given another text.
    pub(super) fn check_text(&self, number: u32, text: &str) -> Result<()> {
        let proposal = self.proposal(number)?;
        let writes = proposal.changes().iter().filter(|change| change.after.is_some()).count();
        if writes != 1 {
            return Err(Error::invalid(format!(
                "proposal {number} writes {writes} memories; only one with a single text can be \
                 given another"
            )));
        }
        Entry::new(text).checked().map(drop)
    }

    pub(super) fn choice(&self, verb: Verb, reason: Option<&str>, text: Option<String>) -> Choice {
        Choice {
            verb,
            reviewer: self.reviewer.author.to_string(),
            reason: reason.map(str::to_owned),
            text,
            merged: false,
            reverted: false,
            recorded: false,
            unchanged: false,
        }
    }

    pub(super) fn proposal(&self, number: u32) -> Result<&Proposal> {
        let found = self.proposals.iter().find(|proposal| proposal.number() == number);
        found.ok_or_else(|| {
            let count = self.proposals.len();
            let dream = self.dream.number();
            Error::not_found(format!("dream {dream} has {count} proposals, no number {number}"))
        })
    }

    /// Keeps decisions.
    pub(super) fn decide(&mut self, decisions: Vec<(u32, Choice)>) -> Result<Vec<u32>> {
        for (number, _) in &decisions {
            self.refuse_settled(*number)?;
        }
        if decisions.is_empty() {
            return Ok(Vec::new());
        }
        let dream = &self.dream;
        let text = format!("Decide on dream {}", dream.number());
        write_meta(dream.store(), self.reviewer.message(text), |transaction| {
            refuse_made_anew(transaction, dream, &decisions)?;
            dream.redecide(transaction, |choices| choices.extend(decisions.iter().cloned()))
        })?;
        let numbers = decisions.iter().map(|(number, _)| *number).collect();
        for (number, choice) in decisions {
            for proposal in self.proposals.iter_mut().filter(|held| held.number() == number) {
                proposal.choice = Some(choice.clone());
            }
        }
        Ok(numbers)
    }

    /// Prepares the merge of what is approved and not yet merged.
    ///
    /// # Errors
    /// `Conflict` if nothing is approved, or if what is cites a session that is kept out of dreams;
    /// `Corrupt` if something is damaged.
    pub fn merge(&self) -> Result<ReviewMerge> {
        let ready = |proposal: &&Proposal| {
            proposal.choice().is_some_and(|choice| choice.verb != Verb::Reject && !choice.merged)
        };
        let approved: Vec<&Proposal> = self.proposals.iter().filter(ready).collect();
        if approved.is_empty() {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("no approved proposal of dream {} waits to be merged", self.dream.number()),
            ));
        }
        let merge = self.merge_of(&approved, Choices::new())?;
        let kept_out = self.dream.store().quarantined()?.into_iter().map(|held| held.session);
        Reliance::of(&self.dream, merge.numbers())?.refuse(&kept_out.collect())?;
        Ok(merge)
    }

    /// Prepares the merge of these proposals, to be approved as `decided` says when they are merged.
    pub(super) fn merge_of(
        &self,
        proposals: &[&Proposal],
        decided: Choices,
    ) -> Result<ReviewMerge> {
        let links = proposals.iter().map(|proposal| self.link(proposal)).collect();
        Ok(ReviewMerge {
            dream: self.dream.clone(),
            reviewer: self.reviewer.clone(),
            numbers: proposals.iter().map(|proposal| proposal.number()).collect(),
            chain: Chain::prepare(self.dream.base_branch()?, links)?,
            decided,
            overriding: None,
        })
    }

    fn link(&self, proposal: &Proposal) -> Link {
        let amended = proposal.choice().and_then(|choice| choice.text.clone());
        let dream = self.dream.number();
        let title = format!("dream {dream}, proposal {}: {}", proposal.number(), proposal.title());
        Link {
            source: proposal.commit(),
            cause: Cause::Pick {
                dream,
                proposal: proposal.number(),
                source: proposal.commit(),
                amended: amended.is_some(),
            },
            amended,
            // The words are the dream's: taking back the reviewer's session leaves them.
            message: self.reviewer.author.message(title),
        }
    }
}

/// Approved proposals on their way to the branch. Nothing is written before
/// [`ReviewMerge::commit`].
#[must_use = "a merge does nothing until it is committed"]
pub struct ReviewMerge {
    pub(super) dream: Dream,
    pub(super) reviewer: Reviewer,
    numbers: Vec<u32>,
    pub(super) chain: Chain,
    /// Decisions that are made by merging.
    decided: Choices,
    pub(super) overriding: Option<String>,
}

impl ReviewMerge {
    /// The numbers of the proposals to be merged.
    pub fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    /// The conflicts that need a decision, each with the proposal it is of.
    pub fn conflicts(&self) -> Vec<(u32, Conflict)> {
        let open = self.chain.conflicts().into_iter();
        open.map(|(link, conflict)| (self.numbers[link], conflict)).collect()
    }

    /// Decides every open conflict.
    ///
    /// # Errors
    /// `Limit` if a new text is too long.
    pub fn resolve(&mut self, mut choose: impl FnMut(&Conflict) -> Resolution) -> Result<()> {
        while let Some((_, conflict)) = self.conflicts().into_iter().next() {
            self.resolve_key(conflict.key.as_str(), choose(&conflict))?;
        }
        Ok(())
    }

    /// Decides the conflict at `key`.
    ///
    /// # Errors
    /// `NotFound` with the keys in conflict; `Limit` if a new text is too long.
    pub fn resolve_key(&mut self, key: &str, resolution: Resolution) -> Result<()> {
        if let Resolution::Text(text) = &resolution {
            Entry::new(text.clone()).checked()?;
        }
        self.chain.resolve_key(key, resolution)
    }

    /// What committing changes on the branch.
    ///
    /// # Errors
    /// `Corrupt` if a node or record is damaged.
    pub fn changes(&self) -> Result<Vec<Change>> {
        self.chain.changes()
    }

    /// The entry that a change of [`ReviewMerge::changes`] or a conflict names.
    ///
    /// # Errors
    /// `NotFound` or `Redacted` if the record cannot be read.
    pub fn entry(&self, record: RecordId) -> Result<Entry> {
        self.chain.entry(record)
    }

    /// Merges: one pick per proposal, closed by one review commit, and the account of it, in one
    /// durable write. Returns the review commit.
    ///
    /// # Errors
    /// `Conflict` with the keys if decisions are missing, or if a cited session was taken back
    /// meanwhile; `Blocked` if the policy refuses it or the
    /// review's session was taken back; `Locked` if another process kept writing.
    pub fn commit(self, text: &str) -> Result<CommitId> {
        let mut message = self.reviewer.message(text);
        message.overriding = self.overriding;
        message.check()?;
        let (dream, decided) = (self.dream.clone(), self.decided);
        let choices = with(&decided, dream.choices()?)?;
        let closing = closing(&dream, &self.numbers, &choices)?;
        let reliance = Reliance::of(&dream, &self.numbers)?;
        let (numbers, reviewer) = (self.numbers, self.reviewer);
        let beside = || -> Result<(Transaction, Message)> {
            let mut transaction = meta(dream.store()).write_reserved()?;
            reliance.check(&mut transaction)?;
            if !decided.is_empty() {
                reliance.give_way(&dream, &mut transaction)?;
            }
            with(&decided, dream.choices()?)?;
            dream.redecide(&mut transaction, |choices| {
                choices.extend(decided.iter().map(|(number, made)| (*number, made.clone())));
                for (number, choice) in choices {
                    let now = numbers.contains(number);
                    choice.merged |= now;
                    choice.recorded |= now || choice.verb == Verb::Reject;
                }
            })?;
            let text = format!("Merge {} proposals of dream {}", numbers.len(), dream.number());
            Ok((transaction, reviewer.message(text)))
        };
        self.chain.commit(&message, &closing, &beside)
    }
}

impl fmt::Debug for ReviewMerge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReviewMerge({:?} of {:?})", self.numbers, self.dream)
    }
}

/// The choices, with those made by merging.
///
/// # Errors
/// `Conflict` if somebody has decided otherwise meanwhile.
fn with(decided: &Choices, mut choices: Choices) -> Result<Choices> {
    for (number, choice) in decided {
        if choices.insert(*number, choice.clone()).is_some() {
            let message = format!("proposal {number} was decided on meanwhile");
            return Err(Error::new(ErrorKind::Conflict, message));
        }
    }
    Ok(choices)
}

/// The cause of the review commit: the decisions of this round, rejections included.
fn closing(dream: &Dream, numbers: &[u32], choices: &Choices) -> Result<(Cause, Vec<SaltedText>)> {
    let seed = dream.store().draw_seed()?;
    let mut decisions = Vec::new();
    let mut texts = Vec::new();
    for (number, choice) in choices {
        let rejected = choice.verb == Verb::Reject && !choice.recorded;
        if !numbers.contains(number) && !rejected {
            continue;
        }
        let reason = choice.reason.as_ref().map(|reason| {
            texts.push(cause_text(&seed, texts.len() as u64, reason));
            texts[texts.len() - 1].id()
        });
        decisions.push(Decision { proposal: *number, verb: choice.verb, reason });
    }
    Ok((Cause::Review { dream: dream.number(), decisions }, texts))
}
