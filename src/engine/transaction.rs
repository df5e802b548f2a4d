//! A transaction: edits collected on a snapshot, landed together or not at all.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use crate::engine::branch::Branch;
use crate::engine::prepared::{Expect, Prepared};
use crate::engine::provenances::Provenances;
use crate::engine::snapshot::Snapshot;
use crate::entropy::Seed;
use crate::error::{Error, Result};
use crate::limits;
use crate::object::{
    Cause, Entry, Key, Message, OperationKind, Origin, Record, SaltedText, Stored,
};
use crate::parallel;
use crate::storage::{CommitId, MemoryId, RecordId};

/// What shall stand at a key.
#[derive(Clone)]
pub(super) enum Staged {
    /// A new version of a memory, or a new memory.
    Write {
        /// Boxed, so that a large transaction moves little as it is sorted.
        entry: Box<Entry>,
        memory: Option<MemoryId>,
        previous: Option<RecordId>,
    },
    /// A record that exists, re-used as it is.
    Place {
        record: RecordId,
    },
    /// A new version of a record that exists, on other grounds; its words unless others are given.
    Restamp {
        record: RecordId,
        words: Option<Box<Entry>>,
        origin: Box<Origin>,
    },
    Remove,
}

/// The edit of one key, made.
struct Made {
    key: Key,
    after: Option<RecordId>,
    /// The record, where it is new.
    record: Option<(RecordId, Stored)>,
    /// The memory that comes to the key, where it did not stand there.
    home: Option<MemoryId>,
}

/// Edits collected on a snapshot of a branch. Reads see them; nothing is stored before
/// [`Transaction::commit`], and dropping the transaction drops them.
#[must_use = "a transaction does nothing until it is committed"]
pub struct Transaction {
    branch: Branch,
    base: Snapshot,
    pub(super) staged: HashMap<Key, Staged>,
    /// Memories that were renamed away from their key in the snapshot.
    away: BTreeSet<MemoryId>,
    expected: Vec<(Key, Expect)>,
    unchanged: Vec<String>,
    rebase: bool,
    allow_empty: bool,
    origin: Provenances,
    cause: (Cause, Vec<SaltedText>),
    kind: OperationKind,
}

impl Transaction {
    pub(crate) fn begin(branch: Branch) -> Result<Self> {
        let base = branch.snapshot()?;
        Ok(Self::on(branch, base))
    }

    /// A transaction whose edits are relative to `base`, not to the branch's head.
    pub(crate) fn on(branch: Branch, base: Snapshot) -> Self {
        Self {
            branch,
            base,
            staged: HashMap::new(),
            away: BTreeSet::new(),
            expected: Vec::new(),
            unchanged: Vec::new(),
            rebase: true,
            allow_empty: false,
            origin: Provenances::default(),
            cause: (Cause::Write, Vec::new()),
            kind: OperationKind::Commit,
        }
    }

    /// The snapshot that the edits are made on.
    pub fn base(&self) -> &Snapshot {
        &self.base
    }

    /// Whether nothing has been edited.
    pub fn is_empty(&self) -> bool {
        self.staged.is_empty()
    }

    /// What stands at `key`, this transaction's own edits included.
    ///
    /// # Errors
    /// `Corrupt` if a tree node or record is damaged.
    pub fn get(&self, key: &str) -> Result<Option<Entry>> {
        match self.staged.get(key) {
            Some(Staged::Write { entry, .. }) => Ok(Some(Entry::clone(entry))),
            Some(Staged::Place { record } | Staged::Restamp { record, .. }) => {
                Ok(Some(self.base.record(*record)?.to_entry()?))
            }
            Some(Staged::Remove) => Ok(None),
            None => self.base.get(key)?.map(|record| record.to_entry()).transpose(),
        }
    }

    /// Writes `entry` at `key`: a new memory, or a new version of the one that stands there. An
    /// entry that says what stands there already is no edit.
    ///
    /// # Errors
    /// `Invalid` or `Limit` if the key or the entry is out of bounds.
    pub fn put(&mut self, key: impl AsRef<str>, entry: impl Into<Entry>) -> Result<()> {
        let key = Key::new(key)?;
        let entry = entry.into().checked()?;
        let before = self.base.get(key.as_str())?;
        let staged = match self.staged.get(key.as_str()) {
            Some(Staged::Write { memory, previous, .. }) => match *previous {
                // Back to what it said before the transaction.
                Some(record) if self.base.record(record)?.says(&entry) => {
                    let stood = before.as_ref().map(Record::id) == Some(record);
                    (!stood).then_some(Staged::Place { record })
                }
                previous => {
                    Some(Staged::Write { entry: Box::new(entry), memory: *memory, previous })
                }
            },
            Some(Staged::Place { record } | Staged::Restamp { record, .. }) => {
                self.version(*record, entry)?
            }
            // What is removed and written again in one go stays the same memory, unless it stands
            // elsewhere now.
            Some(Staged::Remove) | None => match &before {
                Some(record) if !self.away.contains(&record.memory()) => {
                    self.version(record.id(), entry)?
                }
                _ => Some(Staged::Write { entry: Box::new(entry), memory: None, previous: None }),
            },
        };
        match staged {
            Some(staged) => self.stage(key, staged)?,
            None if !matches!(self.staged.get(key.as_str()), Some(Staged::Place { .. })) => {
                self.staged.remove(key.as_str());
            }
            None => {}
        }
        Ok(())
    }

    /// The next version of `record`; `None` if the entry says the same.
    fn version(&self, record: RecordId, entry: Entry) -> Result<Option<Staged>> {
        let record = self.base.record(record)?;
        if record.says(&entry) {
            return Ok(None);
        }
        let (memory, previous) = (Some(record.memory()), Some(record.id()));
        Ok(Some(Staged::Write { entry: Box::new(entry), memory, previous }))
    }

    fn stage(&mut self, key: Key, staged: Staged) -> Result<()> {
        self.staged.insert(key, staged);
        limits::check("a transaction", self.staged.len(), limits::EDITS_MAX, "edits")
    }

    /// Removes the memory at `key`.
    ///
    /// # Errors
    /// `NotFound` if nothing stands there.
    pub fn remove(&mut self, key: impl AsRef<str>) -> Result<()> {
        let key = Key::new(key)?;
        let stands = match self.staged.get(key.as_str()) {
            Some(staged) => !matches!(staged, Staged::Remove),
            None => self.base.get_id(key.as_str())?.is_some(),
        };
        if !stands {
            return Err(Error::not_found(format!("there is no memory at `{key}`")));
        }
        if self.base.get_id(key.as_str())?.is_none() {
            self.staged.remove(key.as_str());
            return Ok(());
        }
        self.stage(key, Staged::Remove)
    }

    /// Moves the memory at `from` to `to`. It stays the same memory.
    ///
    /// # Errors
    /// `NotFound` if nothing stands at `from`; `Invalid` if something stands at `to`.
    pub fn rename(&mut self, from: impl AsRef<str>, to: impl AsRef<str>) -> Result<()> {
        let (from, to) = (Key::new(from)?, Key::new(to)?);
        let occupied = match self.staged.get(to.as_str()) {
            Some(staged) => !matches!(staged, Staged::Remove),
            None => self.base.get_id(to.as_str())?.is_some(),
        };
        if occupied {
            return Err(Error::invalid(format!("there is a memory at `{to}` already")));
        }
        let missing = || Error::not_found(format!("there is no memory at `{from}`"));
        let moved = match self.staged.get(from.as_str()) {
            Some(Staged::Remove) => return Err(missing()),
            Some(staged) => staged.clone(),
            None => Staged::Place { record: self.base.get_id(from.as_str())?.ok_or_else(missing)? },
        };
        self.away.extend(match &moved {
            Staged::Place { record } | Staged::Restamp { record, .. } => {
                Some(self.base.record(*record)?.memory())
            }
            Staged::Write { memory, .. } => *memory,
            Staged::Remove => None,
        });
        if self.base.get_id(from.as_str())?.is_some() {
            self.stage(from, Staged::Remove)?;
        } else {
            self.staged.remove(from.as_str());
        }
        self.stage(to, moved)
    }

    /// Puts an existing record at `key`, as it is.
    pub(crate) fn place(&mut self, key: Key, record: Option<RecordId>) -> Result<()> {
        let staged = record.map_or(Staged::Remove, |record| Staged::Place { record });
        self.stage(key, staged)
    }

    /// Puts a new version of an existing record at `key`, which rests on other grounds and says the
    /// same unless other words are given.
    pub(crate) fn restamp(
        &mut self,
        key: Key,
        (record, words): (RecordId, Option<Entry>),
        origin: Origin,
    ) -> Result<()> {
        let (words, origin) = (words.map(Box::new), Box::new(origin));
        self.stage(key, Staged::Restamp { record, words, origin })
    }

    /// The records that the edits write new versions of, and those that they remove. One that only
    /// moves is neither.
    pub(crate) fn replaced(&self) -> Result<(BTreeSet<RecordId>, BTreeSet<RecordId>)> {
        let (mut edited, mut removed, mut moved) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (key, staged) in &self.staged {
            match staged {
                Staged::Write { previous, .. } => edited.extend(*previous),
                Staged::Remove => removed.extend(self.base.get_id(key.as_str())?),
                Staged::Place { record } | Staged::Restamp { record, .. } => {
                    moved.insert(*record);
                }
            }
        }
        removed.retain(|record| !moved.contains(record) && !edited.contains(record));
        Ok((edited, removed))
    }

    /// States what the transaction relies on at `key`. It is checked where the transaction lands.
    ///
    /// # Errors
    /// `Invalid` or `Limit` if the key is malformed.
    pub fn require(&mut self, key: impl AsRef<str>, expect: Expect) -> Result<()> {
        self.expected.push((Key::new(key)?, expect));
        Ok(())
    }

    /// Relies on nothing under `prefix` having changed since the snapshot.
    pub fn require_unchanged(&mut self, prefix: impl Into<String>) {
        self.unchanged.push(prefix.into());
    }

    /// Refuses to land on anything but the snapshot's own commit, even if the keys are disjoint.
    pub fn forbid_rebase(&mut self) {
        self.rebase = false;
    }

    /// Makes a commit even if nothing is edited.
    pub fn allow_empty(&mut self) {
        self.allow_empty = true;
    }

    pub(crate) fn set_origin(&mut self, origin: Provenances) {
        self.origin = origin;
    }

    pub(crate) fn set_cause(&mut self, cause: (Cause, Vec<SaltedText>), kind: OperationKind) {
        self.cause = cause;
        self.kind = kind;
    }

    pub(crate) fn branch(&self) -> &Branch {
        &self.branch
    }

    /// Makes the edits durable, all together. Returns the commit they became: if the branch moved
    /// meanwhile and none of the edited keys changed, it stands on the branch's new head. Without
    /// effective edits there is nothing to commit and the head is returned.
    ///
    /// # Errors
    /// `Stale` with the keys if they, or what the transaction relies on, changed meanwhile;
    /// `Blocked` if the policy refuses the edits; `Invalid` if nothing is edited and the branch has
    /// no commit yet, or if a key would be a memory and a folder at once; `Locked` if another process kept writing.
    pub fn commit(self, message: Message) -> Result<CommitId> {
        message.check()?;
        if self.staged.is_empty() && !self.allow_empty && self.expected.is_empty() {
            let nothing = || Error::invalid("nothing is edited and the branch has no commit yet");
            return self.base.id().ok_or_else(nothing);
        }
        let seed = self.branch.store().core().seed()?;
        self.ready(&message, &seed)?.commit()
    }

    /// Makes the records.
    pub(crate) fn prepare(mut self, message: &Message, seed: &Seed) -> Result<Prepared> {
        let mut staged: Vec<_> = std::mem::take(&mut self.staged).into_iter().collect();
        staged.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let staged: Vec<_> = (0..).zip(staged).collect();
        let count = staged.len();
        let made = parallel::try_map(staged, |(number, (key, staged))| {
            self.make(key, staged, message, seed, number)
        })?;
        let mut edits = Vec::with_capacity(count);
        let mut records = Vec::with_capacity(count);
        let mut homes = Vec::with_capacity(count);
        for Made { key, after, record, home } in made {
            homes.extend(home.map(|memory| (memory, key.clone())));
            records.extend(record);
            edits.push((key, after));
        }
        Ok(Prepared {
            branch: self.branch,
            base: self.base,
            edits,
            records,
            homes,
            expected: self.expected,
            unchanged: self.unchanged,
            rebase: self.rebase,
            allow_empty: self.allow_empty,
            message: message.clone(),
            leave: None,
            cause: self.cause,
            kind: self.kind,
            salt: seed.derive("message", 0),
        })
    }

    /// Makes the edit of one key.
    fn make(
        &self,
        key: Key,
        staged: Staged,
        message: &Message,
        seed: &Seed,
        number: u64,
    ) -> Result<Made> {
        let (record, home) = match staged {
            Staged::Remove => return Ok(Made { key, after: None, record: None, home: None }),
            Staged::Place { record } => {
                let home = Some(self.base.record(record)?.memory());
                return Ok(Made { key, after: Some(record), record: None, home });
            }
            Staged::Restamp { record, words, origin } => {
                let before = self.base.record(record)?;
                let memory = before.memory();
                let record = match words {
                    None => before.restamped(*origin),
                    Some(entry) => Record::make(memory, *entry, &[&before], *origin, seed, number)?,
                };
                (record, None)
            }
            Staged::Write { entry, memory, previous } => {
                let previous = previous.map(|id| self.base.record(id)).transpose()?;
                let new = || MemoryId::from_bytes(seed.derive("memory", number));
                let memory = memory.unwrap_or_else(new);
                let stands = self.base.get_id(key.as_str())?;
                let arrives = stands.is_none() || stands != previous.as_ref().map(Record::id);
                let origin = self.origin.stamp(message);
                let before: Vec<&Record> = previous.iter().collect();
                let record = Record::make(memory, *entry, &before, origin, seed, number)?;
                (record, arrives.then_some(memory))
            }
        };
        let after = record.id();
        Ok(Made { key, after: Some(after), record: Some((after, record.into_stored())), home })
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transaction({} edits on {})", self.staged.len(), self.branch.name())
    }
}
