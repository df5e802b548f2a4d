//! No interleaving lands an unchecked commit on a guarded branch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use undream::{Author, Branch, CommitId, ErrorKind, Key, Merge, Result, Store, Transaction};

use crate::room::{agent, person, put, room, secret, set};

const KEYS: [&str; 4] = ["facts/a", "facts/b", "rules/a", "law/a"];
const PROTECTED: [&[&str]; 4] = [&["rules"], &["law"], &["law", "rules"], &[]];

/// One step of somebody; `usize`s choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    /// Begins a write of a text to a key, as an agent or a person, with or without an override.
    Begin { key: usize, secret: bool, person: bool, overriding: bool },
    /// Begins to merge the branch `side`, on which something is written first.
    BeginMerge { key: usize, secret: bool, person: bool },
    /// Begins to take a commit back.
    BeginRevert { back: usize, person: bool },
    /// Lands what was begun.
    Land(usize),
    /// Changes the policy.
    Protect(usize),
    /// Takes the last operation back.
    Undo { person: bool },
    /// Puts the branch where `side` is.
    Remake { person: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let number = any::<usize>;
    prop_oneof![
        3 => (number(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
            |(key, secret, person, overriding)| Step::Begin { key, secret, person, overriding }
        ),
        2 => (number(), any::<bool>(), any::<bool>())
            .prop_map(|(key, secret, person)| Step::BeginMerge { key, secret, person }),
        1 => (0..3_usize, any::<bool>())
            .prop_map(|(back, person)| Step::BeginRevert { back, person }),
        5 => number().prop_map(Step::Land),
        2 => number().prop_map(Step::Protect),
        1 => any::<bool>().prop_map(|person| Step::Undo { person }),
        1 => any::<bool>().prop_map(|person| Step::Remake { person }),
    ]
}

enum Begun {
    Write(Transaction, Author, bool),
    Join(Merge, Author),
}

struct World {
    store: Store,
    main: Branch,
    side: Branch,
    begun: Vec<Begun>,
    number: usize,
}

fn who(is_person: bool) -> Author {
    if is_person { person() } else { agent() }
}

impl World {
    fn new() -> Self {
        let (_, store, main) = room();
        let base = put(&main, &person(), "rules/base", "base").unwrap();
        let side = store.create_branch("side", base).unwrap();
        Self { store, main, side, begun: Vec::new(), number: 0 }
    }

    fn text(&mut self, with_secret: bool) -> String {
        self.number += 1;
        let extra = if with_secret { secret() } else { String::new() };
        format!("text {} {extra}", self.number)
    }

    fn take(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Begin { key, secret, person, overriding } => {
                let text = self.text(secret);
                let mut tx = self.main.write()?;
                tx.put(KEYS[key % KEYS.len()], text)?;
                self.begun.push(Begun::Write(tx, who(person), overriding));
            }
            Step::BeginMerge { key, secret, person } => {
                let text = self.text(secret);
                put(&self.side, &agent(), KEYS[key % KEYS.len()], &text)?;
                self.begun.push(Begun::Join(self.main.merge(&self.side)?, who(person)));
            }
            Step::BeginRevert { back, person } => {
                let commit = self.store.resolve(&format!("main~{back}"))?.commit;
                self.begun.push(Begun::Join(self.main.revert(commit)?, who(person)));
            }
            Step::Land(which) if !self.begun.is_empty() => {
                let begun = self.begun.swap_remove(which % self.begun.len());
                land(begun)?;
            }
            Step::Land(_) => {}
            Step::Protect(which) => {
                let keys = PROTECTED[which % PROTECTED.len()];
                set(&self.store, |policy| {
                    policy.protected = keys.iter().map(|key| Key::new(key).unwrap()).collect();
                });
            }
            Step::Undo { person } => {
                let last = self.store.operations()?.next().unwrap()?;
                self.store.undo(last.id(), &who(person))?;
            }
            Step::Remake { person } => {
                let (Some(head), Some(side)) = (self.main.head()?, self.side.head()?) else {
                    return Ok(());
                };
                self.store.delete_ref("main", head, &who(person))?;
                self.store.create_branch_as("main", side, &who(person))?;
            }
        }
        Ok(())
    }
}

fn land(begun: Begun) -> Result<CommitId> {
    match begun {
        Begun::Write(tx, author, true) => tx.commit(author.message("Write").overriding("I may")),
        Begun::Write(tx, author, false) => tx.commit(author.message("Write")),
        Begun::Join(mut merge, author) => {
            merge.resolve(|_| undream::Resolution::Theirs)?;
            merge.commit(author.message("Join"))
        }
    }
}

/// Every move of `main` that made a commit made one that the policy in force passed, or that a
/// person overrode.
fn check_all(store: &Store, main: &Branch) -> std::result::Result<(), TestCaseError> {
    for operation in store.operations().unwrap() {
        let operation = operation.unwrap();
        let made = operation.moves().iter().filter(|step| step.name == *main.name());
        for commit in made.filter_map(|step| step.to) {
            let kinds = ["commit", "merge", "revert"];
            if !kinds.contains(&operation.kind().name()) {
                continue;
            }
            let found = store.commit(commit).unwrap();
            let check = store.check(commit, main.name(), &[]).unwrap();
            prop_assert!(check.is_same(), "{found:?}: {:?}", check.differences());
            let overridden = found.verdict().is_some_and(undream::Verdict::is_overridden);
            prop_assert!(check.now.passes() || overridden, "{found:?}: {:?}", check.now);
            if let Some(verdict) = found.verdict() {
                let meta = format!("meta@{{{}}}", found.committed());
                let then = store.resolve(&meta).ok().map(|then| then.commit);
                let record =
                    then.and_then(|then| store.snapshot(then).unwrap().get_id("policy").unwrap());
                prop_assert_eq!(verdict.policy, record, "asked under another policy");
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn no_interleaving_lands_an_unchecked_commit(
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let mut world = World::new();
        for step in steps {
            let protected = world.main.head().unwrap();
            match world.take(step) {
                Ok(()) => {}
                // A step that is refused changes nothing on the branch; one that cannot be is none.
                Err(error) if error.kind() == ErrorKind::Blocked => {
                    let now = world.main.head().unwrap();
                    prop_assert!(now == protected || now.is_none());
                }
                Err(error) => prop_assert!(
                    !matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Io), "{error}"
                ),
            }
            if world.main.head().unwrap().is_none() {
                let Some(side) = world.side.head().unwrap() else { break };
                if world.store.create_branch_as("main", side, &person()).is_err() {
                    break;
                }
            }
        }
        check_all(&world.store, &world.main)?;
    }
}

#[test]
fn threads_that_write_while_the_policy_changes_land_nothing_unchecked() {
    let (_db, store, main) = room();
    put(&main, &person(), "facts/base", "base").unwrap();
    let over = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let (main, over) = (main.clone(), Arc::clone(&over));
            scope.spawn(move || {
                let mut number = 0;
                while !over.load(Ordering::Relaxed) {
                    number += 1;
                    let key = format!("law/{writer}");
                    match put(&main, &agent(), &key, &format!("{number}")) {
                        Err(error) => assert_eq!(error.kind(), ErrorKind::Blocked, "{error}"),
                        Ok(_) => std::thread::yield_now(),
                    }
                }
            });
        }
        for turn in 0..60 {
            set(&store, |policy| {
                let keys = PROTECTED[turn % 2].iter();
                policy.protected = keys.map(|key| Key::new(key).unwrap()).collect();
            });
            put(&main, &person(), "facts/turn", &format!("{turn}")).unwrap();
        }
        over.store(true, Ordering::Relaxed);
    });
    check_all(&store, &main).unwrap();
}
