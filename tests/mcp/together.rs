//! Several servers and the command line work on one database at once.

use std::process::Command;
use std::thread;

use serde_json::json;
use undream::Database;

use crate::client::Client;
use crate::shelf::Shelf;

#[test]
fn of_two_writers_of_one_memory_the_second_is_told_what_to_do() {
    let shelf = Shelf::new();
    let record = shelf.record("main", "facts/city");
    let mut first = Client::start(shelf.path(), &["--author", "agent:first"]);
    let mut second = Client::start(shelf.path(), &["--author", "agent:second"]);
    let update = |text: &str| json!({"key": "facts/city", "record": record, "text": text});
    let landed = first.data("update", update("In Porto."));
    let refused = second.refusal("update", update("In Faro."));
    assert_eq!(refused["kind"], "stale");
    assert!(refused["message"].as_str().unwrap().contains(landed["record"].as_str().unwrap()));
    assert!(refused["what_to_do"].as_str().unwrap().contains("get"), "{refused}");
    assert_eq!(shelf.text("main", "facts/city").unwrap(), "In Porto.");
    // Doing what it was told, it gets through.
    let now = second.data("get", json!({"key": "facts/city"}))["memory"]["record"].clone();
    second.data("update", json!({"key": "facts/city", "record": now, "text": "In Faro."}));
    assert_eq!(first.data("get", json!({"key": "facts/city"}))["memory"]["text"], "In Faro.");
    first.end();
    second.end();
}

#[test]
fn servers_and_the_command_line_lose_nothing_of_each_other() {
    const CLIENTS: usize = 3;
    const ADDS: usize = 12;
    let shelf = Shelf::new();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let path = shelf.path();
            scope.spawn(move || {
                let author = format!("agent:writer-{client}");
                let mut server = Client::start(path, &["--author", &author]);
                for number in 0..ADDS {
                    let key = format!("from/{client}/{number}");
                    server.data("add", json!({"key": key, "text": "A quince."}));
                    let found = server.data("recall", json!({"query": "quince", "limit": 50}));
                    let memories = found["memories"].as_array().unwrap();
                    assert!(memories.iter().any(|memory| memory["key"] == key), "its own write");
                }
                assert!(server.end().0.success());
            });
        }
        for number in 0..4 {
            let put = Command::new(env!("CARGO_BIN_EXE_undream"))
                .args(["put", &format!("by-hand/{number}"), "A quince.", "--wait", "30", "--db"])
                .arg(shelf.path())
                .output()
                .unwrap();
            assert!(put.status.success(), "{put:?}");
        }
    });
    let main = shelf.store().branch("main").unwrap().snapshot().unwrap();
    assert_eq!(main.count("from").unwrap(), (CLIENTS * ADDS) as u64);
    assert_eq!(main.count("by-hand").unwrap(), 4);
    assert!(Database::open(shelf.path()).unwrap().verify().unwrap().is_sound());
}

#[test]
fn many_calls_at_once_are_all_answered_once() {
    const CALLS: u64 = 200;
    let shelf = Shelf::new();
    let mut client = Client::start(shelf.path(), &[]);
    for id in 1_000..1_000 + CALLS {
        let (tool, arguments) = match id % 3 {
            0 => ("add", json!({"key": format!("at-once/{id}"), "text": "x"})),
            1 => ("recall", json!({"query": "office"})),
            _ => ("get", json!({"key": "no/such"})),
        };
        let params = json!({"name": tool, "arguments": arguments});
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
        client.send(&call.to_string());
    }
    let mut answered: Vec<_> = (0..CALLS).map(|_| client.read()["id"].as_u64().unwrap()).collect();
    answered.sort_unstable();
    assert_eq!(answered, (1_000..1_000 + CALLS).collect::<Vec<_>>());
    let (status, rest, _) = client.end();
    assert!(status.success() && rest.is_empty());
    let main = shelf.store().branch("main").unwrap().snapshot().unwrap();
    assert_eq!(
        main.count("at-once").unwrap(),
        (1_000..1_000 + CALLS).filter(|id| id % 3 == 0).count() as u64
    );
}

#[test]
fn a_server_whose_branch_is_deleted_says_so_and_writes_nothing() {
    let shelf = Shelf::new();
    let words = ["--branch", "agents/scribe", "--from", "main", "--allow", "review"];
    let mut client = Client::start(shelf.path(), &words);
    client.data("add", json!({"key": "mine", "text": "On my branch."}));
    let record = client.data("get", json!({"key": "mine"}))["memory"]["record"].clone();
    let deleted = Command::new(env!("CARGO_BIN_EXE_undream"))
        .args(["branch", "delete", "agents/scribe", "--db"])
        .arg(shelf.path())
        .output()
        .unwrap();
    assert!(deleted.status.success(), "{deleted:?}");
    let before = shelf.places();
    for (tool, arguments) in [
        ("add", json!({"key": "new", "text": "Into nothing."})),
        ("update", json!({"key": "mine", "record": record, "text": "Into nothing."})),
        ("forget", json!({"key": "mine", "record": record})),
        ("get", json!({"key": "mine"})),
        ("recall", json!({"query": "branch"})),
        ("list", json!({})),
        ("brief", json!({})),
        ("log", json!({})),
        ("dream", json!({"action": "start"})),
    ] {
        let refused = client.refusal(tool, arguments);
        assert_eq!(refused["kind"], "not found", "{tool}: {refused}");
        assert!(refused["message"].as_str().unwrap().contains("agents/scribe"), "{refused}");
    }
    assert_eq!(shelf.places(), before);
    // What is named can be read all the same.
    let city = client.data("get", json!({"key": "facts/city", "at": "main"}));
    assert_eq!(city["memory"]["text"], "The office is in Lisbon.");
    assert!(client.end().0.success());
}
