//! What is wrong is answered with what to do, changes nothing, and ends nothing.

use serde_json::{Value, json};
use undream::{Author, Database, LogFilter, limits};

use crate::client::Client;
use crate::shelf::Shelf;

#[test]
fn lines_that_are_no_messages_are_answered_and_the_server_goes_on() {
    let shelf = Shelf::new();
    let mut client = Client::start(shelf.path(), &[]);
    let lines = [
        ("{\"jsonrpc\": \"2.0\", \"id\": 7,", -32700, Value::Null),
        ("nonsense", -32700, Value::Null),
        ("\u{1}", -32700, Value::Null),
        ("[]", -32600, Value::Null),
        ("17", -32600, Value::Null),
        ("{\"id\": 7}", -32600, json!(7)),
        ("{\"jsonrpc\": \"2.0\", \"id\": 8, \"method\": 9}", -32600, json!(8)),
        ("{\"jsonrpc\": \"2.0\", \"id\": 9, \"method\": \"tools/call\"}", -32602, json!(9)),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":10,\"method\":\"tools/call\",\"params\":[]}",
            -32600,
            json!(10),
        ),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":11,\"method\":\"tools/call\",\"params\":{\"name\":5}}",
            -32602,
            json!(11),
        ),
        ("{\"jsonrpc\":\"2.0\",\"id\":12,\"method\":\"no/such\"}", -32601, json!(12)),
    ];
    for (line, code, id) in lines {
        client.send(line);
        let answer = client.read();
        assert_eq!(answer["error"]["code"], code, "{line}: {answer}");
        assert_eq!(answer["id"], id, "{line}: {answer}");
        assert!(answer["error"]["message"].as_str().unwrap().len() > 10, "{answer}");
    }
    client.data("list", json!({}));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    client.send(&deep);
    assert_eq!(client.read()["error"]["code"], -32700);
    client.data("list", json!({}));
    assert!(client.end().0.success());
}

#[test]
fn bytes_that_are_no_text_and_lines_without_end_are_answered() {
    use std::io::Write;
    let shelf = Shelf::new();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_undream"));
    command.args(["mcp", "--db"]).arg(shelf.path());
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"\xff\xfe\n\n\r\n").unwrap();
    // The last line needs no end.
    input.write_all(br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0]["error"]["code"], -32700);
    assert_eq!(lines[1], json!({"jsonrpc": "2.0", "id": 1, "result": {}}));
}

#[test]
fn too_much_is_refused_by_name() {
    let shelf = Shelf::new();
    let before = shelf.places();
    let mut client = Client::start(shelf.path(), &[]);
    client.send(&format!("{{\"pad\": \"{}\"}}", "x".repeat(9 << 20)));
    let answer = client.read();
    assert_eq!(answer["error"]["code"], -32600);
    assert!(answer["error"]["message"].as_str().unwrap().contains("8388608"), "{answer}");
    let text = "x".repeat(limits::TEXT_BYTES_MAX + 1);
    let refused = client.refusal("add", json!({"key": "big", "text": text}));
    assert_eq!(refused["kind"], "limit");
    assert!(refused["message"].as_str().unwrap().contains("1048576"), "{refused}");
    for key in ["k".repeat(1_025), "k/".repeat(32) + "k"] {
        let long = client.refusal("add", json!({"key": key, "text": "x"}));
        assert_eq!(long["kind"], "limit", "{long}");
    }
    let query = client.refusal("recall", json!({"query": "word ".repeat(300)}));
    assert_eq!(query["kind"], "limit");
    assert_eq!(shelf.places(), before);
    client.end();
}

#[test]
fn the_greatest_text_goes_in_and_comes_out_in_parts() {
    let shelf = Shelf::new();
    let mut client = Client::start(shelf.path(), &[]);
    let text = "\u{e9}\u{1f600}\"\\\n".repeat(limits::TEXT_BYTES_MAX / 9);
    client.data("add", json!({"key": "big", "text": text}));
    let (mut whole, mut cursor) = (String::new(), Value::Null);
    loop {
        let got = client.data("get", json!({"key": "big", "cursor": cursor}));
        assert!(client.line.len() < 256 << 10, "an answer of {} bytes", client.line.len());
        whole += got["memory"]["text"].as_str().unwrap();
        cursor = got["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert!(whole == text, "{} of {} bytes", whole.len(), text.len());
    client.end();
}

#[test]
fn wrong_arguments_are_refused_with_the_right_ones() {
    let shelf = Shelf::dreamt();
    let before = shelf.places();
    let mut client = Client::start(shelf.path(), &["--allow", "review"]);
    let unknown = client.ask("tools/call", json!({"name": "drop_all", "arguments": {}}));
    assert_eq!(unknown["error"]["code"], -32602);
    assert!(unknown["error"]["message"].as_str().unwrap().contains("tools/list"), "{unknown}");
    let wrong = [
        ("recall", json!({}), "invalid"),
        ("recall", json!({"query": 7}), "invalid"),
        ("recall", json!({"query": "x", "limit": 0}), "invalid"),
        ("recall", json!({"query": "x", "limit": 1_000_000}), "invalid"),
        ("recall", json!({"query": "x", "min_trust": "very"}), "invalid"),
        ("recall", json!({"query": "x", "without": ["rumour"]}), "invalid"),
        ("recall", json!({"query": "x", "cursor": "zzz"}), "invalid"),
        ("recall", json!({"query": "x", "cursor": format!("{}:0", "0".repeat(64))}), "not found"),
        ("recall", json!({"query": "x", "at": "nowhere"}), "not found"),
        ("recall", json!({"query": "x", "colour": "red"}), "invalid"),
        ("recall", json!({"query": " "}), "invalid"),
        ("get", json!({"key": "../etc"}), "invalid"),
        ("get", json!({"key": "no/such"}), "not found"),
        ("list", json!({"cursor": "\u{0}"}), "invalid"),
        ("list", json!({"depth": 33}), "invalid"),
        ("log", json!({"since": "whenever"}), "invalid"),
        ("add", json!({"key": "a"}), "invalid"),
        ("add", json!({"key": "facts/tea", "text": "x"}), "stale"),
        ("add", json!({"key": "facts/tea/more", "text": "x"}), "invalid"),
        ("add", json!({"key": "a", "text": "x", "kind": "Not A Kind"}), "invalid"),
        ("add", json!({"key": "a", "text": "x", "labels": "one"}), "invalid"),
        ("update", json!({"key": "facts/tea", "text": "x"}), "invalid"),
        ("update", json!({"key": "facts/tea", "record": "12", "text": "x"}), "invalid"),
        ("update", json!({"key": "no", "record": "0".repeat(64), "text": "x"}), "not found"),
        ("forget", json!({"key": "facts/tea", "record": "0".repeat(64)}), "stale"),
        ("dream", json!({"action": "show"}), "invalid"),
        ("dream", json!({"action": "show", "number": 99}), "not found"),
        ("dream", json!({"action": "show", "number": 1, "proposal": 999}), "not found"),
        ("dream", json!({"action": "list", "cursor": "x"}), "invalid"),
        ("dream", json!({"action": "start", "sessions": ["no-such-session"]}), "not found"),
        ("review", json!({"action": "approve", "number": 1}), "invalid"),
        ("review", json!({"action": "approve", "number": 1, "proposals": [999]}), "not found"),
        ("review", json!({"action": "merge", "number": 1}), "conflict"),
        ("revert", json!({}), "invalid"),
        ("revert", json!({"commit": "nowhere"}), "not found"),
        ("revert", json!({"dream": 1}), "not found"),
    ];
    for (tool, arguments, kind) in wrong {
        let refused = client.refusal(tool, arguments.clone());
        assert_eq!(refused["kind"], kind, "{tool} {arguments}: {refused}");
    }
    assert_eq!(shelf.places(), before, "nothing was written");
    client.end();
}

#[test]
fn a_session_that_was_taken_back_is_neither_dreamt_of_nor_written_in() {
    let shelf = Shelf::dreamt();
    let ended = std::process::Command::new(env!("CARGO_BIN_EXE_undream"))
        .args(["revert", "--session", "chat-1", "--author", "ana", "--quiet", "--db"])
        .arg(shelf.path())
        .output()
        .unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let before = shelf.places();
    let mut client = Client::start(shelf.path(), &[]);
    let refused = client.refusal("dream", json!({"action": "start", "sessions": ["chat-1"]}));
    assert_eq!(refused["kind"], "blocked");
    assert!(refused["what_to_do"].as_str().unwrap().contains("session lift chat-1"), "{refused}");
    client.end();

    let mut client = Client::start(shelf.path(), &["--session", "chat-1", "--allow", "review"]);
    let record = shelf.record("main", "facts/tea");
    let calls = [
        ("add", json!({"key": "a", "text": "x"})),
        ("update", json!({"key": "facts/tea", "record": record, "text": "x"})),
        ("dream", json!({"action": "start"})),
        ("review", json!({"action": "reject", "number": 1, "proposals": [1]})),
        ("revert", json!({"commit": "main"})),
    ];
    for (tool, arguments) in calls.clone() {
        let refused = client.refusal(tool, arguments);
        assert_eq!(refused["kind"], "blocked", "{tool}");
        let (why, next) = (&refused["message"], &refused["what_to_do"]);
        assert!(why.as_str().unwrap().contains("`chat-1` was taken back"), "{tool}: {refused}");
        assert!(next.as_str().unwrap().contains("session lift chat-1"), "{tool}: {refused}");
    }
    client.data("recall", json!({"query": "tea"}));
    assert_eq!(shelf.places(), before);
    // A person lets it in again, and the same calls do what they are for.
    assert!(shelf.store().lift_session("chat-1", &Author::person("ana")).unwrap());
    for (tool, arguments) in calls {
        client.data(tool, arguments);
    }
    client.end();
}

#[test]
fn a_server_that_cannot_begin_says_so_and_ends() {
    let shelf = Shelf::new();
    let tries: [(&[&str], i32, &str); 6] = [
        (&["--branch", "agents/x"], 1, "--from main"),
        (&["--branch", "agents/x", "--from", "nowhere"], 1, "nowhere"),
        (&["--branch", "dreams/1", "--from", "main"], 2, "dreams/1"),
        (&["--branch", "meta"], 2, "meta"),
        (&["--session", ""], 2, "session"),
        (&["--read-only", "--allow", "review"], 2, "--read-only"),
    ];
    for (words, code, said) in tries {
        let (status, out, errors) = Client::silent(shelf.path(), words).end();
        assert_eq!(status.code(), Some(code), "{words:?}: {errors}");
        assert!(out.is_empty() && errors.contains(said), "{words:?}: {errors}");
    }
}

#[test]
fn a_client_that_goes_away_in_the_middle_of_a_call_leaves_whole_commits() {
    const CALLS: usize = 24;
    const ANSWERED: usize = 3;
    let (shelf, mut landed_before) = (Shelf::new(), 0);
    for turn in 0..4 {
        let mut client = Client::start(shelf.path(), &[]);
        let add = |key: String| {
            let call = json!({"name": "add", "arguments": {"key": key, "text": "Whole."}});
            json!({"jsonrpc": "2.0", "id": key, "method": "tools/call", "params": call}).to_string()
        };
        client.send(&add(format!("closed/{turn}")));
        // What was asked before the input ended is answered.
        let (status, rest, errors) = client.end();
        assert!(status.success() && errors.is_empty(), "{status}: {errors}");
        let answer: Value = serde_json::from_str(&rest).unwrap();
        assert_eq!(answer["result"]["isError"], false, "{answer}");
        assert_eq!(shelf.text("main", &format!("closed/{turn}")).unwrap(), "Whole.");

        // One that is killed amid calls has landed some of them, each whole.
        let mut client = Client::start(shelf.path(), &[]);
        (0..CALLS).for_each(|number| client.send(&add(format!("killed/{turn}/{number}"))));
        for _ in 0..ANSWERED {
            assert_eq!(client.read()["result"]["isError"], false);
        }
        client.kill();
        let main = shelf.store().branch("main").unwrap().snapshot().unwrap();
        let landed: Vec<_> =
            main.entries(&format!("killed/{turn}")).map(|entry| entry.unwrap().1).collect();
        assert!((ANSWERED..=CALLS).contains(&landed.len()), "{} landed", landed.len());
        assert!(landed.iter().all(|record| record.text().unwrap() == "Whole."));
        assert_eq!(writes(&shelf), 1 + (turn + 1) + landed_before + landed.len());
        landed_before += landed.len();
    }
    let verified = Database::open(shelf.path()).unwrap().verify().unwrap();
    assert!(verified.is_sound(), "{verified:?}");
    let main = shelf.store().branch("main").unwrap();
    let mut tx = main.write().unwrap();
    tx.put("after", "Still writable.").unwrap();
    tx.commit(Author::person("ana").message("After")).unwrap();
}

/// How many commits there are on main.
fn writes(shelf: &Shelf) -> usize {
    let store = shelf.store();
    let head = store.branch("main").unwrap().head().unwrap().unwrap();
    let log = store.log(head, LogFilter::default()).unwrap();
    log.map(Result::unwrap).count()
}

#[test]
fn what_was_sent_is_not_sent_back_at_any_length() {
    /// More than any answer that only refuses.
    const ANSWER_BYTES_MAX: usize = 8 << 10;
    let shelf = Shelf::dreamt();
    let mut client = Client::start(shelf.path(), &["--allow", "review"]);
    let long = "\u{1}x\u{e9}".repeat(100_000);
    let of_tools = [
        ("recall", json!({"query": long})),
        ("recall", json!({"query": "x", "at": long})),
        ("recall", json!({"query": "x", "cursor": long})),
        ("recall", json!({"query": "x", "kinds": [long]})),
        ("recall", json!({"query": "x", "min_trust": long})),
        ("recall", json!({"query": "x", long.as_str(): 1})),
        ("get", json!({"key": long})),
        ("list", json!({"prefix": long, "cursor": long})),
        ("log", json!({"since": long})),
        ("diff", json!({"from": long})),
        ("add", json!({"key": long, "text": "x"})),
        ("add", json!({"key": "a", "text": "x", "kind": long})),
        ("add", json!({"key": "a", "text": "x", "labels": [long]})),
        ("update", json!({"key": "facts/tea", "record": long, "text": "x"})),
        ("dream", json!({"action": long})),
        ("dream", json!({"action": "start", "sessions": [long]})),
        ("revert", json!({"commit": long})),
    ];
    for (tool, arguments) in of_tools {
        let refused = client.refusal(tool, arguments.clone());
        let names: Vec<_> = arguments.as_object().unwrap().keys().map(String::len).collect();
        let bytes = client.line.len();
        assert!(
            bytes <= ANSWER_BYTES_MAX,
            "{bytes} bytes to {tool} {names:?}: {:.300}",
            refused["message"]
        );
    }
    let of_the_protocol = [
        (long.as_str(), json!({})),
        ("tools/call", json!({"name": long})),
        ("resources/read", json!({"uri": long})),
        ("resources/read", json!({"uri": format!("undream://default/{long}")})),
        ("resources/list", json!({"cursor": long})),
        ("prompts/get", json!({"name": long})),
        ("prompts/get", json!({"name": "review-dream", "arguments": {"number": long}})),
    ];
    for (method, params) in of_the_protocol {
        let answer = client.ask(method, params);
        assert!(answer["error"]["code"].is_i64(), "{:.300}", answer.to_string());
        assert!(
            client.line.len() <= ANSWER_BYTES_MAX,
            "{} bytes to {method:.30}",
            client.line.len()
        );
    }
    client.end();
}
