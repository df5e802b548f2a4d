//! How changes are shown: a header per memory, the fields that differ, the lines that differ.

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};
use undream::{Change, ChangeKind, Entry, Error, ErrorKind, RecordId};

use super::call::Eye;
use super::exit::Outcome;
use super::json as shape;
use super::page::Page;
use super::paint::escape;
use super::words;

/// How many unchanged lines stand around changed ones.
const CONTEXT_LINES: usize = 3;

/// Reads what a record says.
pub(crate) type Read<'a> = dyn Fn(RecordId) -> Result<Entry, Error> + 'a;

/// The entry of one side; `None` if there is none or its words were erased.
pub(crate) fn side(id: Option<RecordId>, read: &Read<'_>) -> Outcome<Option<Entry>> {
    match id.map(read).transpose() {
        Err(error) if error.kind() == ErrorKind::Redacted => Ok(None),
        other => Ok(other?),
    }
}

/// Writes one change in full, line by line.
pub(crate) fn write(page: &mut Page, eye: &Eye, change: &Change, read: &Read<'_>) -> Outcome {
    write_with(page, eye, change, read, write_lines)
}

/// Writes one change in full, with the words that came and went.
pub(crate) fn write_words(page: &mut Page, eye: &Eye, change: &Change, read: &Read<'_>) -> Outcome {
    write_with(page, eye, change, read, words::write)
}

/// Shows how the new text differs from the old one.
type WriteTexts = fn(&mut Page, &Eye, &str, &str) -> Outcome;

fn write_with(
    page: &mut Page,
    eye: &Eye,
    change: &Change,
    read: &Read<'_>,
    write_texts: WriteTexts,
) -> Outcome {
    write_header(page, eye, change)?;
    let before = side(change.before, read)?;
    let after = side(change.after, read)?;
    let empty = Entry::new("");
    let (old, new) = (before.as_ref().unwrap_or(&empty), after.as_ref().unwrap_or(&empty));
    if before.is_some() && after.is_some() {
        write_fields(page, eye, old, new)?;
    }
    write_texts(page, eye, &old.text, &new.text)
}

/// Writes just what happened to which key.
pub(crate) fn write_header(page: &mut Page, eye: &Eye, change: &Change) -> Outcome {
    let letter = change.kind.letter();
    let mark = match change.kind {
        ChangeKind::Added => eye.paint.added(letter),
        ChangeKind::Removed => eye.paint.removed(letter),
        _ => eye.paint.id(letter),
    };
    let key = eye.paint.name(change.key.as_str());
    match &change.from {
        Some(from) => writeln!(page, "{mark} {} -> {key}", eye.paint.name(from.as_str()))?,
        None => writeln!(page, "{mark} {key}")?,
    }
    Ok(())
}

fn write_fields(page: &mut Page, eye: &Eye, old: &Entry, new: &Entry) -> Outcome {
    let mut field = |name: &str, old: String, new: String| -> Outcome {
        if old != new {
            let line = format!("  {name}: {} -> {}", escape(&old), escape(&new));
            writeln!(page, "{}", eye.paint.dim(line))?;
        }
        Ok(())
    };
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "(none)".to_owned());
    field("kind", old.kind.to_string(), new.kind.to_string())?;
    field("title", or_none(&old.title), or_none(&new.title))?;
    field("labels", old.labels.join(", "), new.labels.join(", "))?;
    field("context", or_none(&old.context), or_none(&new.context))?;
    let names: BTreeSet<&String> = old.attributes.keys().chain(new.attributes.keys()).collect();
    for name in names {
        let (was, is) = (old.attributes.get(name).cloned(), new.attributes.get(name).cloned());
        if was != is {
            field(name, or_none(&was), or_none(&is))?;
        }
    }
    Ok(())
}

fn write_lines(page: &mut Page, eye: &Eye, old: &str, new: &str) -> Outcome {
    if old == new {
        return Ok(());
    }
    let diff = TextDiff::from_lines(old, new);
    for (number, group) in diff.grouped_ops(CONTEXT_LINES).iter().enumerate() {
        if number > 0 {
            writeln!(page, "{}", eye.paint.dim("  ..."))?;
        }
        for op in group {
            for line in diff.iter_changes(op) {
                let text = escape(line.value().trim_end_matches(['\n', '\r'])).into_owned();
                match line.tag() {
                    ChangeTag::Equal => writeln!(page, "    {text}")?,
                    ChangeTag::Delete => {
                        writeln!(page, "{}", eye.paint.removed(format!("  - {text}")))?;
                    }
                    ChangeTag::Insert => {
                        writeln!(page, "{}", eye.paint.added(format!("  + {text}")))?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// How many lines came and went.
pub(crate) fn lines(change: &Change, read: &Read<'_>) -> Outcome<(usize, usize)> {
    let text = |entry: Option<Entry>| entry.map_or_else(String::new, |entry| entry.text);
    let (old, new) = (text(side(change.before, read)?), text(side(change.after, read)?));
    let diff = TextDiff::from_lines(&old, &new);
    let count = |tag| diff.iter_all_changes().filter(|line| line.tag() == tag).count();
    Ok((count(ChangeTag::Insert), count(ChangeTag::Delete)))
}

/// `2 added, 1 removed`.
pub(crate) fn summary(changes: &[Change]) -> String {
    let kinds = [
        ChangeKind::Added,
        ChangeKind::Removed,
        ChangeKind::Modified,
        ChangeKind::Renamed,
        ChangeKind::Replaced,
    ];
    let counted = kinds.into_iter().filter_map(|kind| {
        let count = changes.iter().filter(|change| change.kind == kind).count();
        (count > 0).then(|| format!("{count} {}", kind.name()))
    });
    let counted: Vec<_> = counted.collect();
    if counted.is_empty() { "no changes".to_owned() } else { counted.join(", ") }
}

pub(crate) fn list_json(changes: &[Change], read: &Read<'_>) -> Outcome<Vec<Value>> {
    changes.iter().map(|change| to_json(change, read)).collect()
}

fn to_json(change: &Change, read: &Read<'_>) -> Outcome<Value> {
    Ok(json!({
        "kind": change.kind.name(),
        "key": change.key.as_str(),
        "from": change.from.as_ref().map(undream::Key::as_str),
        "before": side_json(change.before, read)?,
        "after": side_json(change.after, read)?,
    }))
}

/// A side of a change or conflict: its record and what it says.
pub(crate) fn side_json(id: Option<RecordId>, read: &Read<'_>) -> Outcome<Value> {
    let Some(record) = id else { return Ok(Value::Null) };
    let mut value = json!({"record": record.to_string()});
    if let Some(entry) = side(id, read)? {
        shape::extend(&mut value, shape::entry(&entry));
    }
    Ok(value)
}
