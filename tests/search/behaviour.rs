//! What a search sees, how it filters, and what a hit shows.

use undream::{Author, Branch, Database, Entry, ErrorKind, Kind, Options, Search};

use crate::equality::{in_memory, run};

fn put(branch: &Branch, entries: &[(&str, Entry)]) {
    let mut tx = branch.write().unwrap();
    for (key, entry) in entries {
        tx.put(*key, entry.clone()).unwrap();
    }
    tx.commit(Author::agent("scribe").message("Put")).unwrap();
}

fn main_of(database: &Database) -> Branch {
    database.store("default").unwrap().branch("main").unwrap()
}

fn keys(search: &Search, branch: &Branch, query: &str) -> Vec<String> {
    let hits = run(search, &branch.snapshot().unwrap(), query, 100);
    hits.into_iter().map(|hit| hit.key.to_string()).collect()
}

#[test]
fn a_search_sees_every_acknowledged_commit() {
    let database = in_memory();
    let main = main_of(&database);
    let search = Search::open(&database).unwrap();
    for number in 0..300 {
        put(&main, &[(&format!("n/{number}"), Entry::new(format!("word{number} common")))]);
        assert_eq!(keys(&search, &main, &format!("word{number}")), [format!("n/{number}")]);
    }
    assert_eq!(run(&search, &main.snapshot().unwrap(), "common", 1_000).len(), 300);
}

#[test]
fn an_old_snapshot_is_searched_as_it_was() {
    let database = in_memory();
    let main = main_of(&database);
    let search = Search::open(&database).unwrap();
    put(&main, &[("facts/drink", Entry::fact("The team drinks oolong."))]);
    let before = main.snapshot().unwrap();
    put(&main, &[("facts/drink", Entry::fact("The team drinks coffee."))]);
    let mut tx = main.write().unwrap();
    tx.rename("facts/drink", "facts/beverage").unwrap();
    tx.commit(Author::agent("scribe").message("Rename")).unwrap();
    assert_eq!(keys(&search, &main, "oolong"), [""; 0]);
    assert_eq!(keys(&search, &main, "coffee beverage"), ["facts/beverage"]);
    assert_eq!(run(&search, &before, "oolong", 5)[0].key.as_str(), "facts/drink");
    assert!(run(&search, &before, "coffee beverage", 5).is_empty());
}

#[test]
fn filters_leave_scores_as_they_are() {
    let database = in_memory();
    let main = main_of(&database);
    put(
        &main,
        &[
            ("team/style", Entry::rule("Use tabs, not spaces.").label("style").label("code")),
            ("team/style-guide/tabs", Entry::fact("Tabs are eight wide.").label("style")),
            ("team/rust/tabs", Entry::fact("Rust code has no tabs.").label("code")),
            ("home/tabs", Entry::new("Tabs of the browser.")),
        ],
    );
    let search = Search::open(&database).unwrap();
    let all = run(&search, &main.snapshot().unwrap(), "tabs", 10);
    assert_eq!(all.len(), 4);
    let score = |key: &str| all.iter().find(|hit| hit.key.as_str() == key).unwrap().score;
    let ask = || search.at(&main).query("tabs");
    for (query, wanted) in [
        (ask().prefix("team/style"), vec!["team/style"]),
        (ask().prefix("team/"), vec!["team/rust/tabs", "team/style", "team/style-guide/tabs"]),
        (ask().kind(Kind::FACT), vec!["team/rust/tabs", "team/style-guide/tabs"]),
        (ask().kind(Kind::RULE).kind(Kind::NOTE), vec!["home/tabs", "team/style"]),
        (ask().label("style"), vec!["team/style", "team/style-guide/tabs"]),
        (ask().label("style").label("code"), vec!["team/style"]),
        (ask().label("sty"), vec![]),
        (
            ask().prefix("").limit(100),
            vec!["home/tabs", "team/rust/tabs", "team/style", "team/style-guide/tabs"],
        ),
    ] {
        let mut found: Vec<_> = query.run().unwrap().map(Result::unwrap).collect();
        for hit in &found {
            assert_eq!(hit.score.to_bits(), score(hit.key.as_str()).to_bits());
        }
        found.sort_by(|a, b| a.key.cmp(&b.key));
        assert_eq!(found.iter().map(|hit| hit.key.as_str()).collect::<Vec<_>>(), wanted);
    }
}

#[test]
fn equal_scores_are_ordered_by_key_across_segments() {
    let database = in_memory();
    let main = main_of(&database);
    let search = Search::open(&database).unwrap();
    for (at, letter) in ["q", "d", "z", "a", "m", "b"].iter().enumerate() {
        put(&main, &[(&format!("x/{letter}"), Entry::new("the same words"))]);
        if at % 2 == 0 {
            search.catch_up().unwrap();
        }
    }
    let all = ["x/a", "x/b", "x/d", "x/m", "x/q", "x/z"];
    assert_eq!(keys(&search, &main, "words"), all);
    for limit in 1..6 {
        let hits = run(&search, &main.snapshot().unwrap(), "words", limit);
        assert_eq!(hits.iter().map(|hit| hit.key.as_str()).collect::<Vec<_>>(), all[..limit]);
    }
}

#[test]
fn a_hit_shows_the_words_it_was_found_by() {
    let database = in_memory();
    let main = main_of(&database);
    let long =
        format!("{}The office is in Lisbon.{}", "Nothing here. ".repeat(80), " More.".repeat(80));
    put(&main, &[("facts/city", Entry::fact(long).title("Where we are"))]);
    let search = Search::open(&database).unwrap();
    let hit = &run(&search, &main.snapshot().unwrap(), "offices lisbon", 1)[0];
    let snippet = &hit.snippet;
    let shown: Vec<_> = snippet.highlights.iter().map(|at| &snippet.text[at.clone()]).collect();
    assert_eq!(shown, ["office", "Lisbon"]);
    assert_eq!(hit.title.as_deref(), Some("Where we are"));
    let line = hit.to_string();
    assert!(
        line.starts_with("facts/city (") && line.contains("The office is in Lisbon."),
        "{line}"
    );
}

#[test]
fn what_asks_for_nothing_finds_nothing_and_what_is_no_query_is_refused() {
    let database = in_memory();
    let main = main_of(&database);
    let search = Search::open(&database).unwrap();
    assert!(run(&search, &main.snapshot().unwrap(), "tea", 5).is_empty(), "no commit yet");
    put(&main, &[("a", Entry::new("tea")), ("b", Entry::new("coffee"))]);
    assert_eq!(keys(&search, &main, "-coffee"), [""; 0]);
    assert_eq!(keys(&search, &main, "the of"), [""; 0]);
    assert_eq!(keys(&search, &main, "*"), ["a", "b"]);
    assert!(run(&search, &main.snapshot().unwrap(), "tea", 0).is_empty());
    let kind = |query: &str| search.at(&main).query(query).run().unwrap_err().kind();
    assert_eq!(kind("  "), ErrorKind::Invalid);
    assert_eq!(kind(&"tea ".repeat(400)), ErrorKind::Limit);
    assert_eq!(kind(&"(".repeat(40)), ErrorKind::Limit);
}

#[test]
fn a_search_is_shared_by_threads_and_follows_another_handle() {
    fn shareable<T: Clone + Send + Sync + 'static>(_: &T) {}
    let dir = tempfile::tempdir().unwrap();
    let (writing, reading) =
        (Database::open(dir.path()).unwrap(), Database::open(dir.path()).unwrap());
    let read_only = Options::new().read_only(true).open(dir.path()).unwrap();
    let (there, here) = (Search::open(&writing).unwrap(), Search::open(&reading).unwrap());
    let looking = Search::open(&read_only).unwrap();
    shareable(&here);
    for number in 0..30 {
        put(&main_of(&writing), &[(&format!("n/{number}"), Entry::new(format!("word{number}")))]);
        if number % 10 == 3 {
            there.catch_up().unwrap();
        }
        let query = format!("word{number}");
        std::thread::scope(|scope| {
            for (search, database) in
                [(&here, &reading), (&looking, &read_only), (&there, &writing)]
            {
                let query = &query;
                scope.spawn(move || {
                    assert_eq!(keys(search, &main_of(database), query), [format!("n/{number}")]);
                });
            }
        });
    }
    assert_eq!(looking.catch_up().unwrap_err().kind(), ErrorKind::Invalid);
    there.catch_up().unwrap();
    assert_eq!((there.lag().unwrap(), here.lag().unwrap(), looking.lag().unwrap()), (0, 0, 0));
}

#[test]
fn the_background_catches_up_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::open(dir.path()).unwrap();
    let search = Search::open(&database).unwrap();
    put(&main_of(&database), &[("a", Entry::new("tea"))]);
    assert!(search.lag().unwrap() > 0);
    let caught_up = || {
        std::thread::sleep(std::time::Duration::from_millis(50));
        search.lag().unwrap() == 0
    };
    assert!((0..200).any(|_| caught_up()), "{:?}", search.take_failure());
    assert_eq!(keys(&search, &main_of(&database), "tea"), ["a"]);
}

#[test]
fn commits_are_acknowledged_while_others_follow_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::open(dir.path()).unwrap();
    let main = main_of(&database);
    let search = Search::open(&database).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..20_000 {
                search.lag().unwrap();
            }
        });
        for number in 0..300 {
            put(&main, &[(&format!("n/{number}"), Entry::new("tea"))]);
        }
    });
    assert_eq!(run(&search, &main.snapshot().unwrap(), "tea", 1_000).len(), 300);
}
