//! `recall`, `get`, `list`, `brief`: what memory says.

use serde_json::{Value, json};
use undream::{Brief, Endorsements, ErrorKind, Hit, Key, Kind, Listed, Snapshot};

use super::answer::{Hinted, NOTICE, Outcome, Refusal};
use super::asked::Asked;
use super::cursor::Cursor;
use super::scope::Scope;
use super::shape;

/// How many memories a page of a search has unless asked.
const RECALLED: usize = 10;
/// How many hits a search can be paged through.
const RECALLED_MAX: usize = 1_000;
/// How much of each text a search gives.
const RECALLED_BYTES_MAX: usize = 2_000;
/// How many lines a page of a listing has unless asked.
const LISTED: usize = 50;
/// How much of one text an answer holds.
pub(crate) const TEXT_BYTES_MAX: usize = 32 << 10;
/// How many bytes of memories a brief may hold.
pub(crate) const BRIEF_BYTES_MAX: u64 = 32 << 10;

/// Finds memories by their words.
pub(crate) fn recall(scope: &Scope, asked: &Asked<'_>) -> Outcome {
    let cursor = asked.cursor()?;
    let (snapshot, skipped) = match &cursor {
        Some(cursor) => (cursor.snapshot(scope, 0)?, cursor.number()?),
        None => (scope.snapshot(asked.text("at"))?, 0),
    };
    let end = skipped.saturating_add(asked.limit(RECALLED));
    if end > RECALLED_MAX {
        let message = format!("a search gives {RECALLED_MAX} memories at most");
        return Err(Refusal::new(ErrorKind::Limit, message).hint("ask for something narrower"));
    }
    let mut query = scope.search.at(&snapshot).query(asked.needed("query")?).limit(end);
    if let Some(prefix) = asked.text("prefix") {
        query = query.prefix(prefix);
    }
    for kind in asked.texts("kinds").unwrap_or_default() {
        query = query.kind(Kind::new(kind)?);
    }
    for label in asked.texts("labels").unwrap_or_default() {
        query = query.label(label);
    }
    let hits = query.trusted(asked.trusted()).for_session(&scope.session).run()?;
    let vouched = scope.store.endorsements()?;
    let (mut memories, found) = (Vec::new(), hits.len());
    for hit in hits.skip(skipped) {
        memories.push(hit_json(&snapshot, &vouched, &hit?)?);
    }
    let more = found == end && found > skipped;
    Ok(json!({
        "notice": NOTICE,
        "commit": commit_of(&snapshot),
        "memories": memories,
        "next_cursor": more.then(|| Cursor::at(&[&snapshot], end).to_string()),
    }))
}

fn hit_json(snapshot: &Snapshot, vouched: &Endorsements, hit: &Hit) -> Outcome {
    let record = snapshot.record(hit.record)?;
    let mut value = shape::memory(vouched, &hit.key, &record, RECALLED_BYTES_MAX)?;
    if value.get("truncated").is_some() {
        value["snippet"] = hit.snippet.text.as_str().into();
    }
    value["score"] = hit.score.into();
    Ok(value)
}

fn commit_of(snapshot: &Snapshot) -> Option<String> {
    snapshot.id().map(|id| id.to_string())
}

/// The whole of one memory, a long text in several answers.
pub(crate) fn get(scope: &Scope, asked: &Asked<'_>) -> Outcome {
    let cursor = asked.cursor()?;
    let (snapshot, begin) = match &cursor {
        Some(cursor) => (cursor.snapshot(scope, 0)?, cursor.number()?),
        None => (scope.snapshot(asked.text("at"))?, 0),
    };
    let key = Key::new(asked.needed("key")?)?;
    let found = snapshot.for_session(&scope.session)?.get(key.as_str())?;
    let record = found.ok_or_else(|| missing(&key))?;
    let vouched = scope.store.endorsements()?;
    let mut value = shape::memory(&vouched, &key, &record, TEXT_BYTES_MAX)?;
    let mut next = None;
    if !record.is_erased() {
        let text = record.text()?;
        let rest = text.get(begin..).ok_or_else(|| {
            Refusal::invalid("this is no cursor of this memory").hint("leave `cursor` out")
        })?;
        let shown = super::answer::cut(rest, TEXT_BYTES_MAX);
        value["text"] = shown.into();
        value["context"] = record.context()?.into();
        value["attributes"] = json!(record.attributes()?);
        if shown.len() < rest.len() {
            next = Some(Cursor::at(&[&snapshot], begin + shown.len()).to_string());
        }
    }
    Ok(json!({
        "notice": NOTICE,
        "commit": commit_of(&snapshot),
        "memory": value,
        "next_cursor": next,
    }))
}

/// The refusal for a key at which nothing stands.
pub(crate) fn missing(key: &Key) -> Refusal {
    Refusal::new(ErrorKind::NotFound, format!("there is no memory at `{key}`"))
        .hint("recall finds memories by their words, list shows the keys")
}

/// Keys in order, or the folders they lie in.
pub(crate) fn list(scope: &Scope, asked: &Asked<'_>) -> Outcome {
    let cursor = asked.cursor()?;
    let snapshot = match &cursor {
        Some(cursor) => cursor.snapshot(scope, 0)?,
        None => scope.snapshot(asked.text("at"))?,
    };
    let (limit, vouched) = (asked.limit(LISTED), scope.store.endorsements()?);
    let (mut memories, mut folders) = (Vec::new(), Vec::new());
    let (lines, next) = lines(&snapshot, asked, cursor.as_ref(), limit)?;
    for line in lines {
        match line {
            Listed::Folder(path, count) => folders.push(json!({"path": path, "count": count})),
            Listed::Memory(key, id) => memories.push(line_json(&snapshot, &vouched, &key, id)?),
        }
    }
    Ok(json!({
        "notice": NOTICE,
        "commit": commit_of(&snapshot),
        "memories": memories,
        "folders": folders,
        "next_cursor": next,
    }))
}

/// One page of a listing, and where the next one begins: behind a key, or, where folders stand
/// among the lines, behind so many lines.
fn lines(
    snapshot: &Snapshot,
    asked: &Asked<'_>,
    cursor: Option<&Cursor>,
    limit: usize,
) -> Outcome<(Vec<Listed>, Option<String>)> {
    let prefix = asked.text("prefix").unwrap_or("").trim_matches('/');
    if let Some(depth) = asked.number("depth") {
        let skipped = cursor.map_or(Ok(0), Cursor::number)?;
        let mut lines = snapshot.list(prefix, depth as usize)?;
        let end = skipped.saturating_add(limit).min(lines.len());
        let next = (end < lines.len()).then(|| Cursor::at(&[snapshot], end).to_string());
        lines.truncate(end);
        lines.drain(..skipped.min(end));
        return Ok((lines, next));
    }
    let after = cursor.map(Cursor::place);
    let mut keys = snapshot.keys_from(prefix, after.unwrap_or("")).peekable();
    let mut lines = Vec::new();
    while lines.len() < limit
        && let Some(found) = keys.next()
    {
        let (key, id) = found?;
        if after != Some(key.as_str()) {
            lines.push(Listed::Memory(key, id));
        }
    }
    let next = match (lines.last(), keys.peek()) {
        (Some(Listed::Memory(last, _)), Some(_)) => Some(Cursor::at(&[snapshot], last).to_string()),
        _ => None,
    };
    Ok((lines, next))
}

fn line_json(
    snapshot: &Snapshot,
    vouched: &Endorsements,
    key: &Key,
    id: undream::RecordId,
) -> Outcome {
    let record = snapshot.record(id)?;
    let mut value = shape::standing(vouched, key, &record)?;
    value["line"] = shape::line(&record)?.into();
    Ok(value)
}

/// What an agent should know, within a budget of bytes.
pub(crate) fn brief(scope: &Scope, asked: &Asked<'_>) -> Outcome {
    let snapshot = scope.snapshot(asked.text("at"))?;
    let bytes = asked.number("max_bytes").unwrap_or(8_000) as usize;
    let mut brief = Brief::of(&snapshot).max_bytes(bytes).trusted(asked.trusted());
    if let Some(query) = asked.text("query") {
        brief = brief.query(&scope.search, query);
    }
    if let Some(prefix) = asked.text("prefix") {
        brief = brief.prefix(prefix);
    }
    let briefing = brief
        .for_session(&scope.session)
        .make()
        .hint_for(ErrorKind::Invalid, || "leave `query` out to be told everything".to_owned())?;
    let vouched = scope.store.endorsements()?;
    let memories = briefing.memories.iter().map(|held| {
        let mut value = shape::memory(&vouched, &held.key, &held.record, TEXT_BYTES_MAX)?;
        value["trust"] = held.trust.name().into();
        Ok(value)
    });
    Ok(json!({
        "notice": NOTICE,
        "commit": commit_of(&snapshot),
        "memories": memories.collect::<Outcome<Vec<Value>>>()?,
        "left_out": briefing.left_out,
    }))
}
