//! `session`: lists and shows sessions.

use std::collections::BTreeSet;
use std::io::Write;
use std::ops::RangeInclusive;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use undream::{ErrorKind, Event, Outcome as Ended, Session as Stored, Store, Taken};

use super::call::{Access, Call};
use super::exit::{Failure, Outcome};
use super::json as shape;
use super::nearest::{LIKENESS_MIN, NAMED_MAX, likeness};
use super::page::Page;
use super::paint::{Paint, escape, escape_text};
use super::session_search::Finding;
use super::time::ago;
use super::transcripts::Import;
use super::withdraw::{self, Lift};

/// How many events are read at a time.
const EVENTS_AT_ONCE: u32 = 256;

#[derive(Debug, Subcommand)]
pub(crate) enum Session {
    /// Take in transcripts: files, or directories such as ~/.claude/projects
    Import(Import),
    /// List the sessions
    List(List),
    /// Show a session, or some of its events
    Show(Show),
    /// Find what was said and done in sessions
    Search(Finding),
    /// List the sessions kept out of dreams
    Quarantined,
    /// Let dreams read a session again
    Lift(Lift),
    /// Write down how a session ended
    Mark(Mark),
}

#[derive(Args, Debug)]
pub(crate) struct Mark {
    /// The session
    #[arg(value_name = "ID")]
    id: String,
    /// How it ended
    outcome: End,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum End {
    /// It reached its goal.
    Success,
    /// It did not.
    Failure,
    /// Nobody knows: takes a mark back.
    Unknown,
}

#[derive(Args, Debug)]
pub(crate) struct List {
    /// Only sessions that began at this time or later: 2026-03-01, yesterday, '3 days ago', ...
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only sessions of this user
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Only sessions of this project
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The session, and from which event to which: chat-812#40-44
    #[arg(value_name = "ID[#FROM-TO]")]
    id: String,
}

impl Session {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        match self {
            Self::Import(import) => import.run(call),
            Self::List(list) => list.run(call),
            Self::Show(show) => show.run(call),
            Self::Search(finding) => finding.run(call),
            Self::Quarantined => withdraw::list(call),
            Self::Lift(lift) => lift.run(call),
            Self::Mark(mark) => mark.run(call),
        }
    }
}

impl List {
    fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Read)?;
        let sessions = self.sessions(&store)?;
        if call.json() {
            let value = |found: &Stored| shape::session(found.facts(), found.events());
            let values: Vec<Value> = sessions.iter().map(value).collect();
            return call.print_json(&json!({"sessions": values}));
        }
        if sessions.is_empty() {
            call.note("There are no such sessions.");
        }
        let (now, kept_out) = (store.database().now(), kept_out(&store)?);
        let mut page = call.long_page();
        for session in &sessions {
            write_line(&mut page, call.paint, (session, &kept_out), now)?;
        }
        Ok(page.finish()?)
    }

    /// The sessions that were asked for. One that does not say when it began is not `since` a time.
    fn sessions(&self, store: &Store) -> Outcome<Vec<Stored>> {
        let since = self.since.as_deref().map(|text| store.database().since(text)).transpose()?;
        let mut sessions = Vec::new();
        for (_, object) in store.session_ids()? {
            let session = store.session_object(object)?;
            let facts = session.facts();
            let wanted = since.is_none_or(|since| facts.started.is_some_and(|at| at >= since))
                && (self.user.is_none() || self.user == facts.user)
                && (self.project.is_none() || self.project == facts.project);
            if wanted {
                sessions.push(session);
            }
        }
        Ok(sessions)
    }
}

/// The sessions that dreams do not read because what rests on them was taken back.
fn kept_out(store: &Store) -> Outcome<BTreeSet<String>> {
    Ok(store.quarantined()?.into_iter().map(|found| found.session).collect())
}

fn write_line(
    page: &mut Page,
    paint: Paint,
    (session, kept_out): (&Stored, &BTreeSet<String>),
    now: undream::Time,
) -> Outcome {
    let facts = session.facts();
    let mut line = format!("{}  {} events", paint.name(&facts.id), session.events());
    if let Some(started) = facts.started {
        line += &format!("  {}", ago(started, now));
    }
    let known = [Some(&facts.agent), facts.project.as_ref(), facts.user.as_ref()];
    for name in known.into_iter().flatten().filter(|name| !name.is_empty()) {
        line += &format!("  {}", escape(name));
    }
    if let Some(outcome) = facts.outcome {
        line += &format!("  {}", outcome.name());
    }
    if kept_out.contains(&facts.id) {
        line += &format!("  {}", paint.removed("kept out of dreams"));
    }
    writeln!(page, "{line}")?;
    Ok(())
}

impl Mark {
    fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Write)?;
        let outcome = match self.outcome {
            End::Success => Some(Ended::Success),
            End::Failure => Some(Ended::Failure),
            End::Unknown => None,
        };
        if store.session(&self.id)?.is_none() {
            return Err(missing(&store, &self.id)?);
        }
        let changed = store.mark_session(&self.id, outcome, &call.author()?)? != Taken::Known;
        let name = outcome.map(Ended::name);
        if call.json() {
            return call.print_json(&json!({"id": self.id, "outcome": name, "changed": changed}));
        }
        let mut page = call.page();
        let (id, name) = (escape(&self.id), name.unwrap_or("unknown"));
        let verb = if changed { "is now marked" } else { "was marked already" };
        writeln!(page, "{id} {verb}: {name}.")?;
        Ok(page.finish()?)
    }
}

/// The failure that says that there is no such session, with those of like names.
fn missing(store: &Store, name: &str) -> Outcome<Failure> {
    let failure = Failure::new(ErrorKind::NotFound, format!("there is no session `{name}`"));
    Ok(failure.candidates(nearest(store, name)?).hint("undream session list"))
}

impl Show {
    fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Read)?;
        let (session, range) = self.find(&store)?;
        if call.json() {
            let mut events = Vec::new();
            for_each(&store, &session, range, |number, event| {
                events.push(event_json(number, event));
                Ok(())
            })?;
            let session = shape::session(session.facts(), session.events());
            return call.print_json(&json!({"session": session, "events": events}));
        }
        let mut page = call.long_page();
        write_line(&mut page, call.paint, (&session, &kept_out(&store)?), store.database().now())?;
        for_each(&store, &session, range, |number, event| {
            write_event(&mut page, call.paint, number, event)
        })?;
        Ok(page.finish()?)
    }

    /// The session and the events asked for. An id may hold `#` itself.
    fn find(&self, store: &Store) -> Outcome<(Stored, RangeInclusive<u32>)> {
        if let Some(session) = store.session(&self.id)? {
            return Ok((session, 0..=u32::MAX));
        }
        if let Some((id, range)) = self.id.rsplit_once('#')
            && let Some(session) = store.session(id)?
        {
            let last = session.events().saturating_sub(1);
            return match read_range(range).filter(|range| *range.start() <= last) {
                Some(range) => Ok((session, range)),
                None => Err(Failure::usage(format!("`{range}` are no events of session {id}"))
                    .hint(format!("the session has events 0 to {last}: {id}#0-{last}"))),
            };
        }
        let name = self.id.rsplit_once('#').map_or(self.id.as_str(), |(id, _)| id);
        Err(missing(store, name)?)
    }
}

fn nearest(store: &Store, id: &str) -> Outcome<Vec<String>> {
    let ids = store.session_ids()?.into_iter().map(|(known, _)| known);
    let mut scored: Vec<_> = ids.map(|known| (likeness(id, &known), known)).collect();
    scored.retain(|(likeness, known)| *likeness >= LIKENESS_MIN || known.starts_with(id));
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    Ok(scored.into_iter().map(|(_, known)| known).take(NAMED_MAX).collect())
}

/// `40-44` or `40`.
fn read_range(text: &str) -> Option<RangeInclusive<u32>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some(first..=last)
}

fn for_each(
    store: &Store,
    session: &Stored,
    range: RangeInclusive<u32>,
    mut each: impl FnMut(u32, Option<&Event>) -> Outcome,
) -> Outcome {
    let end = session.events().min(range.end().saturating_add(1));
    let mut next = *range.start();
    while next < end {
        let last = (next + EVENTS_AT_ONCE).min(end) - 1;
        for (number, _, event) in store.events(session, next..=last)? {
            each(number, event.as_ref())?;
        }
        next = last + 1;
    }
    Ok(())
}

fn write_event(page: &mut Page, paint: Paint, number: u32, event: Option<&Event>) -> Outcome {
    let Some(event) = event else {
        writeln!(page, "\n#{number} (erased)")?;
        return Ok(());
    };
    let at = event.at.map_or_else(String::new, |at| format!("  {at}"));
    writeln!(page, "\n{} {}{}", paint.id(format!("#{number}")), event.role.name(), paint.dim(at))?;
    write_indented(page, &event.content)?;
    if let Some(call) = &event.call {
        writeln!(page, "    {} {}", paint.name(&call.tool), escape(&call.args))?;
        if call.is_error {
            writeln!(page, "    {}", paint.removed("error:"))?;
        }
        write_indented(page, &call.result)?;
    }
    Ok(())
}

fn write_indented(page: &mut Page, text: &str) -> Outcome {
    for line in escape_text(text).lines() {
        writeln!(page, "    {line}")?;
    }
    Ok(())
}

fn event_json(number: u32, event: Option<&Event>) -> Value {
    let Some(event) = event else { return json!({"number": number, "erased": true}) };
    let call = event.call.as_ref().map(|call| {
        json!({
            "tool": call.tool,
            "args": call.args,
            "result": call.result,
            "is_error": call.is_error,
            "id": call.call_id,
        })
    });
    json!({
        "number": number,
        "erased": false,
        "role": event.role.name(),
        "source": event.source().name(),
        "at": event.at.map(|at| at.to_string()),
        "content": event.content,
        "call": call,
    })
}
