//! The commands of the memory tool, and reading them.

use std::str::FromStr;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::limits;

/// A command of the memory tool `memory_20250818`. Paths are given as the model gave them; they
/// are checked when the command runs.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum MemoryCommand {
    /// Lists a directory, two levels deep, or shows a file with its lines numbered.
    View {
        /// The directory or file.
        path: String,
        /// The first and the last line to show, from 1; -1 as the last is the end of the file.
        view_range: Option<[i64; 2]>,
    },
    /// Writes a file that does not exist yet.
    Create {
        /// The file.
        path: String,
        /// What it shall say.
        file_text: String,
    },
    /// Replaces the one place in a file that says `old_str`.
    StrReplace {
        /// The file.
        path: String,
        /// What it says now, exactly, and once.
        old_str: String,
        /// What it shall say instead; nothing where none is given.
        new_str: String,
    },
    /// Inserts lines into a file.
    Insert {
        /// The file.
        path: String,
        /// The line after which to insert; 0 is the top.
        insert_line: i64,
        /// The lines.
        insert_text: String,
    },
    /// Removes a file, or a directory with all that is in it.
    Delete {
        /// The file or directory.
        path: String,
    },
    /// Moves a file or a directory to a path where nothing is.
    Rename {
        /// Where it is.
        old_path: String,
        /// Where it shall be.
        new_path: String,
    },
}

impl MemoryCommand {
    /// Reads a command as a model sends it: a JSON object with the command's name in `command`.
    /// Members that the command does not have are passed over.
    ///
    /// ```
    /// use undream::MemoryCommand;
    ///
    /// let command = MemoryCommand::from_json(br#"{"command": "view", "path": "/memories"}"#)?;
    /// assert_eq!(command, MemoryCommand::View { path: "/memories".into(), view_range: None });
    /// # Ok::<(), undream::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Limit` if it is longer than [`limits::MEMORY_COMMAND_BYTES_MAX`]; `Invalid` if it is not
    /// JSON, names no command, or lacks a member, naming which.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        limits::check("the command", json.len(), limits::MEMORY_COMMAND_BYTES_MAX, "bytes")?;
        if json.trim_ascii().is_empty() {
            return Err(Error::invalid("the command is empty; send a JSON object"));
        }
        let value: Value = serde_json::from_slice(json).map_err(|error| {
            Error::invalid(format!("the command is not one JSON object: {error}"))
                .with_source(error)
        })?;
        let Value::Object(members) = value else {
            return Err(Error::invalid(
                "the command is not a JSON object such as {\"command\": \"view\", \"path\": \
                 \"/memories\"}",
            ));
        };
        let name = Members { command: "a command", members: &members }.text("command")?;
        let given = Members { command: &format!("`{name}`"), members: &members };
        Ok(match name.as_str() {
            "view" => Self::View { path: given.text("path")?, view_range: given.range()? },
            "create" => {
                Self::Create { path: given.text("path")?, file_text: given.text("file_text")? }
            }
            "str_replace" => Self::StrReplace {
                path: given.text("path")?,
                old_str: given.text("old_str")?,
                new_str: given.text_or_none("new_str")?.unwrap_or_default(),
            },
            "insert" => Self::Insert {
                path: given.text("path")?,
                insert_line: given.line()?,
                insert_text: given.text("insert_text")?,
            },
            "delete" => Self::Delete { path: given.text("path")? },
            "rename" => Self::Rename {
                old_path: given.text("old_path")?,
                new_path: given.text("new_path")?,
            },
            _ => {
                let known = "view, create, str_replace, insert, delete, rename";
                let name: String = name.chars().take(40).collect();
                return Err(Error::invalid(format!(
                    "{name:?} is no command of the memory tool; they are {known}"
                )));
            }
        })
    }

    /// Whether the command may change something.
    pub fn changes(&self) -> bool {
        !matches!(self, Self::View { .. })
    }
}

impl FromStr for MemoryCommand {
    type Err = Error;

    fn from_str(json: &str) -> Result<Self> {
        Self::from_json(json.as_bytes())
    }
}

/// What a command was given.
struct Members<'a> {
    command: &'a str,
    members: &'a Map<String, Value>,
}

impl Members<'_> {
    /// The member, unless it is not there or `null`.
    fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    fn wrong(&self, name: &str, what: &str) -> Error {
        let how =
            if self.get(name).is_some() { "which is something else" } else { "which is missing" };
        Error::invalid(format!("{} needs `{name}`, {what}, {how}", self.command))
    }

    fn text_or_none(&self, name: &str) -> Result<Option<String>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.wrong(name, "a text")),
        }
    }

    fn text(&self, name: &str) -> Result<String> {
        self.text_or_none(name)?.ok_or_else(|| self.wrong(name, "a text"))
    }

    fn line(&self) -> Result<i64> {
        let line = self.get("insert_line").and_then(Value::as_i64);
        line.ok_or_else(|| self.wrong("insert_line", "a whole number"))
    }

    fn range(&self) -> Result<Option<[i64; 2]>> {
        let Some(value) = self.get("view_range") else { return Ok(None) };
        let lines: Option<Vec<i64>> =
            value.as_array().and_then(|ends| ends.iter().map(Value::as_i64).collect());
        match lines.as_deref() {
            Some(&[first, last]) => Ok(Some([first, last])),
            _ => Err(Error::invalid(
                "`view_range` is two whole numbers, the first and the last line, such as [1, 20], \
                 or [5, -1] to the end",
            )),
        }
    }
}
