//! Cutting the quote out of an event: the line that says most of what the proposal says.

use std::collections::BTreeSet;

use crate::object::{Event, Role};

/// The longest quote, in bytes.
const QUOTE_BYTES_MAX: usize = 240;
/// How many words a name is worth.
const NAME_SCORE: usize = 8;
/// How many lines of an event are looked at.
const LINES_MAX: usize = 4_000;

/// The tags between which harnesses put words of their own into what others say.
const HARNESS_TAGS: [&str; 5] = [
    "system-reminder",
    "command-message",
    "local-command-caveat",
    "local-command-stdout",
    "task-notification",
];

/// What decides which line is quoted: the words of a text, and what it names between backticks.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    words: BTreeSet<String>,
    names: Vec<String>,
}

impl Wanted {
    /// What `text` says.
    pub(crate) fn of(text: &str) -> Self {
        let names = text.split('`').skip(1).step_by(2).filter(|name| name.len() > 2);
        Self { words: words(text), names: names.map(str::to_owned).collect() }
    }

    /// How much of it a line says. A name that stands there as it is says most.
    pub(crate) fn score(&self, line: &str) -> usize {
        let named = self.names.iter().filter(|name| line.contains(*name)).count();
        named * NAME_SCORE + words(line).intersection(&self.words).count()
    }
}

pub(super) fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() > 2)
        .map(str::to_lowercase)
        .collect()
}

/// A part of the event's own text, word for word: of the line that says most of what is `wanted`, at
/// most 240 bytes. Empty if the event says nothing. Of a call that failed its result speaks first.
pub(crate) fn quote(event: &Event, wanted: &Wanted) -> String {
    // Where nothing but a harness speaks, it is quoted, unless a person is said to.
    let told = |text| match lines(text) {
        said if said.is_empty() && event.role != Role::User => raw_lines(text),
        said => said,
    };
    let (said, given) = match &event.call {
        Some(call) if call.is_error => (told(&call.result), values(&call.args)),
        Some(call) => ([values(&call.args), told(&call.result)].concat(), Vec::new()),
        None => (told(&event.content), Vec::new()),
    };
    let best = |lines: &[&'_ str]| {
        let mut best: Option<(usize, usize)> = None;
        for (at, line) in lines.iter().take(LINES_MAX).enumerate() {
            let score = wanted.score(line);
            if best.is_none_or(|(held, _)| score > held) {
                best = Some((score, at));
            }
        }
        best
    };
    match (best(&said), best(&given)) {
        (Some((score, at)), other) if score > 0 || other.is_none() => {
            cut(said[at], wanted).to_owned()
        }
        (_, Some((_, at))) => cut(given[at], wanted).to_owned(),
        (Some((_, at)), None) => cut(said[at], wanted).to_owned(),
        (None, None) => String::new(),
    }
}

/// The lines that say something. What a harness puts between its own tags nobody has said.
fn lines(text: &str) -> Vec<&str> {
    let mut said = Vec::new();
    let mut rest = text;
    while let Some((before, open, after)) = harness_block(rest) {
        said.extend(before.lines());
        rest = after.split_once(&format!("</{open}>")).map_or("", |(_, after)| after);
    }
    said.extend(rest.lines());
    said.into_iter().map(str::trim).filter(|line| !line.is_empty()).collect()
}

fn raw_lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// The first block of the harness in a text: what stands before it, its tag, what follows that.
fn harness_block(text: &str) -> Option<(&str, &'static str, &str)> {
    text.match_indices('<').find_map(|(at, _)| {
        let opened = &text[at + 1..];
        HARNESS_TAGS.iter().find_map(|tag| {
            let after = opened.strip_prefix(tag)?.strip_prefix('>')?;
            Some((&text[..at], *tag, after))
        })
    })
}

/// The texts in the JSON of a call's arguments, as they are written there; all of it if it has none.
fn values(args: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = args;
    while let Some(open) = rest.find('"') {
        let text = &rest[open + 1..];
        let mut escaped = false;
        let end = text.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let Some(end) = end else { break };
        rest = &text[end + 1..];
        // What a colon follows is a name.
        if !rest.trim_start().starts_with(':') && !text[..end].trim().is_empty() {
            found.push(text[..end].trim());
        }
    }
    if found.is_empty() { lines(args) } else { found }
}

/// At most the allowed bytes of a line, around its first wanted word. Words are left whole where they
/// are shorter than a quote.
fn cut<'a>(line: &'a str, wanted: &Wanted) -> &'a str {
    if line.len() <= QUOTE_BYTES_MAX {
        return line;
    }
    let named = wanted.names.iter().filter_map(|name| line.find(name.as_str())).min();
    let word_at = || {
        let mut words = line.split_word_starts();
        words.find(|(_, word)| wanted.words.contains(&word.to_lowercase())).map(|(at, _)| at)
    };
    let wanted_at = named.or_else(word_at).unwrap_or(0);
    let lead = boundary(line, wanted_at.saturating_sub(QUOTE_BYTES_MAX / 4));
    // From the next word on, unless the wanted one is in the midst of a long one.
    let start = match line[lead..wanted_at].find(char::is_whitespace) {
        Some(space) if lead > 0 => lead + space,
        _ => lead,
    };
    let last = boundary(line, (start + QUOTE_BYTES_MAX).min(line.len()));
    let end = match line[start..last].rfind(char::is_whitespace) {
        Some(space) if last < line.len() && start + space > wanted_at => start + space,
        _ => last,
    };
    line[start..end].trim()
}

/// The last place at or before `at` where a character begins.
fn boundary(line: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0)
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
    use crate::object::ToolCall;

    #[test]
    fn the_line_with_most_of_the_words_is_quoted_word_for_word() {
        let call = ToolCall {
            tool: "Bash".to_owned(),
            result: "building\nerror: missing module pytest\ndone".to_owned(),
            ..ToolCall::default()
        };
        let found = quote(&Event::called(call), &Wanted::of("The module pytest is missing"));
        assert_eq!(found, "error: missing module pytest");
    }

    #[test]
    fn of_a_call_its_own_words_are_quoted_unless_it_failed() {
        let args = r#"{"command": "kit pr list \"all\" now", "description": "Look"}"#;
        let call = |is_error| ToolCall {
            args: args.to_owned(),
            result: "the usual start\nkit cannot run".to_owned(),
            is_error,
            ..ToolCall::default()
        };
        let wanted = Wanted::of("Sessions run `kit pr`, usually at the start.");
        let found = quote(&Event::called(call(false)), &wanted);
        assert_eq!(found, r#"kit pr list \"all\" now"#);
        assert!(Event::called(call(false)).text().contains(&found));
        assert_eq!(quote(&Event::called(call(true)), &wanted), "the usual start");
        let other = Wanted::of("Nothing of it");
        assert_eq!(quote(&Event::called(call(true)), &other), r#"kit pr list \"all\" now"#);
    }

    #[test]
    fn a_quote_begins_and_ends_with_whole_words_and_has_what_is_wanted() {
        let line = format!("{} a needle here {}", "before ".repeat(60), "afterwards ".repeat(60));
        let found = quote(&Event::said(Role::User, line.clone()), &Wanted::of("needle"));
        assert!(line.contains(&found) && found.contains("a needle here"), "{found}");
        assert!(found.starts_with("before ") && found.ends_with("afterwards"), "{found}");
        let word = format!("{}needle{}", "x".repeat(400), "y".repeat(400));
        let found = quote(&Event::said(Role::User, word.clone()), &Wanted::of("`needle`"));
        assert!(found.contains("needle") && found.len() <= QUOTE_BYTES_MAX, "{found}");
    }

    #[test]
    fn what_a_harness_put_between_its_tags_is_not_quoted() {
        let text = "use tabs\n<system-reminder>\nuse tabs here\n</system-reminder> please\n\
                    <local-command-stdout>use tabs\nuse tabs here";
        let found = quote(&Event::said(Role::User, text), &Wanted::of("use tabs here"));
        assert_eq!(found, "use tabs");
        assert_eq!(lines(text), ["use tabs", "please"]);
        let all = "<system-reminder>\nall of it\n</system-reminder>";
        assert_eq!(quote(&Event::said(Role::User, all), &Wanted::of("all of it")), "");
        assert_eq!(quote(&Event::said(Role::Meta, all), &Wanted::of("all of it")), "all of it");
    }

    #[test]
    fn a_long_line_is_cut_at_characters_around_the_words() {
        let line = format!("{}needle{}", "ä ".repeat(400), " ö".repeat(400));
        let found = quote(&Event::said(Role::User, line.clone()), &Wanted::of("needle"));
        assert!(
            found.len() <= QUOTE_BYTES_MAX && found.contains("needle") && line.contains(&found)
        );
        assert_eq!(quote(&Event::said(Role::User, ""), &Wanted::of("x")), "");
    }
}
