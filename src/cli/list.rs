//! `ls`: lists memories and folders.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};
use undream::{Endorsements, Key, Listed, Record, RecordId, Snapshot};

use super::arguments::{Reading, Trusting};
use super::call::{Access, Call, Eye};
use super::exit::Outcome;
use super::page::Page;
use super::paint::{counted, first_line};

/// How much of a text a line shows.
const LINE_CHARS: usize = 60;

#[derive(Args, Debug)]
pub(crate) struct List {
    /// Only what stands at and under this key
    prefix: Option<String>,
    /// Show what lies deeper than this many levels as folders
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    #[arg(conflicts_with_all = ["min_trust", "without"])]
    depth: Option<u16>,
    #[command(flatten)]
    trusting: Trusting,
    #[command(flatten)]
    reading: Reading,
}

impl List {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Read)?;
        let snapshot = call.snapshot(&store, self.reading.at.as_deref())?;
        let prefix = self.prefix.as_deref().unwrap_or("").trim_matches('/');
        let listed: Box<dyn Iterator<Item = Result<Listed, undream::Error>>> = match self.depth {
            Some(depth) => Box::new(snapshot.list(prefix, depth.into())?.into_iter().map(Ok)),
            None => Box::new(
                snapshot.keys(prefix).map(|found| found.map(|(key, id)| Listed::Memory(key, id))),
            ),
        };
        let (filter, endorsements) = (self.trusting.filter(), store.endorsements()?);
        let listed = listed.filter_map(|line| match line {
            Ok(Listed::Memory(key, id)) if !filter.is_open() => {
                let record = snapshot.record(id);
                match record.and_then(|record| filter.admits(&record, &endorsements)) {
                    Ok(true) => Some(Ok(Listed::Memory(key, id))),
                    Ok(false) => None,
                    Err(error) => Some(Err(error)),
                }
            }
            other => Some(other),
        });
        if call.json() {
            return call.print_json(&to_json(&snapshot, &endorsements, listed)?);
        }
        let eye = call.eye(&store)?;
        let mut page = call.long_page();
        let mut empty = true;
        for line in listed {
            empty = false;
            match line? {
                Listed::Folder(path, count) => {
                    let count = counted(count, "memory", "memories");
                    writeln!(page, "{}/  {count}", eye.paint.name(&path))?;
                }
                Listed::Memory(key, id) => write_memory(&mut page, &eye, &snapshot, &key, id)?,
            }
        }
        if empty {
            call.note("There are no memories here.");
        }
        Ok(page.finish()?)
    }
}

fn write_memory(
    page: &mut Page,
    eye: &Eye,
    snapshot: &Snapshot,
    key: &Key,
    id: RecordId,
) -> Outcome {
    let record = snapshot.record(id)?;
    let line = shown(&record)?;
    let (name, id) = (eye.paint.name(key.as_str()), eye.id(id.object())?);
    writeln!(page, "{name}  {id}  {}  {line}", eye.paint.dim(record.kind()))?;
    Ok(())
}

/// The title or the first line of a memory.
pub(crate) fn shown(record: &Record) -> Outcome<String> {
    if record.is_erased() {
        return Ok("(erased)".to_owned());
    }
    let text = match record.title()? {
        Some(title) => title,
        None => record.text()?,
    };
    Ok(first_line(text, LINE_CHARS))
}

fn to_json(
    snapshot: &Snapshot,
    endorsements: &Endorsements,
    listed: impl Iterator<Item = Result<Listed, undream::Error>>,
) -> Outcome<Value> {
    let (mut memories, mut folders) = (Vec::new(), Vec::new());
    for line in listed {
        match line? {
            Listed::Folder(path, count) => folders.push(json!({"path": path, "count": count})),
            Listed::Memory(key, id) => {
                let record = snapshot.record(id)?;
                memories.push(json!({
                    "key": key.as_str(),
                    "record": id.to_string(),
                    "memory": record.memory().to_string(),
                    "kind": record.kind().as_str(),
                    "labels": record.labels(),
                    "trust": endorsements.trust(&record)?.name(),
                    "line": shown(&record)?,
                }));
            }
        }
    }
    let commit = snapshot.id().map(|id| id.to_string());
    Ok(json!({"commit": commit, "memories": memories, "folders": folders}))
}
