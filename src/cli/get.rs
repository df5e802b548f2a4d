//! `get`: prints a memory.

use std::io::Write;

use clap::Args;
use serde_json::json;
use undream::{ErrorKind, Key, Record, Snapshot, Store};

use super::arguments::{Asking, Reading};
use super::call::{Access, Call, Eye};
use super::exit::{Failure, Outcome};
use super::nearest::nearest_keys;
use super::paint::escape;
use super::proposal::span;
use super::time::ago;
use super::{json as shape, page::Page};

#[derive(Args, Debug)]
pub(crate) struct Get {
    /// The key of the memory, such as team/style/rust
    key: String,
    /// Also show where it comes from and how far it is trusted
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    reading: Reading,
}

impl Get {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.asked_store(&self.asking)?;
        let snapshot = call.snapshot(&store, self.reading.at.as_deref())?;
        let key = Key::new(&self.key)?;
        let found = match &self.asking.session {
            Some(session) => snapshot.for_session(session)?.get(key.as_str())?,
            None => snapshot.get(key.as_str())?,
        };
        let Some(record) = found else {
            return Err(missing(&snapshot, &key)?);
        };
        if call.json() {
            let mut memory = shape::memory(&store, &key, &record)?;
            let commit = store.commit_of(record.id())?;
            shape::extend(&mut memory, json!({"commit": shape::commit(&commit)}));
            return call.print_json(&json!({"memory": memory}));
        }
        let text = record.text()?;
        let mut page = call.long_page();
        if self.full {
            write_full(&mut page, &call.eye(&store)?, &store, &key, &record)?;
            writeln!(page)?;
        }
        write!(page, "{}", call.paint.text(text))?;
        if (call.paint.terminal || self.full) && !text.ends_with('\n') {
            writeln!(page)?;
        }
        Ok(page.finish()?)
    }
}

/// The snapshot to read, and the key of a memory in it.
pub(crate) fn standing(
    call: &Call,
    key: &str,
    reading: &Reading,
) -> Outcome<(Store, Snapshot, Key)> {
    let store = call.store(Access::Read)?;
    let snapshot = call.snapshot(&store, reading.at.as_deref())?;
    let key = Key::new(key)?;
    if snapshot.get_id(key.as_str())?.is_none() {
        return Err(missing(&snapshot, &key)?);
    }
    Ok((store, snapshot, key))
}

/// The error for a key at which nothing stands.
pub(crate) fn missing(snapshot: &Snapshot, key: &Key) -> Outcome<Failure> {
    if snapshot.count(key.as_str())? > 0 {
        let message = format!("`{key}` is a folder, not a memory");
        return Ok(Failure::new(ErrorKind::NotFound, message).hint(format!("undream ls {key}")));
    }
    let message = format!("there is no memory at `{key}`");
    let failure = Failure::new(ErrorKind::NotFound, message);
    Ok(failure.candidates(nearest_keys(snapshot, key.as_str())?).hint("undream ls"))
}

fn write_full(page: &mut Page, eye: &Eye, store: &Store, key: &Key, record: &Record) -> Outcome {
    let from = record.provenance();
    let commit = store.commit_of(record.id())?;
    let mut line = |name: &str, value: String| writeln!(page, "{name:<9} {value}");
    line("key", eye.paint.name(key.as_str()))?;
    line("record", eye.paint.id(record.id()))?;
    line("memory", record.memory().to_string())?;
    line("kind", record.kind().to_string())?;
    if let Some(title) = record.title()? {
        line("title", escape(title).into_owned())?;
    }
    if !record.labels().is_empty() {
        line("labels", escape(&record.labels().join(", ")).into_owned())?;
    }
    for (name, value) in record.attributes()? {
        line(&escape(&name), escape(&value).into_owned())?;
    }
    if let Some(context) = record.context()? {
        line("context", escape(context).into_owned())?;
    }
    let sources: Vec<_> = record.taint().sources().map(undream::Source::name).collect();
    line(
        "trust",
        format!("{} (rests on words of: {})", record.trust().name(), sources.join(", ")),
    )?;
    if let Some(held) = store.endorsements()?.of(record)? {
        let why = held.reason.map_or_else(String::new, |reason| format!(": {reason}"));
        let said = format!("by {} {}{why}", held.by, ago(held.at, eye.now));
        line("endorsed", escape(&said).into_owned())?;
    }
    line("author", escape(&from.author.to_string()).into_owned())?;
    let when = ago(commit.committed(), eye.now);
    line(
        "commit",
        format!("{} {when}: {}", eye.id(commit.id().object())?, escape(commit.summary())),
    )?;
    if let Some(session) = &from.session {
        line("session", escape(session).into_owned())?;
    }
    if let Some((dream, proposal)) = from.dream {
        line("dream", format!("{dream}, proposal {proposal}"))?;
    }
    for item in &from.evidence {
        let session = store.session_object(item.session)?;
        let events = span(item.first, item.last);
        line("evidence", format!("{}#{events}", escape(session.id())))?;
    }
    for previous in record.previous() {
        line("previous", eye.id(previous.object())?)?;
    }
    Ok(())
}
