//! Making a branch, a prefix or a key equal to an earlier state.

use crate::engine::branch::Branch;
use crate::engine::change::{Change, Diff};
use crate::engine::snapshot::Snapshot;
use crate::engine::transaction::Transaction;
use crate::error::Result;
use crate::object::{Cause, Message, OperationKind};
use crate::storage::CommitId;

/// A restore on its way: looked at, then committed.
#[derive(Debug)]
#[must_use = "a restore does nothing until it is committed"]
pub struct Restore {
    changes: Vec<Change>,
    transaction: Transaction,
}

impl Branch {
    /// Prepares a commit that makes everything at and under `prefix` equal to `to`; the empty
    /// prefix stands for the whole branch.
    ///
    /// A memory that has since been moved out of the prefix comes back to its old key: a memory
    /// stands at one key only.
    ///
    /// # Errors
    /// `NotFound` if there is no such commit; `Corrupt` if something is damaged.
    pub fn restore(&self, to: CommitId, prefix: &str) -> Result<Restore> {
        let target = self.store().snapshot(to)?;
        let mut transaction = self.write()?;
        let changes =
            Diff::between(transaction.base(), &target, prefix)?.collect::<Result<Vec<_>>>()?;
        for change in &changes {
            if let Some(from) = &change.from {
                transaction.place(from.clone(), None)?;
            }
            leave_other_home(&mut transaction, &target, change)?;
        }
        for change in &changes {
            if let Some(record) = change.after {
                transaction.place(change.key.clone(), Some(record))?;
            } else {
                transaction.place(change.key.clone(), None)?;
            }
        }
        // Made equal to what it was, and not to that and something else.
        transaction.forbid_rebase();
        transaction.set_cause((Cause::Restore { to }, Vec::new()), OperationKind::Restore);
        Ok(Restore { changes, transaction })
    }
}

/// Takes the memory that comes back away from where it stands outside the restored prefix.
fn leave_other_home(
    transaction: &mut Transaction,
    target: &Snapshot,
    change: &Change,
) -> Result<()> {
    let Some(record) = change.after else { return Ok(()) };
    let memory = target.record(record)?.memory();
    if let Some(home) = transaction.base().find(memory)?
        && home != change.key
        && target.get_id(home.as_str())? != transaction.base().get_id(home.as_str())?
    {
        transaction.place(home, None)?;
    }
    Ok(())
}

impl Restore {
    /// What committing changes on the branch.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Commits; without changes, the head is returned.
    ///
    /// # Errors
    /// As [`Transaction::commit`].
    pub fn commit(self, message: Message) -> Result<CommitId> {
        self.transaction.commit(message)
    }
}
