//! One curator at work on one dream: each suggestion becomes a commit, or is counted with the reason
//! why not.

use std::collections::{BTreeMap, BTreeSet};

use crate::dream::account::Account;
use crate::dream::curator::{
    Curator, CuratorInput, Recalled, SessionReader, SuggestedChange, Suggestion,
};
use crate::dream::dream::Dream;
use crate::dream::feedback::Feedback;
use crate::dream::footing::Footing;
use crate::dream::manifest::{Choice, Manifest, meta, numbers};
use crate::dream::order::Orders;
use crate::engine::{Provenances, Snapshot, Store, Transaction};
use crate::error::{ErrorKind, Result};
use crate::object::{
    Author, Cause, Evidence, OperationKind, ProposalPart, Trust, Verb, cause_text,
};
use crate::storage::RecordId;

/// How many citations a record itself names; the proposal's commit names all.
const RECORD_EVIDENCE_MAX: usize = 16;

/// A proposal that was turned down before: the sessions and the records it rested on then.
#[derive(Default)]
struct TurnedDown {
    dream: u64,
    sessions: BTreeSet<String>,
    inputs: BTreeSet<RecordId>,
}

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
    turned_down: BTreeMap<BTreeSet<String>, TurnedDown>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        ((curator, instructions, recalls), trust_max): (Given<'a>, Trust),
        (dream, orders): (&'a Dream, &'a Orders),
        reader: &'a SessionReader<'a>,
        author: &'a Author,
        manifest: &'a mut Manifest,
    ) -> Result<Self> {
        let turned_down = turned_down(dream.store(), &manifest.branch)?;
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
            turned_down,
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
        if let Some(reason) = self.was_turned_down(&suggestion, &mut rationale) {
            return Ok(Some(reason));
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
        transaction.commit(self.author.message(suggestion.title))?;
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

    /// Why a suggestion that was turned down before is not made again; where its evidence grew, the
    /// rationale says so instead.
    fn was_turned_down(&self, suggestion: &Suggestion, rationale: &mut String) -> Option<String> {
        let before = self.turned_down.get(&touched(suggestion))?;
        let sessions: BTreeSet<&str> =
            suggestion.cites.iter().map(|cite| cite.session.as_str()).collect();
        let new = sessions.iter().filter(|id| !before.sessions.contains(**id)).count();
        let changed = suggestion.inputs.iter().filter(|id| !before.inputs.contains(id)).count();
        let note = match (new, changed) {
            (0, 0) => {
                return Some(format!("turned down in dream {}, no new evidence", before.dream));
            }
            (0, changed) => format!("{changed} of the memories it rests on changed since"),
            (new, _) => format!("{new} further sessions since"),
        };
        let note = format!("Turned down in dream {}; {note}.", before.dream);
        *rationale = format!("{rationale} {note}");
        None
    }
}

/// The keys that a suggestion touches.
fn touched(suggestion: &Suggestion) -> BTreeSet<String> {
    let keys = suggestion.changes.iter().flat_map(|change| match change {
        SuggestedChange::Put(key, _) | SuggestedChange::Remove(key) => vec![key.to_string()],
        SuggestedChange::Rename(from, to) => vec![from.to_string(), to.to_string()],
        SuggestedChange::Malformed(_) => Vec::new(),
    });
    keys.collect()
}

/// The proposals on a branch that were rejected or taken back, by the keys they touch.
fn turned_down(store: &Store, branch: &str) -> Result<BTreeMap<BTreeSet<String>, TurnedDown>> {
    let snapshot = meta(store).snapshot()?;
    let mut found: BTreeMap<BTreeSet<String>, TurnedDown> = BTreeMap::new();
    for number in numbers(&snapshot)? {
        let dream = Dream::new(store.clone(), number);
        if !dream.is_of(branch)? {
            continue;
        }
        let refused = |choice: &Choice| choice.verb == Verb::Reject || choice.reverted;
        let choices = dream.choices()?;
        let refused: BTreeSet<u32> =
            choices.iter().filter(|(_, choice)| refused(choice)).map(|(n, _)| *n).collect();
        if refused.is_empty() {
            continue;
        }
        for proposal in dream.proposals()? {
            if !refused.contains(&proposal.number()) {
                continue;
            }
            let sessions = proposal.session_ids();
            let entry = found.entry(proposal.touched()).or_default();
            entry.dream = number;
            entry.sessions.extend(sessions);
            entry.inputs.extend(proposal.inputs());
        }
    }
    Ok(found)
}

/// The first citation of each session, as many as a record names.
fn first_per_session(evidence: &[Evidence]) -> Vec<Evidence> {
    let mut seen = BTreeSet::new();
    let first = evidence.iter().filter(|cite| seen.insert(cite.session));
    first.take(RECORD_EVIDENCE_MAX).cloned().collect()
}
