//! `put`: writes a memory.

use std::io::{IsTerminal, Read, stdin};

use clap::Args;
use serde_json::json;
use undream::{CommitId, Entry, ErrorKind, Expect, Kind, Store, Transaction};

use super::arguments::Writing;
use super::call::{Access, Call};
use super::exit::{Failure, Hinted, Outcome};
use super::paint::{escape, quoted};

#[derive(Args, Debug)]
pub(crate) struct Put {
    /// Where the memory stands, such as team/style/rust
    key: String,
    /// What to remember; - or nothing reads it from standard input, without its last line end.
    /// Without -, an empty input is refused
    text: Option<String>,
    /// A heading
    #[arg(long)]
    title: Option<String>,
    /// Words from around the text that help to find it
    #[arg(long)]
    context: Option<String>,
    /// What sort of memory it is: note, fact, rule, preference, procedure, mistake, ...
    #[arg(long)]
    kind: Option<String>,
    /// A word to filter by; can be given several times
    #[arg(long, value_name = "LABEL")]
    label: Vec<String>,
    /// Write only if nothing stands there (absent), or if this record does (its ID)
    #[arg(long = "if", value_name = "absent|ID")]
    precondition: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

impl Put {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let text = self.text()?;
        let kind = self.kind.as_deref().map(Kind::new).transpose()?;
        let store = call.store(Access::Write)?;
        let branch = call.branch(&store, &self.writing.branch)?;
        let expect = self.expectation(&store)?;
        let message = call.message(&store, &self.writing.saying, &format!("Put {}", self.key))?;
        let mut changed = true;
        let mut write = |tx: &mut Transaction| {
            if let Some(expect) = expect {
                tx.require(&self.key, expect)?;
            }
            let old = tx.get(&self.key)?;
            let entry = self.entry(old.clone(), text.clone(), kind.clone());
            changed = old.as_ref() != Some(&entry);
            tx.put(&self.key, entry)
        };
        let commit = if expect.is_some() {
            let mut tx = branch.write()?;
            write(&mut tx)?;
            tx.commit(message).hint_for(ErrorKind::Stale, || {
                format!("undream get {} --full", quoted(&self.key))
            })?
        } else {
            branch.update(message, write)?
        };
        self.answer(call, &store, commit, changed)
    }

    /// What stands there with the words given now; what is not given stays.
    fn entry(&self, old: Option<Entry>, text: String, kind: Option<Kind>) -> Entry {
        let mut entry = Entry { text, ..old.unwrap_or_else(|| Entry::new("")) };
        if let Some(kind) = kind {
            entry.kind = kind;
        }
        entry.title = self.title.clone().or(entry.title);
        entry.context = self.context.clone().or(entry.context);
        if !self.label.is_empty() {
            entry.labels.clear();
        }
        self.label.iter().fold(entry, Entry::label)
    }

    fn text(&self) -> Outcome<String> {
        if let Some(text) = self.text.as_deref().filter(|text| *text != "-") {
            return Ok(text.to_owned());
        }
        if self.text.is_none() && stdin().is_terminal() {
            let hint = format!("undream put {} \"TEXT\", or - to read it", quoted(&self.key));
            return Err(Failure::usage("the text is missing").hint(hint));
        }
        let mut bytes = Vec::new();
        stdin().read_to_end(&mut bytes)?;
        let mut text = String::from_utf8(bytes)
            .map_err(|_| Failure::usage("what stands on standard input is not UTF-8"))?;
        if text.ends_with('\n') {
            text.pop();
            if text.ends_with('\r') {
                text.pop();
            }
        }
        if text.is_empty() && self.text.is_none() {
            // A command whose output was piped here has probably failed.
            let hint = format!("undream put {} \"\" writes an empty one", quoted(&self.key));
            return Err(Failure::usage("nothing came on standard input").hint(hint));
        }
        Ok(text)
    }

    fn expectation(&self, store: &Store) -> Outcome<Option<Expect>> {
        match self.precondition.as_deref() {
            None => Ok(None),
            Some("absent") => Ok(Some(Expect::Absent)),
            Some(digits) => {
                let record = store.find_record(digits).hint_for(ErrorKind::NotFound, || {
                    format!("undream get {} --full shows the id", quoted(&self.key))
                })?;
                Ok(Some(Expect::Record(record.id())))
            }
        }
    }

    fn answer(&self, call: &Call, store: &Store, commit: CommitId, changed: bool) -> Outcome {
        let record = store.snapshot(commit)?.get_id(&self.key)?;
        if call.json() {
            return call.print_json(&json!({"put": {
                "key": self.key,
                "record": record.map(|id| id.to_string()),
                "commit": commit.to_string(),
                "changed": changed,
            }}));
        }
        let eye = call.eye(store)?;
        let key = escape(&self.key);
        if changed {
            call.note(format!(
                "Put {key} in commit {} on {}.",
                eye.short.of(commit.object())?,
                self.writing.branch
            ));
        } else {
            call.note(format!("{key} says that already; nothing is written."));
        }
        Ok(())
    }
}
