//! Memories that say too much at once, split at their headings or paragraphs.

use std::collections::BTreeMap;

use crate::dream::curator::SuggestedChange;
use crate::dream::mine::memory::held::{Held, Plan};
use crate::dream::mine::rank::slug;
use crate::object::{Entry, Key, ProposalKind};

/// A longer text is split, in bytes.
const LONG_BYTES: usize = 4_000;
/// Paragraphs are put together up to this size, in bytes.
const PART_BYTES: usize = 2_000;
/// The most parts of one memory.
const PARTS_MAX: usize = 40;
/// How many words of a paragraph name it.
const NAME_WORDS: usize = 5;

/// A piece of a text.
struct Part {
    name: String,
    text: String,
}

/// Plans that split overlong memories.
pub(in crate::dream::mine) fn split(memories: &[Held]) -> Vec<Plan> {
    memories.iter().filter_map(plan).collect()
}

fn plan(held: &Held) -> Option<Plan> {
    let text = &held.entry.text;
    if text.len() <= LONG_BYTES {
        return None;
    }
    let mut parts = by_heading(text);
    if parts.len() < 2 {
        parts = by_paragraph(text);
    }
    if parts.len() < 2 || parts.len() > PARTS_MAX {
        return None;
    }
    // No key is a prefix of another, so the whole goes before its parts come.
    let mut changes = vec![SuggestedChange::Remove(held.key.clone())];
    let mut names: BTreeMap<String, u32> = BTreeMap::new();
    let count = parts.len();
    for part in parts {
        let seen = names.entry(part.name.clone()).or_default();
        *seen += 1;
        let name = if *seen == 1 { part.name } else { format!("{}-{seen}", part.name) };
        let key = Key::new(format!("{}/{name}", held.key)).ok()?;
        let entry = Entry { text: part.text, title: None, ..held.entry.clone() };
        changes.push(SuggestedChange::Put(key, entry));
    }
    let kilobytes = text.len() / 1_000;
    Some(Plan {
        kind: ProposalKind::Restructure,
        title: format!("{} in {count} parts", held.key),
        changes,
        rationale: format!(
            "`{}` holds {kilobytes} kB: an agent is given all of it where it needs one part. It is \
             split at its headings or paragraphs; no word is lost.",
            held.key
        ),
        confidence: 550,
        inputs: vec![held.record],
    })
}

/// Splits at Markdown headings outside of code blocks. What comes before the first is `overview`.
fn by_heading(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut fenced = false;
    for line in text.split_inclusive('\n') {
        fenced ^= line.trim_start().starts_with("```");
        let heading = line.starts_with('#') && !fenced;
        match parts.last_mut() {
            Some(part) if !heading => part.text.push_str(line),
            _ => {
                let name = if heading { slug(line) } else { "overview".to_owned() };
                parts.push(Part { name, text: line.to_owned() });
            }
        }
    }
    parts.retain(|part| !part.text.trim().is_empty());
    parts
}

/// Puts paragraphs together up to [`PART_BYTES`].
fn by_paragraph(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for paragraph in text.split("\n\n").map(str::trim).filter(|part| !part.is_empty()) {
        match parts.last_mut() {
            Some(part) if part.text.len() + paragraph.len() <= PART_BYTES => {
                part.text.push_str("\n\n");
                part.text.push_str(paragraph);
            }
            _ => {
                let words: Vec<&str> = paragraph.split_whitespace().take(NAME_WORDS).collect();
                parts.push(Part { name: slug(&words.join(" ")), text: paragraph.to_owned() });
            }
        }
    }
    parts
}
