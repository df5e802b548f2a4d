//! The lines between the fences: `name: value`, a subset of YAML that other tools read too.
//!
//! Values stand plain, or as JSON strings where plain text would be misread; labels as a list.

use std::collections::{BTreeMap, BTreeSet};

use super::document::Draft;

/// The line above and below front matter.
pub(super) const FENCE: &str = "---";
/// Holds the attributes whose names cannot stand at the beginning of a line.
const ATTRIBUTES: &str = "attributes";
const RESERVED: [&str; 5] = ["title", "kind", "labels", "context", ATTRIBUTES];
/// Plain words that YAML takes for something other than text.
const YAML_WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "~", "---"];

/// The lines for all fields of `draft` but its text.
pub(super) fn write(draft: &Draft) -> String {
    let mut out = String::new();
    let mut push = |name: &str, value: &str| {
        out.push_str(name);
        out.push_str(": ");
        out.push_str(value);
        out.push('\n');
    };
    for (name, value) in [("title", &draft.title), ("kind", &draft.kind)] {
        if let Some(value) = value {
            push(name, &scalar(value));
        }
    }
    if !draft.labels.is_empty() {
        let labels: Vec<String> = draft.labels.iter().map(|label| item(label)).collect();
        push("labels", &format!("[{}]", labels.join(", ")));
    }
    if let Some(context) = &draft.context {
        push("context", &scalar(context));
    }
    let (plain, odd): (Vec<_>, Vec<_>) =
        draft.attributes.iter().partition(|(name, _)| is_plain_name(name));
    for (name, value) in plain {
        push(name, &scalar(value));
    }
    if !odd.is_empty() {
        let odd: BTreeMap<_, _> = odd.into_iter().collect();
        push(ATTRIBUTES, &json(&odd));
    }
    out
}

/// The draft that the lines describe; `None` if any of them is not understood.
pub(super) fn read(lines: &[&str]) -> Option<Draft> {
    let mut draft = Draft::default();
    let mut seen = BTreeSet::new();
    let mut lines = lines.iter().peekable();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() {
            continue;
        }
        let (name, value) = line.split_once(':')?;
        if !seen.insert(name) || !(value.is_empty() || value.starts_with([' ', '\t'])) {
            return None;
        }
        let value = value.trim();
        match name {
            // Nothing after the colon is no value.
            "title" | "kind" | "context" if value.is_empty() => {}
            "title" => draft.title = Some(value_of(value)?),
            "kind" => draft.kind = Some(value_of(value)?),
            "context" => draft.context = Some(value_of(value)?),
            "labels" if value.is_empty() => {
                while let Some(item) = lines.next_if(|line| line.trim_start().starts_with("- ")) {
                    draft.labels.push(value_of(item.trim_start()[1..].trim())?);
                }
            }
            "labels" => draft.labels = list(value)?,
            ATTRIBUTES => {
                let odd: BTreeMap<String, String> = serde_json::from_str(value).ok()?;
                draft.attributes.extend(odd);
            }
            _ if is_plain_name(name) => {
                draft.attributes.insert(name.to_owned(), value_of(value)?);
            }
            _ => return None,
        }
    }
    Some(draft)
}

fn is_plain_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let opens = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    opens && name.chars().all(plain) && !RESERVED.contains(&name)
}

/// `value` as it stands after the colon.
fn scalar(value: &str) -> String {
    if is_plain(value) { value.to_owned() } else { json(&value) }
}

/// `value` as it stands in a list.
fn item(value: &str) -> String {
    let plain = is_plain(value) && !value.contains([',', '[', ']', '{', '}', '"', '\'']);
    if plain { value.to_owned() } else { json(&value) }
}

/// Whether this reader and YAML both take `value` for exactly itself.
fn is_plain(value: &str) -> bool {
    let indicator = |c: char| "\"'[]{}#&*!|>%@`,?:-=".contains(c);
    !value.is_empty()
        && value.trim() == value
        && !value.starts_with(indicator)
        && !value.ends_with(':')
        && !value.contains(": ")
        && !value.contains(" #")
        && !value.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'))
        && !YAML_WORDS.contains(&value.to_ascii_lowercase().as_str())
        // Numbers and dates, in any notation.
        && !value.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '+'))
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("BUG: strings are always JSON")
}

/// The text that a value stands for; `None` if it is a construct of YAML that is not known here.
fn value_of(value: &str) -> Option<String> {
    match value.chars().next() {
        Some('"') => serde_json::from_str(value).ok(),
        Some('\'') => {
            let inner = value.strip_prefix('\'')?.strip_suffix('\'')?;
            let whole = !inner.replace("''", "").contains('\'');
            whole.then(|| inner.replace("''", "'"))
        }
        Some('[' | '{' | '|' | '>' | '&' | '*' | '!') => None,
        _ => Some(value.to_owned()),
    }
}

/// The items of `[a, "b, c"]`, or of `a, b` without brackets.
fn list(value: &str) -> Option<Vec<String>> {
    let mut items = Vec::new();
    let bare = value.strip_prefix('[').map_or(Some(value), |inner| inner.strip_suffix(']'))?;
    let mut rest = bare.trim();
    while !rest.is_empty() {
        let end = if rest.starts_with('"') { quoted_end(rest)? } else { 0 };
        let comma = rest[end..].find(',').map(|at| end + at);
        let (item, after) = match comma {
            Some(comma) => (&rest[..comma], &rest[comma + 1..]),
            None => (rest, ""),
        };
        items.push(value_of(item.trim())?);
        rest = after.trim();
    }
    Some(items)
}

/// Where the JSON string that `text` begins with ends.
fn quoted_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return Some(at + 1),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}
