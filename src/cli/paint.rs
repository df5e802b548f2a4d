//! Colours, and text made safe to show.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{IsTerminal, stdout};

use anstyle::{AnsiColor, Style};
use undream::is_hiding;

use super::arguments::Colour;

/// How text is shown on stdout.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    colours: bool,
    /// Whether stdout is a terminal.
    pub(crate) terminal: bool,
}

impl Paint {
    pub(crate) fn new(colour: Colour) -> Self {
        let colours = match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => anstream::AutoStream::choice(&stdout()) != anstream::ColorChoice::Never,
        };
        Self { colours, terminal: stdout().is_terminal() }
    }

    fn with(self, style: Style, text: impl Display) -> String {
        if self.colours { format!("{style}{text}{style:#}") } else { text.to_string() }
    }

    /// An id.
    pub(crate) fn id(self, text: impl Display) -> String {
        self.with(AnsiColor::Yellow.on_default(), text)
    }

    /// A key or name.
    pub(crate) fn name(self, text: &str) -> String {
        self.with(Style::new().bold(), escape(text))
    }

    /// What is new.
    pub(crate) fn added(self, text: impl Display) -> String {
        self.with(AnsiColor::Green.on_default(), text)
    }

    /// What is gone.
    pub(crate) fn removed(self, text: impl Display) -> String {
        self.with(AnsiColor::Red.on_default(), text)
    }

    /// What needs attention.
    pub(crate) fn warning(self, text: impl Display) -> String {
        self.with(AnsiColor::Magenta.on_default().bold(), text)
    }

    /// What was looked for.
    pub(crate) fn found(self, text: impl Display) -> String {
        self.with(AnsiColor::Red.on_default().bold(), text)
    }

    /// What stands aside.
    pub(crate) fn dim(self, text: impl Display) -> String {
        self.with(Style::new().dimmed(), text)
    }

    /// A whole text: as it is, or escaped where a terminal would obey or hide what it holds.
    pub(crate) fn text(self, text: &str) -> Cow<'_, str> {
        if self.terminal { escape_text(text) } else { text.into() }
    }
}

/// One line without anything that a terminal would obey or hide.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// The same, leaving line ends and tabs.
pub(crate) fn escape_text(text: &str) -> Cow<'_, str> {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

fn escaped(text: &str, allowed: impl Fn(char) -> bool) -> Cow<'_, str> {
    let hidden = |c: char| is_hiding(c) && !allowed(c);
    if !text.contains(hidden) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hidden(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out.into()
}

/// The first line that says something, escaped, at most `max` characters.
pub(crate) fn first_line(text: &str, max: usize) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let line = line.replace('\t', " ");
    let line = escape(&line);
    if line.chars().nth(max).is_none() {
        return line.into_owned();
    }
    let kept: String = line.chars().take(max.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// `1 memory`, `2 memories`: a count and its noun.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `text` as one word of a shell command.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:+@,~^=".contains(c);
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with('~') {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_or_hide_is_escaped() {
        assert_eq!(escape("a\u{1b}[31mb\u{202e}c\u{200b}"), r"a\u{1b}[31mb\u{202e}c\u{200b}");
        assert_eq!(escape("plain é 日本"), "plain é 日本");
        assert_eq!(escape("a\nb"), r"a\u{a}b");
        assert_eq!(escape_text("a\n\tb\r"), "a\n\tb\\u{d}");
    }

    #[test]
    fn a_first_line_is_short_and_says_something() {
        assert_eq!(first_line("\n  \n  hello there\nmore", 40), "hello there");
        assert_eq!(first_line("hello there", 6), "hello…");
        assert_eq!(first_line("", 6), "");
    }

    #[test]
    fn a_quoted_word_stays_one_word() {
        assert_eq!(quoted("facts/city"), "facts/city");
        assert_eq!(quoted("it's here"), r"'it'\''s here'");
        assert_eq!(quoted("main@{yesterday}"), "'main@{yesterday}'");
        assert_eq!(quoted(""), "''");
    }
}
