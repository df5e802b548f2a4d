//! What is asked before a guarded branch moves, and who else may answer.

use std::sync::Arc;

use crate::engine::change::ChangeKind;
use crate::engine::core::Core;
use crate::engine::endorse::Endorsements;
use crate::engine::policy::terms::Policy;
use crate::engine::snapshot::Snapshot;
use crate::engine::store::Store;
use crate::error::{Error, Result};
use crate::object::{Author, Bound, Cause, Evidence, Key, Record, RefName, Ruling};
use crate::storage::CommitId;

/// One change of a commit that is about to be made.
#[derive(Clone, Debug)]
pub struct JudgedChange {
    /// What happens to the memory.
    pub kind: ChangeKind,
    /// The key: the new one of a renamed memory.
    pub key: Key,
    /// The old key of a renamed memory.
    pub from: Option<Key>,
    /// What stands there before.
    pub before: Option<Arc<Record>>,
    /// What stands there after.
    pub after: Option<Arc<Record>>,
}

impl JudgedChange {
    /// The keys that the change touches.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.key).chain(&self.from)
    }

    /// What is written, if it is not what the memory said before.
    pub fn written(&self) -> Option<&Record> {
        let same = |after: &&Arc<Record>| {
            self.before.as_ref().is_some_and(|before| before.id() == after.id())
        };
        self.after.as_ref().filter(|after| !same(after)).map(|record| &**record)
    }
}

/// A proposal of a dream that is about to be merged.
#[derive(Clone, Debug)]
pub struct JudgedProposal {
    /// Its number within the dream.
    pub number: u32,
    /// The events it rests on.
    pub evidence: Vec<Evidence>,
    /// What it changes.
    pub changes: Vec<JudgedChange>,
}

impl JudgedProposal {
    /// The proposal that the commit `source` of a dream makes, with what picking it changes.
    pub(crate) fn of(core: &Core, source: CommitId, changes: Vec<JudgedChange>) -> Result<Self> {
        let commit = core.commit(source)?;
        let Cause::Proposal(part) = commit.cause() else {
            return Err(Error::invalid(format!("commit {source:.12} is no proposal of a dream")));
        };
        Ok(Self { number: part.number, evidence: part.evidence.clone(), changes })
    }
}

/// A change of a guarded branch, before it is made; or after, when a verdict is computed again.
#[derive(Clone, Copy, Debug)]
pub struct GateQuestion<'a> {
    /// The store.
    pub store: &'a Store,
    /// The branch that would move.
    pub branch: &'a RefName,
    /// The commit it would move from.
    pub head: Option<CommitId>,
    /// The policy in force.
    pub policy: &'a Policy,
    /// Who vouches for which texts.
    pub endorsements: &'a Endorsements,
    /// Who makes the change.
    pub author: &'a Author,
    /// What the author says about it.
    pub message: &'a str,
    /// Why it is made.
    pub cause: &'a Cause,
    /// All changes of the branch.
    pub changes: &'a [JudgedChange],
    /// The proposals they come from, where a review merges them.
    pub proposals: &'a [JudgedProposal],
}

impl GateQuestion<'_> {
    /// The content of the branch before the change.
    ///
    /// # Errors
    /// `Corrupt` if it is damaged.
    pub fn base(&self) -> Result<Snapshot> {
        let commit = self.head.map(|head| self.store.commit(head)).transpose()?;
        Snapshot::at(self.store.clone(), commit)
    }
}

/// What a [`Gate`] measured.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Whether the change keeps to the rule.
    pub ruling: Ruling,
    /// The number that was found.
    pub found: u64,
    /// What it is held against.
    pub bound: Option<Bound>,
    /// What breaks the rule, such as keys. It is kept with the commit, so it holds no text.
    pub named: Vec<String>,
}

impl Measured {
    /// Holds the number of the things named against a bound of none.
    pub fn none_of(named: Vec<String>) -> Self {
        Self::against(named.len() as u64, Bound::AtMost(0), named)
    }

    /// Holds a number against a bound.
    pub fn against(found: u64, bound: Bound, named: Vec<String>) -> Self {
        let ruling = if bound.holds(found) { Ruling::Passed } else { Ruling::Failed };
        Self { ruling, found, bound: Some(bound), named }
    }
}

/// A rule beside those of the policy: one that needs search, or one that an embedding application
/// adds. It is asked wherever it is handed in, before a guarded branch moves, and what it says is
/// kept with the commit.
///
/// It reads the question and what it was made with, and nothing else: asked again about the same
/// commit, it says the same.
pub trait Gate: Send + Sync {
    /// The rule's name, one word, such as `near-protected`.
    fn rule(&self) -> &str;

    /// The version of the rule: it changes whenever the answers may.
    fn version(&self) -> u32;

    /// Whether the rule binds persons too. They can override it with a reason.
    fn binds_persons(&self) -> bool {
        false
    }

    /// Measures the change.
    ///
    /// # Errors
    /// What keeps it from an answer; the branch does not move then.
    fn measure(&self, question: &GateQuestion<'_>) -> Result<Measured>;
}
