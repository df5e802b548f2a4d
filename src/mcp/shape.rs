//! Memories, commits and changes as data.

use serde_json::{Value, json};
use undream::{
    Author, Change, Commit, Endorsements, ErrorKind, Key, Record, RecordId, Source, Store, Taint,
};

use super::answer::{Outcome, cut};

/// How much of a text stands in lists.
pub(crate) const LINE_BYTES_MAX: usize = 160;
/// How much of a message, reason or quote is shown.
pub(crate) const WORDS_BYTES_MAX: usize = 1_000;
/// How much of each side of a change is shown.
const SIDE_BYTES_MAX: usize = 2_000;

/// A text of at most `max` bytes.
pub(crate) fn words(text: &str, max: usize) -> String {
    let kept = cut(text, max);
    if kept.len() == text.len() { text.to_owned() } else { format!("{kept}…") }
}

/// How many parts of a list an answer shows that has no pages.
const PARTS_MAX: usize = 64;

/// Cuts all texts and names of `value` to at most `max` bytes each, and lists to [`PARTS_MAX`]
/// parts, the last of which says how many more there are.
pub(crate) fn shorten(value: &mut Value, max: usize) {
    match value {
        Value::String(text) => *text = words(text, max),
        Value::Array(values) => {
            let more = beyond(values.len());
            values.truncate(PARTS_MAX);
            for part in values.iter_mut() {
                shorten(part, max);
            }
            values.extend(more.map(Value::from));
        }
        Value::Object(parts) => {
            let more = beyond(parts.len()).map(|more| ("…".to_owned(), more.into()));
            let kept = std::mem::take(parts).into_iter().take(PARTS_MAX);
            *parts = kept.map(|(name, part)| (words(&name, max), part)).chain(more).collect();
            for part in parts.values_mut() {
                shorten(part, max);
            }
        }
        _ => {}
    }
}

fn beyond(count: usize) -> Option<String> {
    let more = count.checked_sub(PARTS_MAX).filter(|more| *more > 0)?;
    Some(format!("and {more} more"))
}

pub(crate) fn author(author: &Author) -> Value {
    json!({"name": author.name(), "kind": author.kind().name()})
}

pub(crate) fn taint(taint: Taint) -> Vec<&'static str> {
    taint.sources().map(Source::name).collect()
}

/// A memory without its words: its ids, where it stands, how far it is trusted and on whose words
/// it rests.
pub(crate) fn standing(vouched: &Endorsements, key: &Key, record: &Record) -> Outcome<Value> {
    let from = record.provenance();
    let mut value = json!({
        "id": record.memory().to_string(),
        "record": record.id().to_string(),
        "key": key.as_str(),
        "kind": record.kind().as_str(),
        "labels": record.labels(),
        "trust": vouched.trust(record)?.name(),
        "source": taint(record.taint()),
        "author": author(&from.author),
        "session": from.session,
    });
    if record.is_erased() {
        value["erased"] = true.into();
    }
    Ok(value)
}

/// A memory with the first `max` bytes of its text, and whether that is all.
pub(crate) fn memory(
    vouched: &Endorsements,
    key: &Key,
    record: &Record,
    max: usize,
) -> Outcome<Value> {
    let mut value = standing(vouched, key, record)?;
    if record.is_erased() {
        return Ok(value);
    }
    let text = record.text()?;
    let shown = cut(text, max);
    value["title"] = record.title()?.into();
    value["text"] = shown.into();
    if shown.len() < text.len() {
        value["truncated"] = true.into();
        value["text_bytes"] = text.len().into();
    }
    Ok(value)
}

/// One line of a memory, for lists.
pub(crate) fn line(record: &Record) -> Outcome<Option<String>> {
    if record.is_erased() {
        return Ok(None);
    }
    let text = match record.title()? {
        Some(title) => title,
        None => record.text()?,
    };
    let first = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    Ok(Some(words(first, LINE_BYTES_MAX)))
}

pub(crate) fn commit(commit: &Commit) -> Value {
    json!({
        "id": commit.id().to_string(),
        "author": author(commit.author()),
        "authored": commit.authored().to_string(),
        "session": commit.session(),
        "cause": commit.cause().name(),
        "message": commit.message().map(|text| words(text, WORDS_BYTES_MAX)),
        "rationale": commit.rationale().map(|text| words(text, WORDS_BYTES_MAX)),
    })
}

/// A change with what each side says.
pub(crate) fn change(store: &Store, change: &Change) -> Outcome<Value> {
    Ok(json!({
        "kind": change.kind.name(),
        "key": change.key.as_str(),
        "from": change.from.as_ref().map(Key::as_str),
        "before": side(store, change.before)?,
        "after": side(store, change.after)?,
    }))
}

/// One side of a change; without words where they were erased.
fn side(store: &Store, id: Option<RecordId>) -> Outcome<Value> {
    let Some(id) = id else { return Ok(Value::Null) };
    let record = store.record(id)?;
    let mut value = json!({
        "record": id.to_string(),
        "kind": record.kind().as_str(),
        "trust": record.trust().name(),
        "source": taint(record.taint()),
    });
    match record.text() {
        Ok(text) => {
            value["title"] = record.title()?.into();
            value["text"] = words(text, SIDE_BYTES_MAX).into();
        }
        Err(error) if error.kind() == ErrorKind::Redacted => value["erased"] = true.into(),
        Err(error) => return Err(error.into()),
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_list_text_or_name_of_an_account_is_without_bounds() {
        let many: Vec<usize> = (0..1_000).collect();
        let names = many.iter().map(|number| (format!("{number} {}", "x".repeat(500)), json!(1)));
        let mut value = json!({"many": many, "text": "y".repeat(500), "few": [1, 2]});
        value["names"] = Value::Object(names.collect());
        shorten(&mut value, 20);
        assert_eq!(value["many"].as_array().map(Vec::len), Some(PARTS_MAX + 1));
        assert_eq!(value["many"][PARTS_MAX], "and 936 more");
        assert_eq!(value["names"]["…"], "and 936 more");
        assert_eq!(value["few"], json!([1, 2]));
        assert!(value.to_string().len() < 4_000, "{value}");
    }
}
