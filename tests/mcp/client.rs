//! A client that speaks JSON-RPC line by line, and shows every line to the test.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::{Value, json};

/// A connection to a server process.
pub(crate) struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    asked: u64,
    /// The last line that was read.
    pub(crate) line: String,
}

impl Client {
    /// A server on `database` that no message has gone to.
    pub(crate) fn silent(database: &Path, words: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_undream"))
            .args(["mcp", "--db"])
            .arg(database)
            .args(words)
            .env_remove("UNDREAM_AUTHOR")
            .env_remove("UNDREAM_DB")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        let output = BufReader::new(output);
        Self { child, input, output, asked: 0, line: String::new() }
    }

    /// A server that has been greeted.
    pub(crate) fn start(database: &Path, words: &[&str]) -> Self {
        let mut client = Self::silent(database, words);
        client.greet("2025-11-25");
        client
    }

    /// Begins as a client of `version` does, and gives back what the server says of itself.
    pub(crate) fn greet(&mut self, version: &str) -> Value {
        let about = json!({"name": "test", "version": "1"});
        let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": about});
        let answer = self.ask("initialize", params);
        self.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string());
        answer["result"].clone()
    }

    pub(crate) fn send(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(line.as_bytes()).unwrap();
        input.write_all(b"\n").unwrap();
        input.flush().unwrap();
    }

    /// The next message.
    #[track_caller]
    pub(crate) fn read(&mut self) -> Value {
        self.line.clear();
        self.output.read_line(&mut self.line).unwrap();
        assert!(self.line.ends_with('\n'), "the server has gone: {:?}", self.line);
        serde_json::from_str(&self.line).unwrap()
    }

    #[track_caller]
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let request =
            json!({"jsonrpc": "2.0", "id": self.asked, "method": method, "params": params});
        self.send(&request.to_string());
        let answer = self.read();
        assert_eq!(answer["id"], self.asked, "{answer}");
        answer
    }

    /// The result of a tool, whatever it is.
    #[track_caller]
    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.ask("tools/call", json!({"name": tool, "arguments": arguments}));
        assert!(answer["result"].is_object(), "{answer}");
        answer["result"].clone()
    }

    /// The data that a tool gives; its text says the same.
    #[track_caller]
    pub(crate) fn data(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], false, "{result}");
        let text = result["content"][0]["text"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), result["structuredContent"]);
        result["structuredContent"].clone()
    }

    /// Why a tool did nothing.
    #[track_caller]
    pub(crate) fn refusal(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], true, "{result}");
        let (text, error) =
            (&result["content"][0]["text"], result["structuredContent"]["error"].clone());
        assert!(text.as_str().unwrap().starts_with("Error ("), "{result}");
        assert!(error["what_to_do"].is_string(), "it says what to do: {result}");
        error
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Closes the input, and gives back how the server ended, what it still said, and what it said
    /// on standard error.
    pub(crate) fn end(mut self) -> (ExitStatus, String, String) {
        drop(self.input.take());
        let (mut rest, mut errors) = (String::new(), String::new());
        self.output.read_to_string(&mut rest).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (self.child.wait().unwrap(), rest, errors)
    }
}
