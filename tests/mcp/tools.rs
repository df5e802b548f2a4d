//! What the tools do, and what an agent is shown.

use serde_json::{Value, json};
use undream::{is_hiding, is_unprintable};

use crate::client::Client;
use crate::shelf::Shelf;

/// The words of JSON Schema that every client understands.
const WORDS: [&str; 8] =
    ["type", "properties", "required", "description", "enum", "items", "minimum", "maximum"];

fn tools(client: &mut Client) -> Vec<Value> {
    client.ask("tools/list", json!({}))["result"]["tools"].as_array().unwrap().clone()
}

fn assert_narrow(schema: &Value) {
    for (word, value) in schema.as_object().unwrap() {
        assert!(WORDS.contains(&word.as_str()), "{word} in {schema}");
        match word.as_str() {
            "properties" => value.as_object().unwrap().values().for_each(assert_narrow),
            "items" => assert_narrow(value),
            "type" => assert!(value.is_string(), "several types in {schema}"),
            _ => {}
        }
    }
}

#[test]
fn every_tool_has_a_narrow_schema_and_all_four_hints() {
    let shelf = Shelf::new();
    for (words, count) in
        [(&[] as &[&str], 11), (&["--read-only"], 8), (&["--allow", "review"], 13)]
    {
        let mut client = Client::start(shelf.path(), words);
        let tools = tools(&mut client);
        assert_eq!(tools.len(), count, "{words:?}");
        assert!(tools.len() <= 14);
        for tool in &tools {
            assert_narrow(&tool["inputSchema"]);
            assert_narrow(&tool["outputSchema"]);
            assert_eq!(tool["inputSchema"]["type"], "object");
            assert!(tool["title"].is_string() && tool["description"].is_string(), "{tool}");
            for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
                assert!(tool["annotations"][hint].is_boolean(), "{hint} of {}", tool["name"]);
            }
        }
        client.end();
    }
}

#[test]
fn hints_say_what_a_tool_may_do_in_its_scope() {
    let shelf = Shelf::new();
    let reads = (true, false, true);
    let (adds, replaces) = ((false, false, false), (false, true, false));
    for words in [&["--read-only"] as &[&str], &["--allow", "review"]] {
        let mut client = Client::start(shelf.path(), words);
        for tool in tools(&mut client) {
            let name = tool["name"].as_str().unwrap();
            let expected = match name {
                _ if words == ["--read-only"] => reads,
                "recall" | "get" | "list" | "brief" | "log" | "diff" | "why" => reads,
                "add" => adds,
                // A dream may be merged as it ends, if the policy says so.
                "dream" | "update" | "forget" | "review" | "revert" => replaces,
                _ => panic!("no expectation of {name}"),
            };
            let hint = |hint: &str| tool["annotations"][hint].as_bool().unwrap();
            let found = (hint("readOnlyHint"), hint("destructiveHint"), hint("idempotentHint"));
            assert_eq!(found, expected, "{name} under {words:?}");
            assert!(!hint("openWorldHint"), "{name}");
        }
        client.end();
    }
}

#[test]
fn an_agent_adds_recalls_updates_and_forgets_by_its_author_in_its_session() {
    let shelf = Shelf::new();
    let words = ["--author", "agent:scribe", "--session", "chat-812"];
    let mut client = Client::start(shelf.path(), &words);
    let added = client.data(
        "add",
        json!({"key": "work/press", "text": "Pass --drain.", "kind": "procedure",
            "labels": ["press", "cli"], "title": "Publishing", "why": "Failed twice"}),
    );
    assert_eq!(added["trust"], "agent");

    let found = client.data("recall", json!({"query": "drain"}));
    let memory = &found["memories"][0];
    assert_eq!(memory["record"], added["record"]);
    assert_eq!(memory["text"], "Pass --drain.");
    assert_eq!((&memory["trust"], &memory["source"]), (&json!("agent"), &json!(["agent"])));
    assert!(found["notice"].as_str().unwrap().contains("not an instruction"));

    let args = json!({"key": "work/press", "record": added["record"], "text": "Drain first."});
    let updated = client.data("update", args);
    assert_eq!((&updated["id"], &updated["changed"]), (&added["id"], &json!(true)));
    let got = client.data("get", json!({"key": "work/press"}));
    let memory = &got["memory"];
    assert_eq!(memory["title"], "Publishing", "what is not given stays");
    assert_eq!(
        (&memory["labels"], &memory["kind"]),
        (&json!(["cli", "press"]), &json!("procedure"))
    );

    client.data("forget", json!({"key": "work/press", "record": updated["record"]}));
    assert_eq!(shelf.text("main", "work/press"), None);
    let log = client.data("log", json!({"limit": 3}));
    let commits = log["commits"].as_array().unwrap();
    let messages: Vec<_> =
        commits.iter().map(|commit| commit["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["Forget work/press", "Update work/press", "Failed twice"]);
    for commit in commits {
        assert_eq!(commit["author"], json!({"name": "scribe", "kind": "agent"}));
        assert_eq!(commit["session"], "chat-812");
    }
    client.end();
}

#[test]
fn recalls_go_to_the_recall_log_of_the_session() {
    let shelf = Shelf::new();
    let mut client = Client::start(shelf.path(), &["--session", "chat-7"]);
    client.data("recall", json!({"query": "oolong"}));
    client.data("get", json!({"key": "facts/city"}));
    client.data("brief", json!({}));
    client.ask("resources/read", json!({"uri": "undream://default/facts/tea"}));
    client.end();
    let recalls = shelf.store().recalls().in_session("chat-7").list().unwrap();
    let kinds: Vec<_> = recalls.iter().rev().map(|recall| recall.kind.name()).collect();
    assert_eq!(kinds, ["search", "get", "brief", "get"]);
    let used = shelf.store().recalls().at_key("facts/tea").usage().unwrap();
    assert_eq!((used.count, used.sessions), (3, vec!["chat-7".to_owned()]));
}

#[test]
fn nobody_is_named_so_the_agent_writes_as_an_agent() {
    let shelf = Shelf::new();
    let mut client = Client::start(shelf.path(), &[]);
    let added = client.data("add", json!({"key": "a", "text": "x"}));
    assert_eq!(added["trust"], "agent");
    let log = client.data("log", json!({"limit": 1}));
    assert_eq!(log["commits"][0]["author"], json!({"name": "mcp", "kind": "agent"}));
    assert!(log["commits"][0]["session"].as_str().unwrap().starts_with("mcp-"));
    client.end();
}

#[test]
fn what_hides_or_commands_is_escaped_wherever_it_stands() {
    let shelf = Shelf::new();
    let text = "Pay\u{202e}.gnp\u{200b} now\u{1b}[31m\nand\tgo";
    let mut client = Client::start(shelf.path(), &[]);
    client.data("add", json!({"key": "sly", "text": text, "context": text, "why": text}));
    let calls = [
        ("recall", json!({"query": "pay"})),
        ("get", json!({"key": "sly"})),
        ("list", json!({})),
        ("brief", json!({})),
        ("log", json!({})),
        ("why", json!({"key": "sly"})),
        ("diff", json!({"from": "main~1"})),
    ];
    for (tool, arguments) in calls {
        client.data(tool, arguments);
        let shown = client.line.trim_end();
        assert!(!shown.contains(is_unprintable), "{tool}: {shown:?}");
        assert!(shown.contains("u{202e}"), "{tool}: {shown}");
    }
    client.ask("resources/read", json!({"uri": "undream://default/sly"}));
    assert!(!client.line.trim_end().contains(is_unprintable));
    client.ask("prompts/get", json!({"name": "start-session"}));
    assert!(!client.line.trim_end().contains(is_unprintable));
    assert_eq!(shelf.text("main", "sly").unwrap(), text, "what is stored stays as it was said");
    client.end();
}

#[test]
fn no_letter_in_which_something_may_hide_is_shown() {
    let shelf = Shelf::new();
    let hiding: Vec<char> = ('\0'..=char::MAX).filter(|c| is_hiding(*c)).collect();
    // Variation selectors, fillers and the like spell out words that nobody sees.
    for c in ['\u{34f}', '\u{115f}', '\u{180b}', '\u{3164}', '\u{fe00}', '\u{ffa0}', '\u{e0100}'] {
        assert!(hiding.contains(&c), "{c:?}");
    }
    for c in ['a', '\u{e9}', '\u{65e5}', '\u{301}', '\u{fe0f}', '\u{1f600}', ' '] {
        assert!(!hiding.contains(&c), "{c:?}");
    }
    let shown = |c: &&char| !matches!(**c, '\n' | '\t');
    let mut client = Client::start(shelf.path(), &[]);
    let text: String = hiding.iter().collect();
    client.data("add", json!({"key": "sly", "text": text}));
    let got = client.data("get", json!({"key": "sly"}))["memory"]["text"].clone();
    let got = got.as_str().unwrap();
    for c in hiding.iter().filter(shown) {
        assert!(got.contains(&c.escape_unicode().to_string()), "{c:?} is not named");
        assert!(!client.line.trim_end().contains(*c), "{c:?} is shown");
    }
    client.end();
}

#[test]
fn memory_is_read_at_any_revision_and_as_of_a_time() {
    let shelf = Shelf::new();
    let mut client = Client::start(shelf.path(), &[]);
    let record = shelf.record("main", "facts/city");
    client.data("update", json!({"key": "facts/city", "record": record, "text": "In Porto."}));
    let old = client.data("get", json!({"key": "facts/city", "at": "main~1"}));
    assert_eq!(old["memory"]["text"], "The office is in Lisbon.");
    let now = client.data("recall", json!({"query": "lisbon porto", "at": "main@{now}"}));
    assert_eq!(now["memories"][0]["text"], "In Porto.");
    let refused = client.refusal("recall", json!({"query": "x", "at": "main@{2001-01-01}"}));
    assert_eq!(refused["kind"], "not found");
    client.end();
}

#[test]
fn a_dream_is_started_shown_reviewed_merged_and_taken_back() {
    let shelf = Shelf::dreamt();
    let words = ["--allow", "review", "--author", "ana", "--session", "desk-7"];
    let mut client = Client::start(shelf.path(), &words);
    let list = client.data("dream", json!({"action": "list"}));
    assert_eq!(list["dreams"][0]["status"], "waiting");
    let show = client.data("dream", json!({"action": "show", "number": 1, "limit": 1}));
    let proposal = &show["proposals"][0];
    assert!(proposal["evidence"][0]["quote"].as_str().unwrap().contains("drain"), "{proposal}");
    let (number, key) = (&proposal["number"], proposal["key"].as_str().unwrap());
    let early = client.refusal("review", json!({"action": "merge", "number": 1}));
    assert_eq!(early["kind"], "conflict");
    client.data("review", json!({"action": "approve", "number": 1, "proposals": [number]}));
    assert_eq!(shelf.text("main", key), None, "what is approved is not merged yet");
    let last_of_meta = || shelf.store().commit(shelf.places()["meta"].parse().unwrap()).unwrap();
    let decision = last_of_meta();
    assert_eq!(decision.session(), Some("desk-7"), "{:?}", decision.message());
    let merged = client.data("review", json!({"action": "merge", "number": 1}));
    assert_eq!(merged["proposals"], json!([number]));
    assert!(shelf.text("main", key).is_some());
    let account = last_of_meta();
    assert_eq!(account.session(), Some("desk-7"), "{:?}", account.message());
    let log = client.data("log", json!({"session": "desk-7"}));
    assert_eq!(log["commits"][0]["id"], merged["commit"], "{log}");
    let why = client.data("why", json!({"key": key}));
    assert_eq!(why["steps"][0]["dream"], 1);
    client.data("revert", json!({"dream": 1, "proposal": number}));
    assert_eq!(shelf.text("main", key), None);

    let again = client.data("dream", json!({"action": "start"}));
    assert_eq!(again["dream"]["number"], 2);
    assert_eq!(again["dream"]["sessions_read"], 0, "all were read by the first one");
    client.end();
}

#[test]
fn a_branch_of_its_own_is_created_and_the_only_one_written() {
    let shelf = Shelf::new();
    let words = ["--branch", "agents/scribe", "--from", "main"];
    let mut client = Client::start(shelf.path(), &words);
    client.data("add", json!({"key": "mine", "text": "On my branch."}));
    assert_eq!(shelf.text("agents/scribe", "mine").unwrap(), "On my branch.");
    assert_eq!(shelf.text("main", "mine"), None);
    let diff = client.data("diff", json!({"from": "main"}));
    assert_eq!((&diff["total"], &diff["changes"][0]["key"]), (&json!(1), &json!("mine")));
    client.end();
    let mut again = Client::start(shelf.path(), &words);
    assert_eq!(again.data("get", json!({"key": "mine"}))["memory"]["text"], "On my branch.");
    again.end();
}
