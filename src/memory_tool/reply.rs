//! What a command is answered.

use std::fmt::Write;

use crate::error::{Error, ErrorKind, Result};

/// What a command is answered: the content of the tool's result, and whether it is an error.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MemoryReply {
    /// What the model is told.
    pub content: String,
    /// Whether the command was refused or failed; then it has changed nothing.
    pub is_error: bool,
}

impl MemoryReply {
    /// The reply as one line of JSON: `{"content": ..., "is_error": ...}`, in ASCII but for
    /// letters and signs that can be seen.
    pub fn to_json(&self) -> String {
        let value = serde_json::json!({"content": self.content, "is_error": self.is_error});
        let mut json = String::with_capacity(self.content.len() + 40);
        let mut units = [0; 2];
        for c in value.to_string().chars() {
            if crate::object::is_hiding(c) {
                for unit in c.encode_utf16(&mut units) {
                    write!(json, "\\u{unit:04x}").expect("BUG: a string has room");
                }
            } else {
                json.push(c);
            }
        }
        json
    }
}

impl From<&Result<String>> for MemoryReply {
    fn from(result: &Result<String>) -> Self {
        match result {
            Ok(content) => Self { content: content.clone(), is_error: false },
            Err(error) => Self { content: told(error), is_error: true },
        }
    }
}

/// What a model is told of an error: what it is, and what to do where that is not said yet.
fn told(error: &Error) -> String {
    let advice = match error.kind() {
        ErrorKind::Blocked => "leave it as it is, or write elsewhere; a person can allow it",
        ErrorKind::Stale => "view it again, then repeat the command",
        ErrorKind::Locked => "another program is writing; repeat the command",
        ErrorKind::Redacted => "its text was erased; delete it, or create another file",
        ErrorKind::Corrupt | ErrorKind::Newer | ErrorKind::Io => {
            "nothing is changed; tell the person who runs this"
        }
        _ => return format!("Error: {error}."),
    };
    format!("Error: {error}. What to do: {advice}.")
}
