//! `status`: where things stand, each line with the command that acts on it.

use std::io::Write;

use clap::Args;
use serde_json::json;
use undream::{
    Dream, DreamStatus, HolderInfo, Manifest, Proposal, RecallSize, RefInfo, RefKind, Scheduled,
    Schedules, Snapshot, Store, Verb,
};

use super::call::{Access, Call, Eye};
use super::exit::Outcome;
use super::page::Page;
use super::paint::{counted, escape, first_line};
use super::time::{ago, since};
use super::{agenda, json as shape};

/// The column at which commands stand.
const COMMAND_COLUMN: usize = 72;
/// How much of a message a line shows.
const MESSAGE_CHARS: usize = 40;

#[derive(Args, Debug)]
pub(crate) struct Status {}

/// What there is to say.
struct Standing {
    directory: String,
    store: Store,
    stores: usize,
    main: Snapshot,
    memories: u64,
    refs: Vec<RefInfo>,
    sessions: usize,
    /// Dreams that wait for somebody, and how many of their proposals do.
    waiting: Vec<Waiting>,
    holders: Vec<HolderInfo>,
    schedules: Vec<Scheduled>,
    recalls: RecallSize,
}

/// A dream that waits for somebody.
struct Waiting {
    manifest: Manifest,
    undecided: usize,
    approved: usize,
}

impl Status {
    #[expect(clippy::unused_self, reason = "verbs are called alike")]
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let standing = Standing::read(call)?;
        if call.json() {
            return standing.print_json(call);
        }
        let eye = call.eye(&standing.store)?;
        let mut page = call.page();
        standing.write(&mut page, &eye)?;
        Ok(page.finish()?)
    }
}

impl Standing {
    fn read(call: &Call) -> Outcome<Self> {
        let store = call.store(Access::Read)?;
        let database = store.database();
        let main = store.branch("main")?.snapshot()?;
        let own = std::process::id();
        let holders = database.holders()?.into_iter().filter(|holder| holder.pid != own);
        Ok(Self {
            directory: call.directory()?.display().to_string(),
            stores: database.stores()?.len(),
            memories: main.count("")?,
            main,
            refs: store.refs()?,
            sessions: store.session_ids()?.len(),
            waiting: waiting(&store)?,
            holders: holders.collect(),
            schedules: Schedules::of(&store).list()?,
            recalls: database.recall_size()?,
            store,
        })
    }

    fn write(&self, page: &mut Page, eye: &Eye) -> Outcome {
        let name = self.store.name();
        let of = if self.stores > 1 { format!(" of {}", self.stores) } else { String::new() };
        let place = format!("{}  store {name}{of}", self.directory);
        line(page, eye, &place, if self.stores > 1 { "undream store list" } else { "" })?;
        match self.main.commit() {
            Some(commit) => {
                let text = format!(
                    "  main at {} \"{}\" {}",
                    eye.short.of(commit.id().object())?,
                    first_line(commit.summary(), MESSAGE_CHARS),
                    ago(commit.committed(), eye.now)
                );
                line(page, eye, &text, "undream log")?;
            }
            None => line(page, eye, "  main has no commit yet", "undream put KEY TEXT")?,
        }
        line(
            page,
            eye,
            &format!("  {}", counted(self.memories, "memory", "memories")),
            "undream ls",
        )?;
        let noted = |info: &&RefInfo| !info.name.is_reserved() && info.name.as_str() != "main";
        for info in self.refs.iter().filter(noted) {
            self.write_ref(page, eye, info)?;
        }
        if self.sessions > 0 {
            let text = format!("  {}", counted(self.sessions as u64, "session", "sessions"));
            let unread = self.waiting.is_empty() && self.main.commit().is_none();
            let next = if unread { "undream dream" } else { "undream session list" };
            line(page, eye, &text, next)?;
        }
        if self.recalls.rows > 0 {
            let text = format!(
                "  {} of sessions, {} KiB",
                counted(self.recalls.rows, "noted query", "noted queries"),
                self.recalls.bytes.div_ceil(1 << 10)
            );
            line(page, eye, &text, "undream recall list")?;
        }
        for dream in &self.waiting {
            dream.write(page, eye)?;
        }
        for (text, command) in agenda::notes(&self.schedules, eye.now) {
            line(page, eye, &text, command)?;
        }
        for holder in &self.holders {
            let held = since(holder.since, eye.now);
            let text = format!("  open in process {} {held}: {}", holder.pid, holder.command);
            line(page, eye, &text, "")?;
            if let Some(failure) = &holder.failure {
                let text = format!("! process {} fails behind the scenes: {failure}", holder.pid);
                line(page, eye, &text, "undream verify")?;
            }
        }
        Ok(())
    }

    fn write_ref(&self, page: &mut Page, eye: &Eye, info: &RefInfo) -> Outcome {
        let commit = self.store.commit(info.commit)?;
        let short = eye.short.of(info.commit.object())?;
        let age = ago(commit.committed(), eye.now);
        let name = &info.name;
        let (word, verb) = match info.kind {
            RefKind::Branch => ("branch", format!("undream diff main {name}")),
            RefKind::Tag => ("tag", format!("undream diff {name}")),
        };
        let message = first_line(commit.summary(), MESSAGE_CHARS);
        line(page, eye, &format!("  {word} {name} at {short} \"{message}\" {age}"), &verb)
    }

    fn print_json(&self, call: &Call) -> Outcome {
        let (mut branches, mut tags) = (Vec::new(), Vec::new());
        for info in &self.refs {
            let value = json!({"name": info.name.as_str(), "commit": info.commit.to_string()});
            match info.kind {
                RefKind::Branch => branches.push(value),
                RefKind::Tag => tags.push(value),
            }
        }
        let holders = self.holders.iter().map(|holder| {
            let since = holder.since.to_string();
            json!({
                "pid": holder.pid,
                "since": since,
                "command": holder.command,
                "failure": holder.failure,
            })
        });
        call.print_json(&json!({"status": {
            "directory": self.directory,
            "database": self.store.database().id().to_string(),
            "stores": self.stores,
            "store": self.store.name().as_str(),
            "main": self.main.commit().map(|commit| shape::commit(commit)),
            "memories": self.memories,
            "sessions": self.sessions,
            "recalls": {
                "rows": self.recalls.rows,
                "bytes": self.recalls.bytes,
                "whole_since": self.recalls.since.map(|since| since.to_string()),
            },
            "waiting": self.waiting.iter().map(Waiting::to_json).collect::<Vec<_>>(),
            "branches": branches,
            "tags": tags,
            "holders": holders.collect::<Vec<_>>(),
            "schedules": self.schedules.iter().map(agenda::to_json).collect::<Vec<_>>(),
        }}))
    }
}

/// The dreams whose proposals wait to be decided or merged.
fn waiting(store: &Store) -> Outcome<Vec<Waiting>> {
    let mut waiting = Vec::new();
    for dream in Dream::list(store)? {
        let manifest = dream.manifest()?;
        if !matches!(manifest.status, DreamStatus::Waiting | DreamStatus::PartlyMerged) {
            continue;
        }
        let proposals = dream.proposals()?;
        let ready = |proposal: &&Proposal| {
            proposal.choice().is_some_and(|made| made.verb != Verb::Reject && !made.merged)
        };
        waiting.push(Waiting {
            manifest,
            undecided: proposals.iter().filter(|proposal| proposal.is_open()).count(),
            approved: proposals.iter().filter(ready).count(),
        });
    }
    Ok(waiting)
}

impl Waiting {
    fn write(&self, page: &mut Page, eye: &Eye) -> Outcome {
        let number = self.manifest.number;
        let held = since(self.manifest.started(), eye.now);
        if self.undecided > 0 {
            let count = counted(self.undecided as u64, "proposal", "proposals");
            let text = format!("! dream {number} waits {held}: {count}");
            line(page, eye, &text, &format!("undream dream show {number}"))?;
        }
        if self.approved > 0 {
            let count = counted(self.approved as u64, "approved proposal", "approved proposals");
            let text = format!("! dream {number} has {count} to merge");
            line(page, eye, &text, &format!("undream dream merge {number}"))?;
        }
        Ok(())
    }

    fn to_json(&self) -> serde_json::Value {
        json!({
            "dream": self.manifest.number,
            "undecided": self.undecided,
            "approved": self.approved,
        })
    }
}

/// A statement, and at its right the command that acts on it.
fn line(page: &mut Page, eye: &Eye, text: &str, command: &str) -> Outcome {
    let text = escape(text);
    if command.is_empty() {
        writeln!(page, "{text}")?;
    } else {
        writeln!(page, "{text:<COMMAND_COLUMN$}  {}", eye.paint.dim(command))?;
    }
    Ok(())
}
