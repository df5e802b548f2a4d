//! The memory tool that models are trained on, rule by rule; `differential.py` compares it with the
//! reference backend.
#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod commands;
mod edits;
mod memories;
mod paths;
mod views;

use std::sync::Arc;

use serde_json::{Value, json};
use undream::{Author, Branch, Commit, Database, ErrorKind, LogFilter, MemoryTool};

/// A tool on a database of its own.
struct Bench {
    branch: Branch,
    tool: MemoryTool,
}

impl Bench {
    fn new() -> Self {
        let store = Database::in_memory().unwrap().store("default").unwrap();
        let branch = store.branch("main").unwrap();
        let tool = MemoryTool::on(&branch, Author::agent("scribe"));
        Self { branch, tool }
    }

    /// A tool with these files, each a path beneath the root and a text.
    fn with(files: &[(&str, &str)]) -> Self {
        let bench = Self::new();
        for (path, text) in files {
            bench.ok(&create(path, text));
        }
        bench
    }

    /// What the command is answered, which must be no error.
    #[track_caller]
    fn ok(&self, command: &Value) -> String {
        let reply = self.tool.reply(command.to_string().as_bytes());
        assert!(!reply.is_error, "{command}: {}", reply.content);
        reply.content
    }

    /// What the command is refused with; it must have committed nothing.
    #[track_caller]
    fn refused(&self, command: &Value, kind: ErrorKind) -> String {
        let before = self.branch.head().unwrap();
        let reply = self.tool.reply(command.to_string().as_bytes());
        assert!(reply.is_error, "{command}: {}", reply.content);
        assert_eq!(self.branch.head().unwrap(), before, "{command}");
        let error = self.tool.run(&command.to_string().parse().unwrap()).unwrap_err();
        assert_eq!(error.kind(), kind, "{command}: {error}");
        reply.content
    }

    #[track_caller]
    fn text(&self, key: &str) -> String {
        self.branch.snapshot().unwrap().get(key).unwrap().unwrap().text().unwrap().to_owned()
    }

    fn keys(&self) -> Vec<String> {
        self.branch.snapshot().unwrap().keys("").map(|entry| entry.unwrap().0.to_string()).collect()
    }

    /// The commits of the branch, newest first.
    fn log(&self) -> Vec<Arc<Commit>> {
        let Some(head) = self.branch.head().unwrap() else { return Vec::new() };
        self.branch.store().log(head, LogFilter::default()).unwrap().map(Result::unwrap).collect()
    }

    /// How many commits the branch has.
    fn commits(&self) -> usize {
        self.log().len()
    }
}

fn create(path: &str, text: &str) -> Value {
    json!({"command": "create", "path": format!("/memories/{path}"), "file_text": text})
}

fn view(path: &str) -> Value {
    json!({"command": "view", "path": path})
}

fn view_lines(path: &str, range: [i64; 2]) -> Value {
    json!({"command": "view", "path": path, "view_range": range})
}

fn replace(path: &str, old: &str, new: &str) -> Value {
    json!({"command": "str_replace", "path": path, "old_str": old, "new_str": new})
}

fn insert(path: &str, line: i64, text: &str) -> Value {
    json!({"command": "insert", "path": path, "insert_line": line, "insert_text": text})
}

fn delete(path: &str) -> Value {
    json!({"command": "delete", "path": path})
}

fn rename(old: &str, new: &str) -> Value {
    json!({"command": "rename", "old_path": old, "new_path": new})
}

/// All but the first line, which is for the reader only.
fn body(answer: &str) -> &str {
    answer.split_once('\n').unwrap().1
}
