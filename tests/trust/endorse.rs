//! Endorsements hold for exactly one text, whatever becomes of the memory.

use std::collections::BTreeMap;

use proptest::prelude::*;
use undream::{
    Author, Branch, CommitId, Database, Dream, Entry, ErrorKind, FixedClock, Merge, Options,
    Record, Resolution, Result, SeededEntropy, Store, TextId, Time, Trust, TrustFilter,
};

pub(crate) fn database(seed: u64) -> Result<Database> {
    let clock = FixedClock::new(Time::parse("2026-11-22T12:00:00Z")?, 1_000_000);
    Options::new().clock(clock).entropy(SeededEntropy::new(seed)).in_memory()
}

fn ana() -> Author {
    Author::person("ana")
}

fn scribe() -> Author {
    Author::agent("scribe")
}

fn read(branch: &Branch, key: &str) -> Result<Record> {
    Ok(branch.snapshot()?.get(key)?.expect("a memory stands there"))
}

fn put(branch: &Branch, key: &str, entry: impl Into<Entry>, author: &Author) -> Result<CommitId> {
    let entry = entry.into();
    branch.update(author.message("Write"), |tx| tx.put(key, entry.clone()))
}

#[test]
fn an_endorsement_on_one_side_and_an_edit_on_the_other_are_no_endorsed_edit() -> Result<()> {
    let db = database(1)?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    let base = put(&main, "facts/city", "The office is in Lisbon.\nIt has a garden.", &scribe())?;
    let side = store.create_branch("side", base)?;
    put(&side, "facts/city", "The office is in Lisbon.\nIt has a pool.", &scribe())?;
    store.endorse(&read(&main, "facts/city")?, &ana(), Some("I work there"))?;
    put(
        &main,
        "facts/city",
        Entry::new(read(&main, "facts/city")?.text()?).label("place"),
        &ana(),
    )?;
    assert_eq!(store.endorsements()?.trust(&read(&main, "facts/city")?)?, Trust::Endorsed);

    main.merge(&side)?.commit(ana().message("Merge"))?;
    let merged = read(&main, "facts/city")?;
    assert_eq!(
        (merged.text()?, merged.labels()),
        ("The office is in Lisbon.\nIt has a pool.", &["place".to_owned()][..])
    );
    assert_eq!(store.endorsements()?.trust(&merged)?, Trust::Agent);
    Ok(())
}

#[test]
fn only_a_person_endorses_and_takes_it_back() -> Result<()> {
    let db = database(1)?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    put(&main, "facts/city", "The office is in Lisbon.", &scribe())?;
    let record = read(&main, "facts/city")?;
    for other in [scribe(), Author::program("mine")] {
        let refused = store.endorse(&record, &other, None).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid);
        assert!(store.unendorse(&record, &other).is_err());
    }
    assert!(store.endorse(&record, &ana(), Some("seen it"))?);
    assert!(!store.endorse(&record, &Author::person("ben"), None)?, "twice");
    let held = store.endorsements()?.of(&record)?.expect("it is endorsed");
    assert_eq!((held.by, held.reason.as_deref()), (ana(), Some("seen it")));
    assert_eq!(store.endorsements()?.list()?.len(), 1);
    assert!(store.unendorse(&record, &Author::person("ben"))?);
    assert!(!store.unendorse(&record, &ana())?);
    assert_eq!(store.endorsements()?.trust(&record)?, Trust::Agent);
    Ok(())
}

#[test]
fn nobody_can_endorse_by_writing_to_the_account_of_the_engine() -> Result<()> {
    let db = database(1)?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    put(&main, "facts/city", "The office is in Lisbon.", &scribe())?;
    let record = read(&main, "facts/city")?;
    store.endorse(&record, &ana(), None)?;
    store.unendorse(&record, &ana())?;
    let meta = store.branch("meta")?;
    let forged = put(&main, &format!("endorsements/{}", record.text_id()), "yes", &scribe())?;
    assert!(meta.write().is_err());
    assert!(meta.pick(forged).is_err());
    assert!(meta.merge(&main).is_err());
    assert!(meta.revert(meta.head()?.unwrap()).is_err());
    assert!(meta.restore(forged, "").is_err());
    assert!(Dream::on(&meta).run().is_err());
    assert_eq!(store.endorsements()?.trust(&record)?, Trust::Agent);
    Ok(())
}

#[test]
fn an_edit_takes_the_trust_of_its_author_and_a_rename_keeps_it() -> Result<()> {
    let db = database(1)?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    put(&main, "facts/city", "The office is in Lisbon.", &ana())?;
    assert_eq!(read(&main, "facts/city")?.trust(), Trust::User);
    store.endorse(&read(&main, "facts/city")?, &ana(), None)?;
    main.update(scribe().message("Move"), |tx| tx.rename("facts/city", "facts/town"))?;
    assert_eq!(read(&main, "facts/town")?.trust(), Trust::User);
    assert_eq!(store.endorsements()?.trust(&read(&main, "facts/town")?)?, Trust::Endorsed);
    let message = scribe().message("Edit").session("chat-1");
    main.update(message, |tx| tx.put("facts/town", "The office is in Porto."))?;
    let edited = read(&main, "facts/town")?;
    assert_eq!(store.endorsements()?.trust(&edited)?, Trust::Agent);
    assert_eq!(edited.provenance().session.as_deref(), Some("chat-1"));
    Ok(())
}

#[test]
fn a_filter_counts_endorsements_and_keeps_the_taint() -> Result<()> {
    let db = database(1)?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    put(&main, "a", "An agent says so.", &scribe())?;
    put(&main, "b", "A person says so.", &ana())?;
    let names = |filter: TrustFilter| -> Result<Vec<String>> {
        let (endorsements, mut names) = (store.endorsements()?, Vec::new());
        for entry in main.snapshot()?.entries("") {
            let (key, record) = entry?;
            if filter.admits(&record, &endorsements)? {
                names.push(key.to_string());
            }
        }
        Ok(names)
    };
    let user = TrustFilter::new().min_trust(Trust::User);
    assert_eq!(names(user)?, ["b"]);
    assert_eq!(names(TrustFilter::new().without(undream::Source::Agent))?, ["b"]);
    store.endorse(&read(&main, "a")?, &ana(), None)?;
    assert_eq!(names(user)?, ["a", "b"]);
    assert_eq!(names(TrustFilter::new().min_trust(Trust::Endorsed))?, ["a"]);
    assert_eq!(names(user.without(undream::Source::Agent))?, ["b"]);
    Ok(())
}

/// What may happen to the memories of two branches.
#[derive(Clone, Debug)]
enum Deed {
    /// Writes one of a few lines, a label, or a title at one of a few keys.
    Put {
        side: bool,
        key: u8,
        line: u8,
        words: u8,
        field: u8,
    },
    Rename {
        side: bool,
        from: u8,
        to: u8,
    },
    Remove {
        side: bool,
        key: u8,
    },
    Endorse {
        side: bool,
        key: u8,
    },
    Unendorse {
        side: bool,
        key: u8,
    },
    Merge {
        side: bool,
        resolution: u8,
    },
    Pick {
        side: bool,
        commit: u8,
        resolution: u8,
    },
    Revert {
        side: bool,
        commit: u8,
        resolution: u8,
    },
    Restore {
        side: bool,
        commit: u8,
    },
}

fn deed() -> impl Strategy<Value = Deed> {
    let (side, key) = (any::<bool>(), 0..3_u8);
    prop_oneof![
        5 => (side, key.clone(), 0..4_u8, 0..3_u8, 0..4_u8).prop_map(
            |(side, key, line, words, field)| Deed::Put { side, key, line, words, field }),
        1 => (side, key.clone(), 0..4_u8).prop_map(|(side, from, to)| Deed::Rename { side, from, to }),
        1 => (side, key.clone()).prop_map(|(side, key)| Deed::Remove { side, key }),
        3 => (side, key.clone()).prop_map(|(side, key)| Deed::Endorse { side, key }),
        1 => (side, key).prop_map(|(side, key)| Deed::Unendorse { side, key }),
        3 => (side, 0..4_u8).prop_map(|(side, resolution)| Deed::Merge { side, resolution }),
        2 => (side, any::<u8>(), 0..4_u8).prop_map(
            |(side, commit, resolution)| Deed::Pick { side, commit, resolution }),
        2 => (side, any::<u8>(), 0..4_u8).prop_map(
            |(side, commit, resolution)| Deed::Revert { side, commit, resolution }),
        1 => (side, any::<u8>()).prop_map(|(side, commit)| Deed::Restore { side, commit }),
    ]
}

/// Title, text and context: what a person reads and vouches for.
type Words = (Option<String>, String, Option<String>);

fn words(record: &Record) -> Result<Words> {
    let entry = record.to_entry()?;
    Ok((entry.title, entry.text, entry.context))
}

/// Two branches with a common past, and the words that a person vouches for now.
struct World {
    store: Store,
    branches: [Branch; 2],
    commits: Vec<CommitId>,
    vouched: BTreeMap<TextId, Words>,
}

impl World {
    fn new() -> Result<Self> {
        let db = database(7)?;
        let store = db.store("default")?;
        let main = store.branch("main")?;
        let mut tx = main.write()?;
        for key in 0..3 {
            tx.put(name(key), text(key, [0, 0, 0, 0]))?;
        }
        let first = tx.commit(scribe().message("Begin"))?;
        let side = store.create_branch("side", first)?;
        Ok(Self { store, branches: [main, side], commits: vec![first], vouched: BTreeMap::new() })
    }

    /// Does what can be done; what cannot be (a key that is not there, decisions that exclude each
    /// other) is left.
    fn apply(&mut self, deed: &Deed) -> Result<()> {
        let branch = |side: bool| self.branches[usize::from(side)].clone();
        let nth = |at: u8| self.commits[usize::from(at) % self.commits.len()];
        let made = match *deed {
            Deed::Put { side, key, line, words, field } => {
                let branch = branch(side);
                let entry = edited(&branch, key, line, words, field)?;
                branch.update(scribe().message("Edit"), |tx| tx.put(name(key), entry.clone()))
            }
            Deed::Rename { side, from, to } => {
                branch(side).update(scribe().message("Move"), |tx| tx.rename(name(from), name(to)))
            }
            Deed::Remove { side, key } => {
                branch(side).update(scribe().message("Remove"), |tx| tx.remove(name(key)))
            }
            Deed::Endorse { side, key } | Deed::Unendorse { side, key } => {
                return self.vouch(&branch(side), key, matches!(deed, Deed::Endorse { .. }));
            }
            Deed::Merge { side, resolution } => {
                branch(side).merge(&branch(!side)).and_then(|merge| finish(merge, resolution))
            }
            Deed::Pick { side, commit, resolution } => {
                branch(side).pick(nth(commit)).and_then(|merge| finish(merge, resolution))
            }
            Deed::Revert { side, commit, resolution } => {
                branch(side).revert(nth(commit)).and_then(|merge| finish(merge, resolution))
            }
            Deed::Restore { side, commit } => branch(side)
                .restore(nth(commit), "")
                .and_then(|restore| restore.commit(scribe().message("Restore"))),
        };
        match made {
            Ok(commit) => self.commits.push(commit),
            Err(error) => assert!(
                matches!(
                    error.kind(),
                    ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Conflict
                ),
                "{deed:?}: {error}"
            ),
        }
        Ok(())
    }

    fn vouch(&mut self, branch: &Branch, key: u8, endorse: bool) -> Result<()> {
        let Some(record) = branch.snapshot()?.get(&name(key))? else { return Ok(()) };
        if endorse {
            self.store.endorse(&record, &ana(), None)?;
            self.vouched.insert(record.text_id(), words(&record)?);
        } else {
            let had = self.store.unendorse(&record, &ana())?;
            assert_eq!(had, self.vouched.remove(&record.text_id()).is_some());
        }
        Ok(())
    }

    /// No memory counts as endorsed whose words nobody has vouched for, and no record says of
    /// itself that it is endorsed.
    fn check(&self) -> Result<()> {
        let endorsements = self.store.endorsements()?;
        for branch in &self.branches {
            for entry in branch.snapshot()?.entries("") {
                let (key, record) = entry?;
                assert!(record.trust() < Trust::Endorsed, "{key} endorses itself");
                let trust = endorsements.trust(&record)?;
                assert!(
                    trust < Trust::Endorsed
                        || self.vouched.get(&record.text_id()) == Some(&words(&record)?),
                    "{key} says what nobody endorsed: {:?}",
                    words(&record)?
                );
            }
        }
        Ok(())
    }
}

fn name(key: u8) -> String {
    format!("memories/{key}")
}

fn text(key: u8, lines: [u8; 4]) -> Entry {
    let lines = lines.iter().enumerate();
    let lines: Vec<String> =
        lines.map(|(at, words)| format!("Line {at} of memory {key} says {words}.")).collect();
    Entry::new(lines.join("\n"))
}

/// The memory with one line or field changed, as agents edit: what else it says stays.
fn edited(branch: &Branch, key: u8, line: u8, words: u8, field: u8) -> Result<Entry> {
    let before = branch.snapshot()?.get(&name(key))?;
    let mut entry = match before {
        Some(record) => record.to_entry()?,
        None => text(key, [0, 0, 0, 0]),
    };
    match field {
        0 => entry = entry.label(format!("l{words}")),
        1 => entry.title = Some(format!("Title {words}")),
        _ => {
            let new = format!("Line {line} of memory {key} says {words}.");
            let mut lines: Vec<&str> = entry.text.lines().collect();
            let at = usize::from(line).min(lines.len() - 1);
            lines[at] = &new;
            entry.text = lines.join("\n");
        }
    }
    Ok(entry)
}

fn finish(mut merge: Merge, resolution: u8) -> Result<CommitId> {
    merge.resolve(|_| match resolution {
        0 => Resolution::Ours,
        1 => Resolution::Theirs,
        2 => Resolution::Base,
        _ => Resolution::Text("The words of the resolver.".to_owned()),
    })?;
    merge.commit(scribe().message("Join"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_history_makes_an_endorsed_text_that_nobody_endorsed(
        deeds in prop::collection::vec(deed(), 1..24)
    ) {
        let mut world = World::new().unwrap();
        for deed in &deeds {
            world.apply(deed).unwrap();
            world.check().unwrap();
        }
    }
}
