//! Measurements, run by hand: `cargo test --release --test search speed -- --ignored --nocapture`.
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::time::Instant;

use undream::{Author, Database, Entry, Search};

use crate::walk::Walk;

const MEMORIES: usize = 100_000;

fn text(walk: &mut Walk) -> String {
    // About 450 bytes: common words and rare ones.
    let rare: Vec<_> = (0..35).map(|_| format!("w{}", walk.rare())).collect();
    format!("{} {}", walk.words(30), rare.join(" "))
}

fn time<T>(what: &str, count: u32, mut run: impl FnMut(u32) -> T) -> T {
    let start = Instant::now();
    let mut last = run(0);
    for at in 1..count {
        last = run(at);
    }
    println!("{what}: {:?}", start.elapsed() / count);
    last
}

#[test]
#[ignore = "a measurement"]
fn searching_a_hundred_thousand_memories() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::open(dir.path()).unwrap();
    let mut walk = Walk::new(&database, 1);
    let main = walk.store.branch("main").unwrap();
    let mut tx = main.write().unwrap();
    for at in 0..MEMORIES {
        tx.put(format!("folder-{}/memory-{at}", at % 100), Entry::new(text(&mut walk))).unwrap();
    }
    time("load", 1, |_| ());
    tx.commit(Author::program("bench").message("Load")).unwrap();
    drop(main);
    let search = Search::open(&database).unwrap();
    time("index 100k", 1, |_| search.catch_up().unwrap());
    drop((search, walk, database));

    let start = Instant::now();
    let database = Database::open(dir.path()).unwrap();
    println!("open database: {:?}", start.elapsed());
    let mut walk = Walk::new(&database, 2);
    let main = walk.store.branch("main").unwrap();
    let search = time("open search", 1, |_| Search::open(&database).unwrap());
    let ask = |query: &str, limit: usize| {
        search.at(&main).query(query).limit(limit).run().unwrap().map(Result::unwrap).count()
    };
    time("first search", 1, |_| ask("office tea", 5));
    println!("open to first answer: {:?}", start.elapsed());
    time("two common words, new terms", 1, |_| ask("deploy staging", 10));
    time("two common words, top 10", 200, |_| ask("deploy staging", 10));
    time("two rare words, top 10", 200, |at| ask(&format!("w{} w{}", at * 7, at * 11), 10));
    time("five words, top 10", 50, |_| ask("office tea lisbon quota flaky", 10));
    time("commit of one, then a search", 300, |at| {
        let mut tx = main.write().unwrap();
        tx.put(format!("folder-1/memory-{at}"), Entry::new(text(&mut walk))).unwrap();
        tx.commit(Author::program("bench").message("Edit")).unwrap();
        ask("w17 w23", 10)
    });
}
