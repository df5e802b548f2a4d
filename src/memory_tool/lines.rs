//! Numbering the lines of a text, and editing it.

use crate::error::{Error, Result};

/// The most lines of a file that are numbered: as many as six digits count.
const LINES_MAX: usize = 999_999;
/// How many lines are shown before and after one that was edited.
const AROUND: usize = 2;
/// How many places are named where there is more than one.
const PLACES_MAX: usize = 20;

/// Lines with their numbers, the first of them being number `first`.
fn numbered<'a>(lines: impl Iterator<Item = &'a str>, first: usize) -> String {
    let lines = (first..).zip(lines).map(|(number, line)| format!("{number:>6}\t{line}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The lines of `text` from the first to the last of `range`, numbered. A text that ends with a
/// line end has an empty last line.
///
/// # Errors
/// `Limit` if there are more lines than six digits count.
pub(super) fn view(text: &str, range: Option<[i64; 2]>) -> Result<String> {
    let count = text.split('\n').count();
    if count > LINES_MAX {
        return Err(Error::limit(format!("it has {count} lines; {LINES_MAX} can be shown")));
    }
    let [first, last] = range.unwrap_or([1, -1]);
    let skipped = usize::try_from(first.max(1) - 1).unwrap_or(usize::MAX);
    // An end below -1 leaves off that many lines.
    let end = match usize::try_from(last) {
        Ok(end) => end.min(count),
        Err(_) if last == -1 => count,
        Err(_) => count.saturating_sub(usize::try_from(last.unsigned_abs()).unwrap_or(usize::MAX)),
    };
    let lines = text.split('\n').take(end).skip(skipped);
    Ok(numbered(lines, skipped.saturating_add(1)))
}

/// `text` with `new` in the place of its one `old`, and the lines around the change, numbered.
///
/// # Errors
/// `Invalid` if there is no such place, or more than one; then with their lines.
pub(super) fn replace(text: &str, old: &str, new: &str) -> Result<(String, String)> {
    let mut places = text.match_indices(old).map(|(at, _)| at);
    let Some(at) = places.next() else {
        return Err(Error::invalid(
            "nothing is replaced: old_str does not stand there; view the file and give it letter \
             by letter, line ends and blanks too",
        ));
    };
    if places.next().is_some() {
        let lines = places_of(text, old);
        return Err(Error::invalid(format!(
            "nothing is replaced: old_str stands there more than once, in lines: {lines}; give \
             more of the text around the one that is meant"
        )));
    }
    let edited = [&text[..at], new, &text[at + old.len()..]].concat();
    let line = text[..at].matches('\n').count();
    let first = line.saturating_sub(AROUND);
    let shown = edited.split('\n').take(line + AROUND + 1).skip(first);
    let snippet = numbered(shown, first + 1);
    Ok((edited, snippet))
}

/// The lines in which `old` begins, those that overlap too, as far as they are named.
fn places_of(text: &str, old: &str) -> String {
    let mut lines = Vec::new();
    let (mut start, mut line) = (0, 1);
    while let Some(found) = text.get(start..).and_then(|rest| rest.find(old)) {
        let at = start + found;
        line += text[start..at].matches('\n').count();
        if lines.len() == PLACES_MAX {
            lines.push("and more".to_owned());
            break;
        }
        lines.push(line.to_string());
        let Some(next) = text[at..].chars().next() else { break };
        line += usize::from(next == '\n');
        start = at + next.len_utf8();
    }
    lines.join(", ")
}

/// `text` with `inserted` as lines of its own after line number `after`; it ends with a line end.
///
/// # Errors
/// `Invalid` with the range, if there is no such line.
pub(super) fn insert(text: &str, after: i64, inserted: &str) -> Result<String> {
    let mut lines: Vec<&str> = text.split('\n').collect();
    if lines.last() == Some(&"") {
        lines.pop();
    }
    let at = usize::try_from(after).ok().filter(|at| *at <= lines.len());
    let Some(at) = at else {
        return Err(Error::invalid(format!(
            "nothing is inserted: insert_line is {after}; give a line from the range [0, {}]",
            lines.len()
        )));
    };
    lines.insert(at, inserted.trim_end_matches('\n'));
    let mut edited = lines.join("\n");
    if !edited.ends_with('\n') {
        edited.push('\n');
    }
    Ok(edited)
}
