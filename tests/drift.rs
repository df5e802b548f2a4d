//! What the measure of a memory's drift counts, and what it does not.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of `#[test]` functions")]

use undream::{
    Author, Branch, CommitId, Drift, Entry, FixedClock, Options, SeededEntropy, Time, Trust,
};

/// A branch on which each commit comes an hour after the one before, or nearly.
fn main_branch() -> Branch {
    let clock = FixedClock::new(Time::parse("2026-03-01T00:00:00Z").unwrap(), 600_000_000);
    let options = Options::new().clock(clock).entropy(SeededEntropy::new(5));
    options.in_memory().unwrap().store("default").unwrap().branch("main").unwrap()
}

fn ana() -> Author {
    Author::person("ana")
}

fn put(branch: &Branch, author: &Author, key: &str, text: &str) -> CommitId {
    let mut tx = branch.write().unwrap();
    tx.put(key, Entry::new(text)).unwrap();
    tx.commit(author.message(format!("Put {key}"))).unwrap()
}

#[test]
fn a_text_that_comes_back_is_a_swing_whoever_writes_it_anew() {
    let main = main_branch();
    let first = put(&main, &ana(), "tea/sort", "oolong");
    put(&main, &ana(), "tea/sort", "sencha");
    let last = put(&main, &Author::agent("scribe"), "tea/sort", "oolong");
    put(&main, &ana(), "tea/time", "four");
    put(&main, &ana(), "tea/time", "five");
    put(&main, &ana(), "tea/time", "six");
    let drift = Drift::since(&main, None).unwrap();
    let [swing] = drift.swings.as_slice() else { panic!("{drift:?}") };
    assert_eq!((swing.key.as_str(), swing.times, swing.last), ("tea/sort", 1, last));
    let rewritten: Vec<_> =
        drift.rewritten.iter().map(|one| (one.key.as_str(), one.times)).collect();
    assert_eq!(rewritten, [("tea/sort", 2), ("tea/time", 2)]);
    // What was before counts as the text it swung away from.
    assert_eq!(Drift::since(&main, Some(first)).unwrap().swings.len(), 1);
}

#[test]
fn moves_and_first_texts_are_no_rewrites_and_a_removal_undone_is_a_swing() {
    let main = main_branch();
    put(&main, &ana(), "tea/sort", "oolong");
    let mut tx = main.write().unwrap();
    tx.rename("tea/sort", "drinks/tea").unwrap();
    tx.commit(ana().message("Move")).unwrap();
    let mut tx = main.write().unwrap();
    tx.remove("drinks/tea").unwrap();
    let removed = tx.commit(ana().message("Remove")).unwrap();
    main.revert(removed).unwrap().commit(ana().message("Bring back")).unwrap();
    let drift = Drift::since(&main, None).unwrap();
    assert!(drift.rewritten.is_empty(), "{drift:?}");
    assert_eq!(drift.swings.len(), 1);
    assert_eq!(drift.swings[0].key.as_str(), "drinks/tea");
    let churn: Vec<_> = drift
        .churn
        .iter()
        .map(|one| (one.prefix.as_str(), one.added, one.changed, one.moved, one.removed))
        .collect();
    assert_eq!(churn, [("drinks", 1, 0, 1, 1), ("tea", 1, 0, 0, 0)]);
}

#[test]
fn growth_and_grounds_are_those_of_what_differs_between_the_ends() {
    let main = main_branch();
    let scribe = Author::agent("scribe");
    let before = put(&main, &ana(), "a", "12345");
    put(&main, &ana(), "a", "123");
    put(&main, &scribe, "b/gone", "Nobody knows.");
    put(&main, &scribe, "b/stays", "1234567890");
    let mut tx = main.write().unwrap();
    tx.remove("b/gone").unwrap();
    tx.put("c", Entry::new("from a session")).unwrap();
    tx.commit(scribe.message("More").session("chat-1")).unwrap();
    let measure = || Drift::since(&main, Some(before)).unwrap();
    let drift = measure();
    assert_eq!((drift.entries, drift.bytes), ((1, 3), 10 - 2 + 14));
    let unfounded: Vec<_> = drift.unfounded.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(unfounded, ["b/stays"]);

    let record = main.snapshot().unwrap().get("b/stays").unwrap().unwrap();
    main.store().endorse(&record, &ana(), None).unwrap();
    assert!(measure().unfounded.is_empty(), "a person vouches for it");
}

#[test]
fn periods_part_the_time_and_every_version_falls_into_one() {
    let main = main_branch();
    for number in 0..20 {
        let author = if number < 10 { ana() } else { Author::agent("scribe") };
        put(&main, &author, &format!("n/{number}"), "text");
    }
    let drift = Drift::since(&main, None).unwrap();
    assert_eq!((drift.commits, drift.periods.len()), (20, 6));
    assert_eq!(drift.periods.iter().map(|one| one.commits).sum::<u64>(), 20);
    assert_eq!(drift.periods.iter().map(|one| one.written).sum::<u64>(), 20);
    assert!(drift.periods.windows(2).all(|two| two[0].begins < two[1].begins));
    assert!(drift.periods[0].trust.contains_key(&Trust::User));
    assert!(!drift.periods[5].trust.contains_key(&Trust::User));
}

#[test]
fn what_is_no_first_parent_is_refused_and_nothing_has_not_drifted() {
    let main = main_branch();
    assert_eq!(Drift::since(&main, None).unwrap().commits, 0);
    let base = put(&main, &ana(), "a", "1");
    let trial = main.store().create_branch("trial", base).unwrap();
    let beside = put(&trial, &ana(), "a", "2");
    let error = Drift::since(&main, Some(beside)).unwrap_err();
    assert_eq!(error.kind(), undream::ErrorKind::Invalid);
    let later = main.store().database().now();
    let drift = Drift::since_time(&main, later).unwrap();
    assert_eq!((drift.commits, drift.entries, drift.from), (0, (1, 1), Some(base)));
}
