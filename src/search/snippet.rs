//! The part of a text that shows best why it was found.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use tantivy::tokenizer::TextAnalyzer;

/// How long a snippet is, in bytes.
const BYTES: usize = 180;
/// How much of a snippet stands before the first word found, in bytes.
const LEAD: usize = 40;

/// The part of a text that shows best why it was found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Snippet {
    /// The part, line breaks as spaces, with `…` where it was cut.
    pub text: String,
    /// The byte ranges of `text` in which words of the query stand, in order.
    pub highlights: Vec<Range<usize>>,
}

impl fmt::Display for Snippet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Snippet {
    /// The part of `text` with the most different words of the query, the earliest of equals; the
    /// beginning if it has none.
    pub(super) fn of(text: &str, words: &HashSet<String>, analyser: &mut TextAnalyzer) -> Self {
        let found = matches(text, words, analyser);
        let first = best_start(&found);
        let start = found.get(first).map_or(0, |found| found.at.start.saturating_sub(LEAD));
        let span = word_bounds(text, start, found.get(first).map_or(0, |found| found.at.start));
        Self::cut(text, span, &found)
    }

    fn cut(text: &str, span: Range<usize>, found: &[Found]) -> Self {
        let mut out = String::with_capacity(span.len() + 6);
        if !text[..span.start].trim_start().is_empty() {
            out.push('…');
        }
        let shift = out.len();
        let spaced = |c: char| if c.is_whitespace() && c.len_utf8() == 1 { ' ' } else { c };
        out.extend(text[span.clone()].chars().map(spaced));
        if span.end < text.trim_end().len() {
            out.push('…');
        }
        let inside =
            found.iter().filter(|found| span.start <= found.at.start && found.at.end <= span.end);
        let moved = |at: &Range<usize>| at.start - span.start + shift..at.end - span.start + shift;
        Self { highlights: inside.map(|found| moved(&found.at)).collect(), text: out }
    }
}

/// A word of the query in the text.
struct Found {
    word: String,
    at: Range<usize>,
}

fn matches(text: &str, words: &HashSet<String>, analyser: &mut TextAnalyzer) -> Vec<Found> {
    let mut found = Vec::new();
    let mut stream = analyser.token_stream(text);
    while stream.advance() {
        let token = stream.token();
        if words.contains(&token.text) {
            found.push(Found { word: token.text.clone(), at: token.offset_from..token.offset_to });
        }
    }
    found
}

/// The match from which on a snippet shows the most different words.
fn best_start(found: &[Found]) -> usize {
    let mut best = (0, 0);
    for (at, first) in found.iter().enumerate() {
        let end = first.at.start + BYTES - LEAD;
        let window = found[at..].iter().take_while(|found| found.at.end <= end);
        let mut seen: Vec<&str> = window.map(|found| found.word.as_str()).collect();
        seen.sort_unstable();
        seen.dedup();
        if seen.len() > best.0 {
            best = (seen.len(), at);
        }
    }
    best.1
}

/// A span of about the length of a snippet that cuts no word, if it can be helped: from `start` or
/// the next word after it, but not after `keep`.
fn word_bounds(text: &str, start: usize, keep: usize) -> Range<usize> {
    let mut from = floor(text, start);
    if from > 0
        && let Some(gap) = text[from..keep].find(char::is_whitespace)
    {
        from += gap;
    }
    from += text[from..].len() - text[from..].trim_start().len();
    let from = if start == 0 || from <= keep { from } else { keep };
    let mut to = floor(text, from + BYTES);
    if to < text.len()
        && let Some(gap) = text[from..to].rfind(char::is_whitespace)
        && from + gap > keep
        && gap > BYTES / 2
    {
        to = from + gap;
    }
    to = from + text[from..to].trim_end().len();
    from..to
}

/// The greatest boundary of a character not beyond `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::words::analyser;

    fn snippet(text: &str, words: &[&str]) -> Snippet {
        let words = words.iter().map(ToString::to_string).collect();
        Snippet::of(text, &words, &mut analyser())
    }

    #[test]
    fn a_snippet_shows_the_words_wherever_they_stand() {
        let text = format!(
            "{} The team drinks oolong\ntea. {}",
            "früher ".repeat(90),
            "später ".repeat(90)
        );
        let found = snippet(&text, &["tea", "oolong"]);
        let shown: Vec<_> = found.highlights.iter().map(|at| &found.text[at.clone()]).collect();
        assert_eq!(shown, ["oolong", "tea"]);
        assert!(found.text.starts_with('…') && found.text.ends_with('…'), "{found}");
        assert!(found.text.len() < BYTES + 10);
    }

    #[test]
    fn a_text_without_the_words_begins_at_its_beginning() {
        assert_eq!(snippet("  A short text. ", &["tea"]).text, "A short text.");
        assert_eq!(snippet("", &["tea"]), Snippet::default());
    }

    #[test]
    fn every_cut_falls_between_characters() {
        for length in 0..400 {
            let text = format!("{}tea{}", "ü".repeat(length), "日本".repeat(length));
            snippet(&text, &["tea"]);
            snippet(&format!("{} tea", "語".repeat(length)), &["tea"]);
        }
    }
}
