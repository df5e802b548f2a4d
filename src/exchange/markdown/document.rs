//! A memory's fields and text, and the Markdown file that holds them.

use std::collections::BTreeMap;

use super::front_matter::{self, FENCE};

/// What a Markdown file says about one memory, before any rule was asked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Draft {
    pub(crate) title: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) labels: Vec<String>,
    pub(crate) context: Option<String>,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) text: String,
}

/// Writes `draft` as a Markdown file: front matter where there is something to say, and the text as
/// it is. [`from_markdown`] gives the same draft back.
pub(crate) fn to_markdown(draft: &Draft) -> String {
    let fields = front_matter::write(draft);
    // A text that could be taken for front matter needs one in front of it, even an empty one.
    if fields.is_empty() && !draft.text.starts_with(FENCE) && !draft.text.starts_with('\u{feff}') {
        return draft.text.clone();
    }
    format!("{FENCE}\n{fields}{FENCE}\n\n{}", draft.text)
}

/// Reads a Markdown file. What stands between fences at its beginning is front matter, and one
/// blank line after it is no part of the text; front matter that cannot be understood as a whole is
/// text like the rest, so that nothing is lost.
pub(crate) fn from_markdown(file: &str) -> Draft {
    let unmarked = file.strip_prefix('\u{feff}').unwrap_or(file);
    let read =
        split(unmarked).and_then(|(fields, text)| Some((front_matter::read(&fields)?, text)));
    match read {
        Some((draft, text)) => Draft { text: text.to_owned(), ..draft },
        None => Draft { text: unmarked.to_owned(), ..Draft::default() },
    }
}

/// The lines between the fences, and the text after them; `None` if there are no two fences.
fn split(file: &str) -> Option<(Vec<&str>, &str)> {
    let (opening, mut rest) = line(file)?;
    if opening != FENCE {
        return None;
    }
    let mut fields = Vec::new();
    loop {
        let (field, after) = line(rest)?;
        rest = after;
        if field == FENCE {
            break;
        }
        fields.push(field);
    }
    let text = rest.strip_prefix('\n').or_else(|| rest.strip_prefix("\r\n"));
    Some((fields, text.unwrap_or(rest)))
}

/// The first line of `text` without its end, and the rest; `None` if there is no text.
fn line(text: &str) -> Option<(&str, &str)> {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    (!text.is_empty()).then(|| (line.strip_suffix('\r').unwrap_or(line), rest))
}
