//! `status`: where things stand, each line with the command that acts on it.

use std::io::Write;

use clap::Args;
use serde_json::json;
use undream::{
    FallenProbe, HolderInfo, Manifest, RecallSize, RefInfo, RefKind, Scheduled, Schedules, Search,
    Snapshot, Store, Verified,
};

use super::call::{Access, Call, Eye};
use super::exit::Outcome;
use super::fallen;
use super::page::Page;
use super::paint::{Paint, counted, escape, first_line};
use super::time::{ago, since};
use super::waiting::{self, Waiting};
use super::width::width;
use super::withdrawn::Lately;
use super::{agenda, json as shape};

/// The column at which commands stand.
const COMMAND_COLUMN: usize = 72;
/// What a command takes at its right, mostly.
const COMMAND_CHARS: usize = 36;
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
    running: Vec<Manifest>,
    /// Dreams that wait for somebody, and how many of their proposals do.
    waiting: Vec<Waiting>,
    fallen: Vec<FallenProbe>,
    holders: Vec<HolderInfo>,
    schedules: Vec<Scheduled>,
    /// How many rows of the log are not in the search index yet.
    lag: u64,
    verified: Option<Verified>,
    recalls: RecallSize,
    /// What was taken back of late that somebody had been given.
    lately: Vec<Lately>,
    kept_out: usize,
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
        let search = Search::open(database)?;
        let own = std::process::id();
        let holders = database.holders()?.into_iter().filter(|holder| holder.pid != own);
        Ok(Self {
            directory: call.directory()?.display().to_string(),
            stores: database.stores()?.len(),
            memories: main.count("")?,
            lately: Lately::list(&store, &main, database.now())?,
            kept_out: store.quarantined()?.len(),
            main,
            refs: store.refs()?,
            sessions: store.session_ids()?.len(),
            running: waiting::running(&store)?,
            waiting: Waiting::list(&store)?,
            fallen: search.fallen_probes(&store.branch("main")?)?,
            holders: holders.collect(),
            schedules: Schedules::of(&store).list()?,
            lag: search.lag()?,
            verified: database.verified()?,
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
        for dream in &self.waiting {
            dream.write(page, eye)?;
        }
        for found in &self.running {
            waiting::write_running(page, eye, found)?;
        }
        for probe in &self.fallen {
            fallen::write(page, eye, &self.store, probe)?;
        }
        for found in &self.lately {
            found.write(page, eye)?;
        }
        for (text, command) in agenda::notes(&self.schedules, eye.now) {
            line(page, eye, &text, command)?;
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
        self.write_sessions(page, eye)?;
        self.write_index(page, eye)?;
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

    /// How many sessions there are, how many of them no dream reads, and what is noted of their
    /// queries.
    fn write_sessions(&self, page: &mut Page, eye: &Eye) -> Outcome {
        if self.sessions > 0 {
            let text = format!("  {}", counted(self.sessions as u64, "session", "sessions"));
            let unread = self.waiting.is_empty() && self.main.commit().is_none();
            let next = if unread { "undream dream" } else { "undream session list" };
            line(page, eye, &text, next)?;
        }
        if self.kept_out > 0 {
            let count = counted(self.kept_out as u64, "session is", "sessions are");
            let text = format!("  {count} kept out of dreams");
            line(page, eye, &text, "undream session quarantined")?;
        }
        if self.recalls.rows > 0 {
            let text = format!(
                "  {} of sessions, {} KiB",
                counted(self.recalls.rows, "noted query", "noted queries"),
                self.recalls.bytes.div_ceil(1 << 10)
            );
            line(page, eye, &text, "undream recall list")?;
        }
        Ok(())
    }

    /// What is derived, and whether all was looked through.
    fn write_index(&self, page: &mut Page, eye: &Eye) -> Outcome {
        if self.lag > 0 {
            let rows = counted(self.lag, "row", "rows");
            line(page, eye, &format!("  index {rows} behind; searches see all the same"), "")?;
        }
        let text = match &self.verified {
            None => "  never verified".to_owned(),
            Some(last) if last.findings > 0 => {
                let found = counted(last.findings, "thing", "things");
                format!("! {found} found wrong by verify {}", ago(last.at, eye.now))
            }
            Some(last) => format!("  verified {}", ago(last.at, eye.now)),
        };
        line(page, eye, &text, "undream verify")
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
        let fallen = self.fallen.iter().map(|probe| fallen::to_json(&self.store, probe));
        let verified = self.verified.map(
            |last| json!({"at": last.at.to_string(), "rows": last.rows, "findings": last.findings}),
        );
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
            "running": self.running.iter().map(waiting::running_json).collect::<Vec<_>>(),
            "waiting": self.waiting.iter().map(Waiting::to_json).collect::<Vec<_>>(),
            "taken_back": self.lately.iter().map(Lately::to_json).collect::<Vec<_>>(),
            "kept_out": self.kept_out,
            "probes_fallen": fallen.collect::<Outcome<Vec<_>>>()?,
            "index_behind": self.lag,
            "verified": verified,
            "branches": branches,
            "tags": tags,
            "holders": holders.collect::<Vec<_>>(),
            "schedules": self.schedules.iter().map(agenda::to_json).collect::<Vec<_>>(),
        }}))
    }
}

/// A statement, and at its right the command that acts on it.
pub(crate) fn line(page: &mut Page, eye: &Eye, text: &str, command: &str) -> Outcome {
    write_statement(page, (eye.paint, eye.width), text, command)
}

/// The same, where no store is open.
pub(crate) fn statement(page: &mut Page, paint: Paint, text: &str, command: &str) -> Outcome {
    write_statement(page, (paint, width(paint.terminal)), text, command)
}

/// The command stands in its column, or closer where the line is too narrow for that; on a line of
/// its own where they do not fit on one.
fn write_statement(
    page: &mut Page,
    (paint, width): (Paint, usize),
    text: &str,
    command: &str,
) -> Outcome {
    let (text, command) = (escape(text), escape(command));
    let (long, wide) = (text.chars().count(), command.chars().count());
    let column = COMMAND_COLUMN.min(width - COMMAND_CHARS).max(long);
    let column = column.min(width.saturating_sub(wide + 2)).max(long);
    if command.is_empty() {
        writeln!(page, "{text}")?;
    } else if column + 2 + wide > width {
        writeln!(page, "{text}\n      {}", paint.dim(command))?;
    } else {
        writeln!(page, "{text:<column$}  {}", paint.dim(command))?;
    }
    Ok(())
}
