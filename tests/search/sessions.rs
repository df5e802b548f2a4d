//! Searching the events of sessions.

use std::fs;

use undream::{
    Author, Database, Event, NewSession, Role, Search, SessionFacts, SessionHit, Store, Time,
    ToolCall,
};

use crate::equality::in_memory;

fn said(role: Role, text: &str) -> Event {
    Event::said(role, text)
}

fn called(tool: &str, args: &str, result: &str) -> Event {
    Event::called(ToolCall {
        tool: tool.to_owned(),
        args: args.to_owned(),
        result: result.to_owned(),
        ..ToolCall::default()
    })
}

fn session(id: &str, events: Vec<Event>) -> NewSession {
    let facts = SessionFacts { id: id.to_owned(), ..SessionFacts::default() };
    NewSession { facts, events, extra: None }
}

fn import(store: &Store, sessions: &[NewSession]) {
    store.import_sessions(sessions, &Author::person("ana")).unwrap();
}

fn default_store(database: &Database) -> Store {
    database.store("default").unwrap()
}

fn find(search: &Search, store: &Store, query: &str) -> Vec<SessionHit> {
    search.sessions(store).query(query).limit(1_000).run().unwrap()
}

fn places(hits: &[SessionHit]) -> Vec<String> {
    hits.iter().map(|hit| format!("{}#{}", hit.session, hit.number)).collect()
}

/// Sessions in which words recur at different rates.
fn made(count: usize) -> Vec<NewSession> {
    let event = |number: usize| match number % 4 {
        0 => said(Role::User, &format!("please mend printer {number} in room {}", number % 7)),
        1 => said(Role::Assistant, &format!("looking at the queue of printer {number}")),
        2 => called("Bash", "lpq", &format!("queue {} is locked", number % 5)),
        _ => said(Role::Meta, "reminder: be brief about the printer"),
    };
    (0..count)
        .map(|at| session(&format!("s-{at}"), (at..at + 3 + at % 9).map(event).collect()))
        .collect()
}

#[test]
fn a_session_is_found_as_soon_as_it_was_taken_in_and_when_it_grew() {
    let database = in_memory();
    let store = default_store(&database);
    let search = Search::open(&database).unwrap();
    assert!(find(&search, &store, "printer").is_empty());
    for round in 0..40 {
        let id = format!("chat-{round}");
        let mut events = vec![said(Role::User, &format!("word{round} about the printer"))];
        import(&store, &[session(&id, events.clone())]);
        assert_eq!(places(&find(&search, &store, &format!("word{round}"))), [format!("{id}#0")]);
        events.push(said(Role::Assistant, &format!("later{round} it was mended")));
        import(&store, &[session(&id, events)]);
        assert_eq!(places(&find(&search, &store, &format!("later{round}"))), [format!("{id}#1")]);
        assert_eq!(find(&search, &store, "printer").len(), round + 1, "no event twice");
    }
}

#[test]
fn an_event_that_a_session_no_longer_has_is_not_found() {
    let database = in_memory();
    let store = default_store(&database);
    let search = Search::open(&database).unwrap();
    import(&store, &[session("chat-1", vec![said(Role::User, "the first draft")])]);
    search.catch_up_sessions().unwrap();
    assert_eq!(find(&search, &store, "draft").len(), 1);
    import(&store, &[session("chat-1", vec![said(Role::User, "the final word")])]);
    assert!(find(&search, &store, "draft").is_empty());
    assert_eq!(places(&find(&search, &store, "final")), ["chat-1#0"]);
}

#[test]
fn hits_and_scores_are_those_of_the_store_alone_whatever_is_indexed_where() {
    let sessions = made(60);
    let fresh = in_memory();
    import(&default_store(&fresh), &sessions);
    let expected = find(&Search::open(&fresh).unwrap(), &default_store(&fresh), "printer queue");
    assert!(expected.len() > 100);
    let equal = |hits: &[SessionHit]| {
        assert_eq!(places(hits), places(&expected));
        let bits =
            |hits: &[SessionHit]| hits.iter().map(|hit| hit.score.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(hits), bits(&expected));
    };

    let dir = tempfile::tempdir().unwrap();
    let database = Database::open(dir.path()).unwrap();
    let store = default_store(&database);
    let other = database.create_store("other", &Author::person("ana")).unwrap();
    import(&other, &made(20));
    let search = Search::open(&database).unwrap();
    for (at, part) in sessions.chunks(7).enumerate() {
        // Each was shorter at first, so that dead chunks lie in the index.
        let short = part
            .iter()
            .map(|whole| NewSession { events: whole.events[..2].to_vec(), ..whole.clone() });
        import(&store, &short.collect::<Vec<_>>());
        if at % 3 == 0 {
            search.catch_up_sessions().unwrap();
        }
        import(&store, part);
        if at % 2 == 0 {
            find(&search, &store, "printer");
        }
    }
    equal(&find(&search, &store, "printer queue"));
    search.catch_up_sessions().unwrap();
    equal(&find(&Search::open(&database).unwrap(), &store, "printer queue"));
    drop((search, store, other, database));
    let database = Database::open_read_only(dir.path()).unwrap();
    let search = Search::open(&database).unwrap();
    equal(&find(&search, &default_store(&database), "printer queue"));
}

#[test]
fn a_lost_or_damaged_index_of_events_is_built_anew() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::open(dir.path()).unwrap();
    let store = default_store(&database);
    import(&store, &made(30));
    let search = Search::open(&database).unwrap();
    search.catch_up_sessions().unwrap();
    let expected = find(&search, &store, "queue locked");
    assert!(!expected.is_empty());
    drop(search);
    let files = dir.path().join("search").join("events");
    assert!(files.join("meta.json").is_file());

    fs::remove_dir_all(&files).unwrap();
    let search = Search::open(&database).unwrap();
    assert_eq!(find(&search, &store, "queue locked"), expected);
    search.catch_up_sessions().unwrap();
    assert!(files.join("meta.json").is_file());
    drop(search);

    for entry in fs::read_dir(&files).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "idx" || extension == "fast") {
            fs::write(path, b"nothing of the kind").unwrap();
        }
    }
    let search = Search::open(&database).unwrap();
    assert_eq!(find(&search, &store, "queue locked"), expected);
    search.catch_up_sessions().unwrap();
    assert_eq!(find(&Search::open(&database).unwrap(), &store, "queue locked"), expected);
}

#[test]
fn a_large_import_is_indexed_for_good_by_the_first_search() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::open(dir.path()).unwrap();
    let store = default_store(&database);
    let sessions = made(100);
    import(&store, &sessions);
    let search = Search::open(&database).unwrap();
    let expected: usize = sessions.iter().map(|made| made.events.len()).sum();
    assert_eq!(search.sessions(&store).query("*").limit(5_000).run().unwrap().len(), expected);
    assert!(dir.path().join("search").join("events").join("meta.json").is_file());
}

#[test]
fn filters_leave_out_hits_and_change_no_score() {
    let database = in_memory();
    let store = default_store(&database);
    let mut one = session(
        "chat-1",
        vec![
            said(Role::System, "You mend the printer."),
            said(Role::User, "the printer is locked"),
            called("Bash", "lpq printer", "locked"),
            called("WebFetch", "printer manual", "a page about the printer"),
            said(Role::Meta, "Summary so far: the printer was locked."),
        ],
    );
    one.facts.user = Some("ana".to_owned());
    one.facts.started = Some(Time::parse("2026-03-01T00:00:00Z").unwrap());
    let mut two = session("chat-2", vec![said(Role::User, "the printer again")]);
    two.facts.project = Some("press".to_owned());
    import(&store, &[one, two]);
    let search = Search::open(&database).unwrap();
    let all = find(&search, &store, "printer");
    assert_eq!(all.len(), 6);
    let query = || search.sessions(&store).query("printer").limit(100);
    let expect = |hits: Vec<SessionHit>, wanted: &[&str]| {
        let mut found = places(&hits);
        found.sort();
        assert_eq!(found, wanted);
        assert!(hits.iter().all(|hit| all.contains(hit)), "a filter changed a score");
    };
    expect(query().role(Role::User).run().unwrap(), &["chat-1#1", "chat-2#0"]);
    let either = query().role(Role::User).role(Role::Meta).run().unwrap();
    expect(either, &["chat-1#1", "chat-1#4", "chat-2#0"]);
    expect(query().tool("bash").run().unwrap(), &["chat-1#2"]);
    expect(query().tool("bash").tool("webfetch").run().unwrap(), &["chat-1#2", "chat-1#3"]);
    expect(query().tool("bash").role(Role::User).run().unwrap(), &[]);
    expect(query().user("ana").role(Role::User).run().unwrap(), &["chat-1#1"]);
    expect(query().project("press").run().unwrap(), &["chat-2#0"]);
    let since = |text| query().since(Time::parse(text).unwrap()).run().unwrap().len();
    assert_eq!((since("2026-03-01T00:00:00Z"), since("2026-03-01T00:00:01Z")), (5, 0));

    let context: Vec<_> = all.iter().filter(|hit| hit.is_context()).map(|hit| hit.number).collect();
    assert_eq!(context.len(), 2);
    assert!(context.contains(&0) && context.contains(&4), "instructions and summaries");
}

#[test]
fn sessions_change_nothing_in_a_search_of_memories() {
    let database = in_memory();
    let store = default_store(&database);
    let main = store.branch("main").unwrap();
    let mut tx = main.write().unwrap();
    tx.put("facts/printer", "The printer is in room 4.").unwrap();
    tx.put("facts/queue", "The queue of the printer locks at night.").unwrap();
    tx.commit(Author::person("ana").message("Facts")).unwrap();
    let search = Search::open(&database).unwrap();
    let hits = || {
        let hits = search.at(&main).query("printer queue").run().unwrap();
        hits.map(|hit| hit.map(|hit| (hit.key, hit.score.to_bits())).unwrap()).collect::<Vec<_>>()
    };
    let before = hits();
    import(&store, &made(30));
    search.catch_up_sessions().unwrap();
    search.catch_up().unwrap();
    assert_eq!(hits(), before);
}
