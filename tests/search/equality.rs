//! Ids, order and scores equal those of a stock index of the same snapshot.

use undream::{Author, Database, Entry, Hit, Options, Search, Snapshot};

use crate::oracle::{Expected, Oracle};
use crate::walk::Walk;

pub(crate) fn in_memory() -> Database {
    Options::new().in_memory().unwrap()
}

pub(crate) fn run(search: &Search, snapshot: &Snapshot, query: &str, limit: usize) -> Vec<Hit> {
    let hits = search.at(snapshot).query(query).limit(limit).run().unwrap();
    hits.collect::<Result<_, _>>().unwrap()
}

fn as_expected(hits: Vec<Hit>) -> Expected {
    hits.into_iter().map(|hit| (hit.key.to_string(), hit.record, hit.score)).collect()
}

/// Sums of wanted words are made in one order by both: equal to the last bit.
pub(crate) fn assert_equal(search: &Search, snapshot: &Snapshot, oracle: &Oracle, query: &str) {
    if query.split(' ').all(|word| word == "the") {
        // Nothing but stop words: everything to a stock parser, nothing to ours.
        assert!(run(search, snapshot, query, 10).is_empty());
        return;
    }
    let expected = oracle.search(query);
    for limit in [1, 3, 10, 10_000] {
        let found = as_expected(run(search, snapshot, query, limit));
        let expected: Expected = expected.iter().take(limit).cloned().collect();
        assert_eq!(found, expected, "{query} at {:?}, first {limit}", snapshot.id());
    }
}

/// Where words are required, sums may differ in the last bits: same ids, near scores, own order.
fn assert_near(search: &Search, snapshot: &Snapshot, oracle: &Oracle, query: &str) {
    let mut expected = oracle.search(query);
    let all = as_expected(run(search, snapshot, query, 10_000));
    assert!(all.windows(2).all(|two| {
        two[0].2 > two[1].2 || (two[0].2.to_bits() == two[1].2.to_bits() && two[0].0 < two[1].0)
    }));
    for limit in [1, 5] {
        let first = as_expected(run(search, snapshot, query, limit));
        assert_eq!(first, all.iter().take(limit).cloned().collect::<Expected>(), "{query}");
    }
    let mut found = all;
    found.sort_by(|a, b| a.0.cmp(&b.0));
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(found.len(), expected.len(), "{query}");
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!((&found.0, &found.1), (&expected.0, &expected.1), "{query}");
        assert!(
            (found.2 - expected.2).abs() <= expected.2 * 1e-5,
            "{query}: {found:?} {expected:?}"
        );
    }
}

#[test]
fn a_search_at_any_commit_equals_a_stock_index_of_its_snapshot() {
    for seed in 1..=3 {
        let database = in_memory();
        let mut walk = Walk::new(&database, seed);
        let search = Search::open(&database).unwrap();
        for step in 0..70 {
            walk.step(60);
            if step % 23 == 11 {
                search.catch_up().unwrap();
            }
            if step % 17 == 3 {
                // Live sets, tails and the index meet in every mixture.
                let snapshot = walk.store.snapshot(walk.commits[walk.commits.len() - 1]).unwrap();
                assert_equal(&search, &snapshot, &Oracle::of(&snapshot), "tea cache deploy");
            }
        }
        for _ in 0..20 {
            let commit = walk.any_commit();
            let snapshot = walk.store.snapshot(commit).unwrap();
            let oracle = Oracle::of(&snapshot);
            for length in 1..=5 {
                let query = walk.words(length);
                assert_equal(&search, &snapshot, &oracle, &query);
            }
            let (a, b, c) = (walk.words(1), walk.words(1), walk.words(1));
            for query in [
                format!("+{a} {b} {c}"),
                format!("{a} -{b}"),
                format!("\"{a} {b}\" {c}"),
                format!("title:{a} text:{b}"),
                format!("({a} AND {b}) OR {c}"),
                format!("{a}^3 {b}"),
                format!("+(+{a} +{b}) -{c}"),
            ] {
                if a != "the" && b != "the" && c != "the" {
                    assert_near(&search, &snapshot, &oracle, &query);
                }
            }
        }
    }
}

#[test]
fn commits_that_several_threads_take_apart_are_indexed_whole() {
    let database = in_memory();
    let main = database.store("default").unwrap().branch("main").unwrap();
    let text = |number: u32| format!("tea {} cup{} {}", number % 7, number % 97, "pot ".repeat(3));
    let mut tx = main.write().unwrap();
    for number in 0..9_000 {
        tx.put(format!("shelf/{number}"), Entry::new(text(number))).unwrap();
    }
    let first = tx.commit(Author::agent("scribe").message("Many")).unwrap();
    let search = Search::open(&database).unwrap();
    search.catch_up().unwrap();
    // Records that the index holds under other keys, beside new ones.
    let mut tx = main.write().unwrap();
    for number in 0..5_000 {
        tx.rename(format!("shelf/{number}"), format!("attic/{number}")).unwrap();
    }
    for number in 5_000..6_000 {
        tx.put(format!("shelf/{number}"), Entry::new(text(number + 1))).unwrap();
    }
    let second = tx.commit(Author::agent("scribe").message("Many again")).unwrap();
    search.catch_up().unwrap();
    for commit in [first, second] {
        let snapshot = main.store().snapshot(commit).unwrap();
        let oracle = Oracle::of(&snapshot);
        for query in ["tea", "cup13 attic", "5 cup6 shelf"] {
            assert_equal(&search, &snapshot, &oracle, query);
        }
    }
    assert!(database.verify().unwrap().is_sound());
}

#[test]
fn pruning_stays_exact_where_lengths_drift() {
    for seed in 1..=2 {
        let database = in_memory();
        let mut walk = Walk::new(&database, seed);
        let main = walk.store.branch("main").unwrap();
        for scale in [1, 30, 4] {
            let mut tx = main.write().unwrap();
            for at in 0..800 {
                let length = (1 + walk.below(40)) * scale;
                tx.put(format!("n/{at}"), Entry::new(walk.words(length))).unwrap();
            }
            walk.commits.push(tx.commit(Author::agent("walker").message("Drift")).unwrap());
        }
        let search = Search::open(&database).unwrap();
        search.catch_up().unwrap();
        for commit in walk.commits.clone() {
            let snapshot = walk.store.snapshot(commit).unwrap();
            let oracle = Oracle::of(&snapshot);
            for _ in 0..12 {
                let length = 1 + walk.below(3);
                let query = walk.words(length);
                assert_equal(&search, &snapshot, &oracle, &query);
            }
        }
    }
}
