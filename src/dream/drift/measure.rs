//! Measuring the drift of a branch.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::clock::Time;
use crate::dream::drift::memories::{Memories, Rewritten, Swing};
use crate::dream::drift::periods::{Period, Periods};
use crate::engine::{AsSnapshot, Branch, Change, ChangeKind, Snapshot, Store};
use crate::error::{Error, Result};
use crate::object::{AuthorKind, Commit, Key, Record};
use crate::storage::{CommitId, RecordId};

/// What became of a branch since some commit or time.
#[derive(Clone, Debug, Default)]
pub struct Drift {
    /// The commit it is measured from; `None` if from the beginning.
    pub from: Option<CommitId>,
    /// The newest commit; `None` on a branch without any.
    pub to: Option<CommitId>,
    /// How many commits lie between, along first parents.
    pub commits: u64,
    /// What changed under each first segment of a key, most first.
    pub churn: Vec<Churn>,
    /// The memories whose text was rewritten more than once, most often first.
    pub rewritten: Vec<Rewritten>,
    /// The memories that went back to a text they had left, most often first.
    pub swings: Vec<Swing>,
    /// What was written since, stands now, and rests on nothing, by key.
    pub unfounded: Vec<Unfounded>,
    /// Memories before, and now.
    pub entries: (u64, u64),
    /// Bytes of text that came on top; less than zero if memory shrank.
    pub bytes: i64,
    /// The time since, in parts of equal length, oldest first.
    pub periods: Vec<Period>,
}

/// How much changed under a prefix.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Churn {
    /// The first segment of the keys.
    pub prefix: String,
    /// Memories added.
    pub added: u64,
    /// Texts, labels or attributes changed, or one memory put in the place of another.
    pub changed: u64,
    /// Memories moved.
    pub moved: u64,
    /// Memories removed.
    pub removed: u64,
}

/// A memory that nobody can be asked about: an agent, program or dream wrote it and named neither
/// session nor event nor another memory, and no person vouches for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unfounded {
    /// Where it stands.
    pub key: Key,
    /// The version.
    pub record: RecordId,
}

impl Churn {
    /// All changes together.
    pub fn total(&self) -> u64 {
        self.added + self.changed + self.moved + self.removed
    }

    fn count(&mut self, kind: ChangeKind) {
        *match kind {
            ChangeKind::Added => &mut self.added,
            ChangeKind::Modified | ChangeKind::Replaced => &mut self.changed,
            ChangeKind::Renamed => &mut self.moved,
            ChangeKind::Removed => &mut self.removed,
        } += 1;
    }
}

impl Drift {
    /// How a branch has drifted since `commit`, or since its beginning.
    ///
    /// # Errors
    /// `Invalid` if the commit is not among the first parents of the branch's head; `Corrupt` if
    /// something is damaged.
    pub fn since(branch: &Branch, commit: Option<CommitId>) -> Result<Self> {
        let mut line = Vec::new();
        let mut at = branch.head()?;
        while at != commit {
            let Some(id) = at else {
                let from = commit.map(|id| format!("{id:.12}")).unwrap_or_default();
                let text = format!("commit {from} is not among the first parents of the branch");
                return Err(Error::invalid(text));
            };
            let found = branch.store().commit(id)?;
            at = found.first_parent();
            line.push(found);
        }
        Self::over(branch, commit, line)
    }

    /// How a branch has drifted by the commits made from `time` on.
    ///
    /// # Errors
    /// `Corrupt` if something is damaged.
    pub fn since_time(branch: &Branch, time: Time) -> Result<Self> {
        let mut line = Vec::new();
        let mut at = branch.head()?;
        while let Some(id) = at {
            let found = branch.store().commit(id)?;
            if found.committed() < time {
                break;
            }
            at = found.first_parent();
            line.push(found);
        }
        Self::over(branch, at, line)
    }

    /// Measures a line of commits, the newest first.
    fn over(branch: &Branch, from: Option<CommitId>, line: Vec<Arc<Commit>>) -> Result<Self> {
        let store = branch.store();
        let (oldest, newest) = (line.last(), line.first());
        let now = match newest {
            Some(newest) => store.snapshot(newest.id())?,
            None => branch.as_snapshot()?,
        };
        let mut drift = Self { from, to: now.id(), commits: line.len() as u64, ..Self::default() };
        let mut tally = Tally {
            store,
            churn: BTreeMap::new(),
            memories: Memories::default(),
            periods: Periods::between(
                oldest.map(|commit| commit.committed()),
                newest.map(|commit| commit.committed()),
                line.len(),
            ),
        };
        for commit in line.iter().rev() {
            tally.enter(commit)?;
        }
        drift.churn = tally.churn.into_values().collect();
        drift.churn.sort_by_key(|churn| std::cmp::Reverse(churn.total()));
        (drift.rewritten, drift.swings) = tally.memories.told();
        drift.periods = tally.periods.into_list();
        drift.compare(store, &now)?;
        Ok(drift)
    }

    /// What differs between the two ends.
    fn compare(&mut self, store: &Store, now: &Snapshot) -> Result<()> {
        let endorsements = store.endorsements()?;
        let mut net = Vec::new();
        if let Some(from) = self.from {
            let before = store.snapshot(from)?;
            self.entries = (before.count("")?, now.count("")?);
            for change in store.diff(&before, now)? {
                let change = change?;
                net.push((change.key, change.before, change.after));
            }
        } else {
            self.entries = (0, now.count("")?);
            for entry in now.keys("") {
                let (key, record) = entry?;
                net.push((key, None, Some(record)));
            }
        }
        for (key, before, after) in net {
            if let Some(before) = before {
                self.bytes -= bytes_of(&store.record(before)?);
            }
            let Some(id) = after else { continue };
            let record = store.record(id)?;
            self.bytes += bytes_of(&record);
            if before != after && is_unfounded(&record) && !endorsements.hold(&record)? {
                self.unfounded.push(Unfounded { key, record: id });
            }
        }
        Ok(())
    }
}

/// What is counted commit by commit.
struct Tally<'a> {
    store: &'a Store,
    churn: BTreeMap<String, Churn>,
    memories: Memories,
    periods: Periods,
}

impl Tally<'_> {
    fn enter(&mut self, commit: &Commit) -> Result<()> {
        let period = self.periods.at(commit.committed());
        if let Some(period) = period {
            self.periods.list_mut()[period].commits += 1;
        }
        for change in self.store.changes(commit.id())? {
            let prefix = first_segment(&change.key);
            let churn = self.churn.entry(prefix.clone()).or_default();
            churn.prefix = prefix;
            churn.count(change.kind);
            let (before, after) = self.sides(&change)?;
            if let (Some(after), Some(period)) = (&after, period)
                && change.before != change.after
            {
                self.periods.list_mut()[period].note(after);
            }
            self.memories.note(&change.key, before.as_ref(), after.as_ref(), commit.id());
        }
        Ok(())
    }

    fn sides(&self, change: &Change) -> Result<(Option<Record>, Option<Record>)> {
        let read = |id: Option<RecordId>| id.map(|id| self.store.record(id)).transpose();
        Ok((read(change.before)?, read(change.after)?))
    }
}

fn first_segment(key: &Key) -> String {
    let text = key.as_str();
    text.split_once('/').map_or(text, |(first, _)| first).to_owned()
}

/// An erased text has no bytes any more.
fn bytes_of(record: &Record) -> i64 {
    record.text().map_or(0, |text| text.len() as i64)
}

fn is_unfounded(record: &Record) -> bool {
    let from = record.provenance();
    from.author.kind() != AuthorKind::Person
        && from.evidence.is_empty()
        && from.inputs.is_empty()
        && from.session.is_none()
}
