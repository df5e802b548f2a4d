//! Every tool under every scope: what moves, and what must not.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use undream::{Author, Policy, PolicyMode, Trust};

use crate::client::Client;
use crate::shelf::Shelf;

/// The words a server is started with, and what may move then, tool by tool.
struct Scope {
    words: &'static [&'static str],
    /// The branch that is written; `None` where nothing is.
    writes: Option<&'static str>,
    reviews: bool,
    /// Whether what a dream proposes is merged as it ends.
    auto: bool,
}

/// A scope that writes `writes` and reviews nothing.
const fn scope(words: &'static [&'static str], writes: Option<&'static str>) -> Scope {
    Scope { words, writes, reviews: false, auto: false }
}

const SCOPES: [Scope; 10] = [
    scope(&["--read-only"], None),
    scope(&["--read-only", "--branch", "agents/scribe"], None),
    scope(&["--read-only", "--store", "other"], None),
    scope(&[], Some("main")),
    Scope { auto: true, ..scope(&[], Some("main")) },
    scope(&["--store", "other"], Some("main")),
    scope(&["--branch", "agents/scribe", "--from", "main"], Some("agents/scribe")),
    Scope { reviews: true, ..scope(&["--allow", "review", "--author", "ana"], Some("main")) },
    Scope {
        reviews: true,
        ..scope(&["--store", "other", "--allow", "review", "--author", "ana"], Some("main"))
    },
    Scope {
        reviews: true,
        ..scope(
            &["--branch", "agents/scribe", "--allow", "review", "--author", "ana"],
            Some("agents/scribe"),
        )
    },
];

impl Scope {
    /// A database to serve, with sessions that no dream has read where what it proposes is merged.
    fn shelf(&self) -> Shelf {
        let other = self.words.contains(&"other");
        let shelf = if other { Shelf::dreamt_in("other") } else { Shelf::dreamt() };
        let store = shelf.store();
        if self.words.contains(&"agents/scribe") {
            let head = store.branch("main").unwrap().head().unwrap().unwrap();
            store.create_branch("agents/scribe", head).unwrap();
        }
        if self.auto {
            shelf.import("bindery", "work");
            // What tools said is enough here, and no rule stands next to what is proposed.
            let policy = Policy {
                mode: PolicyMode::Auto,
                trust_min: Trust::None,
                near_protected: false,
                ..Policy::default()
            };
            let message = Author::person("ana").message("Merge at once");
            store.set_policy(&policy.to_string(), message).unwrap();
        }
        shelf
    }
}

/// Every tool, with arguments that make it do something; with what then moves on the branch that is
/// written (`branch`) and beside it.
fn calls(record: &str, tea: &str) -> Vec<(&'static str, Value, &'static [&'static str])> {
    vec![
        ("recall", json!({"query": "office"}), &[]),
        ("get", json!({"key": "facts/tea"}), &[]),
        ("list", json!({}), &[]),
        ("brief", json!({"query": "office"}), &[]),
        ("log", json!({}), &[]),
        ("diff", json!({"from": "main", "to": "dreams/1"}), &[]),
        ("why", json!({"key": "facts/tea"}), &[]),
        ("dream", json!({"action": "list"}), &[]),
        ("dream", json!({"action": "show", "number": 1}), &[]),
        ("add", json!({"key": "new/one", "text": "New."}), &["branch"]),
        ("update", json!({"key": "facts/city", "record": record, "text": "Porto."}), &["branch"]),
        ("forget", json!({"key": "facts/tea", "record": tea}), &["branch"]),
        ("dream", json!({"action": "start"}), &["meta", "dreams/"]),
        ("review", json!({"action": "reject", "number": 1, "proposals": [2]}), &["meta"]),
        ("review", json!({"action": "approve", "number": 1, "proposals": [1]}), &["meta"]),
        ("review", json!({"action": "merge", "number": 1}), &["meta", "branch"]),
        ("revert", json!({"dream": 1}), &["meta", "branch"]),
        ("revert", json!({"commit": "HEAD"}), &["branch"]),
    ]
}

/// The names of what is elsewhere after than before.
fn moved(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let names = before.keys().chain(after.keys());
    let mut names: Vec<_> =
        names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect();
    names.sort();
    names.dedup();
    names.retain(|name| name != "operations");
    names
}

/// Whether the scope lets the tool do what it was asked to.
fn is_allowed(scope: &Scope, tool: &str, arguments: &Value) -> bool {
    let own_dream = scope.writes == Some("main");
    match tool {
        "add" | "update" | "forget" => scope.writes.is_some(),
        "dream" => arguments["action"] != "start" || scope.writes.is_some(),
        // Dream 1 is of main.
        "review" => scope.reviews && own_dream,
        "revert" => scope.reviews && (own_dream || arguments.get("commit").is_some()),
        _ => true,
    }
}

/// Checks that an answer has nothing but the parts that its tool announces, each of its type.
fn assert_announced(tools: &Value, tool: &str, answer: &Value) {
    let found = tools.as_array().unwrap().iter().find(|found| found["name"] == tool).unwrap();
    for (name, part) in answer.as_object().unwrap() {
        let announced = &found["outputSchema"]["properties"][name];
        let fits = match announced["type"].as_str() {
            Some("string") => part.is_string(),
            Some("integer") => part.is_u64(),
            Some("boolean") => part.is_boolean(),
            Some("object") => part.is_object(),
            Some("array") => {
                let of = &announced["items"]["type"];
                let fits =
                    |item: &Value| if of == "object" { item.is_object() } else { item.is_u64() };
                part.as_array().is_some_and(|items| items.iter().all(fits))
            }
            _ => false,
        };
        assert!(fits, "{name} of {tool} is {part}, announced as {announced}");
    }
}

#[test]
fn no_tool_moves_what_its_scope_does_not_allow() {
    for scope in SCOPES {
        let shelf = scope.shelf();
        let branch = scope.writes.unwrap_or("main");
        let mut client = Client::start(shelf.path(), scope.words);
        let tools = client.ask("tools/list", json!({}))["result"]["tools"].clone();
        let (city, tea) = (shelf.record(branch, "facts/city"), shelf.record(branch, "facts/tea"));
        for (tool, mut arguments, moves) in calls(&city, &tea) {
            if arguments["commit"] == "HEAD" {
                arguments["commit"] = shelf.places()[branch].clone().into();
            }
            let before = shelf.places();
            let result = client.call(tool, arguments.clone());
            let after = shelf.places();
            let merges = scope.auto && arguments["action"] == "start";
            let moves = if merges { &["meta", "dreams/", "branch"] } else { moves };
            let what =
                format!("{tool} {arguments} under {:?} {}: {result}", scope.words, scope.auto);
            let found = moved(&before, &after);
            if is_allowed(&scope, tool, &arguments) {
                assert_eq!(result["isError"], false, "{what}");
                assert_announced(&tools, tool, &result["structuredContent"]);
                let is = |place: &str, name: &String| match place {
                    "branch" => name == branch,
                    "dreams/" => name.starts_with("dreams/"),
                    place => name == place,
                };
                let expected = |name: &String| moves.iter().any(|place| is(place, name));
                assert!(found.iter().all(expected), "{found:?} moved by {what}");
                let has_moved = |place: &&str| found.iter().any(|name| is(place, name));
                assert!(moves.iter().all(has_moved), "{found:?} moved by {what}");
            } else {
                assert_eq!(result["isError"], true, "{what}");
                assert_eq!(result["structuredContent"]["error"]["kind"], "blocked", "{what}");
                assert_eq!(found, Vec::<String>::new(), "{what}");
                assert_eq!(before, after, "not even an operation: {what}");
            }
        }
        client.end();
    }
}

#[test]
fn a_server_that_may_only_read_has_the_database_open_for_reading_only() {
    let shelf = Shelf::new();
    let mut client = Client::start(shelf.path(), &["--read-only", "--session", "chat-7"]);
    client.data("recall", json!({"query": "office"}));
    let pid = client.pid();
    let holders = shelf.store().database().holders().unwrap();
    assert!(holders.iter().all(|holder| holder.pid != pid), "{holders:?}");
    client.end();
    assert!(shelf.store().recalls().in_session("chat-7").list().unwrap().is_empty());
}

#[test]
fn another_store_is_out_of_reach() {
    let shelf = Shelf::new();
    let database = shelf.store().database().clone();
    let other = database.create_store("other", &Author::person("ana")).unwrap();
    let main = other.branch("main").unwrap();
    let mut tx = main.write().unwrap();
    tx.put("secret", "The safe is behind the picture.").unwrap();
    let commit = tx.commit(Author::person("ana").message("Secret")).unwrap();
    let mut client = Client::start(shelf.path(), &[]);
    for arguments in [
        json!({"key": "secret"}),
        json!({"key": "secret", "at": commit.to_string()}),
        json!({"key": "secret", "cursor": format!("{commit}:0")}),
    ] {
        assert_eq!(client.refusal("get", arguments)["kind"], "not found");
    }
    let read = client.ask("resources/read", json!({"uri": "undream://other/secret"}));
    assert_eq!(read["error"]["code"], -32002, "{read}");
    let diff = client.refusal("diff", json!({"from": "main", "to": commit.to_string()}));
    assert_eq!(diff["kind"], "not found");
    client.end();

    let mut client = Client::start(shelf.path(), &["--store", "other"]);
    assert!(client.data("get", json!({"key": "secret"}))["memory"]["text"].is_string());
    client.end();
}

#[test]
fn the_account_of_the_engine_is_hidden_from_agents() {
    let shelf = Shelf::dreamt();
    let meta = shelf.places()["meta"].clone();
    let mut client = Client::start(shelf.path(), &["--allow", "review"]);
    for revision in ["meta", "meta~1", "meta@{now}", meta.as_str(), &meta[..12]] {
        for (tool, arguments) in [
            ("get", json!({"key": "dreams/00001/manifest", "at": revision})),
            ("list", json!({"at": revision})),
            ("recall", json!({"query": "dream", "at": revision})),
            ("brief", json!({"at": revision})),
            ("log", json!({"at": revision})),
            ("why", json!({"key": "facts/tea", "at": revision})),
            ("diff", json!({"from": revision, "to": "main"})),
            ("diff", json!({"from": "main", "to": revision})),
            ("revert", json!({"commit": revision})),
        ] {
            let refused = client.refusal(tool, arguments.clone());
            assert_eq!(refused["kind"], "not found", "{tool} {arguments}: {refused}");
        }
    }
    for cursor in [format!("{meta}:0"), format!("{meta}:{meta}:0")] {
        assert_eq!(client.call("list", json!({"cursor": cursor}))["isError"], true);
    }
    let list = client.ask("resources/list", json!({})).to_string();
    assert!(!list.contains("manifest"), "{list}");
    client.end();
}
