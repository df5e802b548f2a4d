//! `log`, `diff`, `why`: what became of memory, and where it comes from.

use serde_json::{Value, json};
use undream::{Change, Cite, Derived, ErrorKind, Key, LogFilter, Snapshot, Source, Why, WhyStep};

use super::answer::{NOTICE, Outcome};
use super::asked::Asked;
use super::cursor::Cursor;
use super::dreams::open;
use super::reading::missing;
use super::scope::Scope;
use super::shape::{self, WORDS_BYTES_MAX, words};

/// How many commits or changes a page has unless asked.
const PAGE: usize = 20;
/// How many versions, cites and derived memories an answer to why has.
const WHY_MAX: usize = 12;
/// How much of each version's text an answer to why has.
const VERSION_BYTES_MAX: usize = 4_000;

/// Commits, newest first.
pub(crate) fn log(scope: &Scope, asked: &Asked<'_>) -> Outcome {
    let cursor = asked.cursor()?;
    let (snapshot, skipped) = match &cursor {
        Some(cursor) => (cursor.snapshot(scope, 0)?, cursor.number()?),
        None => (scope.snapshot(asked.text("at"))?, 0),
    };
    let database = scope.store.database();
    let filter = LogFilter {
        key: asked.text("key").map(Key::new).transpose()?,
        prefix: asked.text("prefix").map(str::to_owned),
        author: asked.text("author").map(str::to_owned),
        session: asked.text("session").map(str::to_owned),
        since: asked.text("since").map(|text| database.since(text)).transpose()?,
        until: asked.text("until").map(|text| database.until(text)).transpose()?,
        ..LogFilter::default()
    };
    let from: Vec<_> = snapshot.id().into_iter().collect();
    let mut found = scope.store.log_of(&from, filter)?.skip(skipped);
    let (mut commits, limit) = (Vec::new(), asked.limit(PAGE));
    for commit in found.by_ref().take(limit) {
        commits.push(shape::commit(&*commit?));
    }
    let more = found.next().transpose()?.is_some();
    Ok(json!({
        "notice": NOTICE,
        "commits": commits,
        "next_cursor": more.then(|| Cursor::at(&[&snapshot], skipped + limit).to_string()),
    }))
}

/// What changed from one revision to another.
pub(crate) fn diff(scope: &Scope, asked: &Asked<'_>) -> Outcome {
    let cursor = asked.cursor()?;
    let (before, after) = sides(scope, asked, cursor.as_ref())?;
    let skipped = cursor.as_ref().map_or(Ok(0), Cursor::number)?;
    let prefix = asked.text("prefix").unwrap_or("").trim_matches('/');
    let under = |change: &Change| {
        change.from.as_ref().is_some_and(|key| key.is_under(prefix)) || change.key.is_under(prefix)
    };
    let changes = scope.store.diff(&before, &after)?.collect::<undream::Result<Vec<_>>>()?;
    let changes: Vec<_> = changes.into_iter().filter(under).collect();
    let end = skipped.saturating_add(asked.limit(PAGE)).min(changes.len());
    let page = changes.get(skipped..end).unwrap_or_default().iter();
    let page = page.map(|change| shape::change(&scope.store, change));
    let more = end < changes.len();
    Ok(json!({
        "notice": NOTICE,
        "before": before.id().map(|id| id.to_string()),
        "after": after.id().map(|id| id.to_string()),
        "total": changes.len(),
        "changes": page.collect::<Outcome<Vec<Value>>>()?,
        "next_cursor": more.then(|| Cursor::at(&[&before, &after], end).to_string()),
    }))
}

/// What is compared.
fn sides(
    scope: &Scope,
    asked: &Asked<'_>,
    cursor: Option<&Cursor>,
) -> Outcome<(Snapshot, Snapshot)> {
    if let Some(cursor) = cursor {
        return Ok((cursor.snapshot(scope, 0)?, cursor.snapshot(scope, 1)?));
    }
    let (before, after) = (asked.needed("from")?, asked.text("to"));
    let number = before.strip_prefix("dreams/").and_then(|number| number.parse().ok());
    if let (Some(number), None) = (number, after) {
        // A dream alone is compared with what it started from.
        let base = open(scope, number)?.manifest()?.base_commit()?;
        return Ok((scope.own_snapshot(base)?, scope.snapshot(Some(before))?));
    }
    Ok((scope.snapshot(Some(before))?, scope.snapshot(after)?))
}

/// Why a memory says what it says, and what was made of it.
pub(crate) fn why(scope: &Scope, asked: &Asked<'_>) -> Outcome {
    let snapshot = scope.snapshot(asked.text("at"))?;
    let key = Key::new(asked.needed("key")?)?;
    let why = match Why::of(&snapshot, key.as_str()) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(missing(&key)),
        other => other?,
    };
    let given = scope.store.recalls().of_records([why.standing().record.id()]).usage()?;
    let steps = why.steps.iter().take(WHY_MAX).map(|step| step_json(scope, &why, step));
    Ok(json!({
        "notice": NOTICE,
        "key": why.key.as_str(),
        "steps": steps.collect::<Outcome<Vec<Value>>>()?,
        "steps_left_out": why.steps.len().saturating_sub(WHY_MAX),
        "derived": why.derived.iter().take(WHY_MAX).map(derived_json).collect::<Vec<_>>(),
        "derived_left_out": why.derived.len().saturating_sub(WHY_MAX),
        "given": {
            "count": given.count,
            "last": given.last.map(|last| last.to_string()),
            "sessions": given.sessions.len(),
        },
    }))
}

fn step_json(scope: &Scope, why: &Why, step: &WhyStep) -> Outcome {
    let vouched = scope.store.endorsements()?;
    let key = step.key.as_ref().unwrap_or(&why.key);
    let approval = step.approval.as_ref().map(|approval| {
        json!({
            "review": approval.review.id().to_string(),
            "reviewer": shape::author(approval.review.author()),
            "verb": approval.verb.name(),
            "reason": approval.reason.as_deref().map(|text| words(text, WORDS_BYTES_MAX)),
        })
    });
    Ok(json!({
        "relation": step.relation.name(),
        "memory": shape::memory(&vouched, key, &step.record, VERSION_BYTES_MAX)?,
        "commit": shape::commit(&step.grounds.commit),
        "dream": step.grounds.proposal.map(|(dream, _)| dream),
        "proposal": step.grounds.proposal.map(|(_, proposal)| proposal),
        "curator": step.curator.as_ref().map(|(name, _)| name),
        "approval": approval,
        "cites": step.cites.iter().take(WHY_MAX).map(cite_json).collect::<Vec<_>>(),
        "cites_left_out": step.cites.len().saturating_sub(WHY_MAX),
    }))
}

fn cite_json(cite: &Cite) -> Value {
    json!({
        "session": cite.session,
        "events": [cite.first, cite.last],
        "source": cite.source.map(Source::name),
        "lowest": cite.lowest,
        "quote": cite.quote.as_deref().map(|text| words(text, WORDS_BYTES_MAX)),
    })
}

fn derived_json(found: &Derived) -> Value {
    json!({
        "id": found.memory.to_string(),
        "tie": found.tie.name(),
        "written_at": found.written_at.as_str(),
        "stands_at": found.stands_at.as_ref().map(Key::as_str),
        "dream": found.proposal.map(|(dream, _)| dream),
    })
}
