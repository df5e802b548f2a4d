//! A withdrawal: what no longer stands without a session or an author, shown and then committed.

use std::fmt;

use crate::dream::manifest::meta;
use crate::dream::withdrawal::consequence::{Consequence, Consequences, Fate};
use crate::dream::withdrawal::inquiry::Inquiry;
use crate::dream::withdrawal::remains::KeepRule;
use crate::engine::{Branch, Snapshot, Transaction, keep_out};
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Cause, Message, OperationKind, Suspect};
use crate::storage::CommitId;

/// How often a withdrawal is worked out anew because the branch moved meanwhile.
const TRIES_MAX: usize = 64;

/// Takes back what rests on a session or an author, and keeps what rests on other evidence too.
/// Nothing is written before [`Withdrawal::commit`].
///
/// ```
/// use undream::{Author, Database, Entry, Fate, Suspect, Withdrawal};
///
/// let db = Database::in_memory()?;
/// let main = db.store("default")?.branch("main")?;
/// let scribe = Author::agent("scribe");
/// let mut tx = main.write()?;
/// tx.put("refunds/limit", Entry::rule("Refunds up to 50 EUR need no approval."))?;
/// tx.commit(scribe.message("The limit"))?;
/// let mut tx = main.write()?;
/// tx.put("refunds/limit", Entry::rule("Refunds up to 200 EUR need no approval."))?;
/// tx.commit(scribe.message("Found on the web").session("chat-812"))?;
///
/// let withdrawal = Withdrawal::prepare(&main, Suspect::Session("chat-812".to_owned()))?;
/// assert_eq!(withdrawal.consequences()[0].fate, Fate::PutBack);
/// withdrawal.commit(Author::person("ana").message("chat-812 was poisoned"))?;
/// let limit = main.snapshot()?.get("refunds/limit")?.unwrap();
/// assert_eq!(limit.text()?, "Refunds up to 50 EUR need no approval.");
/// # Ok::<(), undream::Error>(())
/// ```
#[must_use = "a withdrawal does nothing until it is committed"]
pub struct Withdrawal {
    branch: Branch,
    suspect: Suspect,
    rule: KeepRule,
    base: Snapshot,
    consequences: Consequences,
}

impl Withdrawal {
    /// Works out what becomes of the memories of `branch` if `suspect` is not believed. What is left
    /// on other evidence is kept by [`KeepRule::default`].
    ///
    /// It reads every memory of the branch with the versions it was made from, and every commit the
    /// branch descends from, once each: the cost grows with the history.
    ///
    /// # Errors
    /// `NotFound` if the suspect is a session of which nothing is known; `Invalid` on a reserved
    /// branch; `Corrupt` if something is damaged.
    pub fn prepare(branch: &Branch, suspect: Suspect) -> Result<Self> {
        Self::prepare_by(branch, suspect, KeepRule::default())
    }

    /// As [`Withdrawal::prepare`]; `rule` decides what is kept on other evidence.
    ///
    /// # Errors
    /// As [`Withdrawal::prepare`], and what `rule` fails with.
    pub fn prepare_by(branch: &Branch, suspect: Suspect, rule: KeepRule) -> Result<Self> {
        branch.refuse_reserved()?;
        let base = branch.snapshot()?;
        let consequences = work_out(branch, &base, &suspect, &rule)?;
        if let Suspect::Session(id) = &suspect
            && consequences.list.is_empty()
            && branch.store().session(id)?.is_none()
        {
            return Err(Error::not_found(format!("nothing is known of a session `{id}`")));
        }
        Ok(Self { branch: branch.clone(), suspect, rule, base, consequences })
    }

    /// Who is not believed any more.
    pub fn suspect(&self) -> &Suspect {
        &self.suspect
    }

    /// What becomes of each memory that rests on the suspect, in order of the keys.
    pub fn consequences(&self) -> &[Consequence] {
        &self.consequences.list
    }

    /// What stays as it is for somebody to look at.
    pub fn left(&self) -> impl Iterator<Item = &Consequence> {
        self.consequences().iter().filter(|found| found.fate == Fate::Left)
    }

    /// Makes it so, in one commit, and keeps a session out of later dreams, in the same durable
    /// write. Returns the commit; `None` if nothing on the branch changes.
    ///
    /// # Errors
    /// `Stale` if what rests on the suspect has changed since it was shown: look again; `Locked` if
    /// another process kept writing.
    pub fn commit(mut self, message: Message) -> Result<Option<CommitId>> {
        message.check()?;
        for _ in 0..TRIES_MAX {
            match self.try_commit(&message) {
                Err(error) if error.kind() == ErrorKind::Stale => {
                    let base = self.branch.snapshot()?;
                    let now = work_out(&self.branch, &base, &self.suspect, &self.rule)?;
                    if now.list != self.consequences.list {
                        let keys = now.list.iter().map(|found| found.key.to_string());
                        let text = format!("what rests on {} has changed meanwhile", self.suspect);
                        return Err(Error::stale(text).with_candidates(keys));
                    }
                    (self.base, self.consequences) = (base, now);
                }
                other => return other,
            }
        }
        Err(Error::stale(format!("`{}` kept moving", self.branch.name())))
    }

    fn try_commit(&self, message: &Message) -> Result<Option<CommitId>> {
        let mut transaction = Transaction::on(self.branch.clone(), self.base.clone());
        // What landed meanwhile may rest on the suspect too.
        transaction.forbid_rebase();
        let cause = Cause::Withdrawal { suspect: self.suspect.clone() };
        transaction.set_cause((cause, Vec::new()), OperationKind::Revert);
        self.consequences.apply(&mut transaction)?;
        let nothing = self.consequences.changes_nothing();
        let Suspect::Session(id) = &self.suspect else {
            return if nothing { Ok(None) } else { transaction.commit(message.clone()).map(Some) };
        };
        let mut beside = meta(self.branch.store()).write_reserved()?;
        keep_out(&mut beside, id)?;
        let why = message.author.message(format!("Keep session {id} out of dreams"));
        if nothing {
            beside.commit(why)?;
            return Ok(None);
        }
        transaction.commit_with(message, (beside, &why)).map(Some)
    }
}

fn work_out(
    branch: &Branch,
    base: &Snapshot,
    suspect: &Suspect,
    rule: &KeepRule,
) -> Result<Consequences> {
    let mut inquiry = Inquiry::new(branch.store(), suspect, rule)?;
    Consequences::find(base, suspect, &mut inquiry)
}

impl fmt::Debug for Withdrawal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.consequences().len();
        write!(f, "Withdrawal({} from {}, {count} consequences)", self.suspect, self.branch.name())
    }
}
