//! A transaction on its way: checked against what the branch has become, and landed.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::engine::branch::Branch;
use crate::engine::core::Core;
use crate::engine::landing::Landing;
use crate::engine::new_commit::NewCommit;
use crate::engine::overlay::Content;
use crate::engine::policy::Leave;
use crate::engine::snapshot::Snapshot;
use crate::engine::transaction::Transaction;
use crate::entropy::Seed;
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Cause, Key, Message, OperationKind, RefKind, SaltedText, Stored};
use crate::storage::{CommitId, MemoryId, RecordId};
use crate::tree::Tree;

/// What a transaction relies on at a key, checked where it lands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Expect {
    /// Nothing stands there.
    Absent,
    /// This record stands there.
    Record(RecordId),
    /// A record stands there whose text has this SHA-256.
    TextSha256([u8; 32]),
}

impl Expect {
    /// Expects the text `text`.
    pub fn text(text: &str) -> Self {
        Self::TextSha256(Sha256::digest(text.as_bytes()).into())
    }
}

/// What is to land in the same durable write as something else, made anew for each try.
pub(crate) type Beside<'a> = dyn Fn() -> Result<(Transaction, Message)> + 'a;

/// A transaction whose records are made, on its way to the commit thread.
#[derive(Clone)]
pub(crate) struct Prepared {
    pub(super) branch: Branch,
    pub(super) base: Snapshot,
    pub(super) edits: Vec<(Key, Option<RecordId>)>,
    pub(super) records: Vec<(RecordId, Stored)>,
    pub(super) homes: Vec<(MemoryId, Key)>,
    pub(super) expected: Vec<(Key, Expect)>,
    pub(super) unchanged: Vec<String>,
    pub(super) rebase: bool,
    pub(super) allow_empty: bool,
    pub(super) message: Message,
    /// What the gate said, where the branch is guarded.
    pub(super) leave: Option<Leave>,
    pub(super) cause: (Cause, Vec<SaltedText>),
    pub(super) kind: OperationKind,
    pub(super) salt: [u8; 16],
}

impl Transaction {
    /// Commits, and in the same durable write what `beside` edits on another branch.
    pub(crate) fn commit_with(
        self,
        message: &Message,
        (beside, why): (Self, &Message),
    ) -> Result<CommitId> {
        message.check()?;
        let core = self.branch().store().core().clone();
        let landing = self.ready(message, &core.seed()?)?;
        let beside = beside.prepare(why, &core.seed()?)?;
        core.land(move |turn| {
            let commit = landing.land(turn)?;
            beside.land(turn)?;
            Ok(commit)
        })
    }

    /// Makes the records, and asks for leave where the branch is guarded.
    pub(super) fn ready(self, message: &Message, seed: &Seed) -> Result<Prepared> {
        let glance = self.glance(message)?;
        let mut prepared = self.prepare(message, seed)?;
        if let Some((standing, closer)) = glance {
            prepared.ask(standing, closer)?;
        }
        Ok(prepared)
    }
}

impl Prepared {
    /// Makes what `beside` gives ready to land.
    pub(super) fn beside(core: &Core, beside: &Beside<'_>) -> Result<Self> {
        let (transaction, message) = beside()?;
        transaction.prepare(&message, &core.seed()?)
    }

    /// Lands. Where a verdict is kept with the commit, it lands on no head but the verdict's own,
    /// and is prepared again if the branch has moved.
    pub(super) fn commit(mut self) -> Result<CommitId> {
        let core = Arc::clone(self.branch.store().core());
        if self.leave.as_ref().is_none_or(|leave| leave.judged.is_none()) {
            return core.land(move |turn| self.land(turn));
        }
        loop {
            let attempt = self.clone();
            match core.land(move |turn| attempt.land(turn)) {
                Err(error) if error.kind() == ErrorKind::Stale => self.follow(error)?,
                other => return other,
            }
        }
    }

    pub(super) fn land(mut self, turn: &mut Landing<'_>) -> Result<CommitId> {
        let store = self.branch.store().name().clone();
        let name = self.branch.name().clone();
        let head = turn.head(&store, &name)?;
        self.ask_where_it_lands(turn)?;
        let tree = turn.tree(head.as_deref())?;
        if head.as_ref().map(|commit| commit.id()) != self.base.id() {
            self.check_moved(&Content::of(tree.clone()))?;
        }
        self.check_expected(&Content::of(tree.clone()), turn)?;
        if !self.allow_empty && !self.changes(&tree)? {
            let nothing = || Error::invalid("nothing is edited and the branch has no commit yet");
            return head.map(|commit| commit.id()).ok_or_else(nothing);
        }
        let judged = match self.leave {
            Some(leave) => {
                turn.clear(leave.clearance);
                leave.judged
            }
            None => None,
        };
        let new = NewCommit {
            store: store.clone(),
            parents: head.iter().map(|commit| commit.id()).collect(),
            tree,
            edits: self.edits,
            records: self.records,
            homes: self.homes,
            message: self.message,
            cause: self.cause,
            judged,
            salt: self.salt,
        };
        let (commit, _) = turn.add_commit(new)?;
        let moves = vec![(name, RefKind::Branch, Some(commit.id()))];
        turn.operate(&store, commit.author(), self.kind, moves, None)?;
        Ok(commit.id())
    }

    /// Prepares again for what the branch has become, unless that is in the way.
    ///
    /// # Errors
    /// `Stale` as it was if the branch did not move; with the keys if they did.
    fn follow(&mut self, stale: Error) -> Result<()> {
        let head = self.branch.snapshot()?;
        let glance = self.branch.store().standing()?;
        let asked = self.leave.as_ref().map(|leave| leave.clearance.policy);
        if head.id() == self.base.id() && asked == Some(glance.record) {
            return Err(stale);
        }
        if head.id() != self.base.id() {
            self.check_moved(head.content())?;
        }
        self.base = head;
        self.ask(glance, true)
    }

    /// Whether any edit changes `tree`.
    fn changes(&self, tree: &Tree) -> Result<bool> {
        for (key, after) in &self.edits {
            if tree.get(key.as_str())? != *after {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Checks that the branch's new head leaves alone what this transaction touches.
    fn check_moved(&self, head: &Content) -> Result<()> {
        let moved = format!("`{}` has moved since the transaction began", self.branch.name());
        if !self.rebase {
            return Err(Error::stale(moved));
        }
        let base = self.base.content();
        let mut stale = Vec::new();
        for (key, _) in &self.edits {
            if base.get(key.as_str())? != head.get(key.as_str())? {
                stale.push(key.to_string());
            }
        }
        for prefix in &self.unchanged {
            if !base.range(prefix, "").eq_by_entries(head.range(prefix, ""))? {
                stale.push(prefix.clone());
            }
        }
        if stale.is_empty() {
            return Ok(());
        }
        let keys = stale.join("`, `");
        Err(Error::stale(format!("{moved}, and so has `{keys}`")).with_candidates(stale))
    }

    fn check_expected(&self, head: &Content, turn: &Landing<'_>) -> Result<()> {
        for (key, expect) in &self.expected {
            let found = head.get(key.as_str())?;
            let holds = match (expect, found) {
                (Expect::Absent, found) => found.is_none(),
                (Expect::Record(wanted), found) => found == Some(*wanted),
                (Expect::TextSha256(_), None) => false,
                (Expect::TextSha256(wanted), Some(id)) => {
                    let record = turn.record(&turn.core.view()?, id)?;
                    Expect::text(record.text()?) == Expect::TextSha256(*wanted)
                }
            };
            if !holds {
                let message = format!("`{key}` is not what the transaction relies on");
                return Err(Error::stale(message).with_candidates([key.to_string()]));
            }
        }
        Ok(())
    }
}

/// Comparing two runs of entries that may fail to be read.
trait EqualEntries {
    fn eq_by_entries(self, other: Self) -> Result<bool>;
}

impl EqualEntries for Box<dyn Iterator<Item = Result<(Key, RecordId)>> + Send> {
    fn eq_by_entries(mut self, mut other: Self) -> Result<bool> {
        loop {
            match (self.next().transpose()?, other.next().transpose()?) {
                (None, None) => return Ok(true),
                (a, b) if a == b => {}
                _ => return Ok(false),
            }
        }
    }
}
