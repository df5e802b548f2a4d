//! The engine against a small model in memory that shares no code with it: a map per commit.

mod content;
mod deeds;
mod joins;

use std::collections::{BTreeMap, BTreeSet};

use super::disk::{Dice, Disk};
use crate::clock::{FixedClock, Time};
use crate::engine::flush::Thresholds;
use crate::engine::{Branch, Database, Options, Snapshot, Store};
use crate::entropy::SeededEntropy;
use crate::error::Result;
use crate::object::{Author, Message};
use crate::storage::{CommitId, MemoryId};

use self::content::{Content, assert_possible, differences, read};

/// What the model knows of a commit.
struct Known {
    parents: Vec<CommitId>,
    content: Content,
}

/// A database and what it should hold.
struct World {
    seed: u64,
    dice: Dice,
    disk: Disk,
    db: Database,
    commits: BTreeMap<CommitId, Known>,
    /// In the order they were made.
    order: Vec<CommitId>,
    heads: BTreeMap<String, CommitId>,
    memories: BTreeSet<MemoryId>,
    /// Snapshots that somebody has not let go of.
    held: Vec<Snapshot>,
    fed: u64,
    said: u64,
}

fn open(seed: u64, disk: &Disk) -> Database {
    let thresholds = Thresholds {
        tail_rows_max: 4,
        tail_bytes_max: 1 << 20,
        tail_rows_close: 2,
        slice: 3,
        checkpoint_edits: 9,
        pending_nodes_max: 3,
        ..Thresholds::default()
    };
    Options::new()
        .clock(FixedClock::new(Time::from_seconds(1_800_000_000), 1_000))
        .entropy(SeededEntropy::new(seed))
        .thresholds(thresholds)
        .on_backend(disk.clone())
        .unwrap()
}

fn message(text: &str) -> Message {
    Author::agent("model").message(text)
}

impl World {
    fn new(seed: u64) -> Self {
        let disk = Disk::new(Vec::new());
        Self {
            seed,
            dice: Dice::new(seed),
            db: open(seed, &disk),
            disk,
            commits: BTreeMap::new(),
            order: Vec::new(),
            heads: BTreeMap::new(),
            memories: BTreeSet::new(),
            held: Vec::new(),
            fed: 0,
            said: 0,
        }
    }

    fn store(&self) -> Store {
        self.db.store("default").unwrap()
    }

    fn branch(&self, name: &str) -> Branch {
        self.store().branch(name).unwrap()
    }

    fn any_branch(&mut self) -> String {
        let names: Vec<_> = self.heads.keys().cloned().collect();
        names.get(self.dice.below(names.len().max(1))).map_or("main".to_owned(), Clone::clone)
    }

    fn any_commit(&mut self) -> CommitId {
        let recent = self.order.len().saturating_sub(1 + self.dice.below(12));
        let any = self.dice.below(self.order.len());
        if self.dice.chance(70) { self.order[recent] } else { self.order[any] }
    }

    fn content(&self, commit: CommitId) -> &Content {
        &self.commits[&commit].content
    }

    fn head_content(&self, branch: &str) -> Content {
        self.heads.get(branch).map(|head| self.content(*head).clone()).unwrap_or_default()
    }

    /// Takes in a new commit on `branch`; what it holds.
    fn learn(&mut self, branch: &str, commit: CommitId, what: &str) -> Result<Content> {
        let store = self.store();
        let content = read(&store.snapshot(commit)?)?;
        assert_possible(&content, what);
        let parents = store.commit(commit)?.parents().to_vec();
        self.memories.extend(content.values().map(|held| held.memory));
        if !self.commits.contains_key(&commit) {
            self.order.push(commit);
        }
        self.commits.insert(commit, Known { parents, content: content.clone() });
        self.heads.insert(branch.to_owned(), commit);
        assert_eq!(self.branch(branch).head()?, Some(commit), "{what}");
        Ok(content)
    }

    /// The rows say what the commits changed.
    fn check_feed(&mut self) -> Result<()> {
        let rows = self.db.feed().changes_after(self.fed, 1_000)?;
        for row in rows {
            assert_eq!(row.sequence, self.fed + 1, "the feed is dense");
            self.fed = row.sequence;
            let Some(commit) = row.commit else { continue };
            let Some(known) = self.commits.get(&commit) else { continue };
            let before = match known.parents.first() {
                Some(parent) => self.content(*parent).clone(),
                None => Content::new(),
            };
            let edits = row.edits.iter();
            let edits: Vec<_> =
                edits.map(|edit| (edit.key.to_string(), edit.before, edit.after)).collect();
            assert_eq!(edits, differences(&before, &known.content), "row {}", row.sequence);
        }
        Ok(())
    }

    /// Old commits read as they were, and memories are found where they stand.
    fn check_reads(&mut self) -> Result<()> {
        if self.order.is_empty() {
            return Ok(());
        }
        let commit = self.any_commit();
        let store = self.store();
        let snapshot = store.snapshot(commit)?;
        let content = self.content(commit);
        assert_eq!(read(&snapshot)?, *content, "commit {commit}");
        let memories = self.memories.iter().copied().collect::<Vec<_>>();
        let some = (0..4).map(|_| memories[self.dice.below(memories.len())]).collect::<Vec<_>>();
        let content = self.content(commit);
        for memory in some {
            let expected = content.iter().find(|(_, held)| held.memory == memory);
            let found = snapshot.find(memory)?.map(|key| key.to_string());
            assert_eq!(found, expected.map(|(key, _)| key.clone()), "memory {memory}");
        }
        let digits = commit.to_string()[..12].to_owned();
        assert_eq!(store.resolve(&digits)?.commit, commit);
        self.check_diff(commit)
    }

    /// What a diff names, applied to the one side, gives the other.
    fn check_diff(&mut self, after: CommitId) -> Result<()> {
        let before = self.any_commit();
        let store = self.store();
        let (old, new) = (store.snapshot(before)?, store.snapshot(after)?);
        let mut keys: BTreeMap<String, _> =
            self.content(before).iter().map(|(key, held)| (key.clone(), held.record)).collect();
        let changes = store.diff(&old, &new)?.collect::<Result<Vec<_>>>()?;
        for change in &changes {
            let gone = change.from.as_ref().or(change.before.map(|_| &change.key));
            if let Some(key) = gone {
                assert_eq!(keys.remove(key.as_str()), change.before, "{change}");
            }
        }
        for change in changes {
            keys.extend(change.after.map(|record| (change.key.to_string(), record)));
        }
        let wanted = self.content(after).iter().map(|(key, held)| (key.clone(), held.record));
        assert_eq!(keys, wanted.collect::<BTreeMap<_, _>>(), "diff {before} {after}");
        Ok(())
    }

    fn reopen(&mut self) {
        self.held.clear();
        let disk = self.disk.clone();
        let seed = self.seed + 1_000_000 + self.dice.roll() % 1_000_000;
        // The old handle must be gone before the file is opened again.
        self.db = Database::in_memory().unwrap();
        self.db = open(seed, &disk);
        for (name, head) in &self.heads {
            assert_eq!(self.branch(name).head().unwrap(), Some(*head), "{name} after reopening");
        }
    }

    fn step(&mut self) -> Result<()> {
        match self.dice.below(24) {
            0..=8 => self.edit()?,
            9..=10 => self.fork()?,
            11..=15 => self.merge()?,
            16 => self.revert()?,
            17 => self.revert_at_once()?,
            18 => self.pick()?,
            19 => self.restore()?,
            20 => self.undo()?,
            21 => {
                let branch = self.any_branch();
                self.held.push(self.branch(&branch).snapshot()?);
            }
            22 => {
                let keep = self.dice.below(self.held.len() + 1);
                self.held.truncate(keep);
            }
            _ if self.dice.chance(40) => self.reopen(),
            _ => {}
        }
        self.check_feed()?;
        self.check_reads()
    }
}

fn run(seed: u64, steps: usize) {
    let mut world = World::new(seed);
    for step in 0..steps {
        if let Err(error) = world.step() {
            panic!("seed {seed}, step {step}: {error:?}");
        }
    }
    let report = world.db.verify().unwrap();
    assert!(report.is_sound(), "seed {seed}: {:#?}", report.findings);
    assert!(report.commits as usize >= world.order.len());
}

#[test]
fn the_database_is_what_the_model_says() {
    let long = std::env::var_os("UNDREAM_LONG").is_some();
    let (seeds, steps) = if long { (2_000, 300) } else { (40, 120) };
    let first = std::env::var("UNDREAM_SEED").ok().and_then(|text| text.parse().ok());
    for seed in first.map_or(0..seeds, |seed| seed..seed + 1) {
        println!("seed {seed}");
        run(seed, steps);
    }
}
