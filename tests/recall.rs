//! The recall log: what queries of sessions were given, as it is noted, asked and erased.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of `#[test]` functions")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::time::Instant;

use undream::{
    Author, Branch, Database, Dream, Entry, ErrorKind, FixedClock, Forget, MemoryId, Options,
    ProposalKind, RecallKind, Search, Store, Time,
};

/// Midnight of the first day; the clock moves by a minute each time it is read.
const START: &str = "2026-03-01T00:00:00Z";
const MINUTE: i64 = 60_000_000;

fn clock() -> FixedClock {
    FixedClock::new(Time::parse(START).unwrap(), MINUTE)
}

fn in_memory() -> Store {
    let db = Options::new().clock(clock()).in_memory().unwrap();
    db.store("default").unwrap()
}

fn put(store: &Store, key: &str, text: &str) {
    let mut tx = main(store).write().unwrap();
    tx.put(key, Entry::fact(text)).unwrap();
    tx.commit(Author::agent("scribe").message(key)).unwrap();
}

fn main(store: &Store) -> Branch {
    store.branch("main").unwrap()
}

fn memory(store: &Store, key: &str) -> MemoryId {
    main(store).snapshot().unwrap().get(key).unwrap().unwrap().memory()
}

fn get(store: &Store, session: &str, key: &str) {
    let reader = main(store).snapshot().unwrap().for_session(session).unwrap();
    reader.get(key).unwrap().unwrap();
}

fn ask(search: &Search, store: &Store, session: &str, query: &str) -> Vec<String> {
    let hits = search.at(&main(store)).query(query).for_session(session).run().unwrap();
    hits.map(|hit| hit.unwrap().key.to_string()).collect()
}

fn furnished() -> Store {
    let store = in_memory();
    put(&store, "facts/city", "The office is in Lisbon.");
    put(&store, "facts/tea", "The office drinks oolong tea.");
    put(&store, "facts/door", "The door code is in the safe.");
    store
}

#[test]
fn a_query_that_names_its_session_is_noted_with_what_it_was_given_in_order() {
    let store = furnished();
    let search = Search::open(store.database()).unwrap();
    let found = ask(&search, &store, "chat-1", "office tea");
    assert_eq!(found, ["facts/tea", "facts/city"]);
    search.at(&main(&store)).query("office").run().unwrap().count();
    main(&store).snapshot().unwrap().get("facts/city").unwrap();
    assert!(ask(&search, &store, "chat-2", "submarine").is_empty());
    let none = main(&store).snapshot().unwrap().for_session("chat-2").unwrap().get("nowhere");
    assert!(none.unwrap().is_none());

    let log = store.recalls().list().unwrap();
    assert_eq!(log.len(), 2, "queries without a session are nobody's business");
    let (newest, first) = (&log[0], &log[1]);
    assert_eq!((newest.query.as_str(), newest.given.len()), ("submarine", 0));
    assert_eq!((first.session.as_str(), first.kind), ("chat-1", RecallKind::Search));
    assert_eq!(first.query, "office tea");
    assert_eq!(first.commit, main(&store).snapshot().unwrap().id());
    let keys: Vec<_> = first.given.iter().map(|given| given.key.as_str()).collect();
    assert_eq!(keys, found);
    assert_eq!(first.given[0].memory, memory(&store, "facts/tea"));
}

#[test]
fn whoever_was_given_a_version_is_known_after_it_was_edited_and_moved() {
    let store = furnished();
    let tea = memory(&store, "facts/tea");
    let bad = main(&store).snapshot().unwrap().get_id("facts/tea").unwrap().unwrap();
    get(&store, "chat-1", "facts/tea");
    get(&store, "chat-1", "facts/tea");
    get(&store, "chat-2", "facts/tea");
    put(&store, "facts/tea", "The office drinks sencha.");
    let edited = main(&store).snapshot().unwrap().id().unwrap();
    let mut tx = main(&store).write().unwrap();
    tx.rename("facts/tea", "drinks/tea").unwrap();
    tx.commit(Author::person("ana").message("Move")).unwrap();
    get(&store, "chat-3", "drinks/tea");

    let usage = store.recalls().of_records([bad]).usage().unwrap();
    assert_eq!((usage.count, usage.sessions), (3, vec!["chat-1".to_owned(), "chat-2".to_owned()]));
    let usage = store.recalls().of_memory(tea).usage().unwrap();
    assert_eq!((usage.count, usage.sessions.len()), (4, 3));
    assert!(usage.first < usage.last);
    assert_eq!(store.recalls().at_key("facts/tea").usage().unwrap().count, 3);
    let since = store.recalls().of_memory(tea).since_commit(edited).unwrap();
    assert_eq!(since.usage().unwrap().sessions, ["chat-3"]);
    assert_eq!(store.recalls().in_session("chat-1").list().unwrap().len(), 2);
}

#[test]
fn the_log_is_written_when_the_database_closes_and_each_store_has_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::new().clock(clock());
    let db = options.create(dir.path().join("db")).unwrap();
    let other = db.create_store("other", &Author::person("ana")).unwrap();
    let store = db.store("default").unwrap();
    put(&store, "a", "one");
    put(&other, "a", "one");
    get(&store, "chat-1", "a");
    get(&other, "chat-2", "a");
    drop((store, other, db));

    let db = Database::open_read_only(dir.path().join("db")).unwrap();
    let sessions = |name: &str| db.store(name).unwrap().recalls().usage().unwrap().sessions;
    assert_eq!(sessions("default"), ["chat-1"]);
    assert_eq!(sessions("other"), ["chat-2"]);
    assert_eq!(db.recall_size().unwrap().rows, 2);
    assert!(db.verify().unwrap().is_sound());
}

#[test]
fn a_read_only_database_answers_sessions_and_notes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(dir.path()).unwrap();
    put(&db.store("default").unwrap(), "facts/city", "The office is in Lisbon.");
    drop(db);
    let db = Database::open_read_only(dir.path()).unwrap();
    let store = db.store("default").unwrap();
    let search = Search::open(&db).unwrap();
    assert_eq!(ask(&search, &store, "chat-1", "office"), ["facts/city"]);
    get(&store, "chat-1", "facts/city");
    assert!(store.recalls().list().unwrap().is_empty());
    let refused = store.recalls().forget(&Forget::All).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
}

#[test]
fn two_handles_on_one_file_write_into_one_log() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (Database::open(dir.path()).unwrap(), Database::open(dir.path()).unwrap());
    put(&a.store("default").unwrap(), "a", "one");
    for round in 0..10 {
        for (name, db) in [("a", &a), ("b", &b)] {
            get(&db.store("default").unwrap(), &format!("{name}-{round}"), "a");
            db.flush_recalls().unwrap();
        }
    }
    for db in [&a, &b] {
        assert_eq!(db.store("default").unwrap().recalls().list().unwrap().len(), 20);
        assert_eq!(db.recall_size().unwrap().rows, 20);
    }
}

#[test]
fn a_quiet_process_writes_what_it_noted_within_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(dir.path()).unwrap();
    let store = db.store("default").unwrap();
    put(&store, "a", "one");
    get(&store, "chat-1", "a");
    let begun = Instant::now();
    while db.recall_size().unwrap().rows == 0 {
        assert!(begun.elapsed().as_secs() < 30, "nobody wrote it");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn what_is_forgotten_is_gone_and_the_log_no_longer_claims_to_be_whole() {
    let store = furnished();
    for session in ["chat-1", "chat-2", "chat-3"] {
        get(&store, session, "facts/tea");
    }
    let at = |session: &str| store.recalls().in_session(session).usage().unwrap().last.unwrap();
    let (second, third) = (at("chat-2"), at("chat-3"));
    let begun = store.database().recall_size().unwrap();
    assert!(begun.since.unwrap() < second);

    assert_eq!(store.recalls().forget(&Forget::Session("chat-2".to_owned())).unwrap(), 1);
    assert_eq!(store.recalls().usage().unwrap().sessions, ["chat-1", "chat-3"]);
    let size = store.database().recall_size().unwrap();
    assert_eq!(size.rows, 2);
    assert!(size.bytes < begun.bytes && size.since.unwrap() > second);

    assert_eq!(store.recalls().forget(&Forget::Before(third)).unwrap(), 1);
    assert_eq!(store.recalls().usage().unwrap().sessions, ["chat-3"]);
    let other = store.database().create_store("other", &Author::person("ana")).unwrap();
    put(&other, "facts/tea", "Oolong.");
    get(&other, "chat-3", "facts/tea");
    assert_eq!(store.recalls().forget(&Forget::All).unwrap(), 1);
    assert_eq!(store.recalls().forget(&Forget::All).unwrap(), 0);
    assert_eq!(
        other.recalls().usage().unwrap().sessions,
        ["chat-3"],
        "another store keeps its own"
    );
    assert_eq!(other.recalls().forget(&Forget::All).unwrap(), 1);
    let size = store.database().recall_size().unwrap();
    assert_eq!((size.rows, size.bytes), (0, 0));
    assert!(size.since.unwrap() > third, "it still knows that something is missing");
}

#[test]
fn unused_memories_are_named_only_as_far_back_as_the_log_is_whole() {
    let store = furnished();
    let before = store.database().now();
    assert_eq!(store.recalls().unused(&main(&store), before).unwrap(), None, "no log at all");
    get(&store, "chat-1", "facts/tea");
    assert_eq!(store.recalls().unused(&main(&store), before).unwrap(), None, "it began later");
    let since = store.database().now();
    get(&store, "chat-1", "facts/city");
    put(&store, "facts/new", "Nobody has had the time to ask for this.");
    let unused = |since| {
        let unused = store.recalls().unused(&main(&store), since).unwrap();
        unused.map(|unused| unused.into_iter().map(|(key, _)| key.to_string()).collect::<Vec<_>>())
    };
    assert_eq!(unused(since).unwrap(), ["facts/door", "facts/tea"]);
    store.recalls().forget(&Forget::Session("chat-1".to_owned())).unwrap();
    assert_eq!(unused(since), None, "what was forgotten may have been a use");
}

#[test]
fn questions_of_several_sessions_come_with_what_answered_them() {
    let store = furnished();
    let search = Search::open(store.database()).unwrap();
    for session in ["chat-1", "chat-2", "chat-3"] {
        ask(&search, &store, session, "Office  tea");
    }
    get(&store, "chat-2", "facts/city");
    get(&store, "chat-9", "facts/city");
    ask(&search, &store, "chat-1", "door code");
    ask(&search, &store, "chat-1", "door code");

    let questions = store.recalls().questions(2).unwrap();
    assert_eq!(questions.len(), 1, "one session alone asks nothing again and again");
    let question = &questions[0];
    assert_eq!((question.query.as_str(), question.sessions), ("office tea", 3));
    let answers: Vec<_> =
        question.answers.iter().map(|made| (made.key.as_str(), made.on_top, made.read)).collect();
    assert_eq!(answers, [("facts/city", 0, 1), ("facts/tea", 3, 0)]);
    assert_eq!(store.recalls().questions(1).unwrap().len(), 2);
}

#[test]
fn a_backup_carries_the_log_and_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(dir.path().join("db")).unwrap();
    let store = db.store("default").unwrap();
    put(&store, "a", "one");
    get(&store, "chat-1", "a");
    get(&store, "chat-2", "a");
    db.flush_recalls().unwrap();
    db.backup(dir.path().join("copy")).unwrap();
    let copy = Database::open(dir.path().join("copy")).unwrap();
    let copied = copy.store("default").unwrap().recalls().list().unwrap();
    assert_eq!(copied, store.recalls().list().unwrap());
    assert_eq!(copy.recall_size().unwrap(), db.recall_size().unwrap());
    assert!(copy.verify().unwrap().is_sound());
}

#[test]
fn a_session_with_an_impossible_id_is_refused() {
    let store = furnished();
    let snapshot = main(&store).snapshot().unwrap();
    for (id, kind) in [("", ErrorKind::Invalid), ("a\nb", ErrorKind::Invalid)] {
        assert_eq!(snapshot.for_session(id).unwrap_err().kind(), kind);
        let search = Search::open(store.database()).unwrap();
        let refused = search.at(&snapshot).query("office").for_session(id).run();
        assert_eq!(refused.unwrap_err().kind(), kind);
    }
    let long = "x".repeat(256);
    assert_eq!(snapshot.for_session(&long).unwrap_err().kind(), ErrorKind::Limit);
}

/// `cargo test --release --test recall -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn noting_costs_a_search_microseconds() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(dir.path()).unwrap();
    let store = db.store("default").unwrap();
    let mut tx = main(&store).write().unwrap();
    for at in 0..10_000 {
        tx.put(format!("n/{at}"), Entry::new(format!("word{at} group{} common", at % 50))).unwrap();
    }
    tx.commit(Author::program("bench").message("Load")).unwrap();
    let search = Search::open(&db).unwrap();
    search.catch_up().unwrap();
    let snapshot = main(&store).snapshot().unwrap();
    let run = |session: Option<&str>| {
        let mut times: Vec<_> = (0..2_000)
            .map(|at| {
                let mut query = search.at(&snapshot).query(format!("group{}", at % 50));
                if let Some(session) = session {
                    query = query.for_session(session);
                }
                let begun = Instant::now();
                query.run().unwrap();
                begun.elapsed()
            })
            .collect();
        times.sort();
        times[times.len() / 2]
    };
    run(None);
    for _ in 0..3 {
        println!("median without {:?}, with a session {:?}", run(None), run(Some("chat-1")));
    }
    let begun = Instant::now();
    let rows = store.recalls().list().unwrap().len();
    println!("reading {rows} rows of ten records: {:?}", begun.elapsed());
}

#[test]
fn a_dream_proposes_to_drop_what_no_session_was_given_for_long() {
    // Each look at this clock is a day later.
    let clock = FixedClock::new(Time::parse(START).unwrap(), 24 * 60 * MINUTE);
    let db = Options::new().clock(clock).in_memory().unwrap();
    let store = db.store("default").unwrap();
    put(&store, "facts/city", "The office is in Lisbon.");
    put(&store, "facts/tea", "Oolong is what everybody drinks here.");
    let stale = || {
        let dream = Dream::on(&main(&store)).run().unwrap();
        let proposals = dream.proposals().unwrap();
        let stale = proposals.iter().filter(|held| held.kind() == ProposalKind::Stale);
        stale.map(|held| held.title().to_owned()).collect::<Vec<_>>()
    };
    for _ in 0..100 {
        db.now();
    }
    assert!(stale().is_empty(), "no session has ever asked: nobody can tell");
    get(&store, "chat-1", "facts/city");
    for _ in 0..70 {
        db.now();
    }
    get(&store, "chat-2", "facts/city");
    assert_eq!(stale(), ["facts/tea is not used"]);
}
