//! What was taken back, and who had been given it by then.

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::{Value, json};
use undream::{
    Commit, CommitId, Quarantine, RecallUse, RecordId, Snapshot, Store, Suspect, TakenBack, Time,
};

use super::call::{Call, Eye};
use super::exit::Outcome;
use super::json as shape;
use super::page::Page;
use super::paint::{counted, escape, first_line, quoted};
use super::status::line;
use super::time::{ago, since};

/// How long `status` tells of what was taken back.
const TOLD_SECONDS: i64 = 7 * 24 * 60 * 60;
/// How many sessions are named.
pub(crate) const SESSIONS_MAX: usize = 12;

/// What commits took back at a key, each with who had been given it.
pub(crate) struct Withdrawn {
    found: TakenBack,
    given: RecallUse,
    quarantine: Option<Quarantine>,
}

impl Withdrawn {
    pub(crate) fn at(store: &Store, snapshot: &Snapshot, key: &str) -> Outcome<Vec<Self>> {
        let read = |found: TakenBack| -> Outcome<Self> {
            let given = store.recalls().of_records(found.versions.iter().copied()).usage()?;
            let quarantine = match found.suspect() {
                Some(Suspect::Session(id)) => store.quarantine_of(id)?,
                _ => None,
            };
            Ok(Self { found, given, quarantine })
        };
        TakenBack::at(snapshot, key)?.into_iter().map(read).collect()
    }

    pub(crate) fn write(&self, page: &mut Page, eye: &Eye, store: &Store) -> Outcome {
        let commit = &self.found.commit;
        let what = if self.found.becomes.is_some() { "put back" } else { "removed" };
        writeln!(
            page,
            "{} by {} \"{}\"  {}  {}",
            eye.paint.removed(what),
            eye.id(commit.id().object())?,
            first_line(commit.summary(), eye.width / 2),
            escape(&commit.author().to_string()),
            ago(commit.committed(), eye.now),
        )?;
        let record = store.record(self.found.record)?;
        let text = record.text().map_or_else(
            |_| "(erased)".to_owned(),
            |text| format!("\"{}\"", first_line(text, eye.width - 12)),
        );
        writeln!(page, "  it said  {text}")?;
        if let Some((dream, proposal)) = record.provenance().dream {
            writeln!(page, "  made by  dream {dream}, proposal {proposal}")?;
        } else {
            let own = record.provenance();
            let place =
                own.session.as_ref().map_or_else(String::new, |id| format!(" in session {id}"));
            writeln!(page, "  made by  {}", escape(&format!("{}{place}", own.author)))?;
        }
        write_given(page, eye, &self.given, "  ")?;
        if let Some(kept_out) = &self.quarantine {
            let since = since(kept_out.at, eye.now);
            writeln!(
                page,
                "  session {} is kept out of dreams {since}",
                escape(&kept_out.session)
            )?;
        }
        Ok(())
    }

    /// How to look at it as it was, and at what it came from.
    pub(crate) fn note(&self, call: &Call, eye: &Eye) -> Outcome {
        if let Some(before) = self.found.commit.first_parent() {
            let (key, before) =
                (quoted(&escape(self.found.key.as_str())), eye.short.of(before.object())?);
            call.note(format!("As it was before: undream why {key} --at {before}"));
        }
        if let Some(kept_out) = &self.quarantine {
            let id = quoted(&escape(&kept_out.session));
            call.note(format!("To let dreams read the session again: undream session lift {id}"));
        }
        Ok(())
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "key": self.found.key.as_str(),
            "commit": shape::commit(&self.found.commit),
            "record": self.found.record.to_string(),
            "becomes": self.found.becomes.map(|id| id.to_string()),
            "versions": self.found.versions.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "given": given_json(&self.given),
            "kept_out": self.quarantine.as_ref().map(|kept_out| &kept_out.session),
        })
    }
}

/// Which sessions were given something; nothing if none was.
pub(crate) fn write_given(page: &mut Page, eye: &Eye, given: &RecallUse, indent: &str) -> Outcome {
    let Some(last) = given.last else { return Ok(()) };
    let sessions = counted(given.sessions.len() as u64, "session", "sessions");
    writeln!(page, "{indent}given to {sessions}, last {}:", ago(last, eye.now))?;
    for session in given.sessions.iter().take(SESSIONS_MAX) {
        writeln!(page, "{indent}  {}", escape(session))?;
    }
    if given.sessions.len() > SESSIONS_MAX {
        let more = given.sessions.len() - SESSIONS_MAX;
        writeln!(page, "{indent}  and {more} more; --json names all")?;
    }
    Ok(())
}

pub(crate) fn given_json(given: &RecallUse) -> Value {
    json!({
        "queries": given.count,
        "last": given.last.map(|last| last.to_string()),
        "sessions": given.sessions,
    })
}

/// The versions that a commit took back.
pub(crate) fn versions(store: &Store, commit: CommitId) -> Outcome<BTreeSet<RecordId>> {
    let found = TakenBack::by(store, commit)?.into_iter();
    Ok(found.flat_map(|found| found.versions).collect())
}

/// Says after a commit who had been given what it took back.
pub(crate) fn note_given(call: &Call, store: &Store, commit: CommitId) -> Outcome {
    let sessions = store.recalls().of_records(versions(store, commit)?).usage()?.sessions;
    if sessions.is_empty() {
        return Ok(());
    }
    let count = counted(sessions.len() as u64, "session", "sessions");
    let short = store.database().abbreviations()?.of(commit.object())?;
    call.note(format!(
        "What it took back was given to {count}: undream recall list --taken-back {short}"
    ));
    Ok(())
}

/// What was taken back of late that somebody had been given.
pub(crate) struct Lately {
    commit: std::sync::Arc<Commit>,
    sessions: usize,
}

impl Lately {
    pub(crate) fn list(store: &Store, main: &Snapshot, now: Time) -> Outcome<Vec<Self>> {
        let mut all = Vec::new();
        let since = Time::from_seconds(now.as_seconds() - TOLD_SECONDS);
        for commit in TakenBack::commits_since(main, since)? {
            let versions = versions(store, commit.id())?;
            let sessions = store.recalls().of_records(versions).usage()?.sessions.len();
            if sessions > 0 {
                all.push(Self { commit, sessions });
            }
        }
        Ok(all)
    }

    pub(crate) fn write(&self, page: &mut Page, eye: &Eye) -> Outcome {
        let when = ago(self.commit.committed(), eye.now);
        let count = counted(self.sessions as u64, "session", "sessions");
        let text = format!("! taken back {when}; {count} had been given it");
        let short = eye.short.of(self.commit.id().object())?;
        line(page, eye, &text, &format!("undream recall list --taken-back {short}"))
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({"commit": shape::commit(&self.commit), "sessions": self.sessions})
    }
}
