//! Power loss: what was acknowledged survives it, and what is derived agrees with the log.

use std::collections::BTreeMap;

use super::disk::{Dice, Disk};
use crate::clock::{FixedClock, Time};
use crate::engine::flush::Thresholds;
use crate::engine::{Branch, Database, LogFilter, Options, Resolution};
use crate::entropy::SeededEntropy;
use crate::object::{Author, Entry, Event, Role, SessionFacts};
use crate::storage::CommitId;

/// How many commits are read back after each loss; `verify` checks the others' trees.
const COMMITS_READ: usize = 25;

/// What the log of a database must hold: the content of each acknowledged commit.
type Contents = BTreeMap<String, String>;

#[derive(Default)]
struct Promised {
    commits: Vec<(CommitId, Contents)>,
    heads: BTreeMap<String, CommitId>,
    sessions: Vec<String>,
    founded: bool,
}

fn options(seed: u64) -> Options {
    Options::new()
        .clock(FixedClock::new(Time::from_seconds(1_800_000_000), 1_000))
        .entropy(SeededEntropy::new(seed))
        .thresholds(Thresholds {
            tail_rows_max: 5,
            tail_bytes_max: 1 << 20,
            tail_rows_close: 3,
            slice: 3,
            checkpoint_edits: 12,
            pending_nodes_max: 4,
            ..Thresholds::default()
        })
}

fn contents(branch: &crate::engine::Snapshot) -> crate::Result<Contents> {
    branch
        .entries("")
        .map(|entry| {
            let (key, record) = entry?;
            Ok((key.to_string(), record.text()?.to_owned()))
        })
        .collect()
}

fn random_edits(branch: &Branch, dice: &mut Dice) -> crate::Result<CommitId> {
    let mut tx = branch.write()?;
    for _ in 0..=dice.below(4) {
        // Long keys: a dozen of them make a tree of several nodes.
        let key = format!("k/{}{}", dice.below(14), "_".repeat(500));
        let text = format!("{}\n{}", dice.roll(), "x".repeat(dice.below(600)));
        if dice.chance(80) || tx.get(&key)?.is_none() {
            tx.put(&key, Entry::fact(text))?;
        } else {
            tx.remove(&key)?;
        }
    }
    tx.commit(Author::agent("writer").message("edits"))
}

/// One random act; what it promises is noted once it is acknowledged.
fn act(db: &Database, promised: &mut Promised, dice: &mut Dice) -> crate::Result<()> {
    let store = db.store("default")?;
    let main = store.branch("main")?;
    let side = match promised.heads.get("side") {
        Some(_) => Some(store.branch("side")?),
        None => None,
    };
    let (branch, commit) = match (dice.below(8), side) {
        (0, None) if promised.heads.contains_key("main") => {
            let head = promised.heads["main"];
            store.create_branch("side", head)?;
            promised.heads.insert("side".to_owned(), head);
            return Ok(());
        }
        (0, Some(side)) => {
            let mut merge = main.merge(&side)?;
            merge.resolve(|_| Resolution::Theirs)?;
            (main, merge.commit(Author::person("p").message("merge"))?)
        }
        (1, _) => {
            let id = format!("s-{}", dice.below(5));
            let events = (0..=dice.below(4)).map(|n| Event::said(Role::User, format!("event {n}")));
            let facts = SessionFacts { id: id.clone(), ..SessionFacts::default() };
            let new = crate::engine::NewSession { facts, events: events.collect(), extra: None };
            store.import_sessions(&[new], &Author::program("import"))?;
            promised.sessions.push(id);
            return Ok(());
        }
        (2 | 3, Some(side)) => {
            let commit = random_edits(&side, dice)?;
            (side, commit)
        }
        _ => {
            let commit = random_edits(&main, dice)?;
            (main, commit)
        }
    };
    promised.heads.insert(branch.name().to_string(), commit);
    promised.commits.push((commit, contents(&store.snapshot(commit)?)?));
    Ok(())
}

/// What is broken of the promises; empty if nothing is.
fn broken(db: &Database, promised: &Promised) -> crate::Result<Vec<String>> {
    let mut broken = Vec::new();
    let report = db.verify()?;
    broken.extend(report.findings.iter().map(ToString::to_string));
    let store = db.store("default")?;
    for (commit, promise) in promised.commits.iter().rev().take(COMMITS_READ) {
        match store.snapshot(*commit).and_then(|snapshot| contents(&snapshot)) {
            Ok(found) if found == *promise => {}
            Ok(_) => broken.push(format!("commit {commit} reads otherwise")),
            Err(error) => broken.push(format!("commit {commit}: {error}")),
        }
    }
    for (name, head) in &promised.heads {
        let Some(now) = store.branch(name)?.head()? else {
            broken.push(format!("`{name}` is gone"));
            continue;
        };
        // One act may have become durable without its answer having been given.
        let log: Vec<_> = store.log(now, LogFilter::default())?.collect::<crate::Result<_>>()?;
        let own = log.iter().filter(|commit| commit.first_parent() == Some(*head));
        if now != *head && (log[0].first_parent() != Some(*head) || own.count() == 0) {
            broken.push(format!("`{name}` has lost {head}"));
        }
    }
    for id in &promised.sessions {
        if store.session(id)?.is_none() {
            broken.push(format!("session {id} is gone"));
        }
    }
    Ok(broken)
}

/// Acts until the power goes; whether it did.
fn live(disk: &Disk, seed: u64, promised: &mut Promised, dice: &mut Dice) -> bool {
    let Ok(db) = options(seed).on_backend(disk.clone()) else { return true };
    promised.founded = true;
    for _ in 0..40 {
        if let Err(error) = act(&db, promised, dice) {
            assert!(disk.is_dead(), "seed {seed}: {error:?}");
            return true;
        }
    }
    false
}

/// Runs one history with several losses; what broke.
fn history(seed: u64, losses: usize, lying: bool) -> crate::Result<Vec<String>> {
    let mut dice = Dice::new(seed);
    let mut promised = Promised::default();
    let mut image = Vec::new();
    for loss in 0..losses {
        let disk = Disk::new(image);
        if lying {
            disk.lie();
        }
        disk.light_fuse(dice.roll() % 700);
        live(&disk, seed * 1_000 + loss as u64, &mut promised, &mut dice);
        image = disk.lose_power(&mut dice);
        // A second loss while the first is being recovered from.
        let mut again = 0;
        while dice.chance(40) {
            again += 1;
            let disk = Disk::new(image);
            disk.light_fuse(dice.roll() % 30);
            let opened = options(seed * 1_000 + 500 + again).on_backend(disk.clone());
            image = disk.lose_power(&mut dice);
            drop(opened);
        }
        if !promised.founded {
            continue;
        }
        let db = match options(seed * 1_000 + 900).on_backend(Disk::new(image.clone())) {
            Ok(db) => db,
            Err(error) => return Ok(vec![format!("loss {loss}: does not open: {error:?}")]),
        };
        let broken = broken(&db, &promised)?;
        if !broken.is_empty() {
            return Ok(broken);
        }
        // Whatever became durable unanswered is promised from here on.
        let store = db.store("default")?;
        for found in store.refs()? {
            promised.heads.insert(found.name.to_string(), found.commit);
        }
    }
    Ok(Vec::new())
}

fn histories() -> u64 {
    if std::env::var_os("UNDREAM_LONG").is_some() { 2_000 } else { 63 }
}

#[test]
fn acknowledged_commits_survive_power_loss() {
    for seed in 0..histories() {
        let broken = history(seed, 8, false).unwrap();
        assert!(broken.is_empty(), "seed {seed}: {broken:#?}");
    }
}

#[test]
fn lying_syncs_are_caught() {
    let caught = (0..20)
        .filter(|seed| history(*seed, 8, true).map_or(true, |broken| !broken.is_empty()))
        .count();
    assert!(caught >= 18, "only {caught} of 20 histories with lying syncs were caught");
}
