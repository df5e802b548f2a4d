//! A client in the same process, on two pipes.

mod flood;

use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write, pipe};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};
use undream::{Author, Branch, Database, Entry, Result};

use super::scope::Scope;
use super::serve::{End, serve};
use super::tools::{TOOLS_MAX, tools};

/// A server on a thread, and both ends that its client holds.
struct Connected {
    input: PipeWriter,
    output: BufReader<PipeReader>,
    ended: JoinHandle<Result<End>>,
}

fn main_branch() -> Branch {
    let main = Database::in_memory().unwrap().store("default").unwrap().branch("main").unwrap();
    let mut tx = main.write().unwrap();
    tx.put("facts/city", Entry::fact("The office is in Lisbon.")).unwrap();
    tx.commit(Author::person("ana").message("First")).unwrap();
    main
}

impl Connected {
    fn to(scope: Scope) -> Self {
        let (reads, input) = pipe().unwrap();
        let (output, writes) = pipe().unwrap();
        let ended = thread::spawn(move || serve(scope, reads, writes));
        Self { input, output: BufReader::new(output), ended }
    }

    fn send(&mut self, id: u64, method: &str, params: &Value) {
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        writeln!(self.input, "{request}").unwrap();
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.send(1, method, params);
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn greet(&mut self) {
        let about = json!({"name": "test", "version": "1"});
        let params =
            json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": about});
        let answer = self.ask("initialize", &params);
        assert_eq!(answer["result"]["serverInfo"]["name"], "undream");
    }
}

fn scope(main: &Branch) -> Scope {
    Scope::new(main.clone(), Author::agent("scribe"), "chat-1".to_owned()).unwrap().writing()
}

#[test]
fn a_client_in_the_same_process_writes_and_finds_again() {
    let main = main_branch();
    let mut client = Connected::to(scope(&main));
    client.greet();
    let mut call = |tool: &str, arguments: Value| {
        client.ask("tools/call", &json!({"name": tool, "arguments": arguments}))["result"].clone()
    };
    let added = call("add", json!({"key": "facts/tea", "text": "Oolong."}));
    assert_eq!(added["isError"], false, "{added}");
    let found = call("recall", json!({"query": "oolong"}));
    assert_eq!(found["structuredContent"]["memories"][0]["key"], "facts/tea");
    assert_eq!(
        main.snapshot().unwrap().get("facts/tea").unwrap().unwrap().text().unwrap(),
        "Oolong."
    );
    drop(client.input);
    assert_eq!(client.ended.join().unwrap().unwrap(), End::Closed);
}

#[test]
fn a_client_that_asks_and_never_reads_is_held_back_and_let_go() {
    let main = main_branch();
    let Connected { mut input, output, ended } = Connected::to(scope(&main));
    let flood = thread::spawn(move || {
        let mut sent = 0_u64;
        let about = json!({"name": "test", "version": "1"});
        let hello =
            json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": about});
        let mut send = |method: &str, params: &Value| {
            sent += 1;
            let request = json!({"jsonrpc": "2.0", "id": sent, "method": method, "params": params});
            writeln!(input, "{request}")
        };
        let mut going = send("initialize", &hello);
        while going.is_ok() {
            going = send("tools/list", &json!({}));
        }
        sent
    });
    // Some bytes of an answer have come, then the client goes away.
    let mut output = output;
    assert!(!output.fill_buf().unwrap().is_empty());
    drop(output);
    assert_eq!(ended.join().unwrap().unwrap(), End::Closed);
    assert!(flood.join().unwrap() > 1);
}

#[test]
fn a_client_that_says_nothing_and_goes_is_no_failure() {
    let main = main_branch();
    let client = Connected::to(scope(&main));
    drop(client.input);
    assert_eq!(client.ended.join().unwrap().unwrap(), End::Closed);
}

#[test]
fn what_comes_before_the_first_request_is_passed_over() {
    let main = main_branch();
    let mut client = Connected::to(scope(&main));
    writeln!(client.input, r#"{{"jsonrpc":"2.0","method":"notifications/initialized"}}"#).unwrap();
    writeln!(client.input, r#"{{"jsonrpc":"2.0","id":3,"result":{{}}}}"#).unwrap();
    client.greet();
    drop(client.input);
    assert_eq!(client.ended.join().unwrap().unwrap(), End::Closed);
}

#[test]
fn there_are_few_tools_each_with_a_name_of_its_own() {
    let tools = tools();
    let mut names: Vec<_> = tools.iter().map(|tool| tool.name).collect();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() == tools.len() && tools.len() <= TOOLS_MAX);
}
