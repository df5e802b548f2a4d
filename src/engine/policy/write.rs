//! Plain writes at the gate. Whether one passes depends on its author, its keys and its words, and
//! on nothing else on the branch: leave holds for any head, and one that passes keeps no verdict.

use std::sync::Arc;

use crate::engine::landing::Landing;
use crate::engine::policy::ask::{Asking, judged_changes, raw_changes};
use crate::engine::policy::guard::{Clearance, Head};
use crate::engine::policy::secrets;
use crate::engine::policy::standing::Standing;
use crate::engine::prepared::Prepared;
use crate::engine::transaction::{Staged, Transaction};
use crate::error::Result;
use crate::object::{AuthorKind, Cause, Judged, Key, Message};
use crate::parallel;

/// What a write was told at the gate.
#[derive(Clone)]
pub(crate) struct Leave {
    pub(crate) clearance: Clearance,
    /// Kept with a withdrawal, and with a plain write that a person overrode the policy for.
    pub(crate) judged: Option<Judged>,
}

impl Transaction {
    /// The policy that the edits must be held against rule by rule; `None` if the branch is not
    /// guarded. The flag is false if a glance shows that they pass.
    pub(crate) fn glance(&self, message: &Message) -> Result<Option<(Arc<Standing>, bool)>> {
        let branch = self.branch();
        let core = branch.store().core();
        let standing = core.standing(branch.store().name())?;
        let policy = &standing.policy;
        if !policy.guards(branch.name()) {
            return Ok(None);
        }
        let person = message.author.kind() == AuthorKind::Person;
        let closer = !core.gates.is_empty()
            || (!person && self.staged.keys().any(|key| policy.protects(key)))
            || (policy.no_secrets && self.holds_secret(message)?);
        Ok(Some((standing, closer)))
    }

    fn holds_secret(&self, message: &Message) -> Result<bool> {
        if secrets::find(&message.text).is_some() {
            return Ok(true);
        }
        let staged = self.staged.iter().collect();
        let mut found = parallel::try_map(staged, |(key, staged)| self.is_secret(key, staged))?;
        Ok(found.any(|is_secret| is_secret))
    }

    fn is_secret(&self, key: &Key, staged: &Staged) -> Result<bool> {
        let found = match staged {
            Staged::Write { entry, .. } | Staged::Restamp { words: Some(entry), .. } => {
                secrets::find_in(entry)
            }
            Staged::Place { record } | Staged::Restamp { record, .. } => {
                let record = self.base().record(*record)?;
                if record.is_erased() { None } else { secrets::find_in(&record.to_entry()?) }
            }
            Staged::Remove => return Ok(false),
        };
        Ok(found.or_else(|| secrets::find(key.as_str())).is_some())
    }
}

impl Prepared {
    /// Asks for leave under `standing`; `closer` asks every rule.
    ///
    /// # Errors
    /// `Blocked` with what stands in the way.
    pub(crate) fn ask(&mut self, standing: Arc<Standing>, closer: bool) -> Result<()> {
        let base = self.base.id();
        let cause = &self.cause.0;
        let asking = Asking::under(standing, &self.branch, base, &self.message, cause);
        let Some(asking) = asking else {
            self.leave = None;
            return Ok(());
        };
        let withdraws = matches!(cause, Cause::Withdrawal { .. });
        let mut judged = None;
        if closer || withdraws {
            let raw = raw_changes(&self.base.tree()?, self.edits.iter().cloned())?;
            let core = self.branch.store().core();
            let changes = judged_changes(core, raw, &self.records)?;
            judged = Some(asking.leave(&changes, &[], &[])?.0);
        }
        let judged = judged.filter(|(verdict, _)| withdraws || verdict.is_overridden());
        // A commit with a verdict lands on the head that it was given for, or not at all.
        let head = if judged.is_some() { Head::Only(base) } else { Head::Any };
        let clearance = asking.clearance(head);
        self.leave = Some(Leave { clearance, judged });
        Ok(())
    }

    /// Asks again if the policy is no longer the one that was asked.
    pub(crate) fn ask_where_it_lands(&mut self, turn: &Landing<'_>) -> Result<()> {
        if self.branch.name().is_reserved() {
            return Ok(());
        }
        let standing = turn.standing(self.branch.store().name())?;
        let asked = self.leave.as_ref().map(|leave| leave.clearance.policy);
        let guarded = standing.policy.guards(self.branch.name());
        if guarded && asked != Some(standing.record) {
            self.ask(standing, true)?;
        }
        Ok(())
    }
}
