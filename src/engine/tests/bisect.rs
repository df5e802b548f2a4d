//! Bisection over random histories, against what a look at every commit says.

use std::collections::{BTreeMap, BTreeSet};

use super::disk::Dice;
use crate::clock::{FixedClock, Time};
use crate::engine::{Branch, Database, Options, Resolution, Snapshot, Store};
use crate::entropy::SeededEntropy;
use crate::error::{ErrorKind, Result};
use crate::history::Test;
use crate::object::{Author, Entry, Key, Message};
use crate::storage::CommitId;

/// The key whose presence is the fault.
const FAULT: &str = "fault";

fn message() -> Message {
    Author::agent("model").message("step")
}

fn database(seed: u64) -> Database {
    Options::new()
        .clock(FixedClock::new(Time::from_seconds(1_800_000_000), 1_000))
        .entropy(SeededEntropy::new(seed))
        .in_memory()
        .unwrap()
}

/// A random history, and what a look at each of its commits says.
struct History {
    dice: Dice,
    store: Store,
    /// The parents and the tree of each commit, in the order they were made.
    commits: Vec<(CommitId, Vec<CommitId>)>,
    written: u64,
}

impl History {
    fn new(seed: u64) -> Self {
        let store = database(seed).store("default").unwrap();
        let mut history = Self { dice: Dice::new(seed), store, commits: Vec::new(), written: 0 };
        history.write("main").unwrap();
        for name in ["one", "two"] {
            history.store.create_branch(name, history.commits[0].0).unwrap();
        }
        history
    }

    fn branch(&self, name: &str) -> Branch {
        self.store.branch(name).unwrap()
    }

    fn learn(&mut self, commit: CommitId) -> Result<CommitId> {
        let parents = self.store.commit(commit)?.parents().to_vec();
        if self.commits.iter().all(|(known, _)| *known != commit) {
            self.commits.push((commit, parents));
        }
        Ok(commit)
    }

    fn put(&mut self, branch: &str, key: &str) -> Result<CommitId> {
        self.written += 1;
        let mut tx = self.branch(branch).write()?;
        tx.put(key, Entry::fact(format!("It is {}.", self.written)))?;
        let commit = tx.commit(message())?;
        self.learn(commit)
    }

    fn write(&mut self, branch: &str) -> Result<CommitId> {
        let key = format!("keys/{}", self.dice.below(9));
        self.put(branch, &key)
    }

    fn merge(&mut self, into: &str, from: &str) -> Result<()> {
        let mut merge = self.branch(into).merge(&self.branch(from))?;
        merge.resolve(|_| Resolution::Theirs)?;
        let commit = merge.commit(message())?;
        self.learn(commit).map(drop)
    }

    /// Some writes and merges among the branches.
    fn go_on(&mut self, steps: usize) -> Result<()> {
        const NAMES: [&str; 3] = ["main", "one", "two"];
        for _ in 0..steps {
            let (to, from) = (NAMES[self.dice.below(3)], NAMES[self.dice.below(3)]);
            if to != from && self.dice.chance(30) {
                self.merge(to, from)?;
            } else {
                self.write(to)?;
            }
        }
        Ok(())
    }

    fn first_parents(&self, from: CommitId) -> Vec<CommitId> {
        let parents: BTreeMap<_, _> = self.commits.iter().cloned().collect();
        let mut line = vec![from];
        while let Some(before) = parents[&line[line.len() - 1]].first() {
            line.push(*before);
        }
        line.reverse();
        line
    }

    /// The commits that hold the fault.
    fn faulty(&self) -> BTreeSet<CommitId> {
        let ids = self.commits.iter().map(|(id, _)| *id);
        let holds =
            |id: &CommitId| self.store.snapshot(*id).unwrap().get_id(FAULT).unwrap().is_some();
        ids.filter(holds).collect()
    }
}

fn has_fault(snapshot: &Snapshot) -> Result<Test> {
    let faulty = snapshot.get_id(FAULT)?.is_some();
    Ok(if faulty { Test::Bad } else { Test::Good })
}

fn ceil_log2(count: usize) -> usize {
    count.next_power_of_two().trailing_zeros() as usize
}

/// Whatever merges it came through, the commit that wrote the fault is found.
#[test]
fn bisect_names_the_commit_that_a_look_at_every_commit_names() -> Result<()> {
    let (mut nested, mut straight) = (0, 0);
    for seed in 0..60 {
        let mut history = History::new(seed);
        let before = history.dice.below(20);
        history.go_on(before)?;
        let branch = ["main", "one", "two"][history.dice.below(3)];
        let culprit = history.put(branch, FAULT)?;
        let after = history.dice.below(30);
        history.go_on(after)?;
        if branch != "main" {
            history.merge("main", branch)?;
        }
        let faulty = history.faulty();
        let bad = history.branch("main").head()?.unwrap();
        let line = history.first_parents(bad);
        let turn = line.iter().position(|id| faulty.contains(id)).unwrap();

        let found = history.store.bisect(None, bad, &mut has_fault)?;
        assert_eq!(found.suspects.len(), 1, "seed {seed}");
        assert_eq!(found.suspects[0].id(), culprit, "seed {seed}, backwards");
        assert_eq!(found.contradiction, None, "seed {seed}");
        let outermost = found.merges.first().map_or(culprit, |merge| merge.id());
        assert_eq!(outermost, line[turn], "seed {seed}: the first bad of the first parents");
        if found.merges.is_empty() {
            straight += 1;
        } else {
            nested += 1;
        }

        for (verdict, id) in found.tests.iter().filter_map(|(id, test)| Some((test, (*id)?))) {
            assert_eq!(*verdict == Test::Bad, faulty.contains(&id), "seed {seed}");
        }
        if turn > 0 {
            let good = line[history.dice.below(turn)];
            let found = history.store.bisect(Some(good), bad, &mut has_fault)?;
            assert_eq!(found.suspects[0].id(), culprit, "seed {seed}, between");
            let last = found.good.unwrap();
            assert!(!faulty.contains(&last), "seed {seed}");
        }
    }
    assert!(nested > 10 && straight > 10, "{nested} through merges, {straight} straight");
    Ok(())
}

#[test]
fn bisect_tests_no_more_than_the_logarithm_of_a_line_and_one() -> Result<()> {
    let mut history = History::new(7);
    for _ in 0..130 {
        history.write("main")?;
    }
    let line = history.first_parents(history.branch("main").head()?.unwrap());
    for length in [2, 3, 9, 64, 65, 100, 128] {
        let line = &line[line.len() - length..];
        for turn in 1..length {
            let bad: BTreeSet<_> = line[turn..].iter().collect();
            let mut test = |snapshot: &Snapshot| {
                let bad = snapshot.id().is_some_and(|id| bad.contains(&id));
                Ok(if bad { Test::Bad } else { Test::Good })
            };
            let found = history.store.bisect(Some(line[0]), line[length - 1], &mut test)?;
            assert_eq!(found.suspects[0].id(), line[turn]);
            assert_eq!(found.good, Some(line[turn - 1]));
            let most = 1 + ceil_log2(length);
            assert!(found.tests.len() <= most, "{} tests of {length}", found.tests.len());
        }
    }
    Ok(())
}

/// Ten states without the memory, three with it, then `after` without it again.
fn good_stretch_long_ago(after: usize) -> Result<(History, CommitId)> {
    let mut history = History::new(13);
    for _ in 0..10 {
        history.write("main")?;
    }
    history.put("main", "wanted")?;
    history.write("main")?;
    let good = history.write("main")?;
    let mut tx = history.branch("main").write()?;
    tx.remove("wanted")?;
    let fall = tx.commit(message())?;
    history.learn(fall)?;
    for _ in 0..after {
        history.write("main")?;
    }
    assert_eq!(history.store.commit(fall)?.first_parent(), Some(good));
    Ok((history, fall))
}

fn has_wanted(snapshot: &Snapshot) -> Result<Test> {
    let there = snapshot.get_id("wanted")?.is_some();
    Ok(if there { Test::Good } else { Test::Bad })
}

/// Doubling steps go 1, 2, 4, ... back: a short good stretch lies between two of them.
#[test]
fn a_fall_after_a_good_stretch_that_the_steps_leave_out_is_found_by_the_changes_of_its_memory()
-> Result<()> {
    for after in [0, 3, 20, 90, 300] {
        let (history, fall) = good_stretch_long_ago(after)?;
        let bad = history.branch("main").head()?.unwrap();
        let keys = [Key::new("wanted")?];
        let found = history.store.bisect_near(bad, &keys, &mut has_wanted)?;
        assert_eq!(found.suspects[0].id(), fall, "{after} states after it");
        assert!(found.tests.len() <= 20, "{} tests for {after}", found.tests.len());
    }
    Ok(())
}

#[test]
fn a_fall_after_a_good_stretch_is_found_in_a_short_history_whatever_is_asked() -> Result<()> {
    for after in 0..20 {
        let (history, fall) = good_stretch_long_ago(after)?;
        let bad = history.branch("main").head()?.unwrap();
        let found = history.store.bisect(None, bad, &mut has_wanted)?;
        assert_eq!(found.suspects[0].id(), fall, "{after} states after it");
    }
    Ok(())
}

#[test]
fn where_only_the_empty_beginning_is_good_the_first_bad_commit_is_named() -> Result<()> {
    let mut history = History::new(14);
    for _ in 0..100 {
        history.write("main")?;
    }
    let bad = history.branch("main").head()?.unwrap();
    let mut empty =
        |snapshot: &Snapshot| Ok(if snapshot.count("")? == 0 { Test::Good } else { Test::Bad });
    let found = history.store.bisect(None, bad, &mut empty)?;
    assert_eq!(found.suspects[0].id(), history.commits[0].0);
    assert_eq!(found.good, None);
    Ok(())
}

#[test]
fn ends_that_are_not_what_they_are_said_to_be_are_refused() -> Result<()> {
    let mut history = History::new(8);
    let good = history.write("main")?;
    let bad = history.put("main", FAULT)?;
    let aside = history.write("one")?;
    let run = |good, bad| history.store.bisect(good, bad, &mut has_fault);
    assert_eq!(run(Some(good), good).unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(run(Some(bad), bad).unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(run(Some(bad), good).unwrap_err().kind(), ErrorKind::Invalid);
    let refused = run(Some(aside), bad).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    assert_eq!(refused.candidates(), [history.commits[0].0.to_string()]);
    assert_eq!(run(Some(good), bad)?.suspects[0].id(), bad);

    let mut always = |_: &Snapshot| Ok(Test::Bad);
    let never_good = history.store.bisect(None, bad, &mut always).unwrap_err();
    assert_eq!(never_good.kind(), ErrorKind::NotFound);
    let refused = history.store.bisect(Some(good), bad, &mut always).unwrap_err();
    assert!(refused.to_string().contains("taken as good"), "{refused}");
    Ok(())
}

#[test]
fn a_test_that_turns_more_than_once_is_reported_with_its_newest_turn() -> Result<()> {
    let mut history = History::new(9);
    let root = history.commits[0].0;
    history.write("main")?;
    let first = history.put("main", FAULT)?;
    let second = history.write("main")?;
    let back = history.branch("main").revert_all(&[first, second])?.commit(message())?;
    let again = history.put("main", FAULT)?;
    let found = history.store.bisect(Some(root), again, &mut has_fault)?;
    assert_eq!((found.suspects[0].id(), found.good), (again, Some(back)));
    assert_eq!(found.contradiction, Some((Some(first), back)));
    assert!(found.tests.iter().all(|(id, _)| *id != Some(back)), "equal content is tested once");
    Ok(())
}

/// The fault is on both sides of the merge already: it did not come with it.
#[test]
fn a_side_that_was_bad_before_it_parted_is_reported() -> Result<()> {
    let mut history = History::new(12);
    let fault = history.put("main", FAULT)?;
    let side = history.store.create_branch("side", fault)?;
    let mut tx = side.write()?;
    tx.put("keys/more", Entry::fact("More."))?;
    tx.commit(message())?;
    let healed = history.branch("main").revert(fault)?.commit(message())?;
    // Taking the fault back is undone by hand, in the merge.
    history.put("main", FAULT)?;
    let mut merge = history.branch("main").merge(&side)?;
    merge.resolve(|_| Resolution::Theirs)?;
    let merged = merge.commit(message())?;
    let mut test = |snapshot: &Snapshot| {
        let more = snapshot.get_id("keys/more")?.is_some();
        let faulty = snapshot.id() == Some(fault) || more;
        Ok(if faulty { Test::Bad } else { Test::Good })
    };
    let found = history.store.bisect(Some(healed), merged, &mut test)?;
    assert_eq!(found.suspects[0].id(), merged);
    let trunk = history.store.commit(merged)?.first_parent().unwrap();
    assert_eq!(found.contradiction, Some((Some(fault), trunk)));
    Ok(())
}

#[test]
fn what_cannot_be_told_leaves_its_neighbours_as_suspects() -> Result<()> {
    let mut history = History::new(10);
    let good = history.write("main")?;
    let skipped = [history.write("main")?, history.write("main")?];
    let bad = history.put("main", FAULT)?;
    let mut test = |snapshot: &Snapshot| match snapshot.id() {
        Some(id) if skipped.contains(&id) => Ok(Test::Skip),
        _ => has_fault(snapshot),
    };
    let found = history.store.bisect(Some(good), bad, &mut test)?;
    let suspects: Vec<_> = found.suspects.iter().map(|commit| commit.id()).collect();
    assert_eq!(suspects, [skipped[0], skipped[1], bad]);
    assert_eq!(found.good, Some(good));
    Ok(())
}

/// Each side is good by itself: the join is to blame.
#[test]
fn a_merge_that_is_bad_only_together_is_named_itself() -> Result<()> {
    let mut history = History::new(11);
    history.put("main", "halves/left")?;
    history.put("one", "halves/right")?;
    history.merge("main", "one")?;
    history.write("main")?;
    let bad = history.branch("main").head()?.unwrap();
    let mut both = |snapshot: &Snapshot| {
        let whole = snapshot.count("halves")? == 2;
        Ok(if whole { Test::Bad } else { Test::Good })
    };
    let found = history.store.bisect(None, bad, &mut both)?;
    assert_eq!(found.suspects[0].parents().len(), 2);
    assert!(found.merges.is_empty());
    Ok(())
}
