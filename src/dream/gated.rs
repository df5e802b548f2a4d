//! Merging without a person: what the policy passes of a dream, and why it holds the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::dream::dream::Dream;
use crate::dream::earlier::Earlier;
use crate::dream::manifest::{Choices, Part, load, meta, save};
use crate::dream::overtaken::Overtaken;
use crate::dream::proposal::{Proposal, touched_by};
use crate::dream::review::{Review, ReviewMerge};
use crate::dream::run::write_meta;
use crate::engine::{Gate, JudgedChange, PolicyMode, policy_author};
use crate::error::{ErrorKind, Result};
use crate::object::{Bound, Cause, RuleFinding, Ruling, Verb, Verdict};
use crate::storage::CommitId;

/// How often a merge is chosen anew because the branch moved meanwhile.
const TRIES_MAX: usize = 8;
/// The rule that says whether anything is merged without a person at all.
const MODE: &str = "mode";
/// The rule that no cited session may be kept out of dreams.
const KEPT_OUT: &str = "quarantine";
/// The rule that nothing of an earlier dream may be approved there and wait to be merged.
const APPROVED: &str = "approved";

/// What the policy says of one proposal, were it merged without a person, after those before it
/// that pass.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ProposalVerdict {
    /// The proposal.
    pub number: u32,
    /// The findings, rule by rule.
    pub findings: Vec<RuleFinding>,
}

impl ProposalVerdict {
    /// Whether the proposal would be merged.
    pub fn passes(&self) -> bool {
        self.refusals().next().is_none()
    }

    /// The findings that stand in the way.
    pub fn refusals(&self) -> impl Iterator<Item = &RuleFinding> {
        self.findings.iter().filter(|finding| finding.refuses())
    }

    /// Whether a rule is broken, and not just unasked. A session may be let in again, and what
    /// was approved may be merged or rejected.
    fn breaks(&self) -> bool {
        let broken = |finding: &RuleFinding| finding.ruling == Ruling::Failed;
        self.refusals()
            .any(|finding| broken(finding) && ![KEPT_OUT, APPROVED].contains(&&*finding.rule))
    }
}

impl Dream {
    /// What the policy says of each open proposal, were it merged without a person: the best first,
    /// each together with those before it that pass. Empty where the branch is not guarded.
    ///
    /// # Errors
    /// `Corrupt` if something is damaged.
    pub fn policy_verdicts(&self, gates: &[Arc<dyn Gate>]) -> Result<Vec<ProposalVerdict>> {
        let review = self.review_as(policy_author())?;
        let (policy, branch) = (self.store().policy()?, self.base_branch()?);
        if !policy.guards(branch.name()) {
            return Ok(Vec::new());
        }
        let earlier = Earlier::read(self.store(), branch.name().as_str(), self.number())?;
        let kept_out = self.store().quarantined()?;
        let mut passed: Vec<&Proposal> = Vec::new();
        let mut merged = BTreeSet::new();
        let mut verdicts = Vec::new();
        for proposal in review.proposals() {
            if !proposal.is_open() {
                let merged_once = proposal.choice().is_some_and(|choice| choice.merged);
                let is_there = merged_once || proposal.overtaken() == Some(Overtaken::ByBranch);
                merged.extend(is_there.then_some(proposal.number()));
                continue;
            }
            let ready = |number: &u32| {
                merged.contains(number) || passed.iter().any(|held| held.number() == *number)
            };
            let missing = proposal.depends_on().iter().filter(|number| !ready(number));
            let missing = missing.map(|number| format!("proposal {number}")).collect();
            let cited = proposal.session_ids();
            let away = kept_out.iter().filter(|found| cited.contains(&found.session));
            let away = away.map(|found| found.session.clone()).collect();
            let approved = earlier.approved_at(&touched_by(proposal.changes()));
            let approved = approved.map(|dream| format!("dream {dream}")).into_iter().collect();
            let mut findings = vec![
                broken_by("depends", missing),
                broken_by(KEPT_OUT, away),
                broken_by(APPROVED, approved),
            ];
            findings.retain(RuleFinding::refuses);
            if findings.is_empty() {
                findings = judged(&review, &passed, proposal, gates)?;
            }
            let verdict = ProposalVerdict { number: proposal.number(), findings };
            if verdict.passes() {
                passed.push(proposal);
            }
            verdicts.push(verdict);
        }
        Ok(verdicts)
    }

    /// Why the policy held proposals when the dream ended, or when it was last asked.
    ///
    /// # Errors
    /// `Corrupt` if the record is damaged.
    pub fn held(&self) -> Result<Vec<ProposalVerdict>> {
        let snapshot = meta(self.store()).snapshot()?;
        Ok(load(&snapshot, self.number(), Part::Held)?.unwrap_or_default())
    }
}

impl ReviewMerge {
    /// Asks these, too, before the branch moves.
    pub fn gates(mut self, gates: &[Arc<dyn Gate>]) -> Self {
        self.chain.set_gates(gates.to_vec());
        self
    }

    /// Merges where the policy refuses it, with the reason on the record. Only a person can.
    pub fn overriding(mut self, reason: impl Into<String>) -> Self {
        self.overriding = Some(reason.into());
        self
    }

    /// The commit of the branch that this was prepared on; `None` if it has none yet.
    pub fn head(&self) -> Option<CommitId> {
        self.chain.head()
    }

    /// What the branch would be after merging: each change of that commit with its record.
    ///
    /// # Errors
    /// `Corrupt` if a node or record is damaged.
    pub fn foreseen(&self) -> Result<Vec<JudgedChange>> {
        self.chain.foreseen(&self.reviewer.message("Foresee the merge"))
    }

    /// What the policy says of merging this now; `None` where the branch is not guarded.
    ///
    /// # Errors
    /// `Corrupt` if a node or record is damaged.
    pub fn verdict(&self, text: &str) -> Result<Option<Verdict>> {
        let cause = Cause::Review { dream: self.dream.number(), decisions: Vec::new() };
        self.chain.verdict(&self.reviewer.message(text), &cause)
    }
}

/// What the policy says of a proposal by itself, and of what the branch would get with it.
fn judged(
    review: &Review,
    passed: &[&Proposal],
    proposal: &Proposal,
    gates: &[Arc<dyn Gate>],
) -> Result<Vec<RuleFinding>> {
    let needed = |held: &&&Proposal| proposal.depends_on().contains(&held.number());
    let mut alone: Vec<&Proposal> = passed.iter().filter(needed).copied().collect();
    alone.push(proposal);
    let mut all = passed.to_vec();
    all.push(proposal);
    let whole = review.merge_of(&all, Choices::new())?.gates(gates);
    let open: BTreeSet<String> =
        whole.conflicts().into_iter().map(|(_, conflict)| conflict.key.to_string()).collect();
    let conflict = broken_by("conflict", open.into_iter().collect());
    if conflict.refuses() {
        return Ok(vec![conflict]);
    }
    let text = title(review, 1);
    let of = |merge: ReviewMerge| -> Result<Vec<RuleFinding>> {
        let verdict = merge.verdict(&text)?;
        let mut findings = verdict.map(|verdict| verdict.findings).unwrap_or_default();
        findings.retain(|finding| finding.rule != MODE);
        Ok(findings)
    };
    let whole = of(whole)?;
    let mut own = of(review.merge_of(&alone, Choices::new())?.gates(gates))?;
    for (own, whole) in own.iter_mut().zip(whole) {
        if whole.refuses() && !own.refuses() {
            *own = whole;
        }
    }
    Ok(own)
}

fn title(review: &Review, count: usize) -> String {
    format!("Merge {count} proposals of dream {} that pass the policy", review.dream().number())
}

/// A finding that nothing may be named.
fn broken_by(rule: &str, named: Vec<String>) -> RuleFinding {
    let found = named.len() as u64;
    let ruling = if found == 0 { Ruling::Passed } else { Ruling::Failed };
    let bound = Some(Bound::AtMost(0));
    RuleFinding { rule: rule.to_owned(), version: 1, ruling, binding: true, found, bound, named }
}

/// Merges what the policy passes of a dream that has just ended, and notes why it holds the rest.
/// In the mode `auto`, what breaks a rule is rejected.
pub(crate) fn merge_what_passes(dream: &Dream, gates: &[Arc<dyn Gate>]) -> Result<()> {
    let mut held = Vec::new();
    for _ in 0..TRIES_MAX {
        if dream.store().policy()?.mode == PolicyMode::Review {
            return Ok(());
        }
        let (passing, rest): (Vec<_>, Vec<_>) =
            dream.policy_verdicts(gates)?.into_iter().partition(ProposalVerdict::passes);
        held = rest;
        if passing.is_empty() {
            break;
        }
        match merge(dream, &passing, gates) {
            // The branch, the policy or a person was faster.
            Err(error) if matches!(error.kind(), ErrorKind::Blocked | ErrorKind::Conflict) => {}
            other => {
                other?;
                break;
            }
        }
    }
    if held.is_empty() {
        return Ok(());
    }
    let text = format!("Hold {} proposals of dream {}", held.len(), dream.number());
    write_meta(dream.store(), policy_author().message(text), |transaction| {
        save(transaction, dream.number(), Part::Held, &held)
    })?;
    if dream.store().policy()?.mode == PolicyMode::Auto {
        reject(dream, &held)?;
    }
    Ok(())
}

fn merge(dream: &Dream, passing: &[ProposalVerdict], gates: &[Arc<dyn Gate>]) -> Result<()> {
    let review = dream.review_as(policy_author())?;
    let numbers: BTreeSet<u32> = passing.iter().map(|verdict| verdict.number).collect();
    let chosen = |proposal: &&Proposal| numbers.contains(&proposal.number());
    let proposals: Vec<&Proposal> = review.proposals().iter().filter(chosen).collect();
    let choice = review.choice(Verb::Approve, Some("The policy passes it."), None);
    let decided = numbers.iter().map(|number| (*number, choice.clone())).collect();
    let merge = review.merge_of(&proposals, decided)?.gates(gates);
    merge.commit(&title(&review, numbers.len())).map(drop)
}

fn reject(dream: &Dream, held: &[ProposalVerdict]) -> Result<()> {
    let mut review = dream.review_as(policy_author())?;
    let open: BTreeSet<u32> = review
        .proposals()
        .iter()
        .filter(|proposal| proposal.is_open())
        .map(Proposal::number)
        .collect();
    let broken = held.iter().filter(|verdict| verdict.breaks() && open.contains(&verdict.number));
    let decisions: BTreeMap<u32, _> = broken
        .map(|verdict| {
            let reasons: Vec<String> = verdict.refusals().map(ToString::to_string).collect();
            let choice = review.choice(Verb::Reject, Some(&reasons.join("; ")), None);
            (verdict.number, choice)
        })
        .collect();
    review.decide(decisions.into_iter().collect()).map(drop)
}
