//! `recall`: which sessions were given which memories, and erasing that.

use std::io::Write;

use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};
use undream::{ErrorKind, Forget, Given, Recall as Recalled, Time};

use super::call::{Access, Call, Eye};
use super::exit::{Failure, Outcome};
use super::page::Page;
use super::paint::{counted, escape};
use super::time::ago;
use super::withdrawn::versions;

#[derive(Debug, Subcommand)]
pub(crate) enum Recall {
    /// List what sessions asked and which memories they were given, newest first
    List(List),
    /// List the memories that no session was given for some time
    Unused(Unused),
    /// Erase what sessions asked and were given
    Forget(Forgetting),
}

#[derive(Args, Debug)]
pub(crate) struct List {
    /// Only what this session asked
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Only where the memory that stands at this key was given, whatever its version or key then
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Only where something was given that this commit took back
    #[arg(long, value_name = "REV")]
    taken_back: Option<String>,
    /// Only from this time on: 2026-03-01, yesterday, '3 days ago', ...
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// How many to list at most
    #[arg(short, long, value_name = "N")]
    number: Option<usize>,
}

#[derive(Args, Debug)]
pub(crate) struct Unused {
    /// Since when: 2026-03-01, yesterday, '90 days ago', ...
    #[arg(long, value_name = "TIME")]
    since: String,
}

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("what").required(true).args(["session", "before", "all"]))]
pub(crate) struct Forgetting {
    /// What this session asked
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// What was asked before this time: 2026-03-01, yesterday, '3 days ago', ...
    #[arg(long, value_name = "TIME")]
    before: Option<String>,
    /// Everything that was noted in the store
    #[arg(long)]
    all: bool,
}

impl Recall {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        match self {
            Self::List(list) => list.run(call),
            Self::Unused(unused) => unused.run(call),
            Self::Forget(forgetting) => forgetting.run(call),
        }
    }
}

impl List {
    fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Read)?;
        let mut recalls = store.recalls();
        if let Some(session) = &self.session {
            recalls = recalls.in_session(session);
        }
        if let Some(key) = &self.key {
            // Where nothing stands now, what stood there was given under that key.
            recalls = match store.branch("main")?.snapshot()?.get(key)? {
                Some(record) => recalls.of_memory(record.memory()),
                None => recalls.at_key(key),
            };
        }
        if let Some(revision) = &self.taken_back {
            let versions = versions(&store, call.resolve(&store, revision)?)?;
            if versions.is_empty() {
                let text = format!("commit `{revision}` took nothing back");
                return Err(Failure::new(ErrorKind::NotFound, text)
                    .hint("undream log; reverts, withdrawals and restores take something back"));
            }
            recalls = recalls.of_records(versions);
        }
        if let Some(since) = &self.since {
            recalls = recalls.since(store.database().since(since)?);
        }
        let mut found = recalls.list()?;
        found.truncate(self.number.unwrap_or(usize::MAX));
        if call.json() {
            let recalls: Vec<_> = found.iter().map(recall_json).collect();
            return call.print_json(&json!({"recalls": recalls}));
        }
        if found.is_empty() {
            call.note("No such query is in the recall log; it holds those that named a session.");
        }
        let eye = call.eye(&store)?;
        let mut page = call.long_page();
        for recall in &found {
            write_recall(&mut page, &eye, recall)?;
        }
        Ok(page.finish()?)
    }
}

fn write_recall(page: &mut Page, eye: &Eye, recall: &Recalled) -> Outcome {
    let mut line = format!(
        "{}  {:<10}  {}",
        eye.paint.name(&recall.session),
        ago(recall.at, eye.now),
        recall.kind.name()
    );
    if !recall.query.is_empty() {
        line += &format!("  \"{}\"", escape(&recall.query));
    }
    if let Some(commit) = recall.commit {
        line += &eye.paint.dim(format!("  at {}", eye.short.of(commit.object())?));
    }
    writeln!(page, "{line}")?;
    if recall.given.is_empty() {
        writeln!(page, "    nothing")?;
    }
    for (rank, given) in (1..).zip(&recall.given) {
        let record = eye.id(given.record.object())?;
        writeln!(page, "    {rank:>2}  {}  {record}", given.key)?;
    }
    Ok(())
}

fn recall_json(recall: &Recalled) -> Value {
    let given = |(rank, given): (usize, &Given)| {
        json!({
            "rank": rank,
            "key": given.key.as_str(),
            "memory": given.memory.to_string(),
            "record": given.record.to_string(),
        })
    };
    json!({
        "at": recall.at.to_string(),
        "session": recall.session,
        "kind": recall.kind.name(),
        "query": recall.query,
        "commit": recall.commit.map(|commit| commit.to_string()),
        "given": (1..).zip(&recall.given).map(given).collect::<Vec<_>>(),
    })
}

impl Unused {
    fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Read)?;
        let since = store.database().since(&self.since)?;
        let whole_since = store.database().recall_size()?.since.map(|since| since.to_string());
        let unused = store.recalls().unused(&store.branch("main")?, since)?;
        let known = unused.is_some();
        let keys: Vec<_> = unused.unwrap_or_default().into_iter().map(|(key, _)| key).collect();
        if call.json() {
            let keys: Vec<_> = keys.iter().map(undream::Key::as_str).collect();
            return call.print_json(&json!({"unused": {
                "since": since.to_string(),
                "known": known,
                "whole_since": whole_since,
                "keys": keys,
            }}));
        }
        let mut page = call.long_page();
        for key in &keys {
            writeln!(page, "{}", call.paint.name(key.as_str()))?;
        }
        page.finish()?;
        match whole_since {
            _ if known => {}
            Some(whole) => call.note(format!("Nobody can tell: the recall log begins at {whole}.")),
            None => call.note("Nobody can tell: no session has asked yet."),
        }
        Ok(())
    }
}

impl Forgetting {
    fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Write)?;
        let before = |text: &String| -> Outcome<Time> { Ok(store.database().since(text)?) };
        let what = match (&self.session, &self.before) {
            (Some(session), _) => Forget::Session(session.clone()),
            (None, Some(time)) => Forget::Before(before(time)?),
            (None, None) => Forget::All,
        };
        let rows = store.recalls().forget(&what)?;
        if call.json() {
            return call.print_json(&json!({"forgotten": {"recalls": rows}}));
        }
        call.note(format!("Forgot {}.", counted(rows, "query", "queries")));
        Ok(())
    }
}
