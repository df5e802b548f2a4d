//! Asking for leave to move a guarded branch, outside of where it lands.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::branch::Branch;
use crate::engine::change::{Change, Diff, name_changes};
use crate::engine::core::Core;
use crate::engine::database::Database;
use crate::engine::endorse::Endorsements;
use crate::engine::nodes::PinnedTree;
use crate::engine::policy::gate::{Gate, GateQuestion, JudgedChange, JudgedProposal};
use crate::engine::policy::guard::{Clearance, Head};
use crate::engine::policy::judge::{admit, judge};
use crate::engine::policy::standing::Standing;
use crate::engine::snapshot::Snapshot;
use crate::engine::store::Store;
use crate::error::Result;
use crate::object::{
    Author, Cause, Judged, Key, Message, Record, RefKind, RefMove, Stored, Verdict,
};
use crate::storage::{CommitId, RecordId, TextId};
use crate::tree;

/// A change of a guarded branch, and under which policy leave is asked for it.
pub(crate) struct Asking<'a> {
    branch: &'a Branch,
    standing: Arc<Standing>,
    head: Option<CommitId>,
    message: &'a Message,
    cause: &'a Cause,
}

impl<'a> Asking<'a> {
    /// A change of `branch` from `head`; `None` if the branch is not guarded.
    pub(crate) fn about(
        branch: &'a Branch,
        head: Option<CommitId>,
        message: &'a Message,
        cause: &'a Cause,
    ) -> Result<Option<Self>> {
        let standing = branch.store().core().standing(branch.store().name())?;
        Ok(Self::under(standing, branch, head, message, cause))
    }

    pub(super) fn under(
        standing: Arc<Standing>,
        branch: &'a Branch,
        head: Option<CommitId>,
        message: &'a Message,
        cause: &'a Cause,
    ) -> Option<Self> {
        let guarded = standing.policy.guards(branch.name());
        guarded.then_some(Self { branch, standing, head, message, cause })
    }

    /// What the policy says, whether or not the change may be made.
    pub(crate) fn verdict(
        &self,
        changes: &[JudgedChange],
        proposals: &[JudgedProposal],
        gates: &[Arc<dyn Gate>],
    ) -> Result<Verdict> {
        self.verdict_by(&self.branch.store().endorsements()?, changes, proposals, gates)
    }

    fn verdict_by(
        &self,
        endorsements: &Endorsements,
        changes: &[JudgedChange],
        proposals: &[JudgedProposal],
        gates: &[Arc<dyn Gate>],
    ) -> Result<Verdict> {
        let question = GateQuestion {
            store: self.branch.store(),
            branch: self.branch.name(),
            head: self.head,
            policy: &self.standing.policy,
            endorsements,
            author: &self.message.author,
            message: &self.message.text,
            cause: self.cause,
            changes,
            proposals,
        };
        let own = self.branch.store().core().gates.iter();
        let gates: Vec<Arc<dyn Gate>> = own.chain(gates).cloned().collect();
        judge(&question, &self.standing, &gates)
    }

    /// Leave to make the change on this head, with the verdict to keep.
    ///
    /// # Errors
    /// `Blocked` with what stands in the way.
    pub(crate) fn leave(
        &self,
        changes: &[JudgedChange],
        proposals: &[JudgedProposal],
        gates: &[Arc<dyn Gate>],
    ) -> Result<(Judged, Clearance)> {
        let endorsements = self.branch.store().endorsements()?;
        let verdict = self.verdict_by(&endorsements, changes, proposals, gates)?;
        let seed = self.branch.store().core().seed()?;
        let judged = admit(verdict, self.branch.name(), self.message, &seed)?;
        let mut clearance = self.clearance(Head::Only(self.head));
        clearance.endorsed = self.relied_on(&endorsements, changes)?;
        Ok((judged, clearance))
    }

    pub(super) fn clearance(&self, head: Head) -> Clearance {
        Clearance {
            store: self.branch.store().name().clone(),
            branch: self.branch.name().clone(),
            policy: self.standing.record,
            head,
            endorsed: Vec::new(),
        }
    }

    /// The texts that are trusted enough only because somebody vouches for them: nobody may have
    /// taken that back when the change lands.
    fn relied_on(
        &self,
        endorsements: &Endorsements,
        changes: &[JudgedChange],
    ) -> Result<Vec<TextId>> {
        let mut relied = Vec::new();
        for record in changes.iter().filter_map(JudgedChange::written) {
            if record.trust() < self.standing.policy.trust_min && endorsements.hold(record)? {
                relied.push(record.text_id());
            }
        }
        Ok(relied)
    }
}

/// What edits change in `tree`, in their order.
pub(crate) fn raw_changes(
    tree: &PinnedTree,
    edits: impl IntoIterator<Item = (Key, Option<RecordId>)>,
) -> Result<Vec<tree::Change>> {
    let mut raw = Vec::new();
    for (key, after) in edits {
        let before = if tree.is_empty() { None } else { tree.get(key.as_str())? };
        if before != after {
            raw.push(tree::Change { key, before, after });
        }
    }
    Ok(raw)
}

/// Changes with their records, some of which may not be stored yet.
pub(crate) fn judged_changes<'a>(
    core: &Core,
    raw: Vec<tree::Change>,
    made: impl IntoIterator<Item = &'a (RecordId, Stored)>,
) -> Result<Vec<JudgedChange>> {
    let made: HashMap<RecordId, &Stored> =
        made.into_iter().map(|(id, stored)| (*id, stored)).collect();
    let view = core.view()?;
    let record = |id: RecordId| match made.get(&id) {
        Some(stored) => Record::open((*stored).clone()),
        None => core.record(&view, id),
    };
    let named = name_changes(raw, &|id| Ok(record(id)?.memory()))?;
    named.into_iter().map(|change| judged(change, &record)).collect()
}

pub(super) fn judged(
    change: Change,
    record: &impl Fn(RecordId) -> Result<Record>,
) -> Result<JudgedChange> {
    Ok(JudgedChange {
        kind: change.kind,
        key: change.key,
        from: change.from,
        before: change.before.map(record).transpose()?.map(Arc::new),
        after: change.after.map(record).transpose()?.map(Arc::new),
    })
}

/// Leave for moves of refs to commits that are there already.
///
/// # Errors
/// `Blocked` with what stands in the way. Such a move has no message and cannot be overridden.
pub(crate) fn leave_to_move(
    database: &Database,
    author: &Author,
    moves: &[RefMove],
) -> Result<Vec<Clearance>> {
    let mut cleared = Vec::new();
    for step in moves.iter().filter(|step| step.kind == RefKind::Branch && !step.name.is_reserved())
    {
        let store = Store::new(database.clone(), step.store.clone());
        let branch = store.any_branch(step.name.clone());
        let message = author.message("");
        let Some(asking) = Asking::about(&branch, step.from, &message, &Cause::Write)? else {
            continue;
        };
        let content = |commit: Option<CommitId>| {
            Snapshot::at(store.clone(), commit.map(|id| store.commit(id)).transpose()?)
        };
        let (before, after) = (content(step.from)?, content(step.to)?);
        let changes = Diff::between(&before, &after, "")?
            .map(|change| judged(change?, &|id| store.record(id)))
            .collect::<Result<Vec<_>>>()?;
        cleared.push(asking.leave(&changes, &[], &[])?.1);
    }
    Ok(cleared)
}
