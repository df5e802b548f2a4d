//! `revert` by source: what rests on a session or an author, and what becomes of it.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};
use undream::{
    Branch, CommitId, Consequence, ErrorKind, Fate, RecordId, Store, Suspect, Withdrawal,
};

use super::call::{Access, Call, Eye};
use super::exit::{Hinted, Outcome};
use super::paint::{counted, escape, first_line, quoted};
use super::time::since;
use super::withdrawn::note_given;
use super::{json as shape, page::Page};

/// How much of a text a line shows.
const LINE_CHARS: usize = 76;
/// How many of the sessions that a memory is kept on are named.
const SESSIONS_SHOWN: usize = 5;

/// Takes back what rests on `suspect`, or shows what that would do.
pub(crate) fn withdraw(
    call: &Call,
    (store, branch): (&Store, &Branch),
    suspect: Suspect,
    (said, dry_run): (Option<&str>, bool),
) -> Outcome {
    let default = format!("Take back what rests on {suspect}");
    let message = call.author()?.message(said.unwrap_or(&default));
    let withdrawal = Withdrawal::prepare(branch, suspect)
        .hint_for(ErrorKind::NotFound, || "undream session list".to_owned())?;
    let consequences = withdrawal.consequences().to_vec();
    let suspect = withdrawal.suspect().clone();
    if !call.json() {
        let eye = call.eye(store)?;
        let mut page = call.long_page();
        for found in &consequences {
            write(&mut page, &eye, store, found)?;
        }
        page.finish()?;
    }
    let commit = if dry_run { None } else { withdrawal.commit(message)? };
    if call.json() {
        let values = consequences.iter().map(|found| to_json(store, found));
        return call.print_json(&json!({"revert": {
            "branch": branch.name().as_str(),
            "suspect": suspect_json(&suspect),
            "commit": commit.map(|id| id.to_string()),
            "dry_run": dry_run,
            "consequences": values.collect::<Outcome<Vec<_>>>()?,
        }}));
    }
    conclude(call, store, (&suspect, &consequences), commit, dry_run)
}

/// Says how it ended, and what remains to be done.
fn conclude(
    call: &Call,
    store: &Store,
    (suspect, consequences): (&Suspect, &[Consequence]),
    commit: Option<CommitId>,
    dry_run: bool,
) -> Outcome {
    let suspect_name = escape(&suspect.to_string()).into_owned();
    let left = consequences.iter().filter(|found| found.fate == Fate::Left);
    if dry_run {
        call.note(format!("{}. Nothing is written.", summary(consequences)));
    } else if let Some(commit) = commit {
        let short = store.database().abbreviations()?.of(commit.object())?;
        call.note(format!("{} in commit {short}.", summary(consequences)));
        note_given(call, store, commit)?;
    } else {
        call.note(format!("Nothing on the branch could be taken back for {suspect_name}."));
    }
    if let (Suspect::Session(id), false) = (suspect, dry_run) {
        let id = quoted(&escape(id));
        call.note(format!(
            "Dreams do not read it any more; to let them: undream session lift {id}"
        ));
    }
    for found in left {
        let key = escape(found.key.as_str());
        call.note(format!("Look at {key} yourself: undream why {key}"));
    }
    Ok(())
}

fn summary(consequences: &[Consequence]) -> String {
    let fates =
        [Fate::Removed, Fate::Kept, Fate::PutBack, Fate::BroughtBack, Fate::MovedBack, Fate::Left];
    let mut parts = Vec::new();
    for fate in fates {
        let count = consequences.iter().filter(|found| found.fate == fate).count();
        if count > 0 {
            parts.push(format!("{count} {}", fate.name()));
        }
    }
    if parts.is_empty() { "Nothing rests on it".to_owned() } else { parts.join(", ") }
}

fn write(page: &mut Page, eye: &Eye, store: &Store, found: &Consequence) -> Outcome {
    let fate = match found.fate {
        Fate::Removed => eye.paint.removed(found.fate.name()),
        Fate::Left => eye.paint.warning(found.fate.name()),
        _ => eye.paint.added(found.fate.name()),
    };
    writeln!(page, "{}  {fate}", eye.paint.name(found.key.as_str()))?;
    let (before, after) = texts(store, found)?;
    writeln!(page, "  now   {before}")?;
    if let Some(after) = after.filter(|after| *after != before) {
        writeln!(page, "  then  {after}")?;
    }
    if found.fate == Fate::Kept {
        writeln!(page, "  on    {}", grounds(store, found)?)?;
    }
    Ok(())
}

/// The first lines of what a memory says now and will say.
fn texts(store: &Store, found: &Consequence) -> Outcome<(String, Option<String>)> {
    let line = |id: RecordId| -> Outcome<String> {
        let record = store.record(id)?;
        Ok(record
            .text()
            .map_or_else(|_| "(erased)".to_owned(), |text| first_line(text, LINE_CHARS)))
    };
    let after = match (&found.rewritten, found.becomes) {
        (Some(entry), _) => Some(first_line(&entry.text, LINE_CHARS)),
        (None, Some(id)) => Some(line(id)?),
        (None, None) => None,
    };
    Ok((line(found.record)?, after))
}

/// What a memory is kept on: the sessions that still speak for it.
fn grounds(store: &Store, found: &Consequence) -> Outcome<String> {
    let mut sessions = Vec::new();
    for cite in &found.evidence {
        let id = store.session_object(cite.session)?.id().to_owned();
        if !sessions.contains(&id) {
            sessions.push(id);
        }
    }
    if sessions.is_empty() {
        return Ok("what others wrote".to_owned());
    }
    let count = counted(sessions.len() as u64, "session", "sessions");
    let more = match sessions.len().saturating_sub(SESSIONS_SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    sessions.truncate(SESSIONS_SHOWN);
    Ok(format!("{count}: {}{more}", escape(&sessions.join(", "))))
}

fn suspect_json(suspect: &Suspect) -> Value {
    match suspect {
        Suspect::Session(id) => json!({"session": id}),
        Suspect::Author(author) => json!({"author": shape::author(author)}),
    }
}

fn to_json(store: &Store, found: &Consequence) -> Outcome<Value> {
    Ok(json!({
        "key": found.key.as_str(),
        "fate": found.fate.name(),
        "record": found.record.to_string(),
        "becomes": found.becomes.map(|id| id.to_string()),
        "rewritten": found.rewritten.as_ref().map(shape::entry),
        "evidence": shape::evidence(store, &found.evidence)?,
    }))
}

/// `session lift`
#[derive(Args, Debug)]
pub(crate) struct Lift {
    /// The session
    id: String,
}

impl Lift {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Write)?;
        let lifted = store.lift_session(&self.id, &call.author()?)?;
        if call.json() {
            return call.print_json(&json!({"session": self.id, "lifted": lifted}));
        }
        let id = escape(&self.id);
        call.note(if lifted {
            format!("Dreams read session {id} again; what was taken back stays away.")
        } else {
            format!("Session {id} was not kept out of dreams.")
        });
        Ok(())
    }
}

/// `session quarantined`: the sessions kept out of dreams.
pub(crate) fn list(call: &Call) -> Outcome {
    let store = call.store(Access::Read)?;
    let mut kept_out = store.quarantined()?;
    kept_out.sort_by(|a, b| a.session.cmp(&b.session));
    if call.json() {
        let value = |held: &undream::Quarantine| {
            json!({
                "session": held.session,
                "by": shape::author(&held.by),
                "at": held.at.to_string(),
            })
        };
        let values: Vec<Value> = kept_out.iter().map(value).collect();
        return call.print_json(&json!({"quarantined": values}));
    }
    let kept_out_is_empty = kept_out.is_empty();
    if kept_out_is_empty {
        call.note("No session is kept out of dreams.");
    }
    let now = store.database().now();
    let mut page = call.long_page();
    for held in kept_out {
        let by = escape(&held.by.to_string()).into_owned();
        writeln!(page, "{}  {}, by {by}", call.paint.name(&held.session), since(held.at, now))?;
    }
    page.finish()?;
    if !kept_out_is_empty {
        call.note("To let dreams read one again: undream session lift ID");
    }
    Ok(())
}
