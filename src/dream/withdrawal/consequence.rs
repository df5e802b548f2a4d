//! What becomes of the memories of a branch.

use std::collections::BTreeMap;

use crate::dream::withdrawal::deed::Deed;
use crate::dream::withdrawal::inquiry::Inquiry;
use crate::dream::withdrawal::settle::{Settled, Version};
use crate::engine::{Snapshot, Transaction};
use crate::error::Result;
use crate::object::{Entry, Evidence, Key, Suspect};
use crate::storage::RecordId;

/// What becomes of a memory.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Fate {
    /// It rests on nothing else and no earlier version stands: it goes.
    Removed,
    /// It stays on its other evidence, without what came from the suspect.
    Kept,
    /// An earlier version comes back.
    PutBack,
    /// It had been removed on the suspect's word, and comes back.
    BroughtBack,
    /// It had been moved on the suspect's word, and goes back to its key.
    MovedBack,
    /// A person changed it since, or it cannot be told apart from what others wrote: it stays as it
    /// is, for somebody to look at.
    Left,
}

impl Fate {
    /// The fate in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Kept => "kept on other evidence",
            Self::PutBack => "put back",
            Self::BroughtBack => "brought back",
            Self::MovedBack => "moved back",
            Self::Left => "left for you",
        }
    }
}

/// What becomes of one memory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Consequence {
    /// Where it stands, or will stand where it comes back.
    pub key: Key,
    /// What becomes of it.
    pub fate: Fate,
    /// The version that stands there now, or stood there last.
    pub record: RecordId,
    /// The version whose words will stand there; `None` if nothing will.
    pub becomes: Option<RecordId>,
    /// What it will say, where that is neither version's text.
    pub rewritten: Option<Entry>,
    /// The citations it will rest on.
    pub evidence: Vec<Evidence>,
}

/// What is to be done at a key.
#[derive(Clone)]
enum Step {
    Remove,
    Place(RecordId),
    Anew(Box<Version>),
}

impl Step {
    fn of(settled: Settled) -> Self {
        match settled {
            Settled::As(id) | Settled::Left(id) => Self::Place(id),
            Settled::Anew(version) => Self::Anew(version),
            Settled::Nothing => Self::Remove,
        }
    }

    /// The version whose words will stand there.
    fn record(&self) -> Option<RecordId> {
        match self {
            Self::Remove => None,
            Self::Place(id) => Some(*id),
            Self::Anew(version) => Some(version.of),
        }
    }
}

/// All that becomes of the memories of a branch, in order of the keys.
#[derive(Default)]
pub(super) struct Consequences {
    pub(super) list: Vec<Consequence>,
    steps: BTreeMap<Key, Step>,
}

impl Consequences {
    /// Goes through the memories of `head`, and through what was removed from it.
    pub(super) fn find(
        head: &Snapshot,
        suspect: &Suspect,
        inquiry: &mut Inquiry<'_>,
    ) -> Result<Self> {
        let mut all = Self::default();
        for entry in head.keys("") {
            let (key, record) = entry?;
            let settled = inquiry.settle(record)?;
            all.standing(key, record, settled);
        }
        for (memory, deed) in inquiry.deeds(head, suspect)? {
            let home = head.find(memory)?;
            match (deed, home) {
                (Deed::Removed { key, record }, None) => {
                    let settled = inquiry.settle(record)?;
                    all.gone(head, key, record, settled)?;
                }
                (Deed::Moved { from, to }, Some(home)) if home == to => {
                    all.moved(head, from, &to)?;
                }
                _ => {}
            }
        }
        all.list.sort_by(|a, b| (&a.key, a.fate).cmp(&(&b.key, b.fate)));
        Ok(all)
    }

    /// Writes what is to be done.
    pub(super) fn apply(&self, transaction: &mut Transaction) -> Result<()> {
        for (key, step) in &self.steps {
            match step {
                Step::Remove => transaction.place(key.clone(), None)?,
                Step::Place(record) => transaction.place(key.clone(), Some(*record))?,
                Step::Anew(version) => {
                    let words = (version.of, version.words.clone());
                    transaction.restamp(key.clone(), words, version.origin.clone())?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn changes_nothing(&self) -> bool {
        self.steps.is_empty()
    }

    fn note(&mut self, key: &Key, fate: Fate, record: RecordId, settled: &Settled) {
        let (becomes, rewritten, evidence) = match settled {
            Settled::As(id) | Settled::Left(id) => (Some(*id), None, Vec::new()),
            Settled::Anew(version) => {
                let evidence = version.origin.provenance.evidence.clone();
                (Some(version.of), version.words.clone(), evidence)
            }
            Settled::Nothing => (None, None, Vec::new()),
        };
        let key = key.clone();
        self.list.push(Consequence { key, fate, record, becomes, rewritten, evidence });
    }

    /// A memory that stands at `key`.
    fn standing(&mut self, key: Key, record: RecordId, settled: Settled) {
        let fate = match &settled {
            Settled::As(id) if *id == record => return,
            Settled::Left(id) if *id == record => {
                return self.note(&key, Fate::Left, record, &settled);
            }
            Settled::Left(_) => {
                self.note(&key, Fate::Left, record, &settled);
                Fate::PutBack
            }
            Settled::Anew(version) if version.of == record => Fate::Kept,
            Settled::As(_) | Settled::Anew(..) => Fate::PutBack,
            Settled::Nothing => Fate::Removed,
        };
        self.note(&key, fate, record, &settled);
        self.steps.insert(key, Step::of(settled));
    }

    /// A memory that the suspect removed from `key`.
    fn gone(
        &mut self,
        head: &Snapshot,
        key: Key,
        record: RecordId,
        settled: Settled,
    ) -> Result<()> {
        if matches!(settled, Settled::Nothing) {
            return Ok(());
        }
        if self.is_free(head, &key)? {
            self.note(&key, Fate::BroughtBack, record, &settled);
            self.steps.insert(key, Step::of(settled));
        } else {
            self.note(&key, Fate::Left, record, &settled);
        }
        Ok(())
    }

    /// A memory that the suspect moved, and that still stands where it was moved to.
    fn moved(&mut self, head: &Snapshot, from: Key, to: &Key) -> Result<()> {
        let Some(record) = head.get_id(to.as_str())? else { return Ok(()) };
        let planned = self.steps.get(to).cloned().unwrap_or(Step::Place(record));
        // What goes altogether need not go back first.
        let Some(becomes) = planned.record() else { return Ok(()) };
        if !self.is_free(head, &from)? {
            self.note(&from, Fate::Left, record, &Settled::As(record));
            return Ok(());
        }
        self.note(&from, Fate::MovedBack, record, &Settled::As(becomes));
        self.steps.insert(to.clone(), Step::Remove);
        self.steps.insert(from, planned);
        Ok(())
    }

    /// Whether a memory can come to `key`.
    fn is_free(&self, head: &Snapshot, key: &Key) -> Result<bool> {
        let taken = |key: &str| -> Result<bool> {
            Ok(match self.steps.get(key) {
                Some(step) => step.record().is_some(),
                None => head.get_id(key)?.is_some(),
            })
        };
        if taken(key.as_str())? {
            return Ok(false);
        }
        for ancestor in key.ancestors() {
            if taken(ancestor)? {
                return Ok(false);
            }
        }
        for entry in head.keys(key.as_str()) {
            if taken(entry?.0.as_str())? {
                return Ok(false);
            }
        }
        let comes =
            |(other, step): (&Key, &Step)| step.record().is_some() && other.is_under(key.as_str());
        Ok(!self.steps.iter().any(comes))
    }
}
