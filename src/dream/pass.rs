//! One curator at work on one dream: each suggestion becomes a commit, or is counted with the reason
//! why not.

use std::collections::BTreeSet;

use crate::dream::account::Account;
use crate::dream::curator::{
    Curator, CuratorInput, Recalled, SessionReader, SuggestedChange, Suggestion,
};
use crate::dream::dream::Dream;
use crate::dream::earlier::{Earlier, Reception};
use crate::dream::feedback::Feedback;
use crate::dream::footing::Footing;
use crate::dream::manifest::Manifest;
use crate::dream::order::Orders;
use crate::engine::{Provenances, Snapshot, Transaction};
use crate::error::{ErrorKind, Result};
use crate::object::{Author, Cause, Evidence, OperationKind, ProposalPart, Trust, cause_text};
use crate::storage::RecordId;

/// How many citations a record itself names; the proposal's commit names all.
const RECORD_EVIDENCE_MAX: usize = 16;

/// The curator, the instructions, and who knows what was recalled.
type Given<'a> = (&'a dyn Curator, Option<&'a str>, Option<&'a dyn Recalled>);

/// One curator at work on one dream.
pub(super) struct Pass<'a> {
    curator: &'a dyn Curator,
    instructions: Option<&'a str>,
    recalls: Option<&'a dyn Recalled>,
    /// The most that a proposal is trusted whose quotes do not all verify.
    trust_max: Trust,
    dream: &'a Dream,
    orders: &'a Orders,
    reader: &'a SessionReader<'a>,
    author: &'a Author,
    manifest: &'a mut Manifest,
    earlier: Earlier,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        ((curator, instructions, recalls), trust_max): (Given<'a>, Trust),
        (dream, orders): (&'a Dream, &'a Orders),
        reader: &'a SessionReader<'a>,
        author: &'a Author,
        manifest: &'a mut Manifest,
    ) -> Result<Self> {
        let earlier = Earlier::read(dream.store(), &manifest.branch, manifest.number)?;
        let mut trust_max = trust_max.min(curator.trust_max()).min(Trust::User);
        // Only a curator whose reading cannot be followed claims less than a user's word.
        if curator.trust_max() < Trust::User {
            trust_max = trust_max.min(dream.store().policy()?.black_box_max);
        }
        Ok(Self {
            curator,
            instructions,
            recalls,
            trust_max,
            dream,
            orders,
            reader,
            author,
            manifest,
            earlier,
        })
    }

    pub(super) fn run(mut self, base: &Snapshot, account: &Account) -> Result<()> {
        let curator = self.curator;
        let feedback = Feedback::all(self.dream.store())?;
        let input = CuratorInput {
            memory: base,
            sessions: self.reader,
            instructions: self.instructions,
            orders: self.orders,
            now: self.manifest.started(),
            recalls: self.recalls,
            feedback: &feedback,
            account,
        };
        let outcome = curator.propose(&input, &mut |suggestion| self.take(suggestion, account));
        for (reason, count) in account.take_dropped() {
            self.manifest.suggested += count;
            *self.manifest.dropped.entry(reason).or_default() += count;
        }
        outcome
    }

    /// Writes a suggestion as a proposal, or counts why not.
    fn take(&mut self, suggestion: Suggestion, account: &Account) -> Result<()> {
        self.orders.heed()?;
        self.manifest.suggested += 1;
        let dropped = match self.write(suggestion) {
            Ok(None) => {
                self.manifest.proposals += 1;
                account.wrote(self.manifest.proposals);
                return Ok(());
            }
            Ok(Some(reason)) => reason,
            Err(error) if matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Limit) => {
                format!("out of bounds: {error}")
            }
            Err(error) if error.kind() == ErrorKind::NotFound => format!("unfounded: {error}"),
            Err(error) => return Err(error),
        };
        *self.manifest.dropped.entry(dropped).or_default() += 1;
        Ok(())
    }

    /// Writes one commit on the dream's branch; or the reason why there is nothing to write.
    fn write(&mut self, suggestion: Suggestion) -> Result<Option<String>> {
        let mut rationale = suggestion.rationale.clone();
        match self.earlier.receive(&suggestion) {
            Reception::Dropped(reason) => return Ok(Some(reason)),
            Reception::Made(note) => {
                rationale.extend(note.map(|note| format!(" {note}")));
            }
        }
        let (evidence, grounds) = self.reader.evidence(&suggestion.cites)?;
        let number = self.manifest.proposals + 1;
        let mut transaction = self.dream.branch().write_reserved()?;
        for change in &suggestion.changes {
            match change {
                SuggestedChange::Put(key, entry) => transaction.put(key, entry.clone())?,
                SuggestedChange::Remove(key) => transaction.remove(key)?,
                SuggestedChange::Rename(from, to) => transaction.rename(from, to)?,
                SuggestedChange::Malformed(why) => {
                    return Ok(Some(format!("out of bounds: {why}")));
                }
            }
        }
        if transaction.is_empty() {
            return Ok(Some("memory says so already".to_owned()));
        }
        let (inputs, grounds) = self.grounds(&suggestion, grounds, &transaction)?;
        let trust = self.cap(&suggestion, grounds.trust())?;
        let store = self.dream.store();
        let seed = store.draw_seed()?;
        let salted = cause_text(&seed, 0, &rationale);
        let part = ProposalPart {
            dream: self.manifest.number,
            number,
            kind: suggestion.kind,
            confidence: suggestion.confidence.min(1_000),
            evidence: evidence.clone(),
            inputs: inputs.clone(),
            rationale: salted.id(),
        };
        transaction.set_origin(Provenances {
            dream: Some((self.manifest.number, number)),
            evidence: first_per_session(&evidence),
            inputs,
            trust: Some((trust, grounds.taint())),
        });
        transaction.set_cause((Cause::Proposal(part), vec![salted]), OperationKind::Commit);
        transaction.commit(self.author.message(&suggestion.title))?;
        let replaced = self.earlier.take_open(&suggestion);
        if !replaced.is_empty() {
            self.manifest.supersedes.insert(number, replaced);
        }
        Ok(None)
    }

    /// The records that a suggestion was made from, and all that it rests on: the cited events
    /// (`grounds`), these records, and those it edits. What it removes it was made from, whether or
    /// not the curator says so. An edit that cites nothing rests on nothing.
    fn grounds(
        &self,
        suggestion: &Suggestion,
        mut grounds: Footing,
        transaction: &Transaction,
    ) -> Result<(Vec<RecordId>, Footing)> {
        let (edited, removed) = transaction.replaced()?;
        let founded = !suggestion.cites.is_empty() || !suggestion.inputs.is_empty();
        let mut inputs = suggestion.inputs.clone();
        inputs.extend(removed);
        inputs.sort_unstable();
        inputs.dedup();
        if founded {
            let (store, endorsed) = (self.dream.store(), self.dream.store().endorsements()?);
            for id in inputs.iter().chain(&edited) {
                grounds.add_record(&store.record(*id)?, &endorsed)?;
            }
        }
        Ok((inputs, grounds))
    }

    /// The trust that a suggestion may have at most.
    fn cap(&self, suggestion: &Suggestion, trust: Trust) -> Result<Trust> {
        let most = self.trust_max;
        if trust <= most || self.reader.quotes_verify(&suggestion.cites)? {
            return Ok(trust.min(Trust::User));
        }
        Ok(most)
    }
}

/// The first citation of each session, as many as a record names.
fn first_per_session(evidence: &[Evidence]) -> Vec<Evidence> {
    let mut seen = BTreeSet::new();
    let first = evidence.iter().filter(|cite| seen.insert(cite.session));
    first.take(RECORD_EVIDENCE_MAX).cloned().collect()
}
