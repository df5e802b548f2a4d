//! Cutting the quote out of an event: the line that says most of what the proposal says.

use std::collections::BTreeSet;

use crate::object::Event;

/// The longest quote, in bytes.
const QUOTE_BYTES_MAX: usize = 240;
/// How many lines of an event are looked at.
const LINES_MAX: usize = 4_000;

/// The words that decide which line is quoted.
pub(crate) fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() > 2)
        .map(str::to_lowercase)
        .collect()
}

/// A part of the event's own text, word for word: of the line that shares most words with `wanted`,
/// at most 240 bytes. Empty if the event says nothing.
pub(crate) fn quote(event: &Event, wanted: &BTreeSet<String>) -> String {
    let parts: Vec<&str> = match &event.call {
        Some(call) => vec![&call.result, &call.args],
        None => vec![&event.content],
    };
    let lines =
        parts.into_iter().flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty());
    let mut best: Option<(usize, &str)> = None;
    for line in lines.take(LINES_MAX) {
        let score = words(line).intersection(wanted).count();
        if best.is_none_or(|(held, _)| score > held) {
            best = Some((score, line));
        }
    }
    best.map_or_else(String::new, |(_, line)| cut(line, wanted).to_owned())
}

/// At most the allowed bytes of a line, around its first wanted word.
fn cut<'a>(line: &'a str, wanted: &BTreeSet<String>) -> &'a str {
    if line.len() <= QUOTE_BYTES_MAX {
        return line;
    }
    let word_at = line.split_word_starts().find(|(_, word)| wanted.contains(&word.to_lowercase()));
    let at = word_at.map_or(0, |(at, _)| at).saturating_sub(QUOTE_BYTES_MAX / 4);
    let start = (at..=line.len()).find(|at| line.is_char_boundary(*at)).unwrap_or(0);
    let last = (start + QUOTE_BYTES_MAX).min(line.len());
    let end = (start..=last).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(start);
    line[start..end].trim()
}

/// Words with the place at which they begin.
trait WordStarts {
    fn split_word_starts(&self) -> impl Iterator<Item = (usize, &str)>;
}

impl WordStarts for str {
    fn split_word_starts(&self) -> impl Iterator<Item = (usize, &str)> {
        let base = self.as_ptr() as usize;
        self.split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(move |word| (word.as_ptr() as usize - base, word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::{Role, ToolCall};

    #[test]
    fn the_line_with_most_of_the_words_is_quoted_word_for_word() {
        let call = ToolCall {
            tool: "Bash".to_owned(),
            result: "building\nerror: missing module pytest\ndone".to_owned(),
            ..ToolCall::default()
        };
        let found = quote(&Event::called(call), &words("The module pytest is missing"));
        assert_eq!(found, "error: missing module pytest");
    }

    #[test]
    fn a_long_line_is_cut_at_characters_around_the_words() {
        let line = format!("{}needle{}", "ä ".repeat(400), " ö".repeat(400));
        let found = quote(&Event::said(Role::User, line.clone()), &words("needle"));
        assert!(
            found.len() <= QUOTE_BYTES_MAX && found.contains("needle") && line.contains(&found)
        );
        assert_eq!(quote(&Event::said(Role::User, ""), &words("x")), "");
    }
}
