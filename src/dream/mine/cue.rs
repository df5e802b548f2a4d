//! Short texts that tell on themselves: broken runs, refused calls, cut output, unfilled placeholders.

use std::collections::BTreeSet;

use crate::dream::mine::failure::cut;

/// Whether a text is a harness note that the user broke off the run.
pub(super) fn is_break(text: &str) -> bool {
    let text = text.trim();
    text.len() < 120 && text.starts_with('[') && text.ends_with(']') && {
        let lower = text.to_lowercase();
        ["interrupt", "aborted", "cancelled", "canceled", "stopped by"]
            .iter()
            .any(|cue| lower.contains(cue))
    }
}

/// Whether the user refused the call. Of a call that did not fail, only the opening words count: the
/// rest may be anything.
pub(super) fn refused(result: &str, failed: bool) -> bool {
    let head = cut(result.trim_start(), if failed { 300 } else { 100 }).to_lowercase();
    if !failed && !["the user ", "user "].iter().any(|opening| head.starts_with(opening)) {
        return false;
    }
    let cues = [
        "doesn't want",
        "does not want",
        "rejected",
        "declined",
        "denied by",
        "refused",
        "cancelled by",
    ];
    head.contains("user") && cues.iter().any(|cue| head.contains(cue))
}

/// Whether a line speaks to the agent about a result that was cut or withheld.
pub(super) fn is_notice(line: &str) -> bool {
    let lower = line.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphabetic()).collect();
    let addresses = ["your", "you", "please", "output", "result", "response"];
    let cues = ["too long", "too large", "truncated", "exceeds", "exceeded", "elided", "try again"];
    words.len() > 4
        && words.len() < 50
        && addresses.iter().any(|word| words.contains(word))
        && cues.iter().any(|cue| lower.contains(cue))
}

/// Names in braces that were meant to be filled in, such as `{base_url}`.
pub(super) fn placeholders(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices('{') {
        let Some(end) = text[at..].find('}') else { break };
        let name = &text[at + 1..at + end];
        let fits = (3..=30).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        // `${name}` is for the shell to fill in.
        if fits && !text[..at].ends_with('$') {
            found.insert(format!("{{{name}}}"));
        }
    }
    found
}
