//! The tool: commands on a branch.

use std::fmt;

use crate::engine::{Branch, Snapshot, Transaction};
use crate::error::{Error, Result};
use crate::memory_tool::command::MemoryCommand;
use crate::memory_tool::folder::{Named, list, look, want_free};
use crate::memory_tool::lines;
use crate::memory_tool::path::{Path, ROOT};
use crate::memory_tool::reply::MemoryReply;
use crate::object::{Author, Entry, Key};

/// The memory tool `memory_20250818` on a branch: a model's files under `/memories` are the
/// memories of the branch, and each command that changes one is a commit.
///
/// ```
/// use undream::{Author, Database, MemoryCommand, MemoryTool};
///
/// let db = Database::in_memory()?;
/// let main = db.store("default")?.branch("main")?;
/// let tool = MemoryTool::on(&main, Author::agent("scribe")).session("chat-812")?;
///
/// let create = r#"{"command": "create", "path": "/memories/city.md", "file_text": "Lisbon"}"#;
/// assert!(!tool.reply(create.as_bytes()).is_error);
/// assert_eq!(main.snapshot()?.get("city.md")?.unwrap().text()?, "Lisbon");
/// assert!(tool.reply(create.as_bytes()).is_error, "it exists already");
///
/// let view = MemoryCommand::View { path: "/memories/city.md".into(), view_range: None };
/// assert!(tool.run(&view)?.ends_with("     1\tLisbon"));
/// # Ok::<(), undream::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a memory tool does nothing until it runs a command"]
pub struct MemoryTool {
    branch: Branch,
    author: Author,
    session: Option<String>,
    prefix: String,
    read_only: bool,
}

impl MemoryTool {
    /// The tool on a branch, with `author` as the author of its commits. All memories of the
    /// branch are its files.
    pub fn on(branch: &Branch, author: Author) -> Self {
        let (branch, prefix) = (branch.clone(), String::new());
        Self { branch, author, session: None, prefix, read_only: false }
    }

    /// Says in which session the commands are sent. Commits name it, and the recall log notes
    /// which files it viewed.
    ///
    /// # Errors
    /// `Invalid` or `Limit` if it can be no session's id.
    pub fn session(mut self, session: &str) -> Result<Self> {
        self.branch.snapshot()?.for_session(session)?;
        self.session = Some(session.to_owned());
        Ok(self)
    }

    /// Only what lies beneath `prefix` is there: `/memories/a` is the key `prefix/a`.
    ///
    /// # Errors
    /// `Invalid` or `Limit` if the prefix can be no part of a key.
    pub fn prefix(mut self, prefix: &str) -> Result<Self> {
        let prefix = prefix.trim_end_matches('/');
        self.prefix =
            if prefix.is_empty() { String::new() } else { String::from(Key::new(prefix)?) };
        Ok(self)
    }

    /// Refuses commands that change something.
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Answers a command as a model sends it; see [`MemoryCommand::from_json`]. What is refused or
    /// fails is answered too.
    pub fn reply(&self, json: &[u8]) -> MemoryReply {
        let result = MemoryCommand::from_json(json).and_then(|command| self.run(&command));
        MemoryReply::from(&result)
    }

    /// Runs a command and returns what the model is told. If others write the same memories
    /// meanwhile, it is tried again on what they wrote.
    ///
    /// # Errors
    /// `Invalid` or `Limit` if the command cannot be done, `NotFound` if its file is not there,
    /// `Blocked` if the policy refuses the change or the session was taken back, `Redacted` if the file's text was erased;
    /// `Stale`, `Locked`, `Io` and `Corrupt` as any write. Nothing is changed then.
    pub fn run(&self, command: &MemoryCommand) -> Result<String> {
        if command.changes() {
            self.refuse_to_read_only()?;
        }
        match command {
            MemoryCommand::View { path, view_range } => self.view(&self.path(path)?, *view_range),
            MemoryCommand::Create { path, file_text } => self.create(&self.path(path)?, file_text),
            MemoryCommand::StrReplace { path, old_str, new_str } => {
                let path = self.path(path)?;
                let edit = |text: &str| lines::replace(text, old_str, new_str);
                let snippet = self.edit(&path, "Replace in", edit)?;
                Ok(format!("{} is edited. Around the change it reads:\n{snippet}", path.shown()))
            }
            MemoryCommand::Insert { path, insert_line, insert_text } => {
                let path = self.path(path)?;
                let edit = |text: &str| Ok((lines::insert(text, *insert_line, insert_text)?, ()));
                self.edit(&path, "Insert into", edit)?;
                Ok(format!("{} is edited.", path.shown()))
            }
            MemoryCommand::Delete { path } => self.delete(&self.path(path)?),
            MemoryCommand::Rename { old_path, new_path } => {
                self.rename(&self.path(old_path)?, &self.path(new_path)?)
            }
        }
    }

    /// Removes all files, in one commit. For whoever runs the model, which has no command for it.
    ///
    /// # Errors
    /// As [`MemoryTool::run`].
    pub fn clear(&self) -> Result<()> {
        self.refuse_to_read_only()?;
        let (root, snapshot) = (self.path(ROOT)?, self.branch.snapshot()?);
        if snapshot.keys(root.key()).next().is_none() {
            return Ok(());
        }
        self.change("Delete all memories".to_owned(), |tx| {
            self.look(tx.base(), &root)?;
            remove_all(tx, root.key())
        })
    }

    fn refuse_to_read_only(&self) -> Result<()> {
        if self.read_only {
            return Err(Error::invalid("these memories can be viewed only, not changed"));
        }
        Ok(())
    }

    fn path(&self, text: &str) -> Result<Path> {
        Path::read(text, &self.prefix)
    }

    fn look(&self, snapshot: &Snapshot, path: &Path) -> Result<Named> {
        look(snapshot, path, &self.prefix)
    }

    /// Runs `edit` in a transaction and commits it under a message.
    fn change(
        &self,
        message: String,
        edit: impl FnMut(&mut Transaction) -> Result<()>,
    ) -> Result<()> {
        let message = self.author.message(message);
        let message = match &self.session {
            Some(session) => message.session(session),
            None => message,
        };
        self.branch.update(message, edit).map(drop)
    }

    fn view(&self, path: &Path, range: Option<[i64; 2]>) -> Result<String> {
        let snapshot = self.branch.snapshot()?;
        match self.look(&snapshot, path)? {
            Named::Nothing => Err(missing(path)),
            Named::Folder => {
                let listing = list(&snapshot, path)?;
                let what = "Files and directories, two levels deep, hidden ones left out, in";
                Ok(format!("{what} {}:\n{listing}", path.shown()))
            }
            Named::File => {
                let record = match &self.session {
                    Some(session) => snapshot.for_session(session)?.get(path.key())?,
                    None => snapshot.get(path.key())?,
                };
                let record = record.ok_or_else(|| missing(path))?;
                let shown = lines::view(record.text()?, range)?;
                Ok(format!("Content of {}, with line numbers:\n{shown}", path.shown()))
            }
        }
    }

    fn create(&self, path: &Path, text: &str) -> Result<String> {
        self.change(format!("Create {}", path.key()), |tx| {
            want_free(tx.base(), path, &self.prefix)?;
            tx.put(path.key(), Entry::new(text))
        })?;
        Ok(format!("{} is created.", path.shown()))
    }

    /// Puts what `edit` makes of a file's text in its place; kind, labels and the rest stay.
    fn edit<T>(
        &self,
        path: &Path,
        verb: &str,
        edit: impl Fn(&str) -> Result<(String, T)>,
    ) -> Result<T> {
        let mut made = None;
        self.change(format!("{verb} {}", path.key()), |tx| {
            match self.look(tx.base(), path)? {
                Named::File => {}
                Named::Folder => {
                    let directory = format!("{} is a directory, not a file", path.shown());
                    return Err(Error::invalid(directory));
                }
                Named::Nothing => return Err(missing(path)),
            }
            let entry = tx.get(path.key())?.ok_or_else(|| missing(path))?;
            let (text, what) = edit(&entry.text).map_err(|error| within(path, &error))?;
            made = Some(what);
            tx.put(path.key(), Entry { text, ..entry })
        })?;
        Ok(made.expect("BUG: an edit was committed that was not made"))
    }

    fn delete(&self, path: &Path) -> Result<String> {
        if path.is_root() {
            return Err(Error::invalid(
                "/memories itself cannot be deleted; delete what is in it, one by one",
            ));
        }
        self.change(format!("Delete {}", path.key()), |tx| {
            if self.look(tx.base(), path)? == Named::Nothing {
                return Err(missing(path));
            }
            remove_all(tx, path.key())
        })?;
        Ok(format!("{} is deleted.", path.shown()))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<String> {
        if from.is_root() {
            return Err(Error::invalid("/memories itself cannot be renamed"));
        }
        self.change(format!("Move {} to {}", from.key(), to.key()), |tx| {
            let base = tx.base().clone();
            want_free(&base, to, &self.prefix)?;
            if self.look(&base, from)? == Named::Nothing {
                return Err(missing(from));
            }
            if Key::new(to.key())?.is_under(from.key()) {
                return Err(Error::invalid(format!(
                    "{} lies in {} itself; choose a path outside",
                    to.shown(),
                    from.shown()
                )));
            }
            tx.require_unchanged(from.key());
            tx.require_unchanged(to.key());
            base.keys(from.key()).try_for_each(|entry| {
                let (key, _) = entry?;
                let inside = &key.as_str()[from.key().len()..];
                tx.rename(&key, format!("{}{inside}", to.key()))
            })
        })?;
        Ok(format!("{} is now {}.", from.shown(), to.shown()))
    }
}

/// Removes what stands at and under `key`, if nothing else changes there meanwhile.
fn remove_all(tx: &mut Transaction, key: &str) -> Result<()> {
    let base = tx.base().clone();
    tx.require_unchanged(key);
    base.keys(key).try_for_each(|entry| tx.remove(entry?.0))
}

/// Nothing is at `path`.
fn missing(path: &Path) -> Error {
    Error::not_found(format!("there is no file or directory {}; view /memories", path.shown()))
}

/// The error with the file that it is about.
fn within(path: &Path, error: &Error) -> Error {
    Error::new(error.kind(), format!("in {}, {error}", path.shown()))
}

impl fmt::Debug for MemoryTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryTool({} on {})", self.author, self.branch.name())
    }
}
