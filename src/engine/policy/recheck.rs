//! Computing the verdict of a commit again.

use std::sync::Arc;

use crate::engine::endorse::Endorsements;
use crate::engine::policy::ask::judged;
use crate::engine::policy::gate::{Gate, GateQuestion, JudgedChange, JudgedProposal};
use crate::engine::policy::judge::judge;
use crate::engine::policy::standing::{KEY, Standing};
use crate::engine::snapshot::Snapshot;
use crate::engine::store::Store;
use crate::error::Result;
use crate::object::{Cause, Commit, RefName, RuleFinding, Ruling, Verdict};
use crate::storage::{CommitId, RecordId};

/// The verdict of a commit, computed again.
#[derive(Clone, Debug)]
pub struct PolicyCheck {
    /// What is kept with the commit; `None` for a plain write that passed, and for what was made on
    /// a branch that was not guarded.
    pub kept: Option<Verdict>,
    /// What the rules say now of the same change, under the policy of then.
    pub now: Verdict,
}

impl PolicyCheck {
    /// The rules whose answer differs from the one that is kept, with both. Answers by another
    /// version of a rule, and such as were not given now, are compared too: they are not the same.
    pub fn differences(&self) -> Vec<(Option<&RuleFinding>, Option<&RuleFinding>)> {
        let Some(kept) = &self.kept else { return Vec::new() };
        let find = |verdict: &'_ Verdict, rule: &str| {
            verdict.findings.iter().position(|finding| finding.rule == rule)
        };
        let mut differences = Vec::new();
        for then in &kept.findings {
            let now = find(&self.now, &then.rule).map(|at| &self.now.findings[at]);
            if now != Some(then) {
                differences.push((Some(then), now));
            }
        }
        for now in &self.now.findings {
            if find(kept, &now.rule).is_none() {
                differences.push((None, Some(now)));
            }
        }
        differences
    }

    /// Whether the verdict is what it was. A plain write without one must still pass.
    pub fn is_same(&self) -> bool {
        match &self.kept {
            Some(_) => self.differences().is_empty(),
            None => self.now.passes(),
        }
    }

    /// Whether the answer of some rule could not be computed again: what it needs was not handed
    /// in, or was erased.
    pub fn is_partial(&self) -> bool {
        self.now.findings.iter().any(|finding| finding.ruling == Ruling::Unchecked)
    }
}

impl Store {
    /// Computes the verdict of a commit again, as a change of `branch`: from the commit, its
    /// parents, and the policy that the verdict names. Of `gates` those are asked that were asked
    /// then. Of a commit without a verdict, it is the
    /// policy that was in force when it was made.
    ///
    /// # Errors
    /// `NotFound` if there is no such commit; `Corrupt` if something is damaged.
    pub fn check(
        &self,
        commit: CommitId,
        branch: &RefName,
        gates: &[Arc<dyn Gate>],
    ) -> Result<PolicyCheck> {
        let commit = self.commit(commit)?;
        let record = match commit.verdict() {
            Some(verdict) => verdict.policy,
            None => self.policy_then(&commit)?,
        };
        let standing = match record {
            Some(record) => Standing::read(&self.record(record)?)?,
            None => Standing::default(),
        };
        let changes = self.judged_of(commit.id())?;
        let proposals = self.proposals_of(&commit)?;
        let endorsements = self.endorsements_then(&commit)?;
        let question = GateQuestion {
            store: self,
            branch,
            head: commit.first_parent(),
            policy: &standing.policy,
            endorsements: &endorsements,
            author: commit.author(),
            message: commit.message().unwrap_or_default(),
            cause: commit.cause(),
            changes: &changes,
            proposals: &proposals,
        };
        let kept = commit.verdict().cloned();
        // What was not asked then is no part of the verdict.
        let asked = |gate: &&Arc<dyn Gate>| {
            let mut then = kept.iter().flat_map(|verdict| &verdict.findings);
            then.any(|found| found.rule == gate.rule() && found.ruling != Ruling::Unchecked)
        };
        let own = self.core().gates.iter();
        let gates: Vec<Arc<dyn Gate>> = own.chain(gates.iter().filter(asked)).cloned().collect();
        let mut now = judge(&question, &standing, &gates)?;
        now.overridden = kept.as_ref().and_then(|verdict| verdict.overridden);
        Ok(PolicyCheck { kept, now })
    }

    fn judged_of(&self, commit: CommitId) -> Result<Vec<JudgedChange>> {
        let changes = self.changes(commit)?.into_iter();
        changes.map(|change| judged(change, &|id| self.record(id))).collect()
    }

    /// The proposals that a review commit closes, in their order.
    fn proposals_of(&self, review: &Commit) -> Result<Vec<JudgedProposal>> {
        let mut proposals = Vec::new();
        if !matches!(review.cause(), Cause::Review { .. }) {
            return Ok(proposals);
        }
        // Without a head, the chain's end is the first parent.
        let end = review.parents().last().copied();
        let mut at = end.filter(|_| review.parents().len() < 2 || end != review.first_parent());
        while let Some(id) = at {
            let pick = self.commit(id)?;
            let Cause::Pick { source, .. } = pick.cause() else { break };
            let changes = self.judged_of(id)?;
            proposals.push(JudgedProposal::of(self.core(), *source, changes)?);
            at = pick.first_parent();
        }
        proposals.reverse();
        Ok(proposals)
    }

    /// The policy in force when a commit was made.
    fn policy_then(&self, commit: &Commit) -> Result<Option<RecordId>> {
        self.meta_then(commit)?.get_id(KEY)
    }

    /// Who vouched for which texts when a commit was made.
    fn endorsements_then(&self, commit: &Commit) -> Result<Endorsements> {
        self.meta_then(commit).map(Endorsements::at)
    }

    /// What the log says that `meta` was before a commit.
    fn meta_then(&self, commit: &Commit) -> Result<Snapshot> {
        let head = self.ref_before(&RefName::meta(), commit.id())?;
        Snapshot::at(self.clone(), head.map(|head| self.commit(head)).transpose()?)
    }
}
