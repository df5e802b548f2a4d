//! Whether a call failed, and which line of its result says why.

use std::borrow::Cow;

use crate::dream::mine::complaint;
use crate::dream::mine::shell::is_shell;
use crate::object::ToolCall;

/// How much of a long result is looked at, at each end, in bytes.
const LOOK_BYTES: usize = 16 << 10;
/// The longest line that is taken as a message, in bytes; a longer one is cut.
const LINE_BYTES_MAX: usize = 600;

/// Phrases that say outright what went wrong.
const PHRASES: [&str; 30] = [
    "not found",
    "no such",
    "does not exist",
    "doesn't exist",
    "denied",
    "timed out",
    "not enough",
    "cannot ",
    "can't ",
    "could not",
    "unable to",
    "invalid",
    "unknown",
    "undefined",
    "unexpected",
    "is not ",
    "not been",
    "has not",
    "no module",
    "missing",
    "refused",
    "rejected",
    "exceed",
    "must be",
    "already exists",
    "not available",
    "not allowed",
    "too long",
    "too large",
    "conflict",
];
/// Names under which wrappers give a command's exit code.
const CODES: [&str; 9] = [
    "returncode",
    "exit code",
    "exit_code",
    "exit status",
    "return code",
    "exitcode",
    "exited with code",
    "finished with code",
    "failed with code",
];

/// Cuts `text` to at most `bytes`, at a character boundary.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// `text` in one line of at most `bytes`, cut at a word where one is near, and the cut marked with dots.
pub(super) fn shorten(text: &str, bytes: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.len() <= bytes {
        return text;
    }
    let head = cut(&text, bytes.saturating_sub(3));
    let head = head.rfind(' ').filter(|at| at * 2 > head.len()).map_or(head, |at| &head[..at]);
    format!("{}...", head.trim_end_matches([' ', ',', ':', ';']))
}

/// The line that tells why a call failed; `None` if it says nothing. Whether it failed is asked of
/// [`failed`].
pub(super) fn failure_line(call: &ToolCall) -> Option<String> {
    let told = complaint::told(&call.result).map_or(Cow::Borrowed(&*call.result), Cow::Owned);
    let mut best: Option<(i32, &str)> = None;
    for line in lines(&told) {
        let score = score(line);
        // Of exceptions the last is the one that was raised; of other messages the first is the cause.
        let better = best.is_none_or(|(top, _)| score > top || score == top && score >= RAISED);
        if better {
            best = Some((score, line));
        }
    }
    best.map(|(_, line)| line.to_owned())
}

/// Whether the call failed: the harness says so, a wrapper gives a non-zero exit code, or the result
/// reads like an error. Of a harness that marks errors (`marks`), what it did not mark must say
/// outright that it is one.
pub(super) fn failed(call: &ToolCall, marks: bool) -> bool {
    let text = call.result.trim();
    let code = exit_code(cut(text, 300)).or_else(|| exit_code(last_line(text)));
    match code {
        Some(code) => code != 0 && body(&call.result).next().is_some(),
        None => {
            call.is_error
                || complaint::is_error(text)
                || !marks
                    && (is_harness(call) || complaint::is_complaint(text, is_shell(&call.tool)))
        }
    }
}

/// Whether the harness speaks: a name in brackets is its word for a turn that it turned down.
fn is_harness(call: &ToolCall) -> bool {
    call.tool.starts_with(['(', '[', '<']) && !call.result.trim().is_empty()
}

/// The last line, if it is short enough to be a wrapper's; else nothing.
fn last_line(text: &str) -> &str {
    text.lines().last().map(str::trim).filter(|line| line.len() <= 60).unwrap_or("")
}

/// The exit code that a wrapper wrote at the head of a text.
fn exit_code(text: &str) -> Option<u32> {
    let head = cut(text, 300).to_ascii_lowercase();
    let (at, name) = CODES.iter().filter_map(|name| Some((head.find(name)?, name))).min()?;
    if at > 40 {
        return None;
    }
    let rest = head[at + name.len()..].trim_start_matches(['"', ':', '=', '>', ' ', '-']);
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    rest[..digits.min(6)].parse().ok()
}

/// The lines of a result without its wrapper, from both ends of a long one.
fn lines(result: &str) -> impl Iterator<Item = &str> {
    let (head, tail) = if result.len() <= 2 * LOOK_BYTES {
        (result, "")
    } else {
        let tail = cut(result, result.len() - LOOK_BYTES).len();
        (cut(result, LOOK_BYTES), &result[tail..])
    };
    body(head).chain(body(tail)).map(|line| cut(line, LINE_BYTES_MAX))
}

/// The lines that are neither blank, nor bare tags, nor a wrapper's exit code.
pub(super) fn body(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| {
        let lower = cut(line, 40).to_ascii_lowercase();
        let wrapper = CODES.iter().any(|code| lower.contains(code)) && line.len() < 40;
        let tag = line.starts_with('<') && line.ends_with('>') && !line.contains(' ');
        !line.is_empty()
            && !wrapper
            && (!tag || line.contains("</"))
            && !line.chars().all(|c| c.is_ascii_punctuation())
    })
}

/// The score of a line that names a raised exception.
const RAISED: i32 = 8;

/// How likely a line is the one that says what went wrong.
fn score(line: &str) -> i32 {
    let lower = line.to_ascii_lowercase();
    let bare = lower.trim_start_matches(['<', '[']);
    let first = line.split([':', ' ']).next().unwrap_or("");
    let mut score = if is_exception(first) && line.len() > first.len() {
        RAISED
    } else if ["error:", "fatal:", "error "].iter().any(|cue| bare.starts_with(cue)) {
        6
    } else if PHRASES.iter().any(|phrase| lower.contains(phrase)) {
        5
    } else if lower.contains("error") || lower.contains("fail") {
        2
    } else {
        0
    };
    if lower.starts_with("file \"") || lower.starts_with("at ") || lower.starts_with("warning") {
        score -= 4;
    }
    score
}

/// Whether a word is an exception's name, such as `ValueError` or `java.io.IOException`.
pub(super) fn is_exception(word: &str) -> bool {
    let name = word.rsplit('.').next().unwrap_or(word);
    let (long, ends) = (name.len() > 7, name.ends_with("Error") || name.ends_with("Exception"));
    long && ends
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(result: &str, is_error: bool) -> ToolCall {
        ToolCall { tool: "t".into(), result: result.into(), is_error, ..ToolCall::default() }
    }

    #[test]
    fn errors_are_seen_without_the_harness_flag() {
        for bad in [
            "Error: no",
            "  ERROR something",
            "<rc>1</rc> exit code: 2\nboom",
            "{\"error\": 1}",
            "<returncode>2</returncode>\n<output>\nls: x: No such file\n</output>",
            "boom\nProcess exited with code 2",
            "<tool_use_error>Nothing there</tool_use_error>",
        ] {
            assert!(failed(&call(bad, false), true), "{bad}");
        }
        for good in [
            "",
            "ok",
            "errors: 0",
            "<returncode>0</returncode>\nError: shown on purpose",
            "exit code: 0",
            "Exit code 1",
        ] {
            assert!(!failed(&call(good, false), false), "{good}");
        }
    }

    #[test]
    fn a_turn_that_the_harness_turns_down_failed_unless_it_marks_what_fails() {
        let turn = ToolCall { tool: "(form)".into(), ..call("One action, please.", false) };
        assert!(failed(&turn, false) && !failed(&turn, true));
    }

    #[test]
    fn the_raised_exception_wins_over_the_traceback() {
        let text = "Traceback (most recent call last):\n  File \"a.py\", line 1\nValueError: first\n\
                    During handling:\nKeyError: 'second'\nbye";
        assert_eq!(failure_line(&call(text, false)), Some("KeyError: 'second'".to_owned()));
    }

    #[test]
    fn cutting_keeps_characters_whole() {
        assert_eq!(cut("\u{e4}\u{e4}\u{e4}", 3), "\u{e4}");
        assert_eq!(shorten("one two three four", 15), "one two...");
        let giant = "\u{1f600}".repeat(50_000);
        assert!(failure_line(&call(&giant, true)).is_some_and(|line| line.len() <= LINE_BYTES_MAX));
    }
}
