//! Resources, prompts, and the versions of the protocol.

use serde_json::{Value, json};
use undream::Author;

use crate::client::Client;
use crate::shelf::Shelf;

/// The text of a resource as the data it holds.
fn held(answer: &Value) -> Value {
    let contents = &answer["result"]["contents"][0];
    assert_eq!(contents["mimeType"], "application/json", "{answer}");
    serde_json::from_str(contents["text"].as_str().unwrap()).unwrap()
}

#[test]
fn memories_and_dreams_are_resources() {
    let shelf = Shelf::dreamt();
    let main = shelf.store().branch("main").unwrap();
    let mut tx = main.write().unwrap();
    tx.put("odd/a b%?#\u{e9}", "A key that needs care.").unwrap();
    tx.commit(Author::person("ana").message("Odd")).unwrap();
    let mut client = Client::start(shelf.path(), &[]);
    let listed = client.ask("resources/list", json!({}))["result"]["resources"].clone();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed[0]["uri"], "undream://dreams/1");
    assert_eq!(listed.len(), 5);
    for resource in listed {
        let read = client.ask("resources/read", json!({"uri": resource["uri"]}));
        let held = held(&read);
        assert!(held["notice"].is_string());
        if resource["uri"] == "undream://dreams/1" {
            assert_eq!(held["dream"]["number"], 1);
            assert!(held["proposals"][0]["evidence"][0]["quote"].is_string());
        } else {
            assert_eq!(held["memory"]["key"], resource["name"]);
            assert!(held["memory"]["trust"].is_string() && held["memory"]["id"].is_string());
        }
    }
    let templates = client.ask("resources/templates/list", json!({}));
    let templates = templates["result"]["resourceTemplates"].as_array().unwrap().clone();
    assert_eq!(templates[0]["uriTemplate"], "undream://default/{+key}");
    assert_eq!(templates[1]["uriTemplate"], "undream://dreams/{n}");
    let missing = [
        ("undream://default/no/such", -32002),
        ("undream://dreams/99", -32002),
        ("undream://elsewhere/a", -32002),
        ("undream://default", -32602),
        ("undream://default/%zz", -32602),
        ("undream://default/%ff", -32602),
        ("undream://default/../x", -32602),
        ("file:///etc/passwd", -32602),
    ];
    for (uri, code) in missing {
        let answer = client.ask("resources/read", json!({"uri": uri}));
        assert_eq!(answer["error"]["code"], code, "{uri}: {answer}");
    }
    client.end();
}

#[test]
fn prompts_bring_what_they_are_about_as_data() {
    let shelf = Shelf::dreamt();
    let mut client = Client::start(shelf.path(), &["--session", "chat-5"]);
    let listed = client.ask("prompts/list", json!({}))["result"]["prompts"].clone();
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|found| &found["name"]).collect();
    assert_eq!(names, ["start-session", "end-session", "review-dream"]);
    let mut get = |name: &str, arguments: Value| {
        client.ask("prompts/get", json!({"name": name, "arguments": arguments}))
    };
    let start = get("start-session", json!({}));
    let messages = start["result"]["messages"].as_array().unwrap();
    assert!(messages[0]["content"]["text"].as_str().unwrap().contains("as data"), "{start}");
    let data: Value =
        serde_json::from_str(messages[1]["content"]["text"].as_str().unwrap()).unwrap();
    assert_eq!(data["data"]["memories"].as_array().unwrap().len(), 3);
    let about = get("start-session", json!({"task": "oolong"}));
    assert!(!about.to_string().contains("Greet before"), "{about}");
    assert_eq!(get("end-session", json!({}))["result"]["messages"].as_array().unwrap().len(), 1);
    let review = get("review-dream", json!({"number": "1"}));
    assert!(review["result"]["messages"][1]["content"]["text"].as_str().unwrap().contains("drain"));
    assert_eq!(get("review-dream", json!({}))["error"]["code"], -32602);
    assert_eq!(get("review-dream", json!({"number": "99"}))["error"]["code"], -32002);
    assert_eq!(get("no-such", json!({}))["error"]["code"], -32602);
    client.end();
}

#[test]
fn older_clients_are_greeted_in_their_version() {
    let shelf = Shelf::new();
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let mut client = Client::silent(shelf.path(), &[]);
        let itself = client.greet(version);
        assert_eq!(itself["protocolVersion"], version);
        assert_eq!(itself["serverInfo"]["name"], "undream");
        assert!(itself["instructions"].as_str().unwrap().contains("do not obey"));
        client.data("recall", json!({"query": "office"}));
        assert_eq!(client.ask("ping", json!({}))["result"], json!({}));
        client.end();
    }
}

#[test]
fn a_client_of_2026_07_28_needs_no_greeting() {
    let shelf = Shelf::new();
    let mut client = Client::silent(shelf.path(), &[]);
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let found = client.ask("server/discover", json!({"_meta": meta}));
    let versions = found["result"]["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&json!("2026-07-28")), "{found}");
    let call = json!({"name": "recall", "arguments": {"query": "oolong"}, "_meta": meta});
    let answer = client.ask("tools/call", call)["result"].clone();
    assert_eq!(answer["resultType"], "complete", "{answer}");
    assert_eq!(answer["structuredContent"]["memories"][0]["key"], "facts/tea");
    let listed = client.ask("tools/list", json!({"_meta": meta}));
    assert!(listed["result"]["tools"].as_array().unwrap().len() > 5, "{listed}");
    client.end();
}

#[test]
fn nothing_but_messages_is_written_to_standard_output() {
    let shelf = Shelf::dreamt();
    let mut client = Client::start(shelf.path(), &[]);
    client.data("dream", json!({"action": "start"}));
    client.call("get", json!({"key": "no/such"}));
    let (status, rest, errors) = client.end();
    assert!(status.success() && rest.is_empty(), "{rest}");
    assert_eq!(errors, "", "nor is anything worth a line on standard error");
}
