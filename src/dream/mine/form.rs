//! What two error messages have in common: the words that stay when numbers, paths, quotes and ids
//! are taken out, in the manner of Drain (He et al., 2017), but with groups that do not depend on
//! the order of reading.

use crate::dream::mine::failure::{is_exception, shorten};

/// The most words of a form.
const WORDS_MAX: usize = 9;
/// The longest message that is shown, in bytes.
const SHOWN_BYTES: usize = 130;

/// The forms under which one message is counted: from the whole to its most general part.
pub(super) struct Forms {
    /// Each a few plain words, lower case, joined by spaces; all different.
    pub(super) names: Vec<String>,
    /// The message with placeholders, to be shown.
    pub(super) shown: String,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    Word(String),
    Exception(String),
    /// Something that varies; with its text where that is one short word.
    Hole(Option<String>),
    Break,
}

/// The forms of `line`; no names if too little of it is plain words.
pub(super) fn forms(line: &str) -> Forms {
    let clean = strip(line);
    let parts = parts(&clean);
    let segments: Vec<&[Part]> = parts.split(|part| *part == Part::Break).collect();
    let mut names = Vec::new();
    let telling: Vec<&[Part]> =
        segments.iter().copied().filter(|segment| words(segment, false).len() > 1).collect();
    keep(&mut names, telling.iter().flat_map(|segment| words(segment, true)).collect(), 3);
    keep(&mut names, telling.iter().flat_map(|segment| words(segment, false)).collect(), 2);
    if let Some(tail) = telling.last() {
        keep(&mut names, words(tail, true), 3);
        keep(&mut names, words(tail, false), 3);
    }
    for part in &parts {
        if let Part::Exception(name) = part {
            keep(&mut names, vec![name.to_lowercase()], 1);
        }
    }
    if names.is_empty() {
        keep(&mut names, segments.iter().flat_map(|segment| words(segment, false)).collect(), 2);
    }
    Forms { names, shown: shown(&clean) }
}

/// Adds the form that `words` make, if it is new and says enough.
fn keep(names: &mut Vec<String>, words: Vec<String>, least: usize) {
    let name = words.into_iter().take(WORDS_MAX).collect::<Vec<_>>().join(" ");
    if name.split(' ').count() >= least && name.len() > 3 && !names.contains(&name) {
        names.push(name);
    }
}

/// The plain words of a segment, with the short ones in holes if `filled`.
fn words(segment: &[Part], filled: bool) -> Vec<String> {
    let word = |part: &Part| match part {
        Part::Word(word) => Some(word.clone()),
        Part::Exception(word) => Some(word.to_lowercase()),
        Part::Hole(Some(word)) if filled => Some(word.clone()),
        Part::Hole(_) | Part::Break => None,
    };
    segment.iter().filter_map(word).collect()
}

/// Takes out terminal escapes and markup tags.
fn strip(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['<', '\u{1b}']) {
        clean.push_str(&rest[..at]);
        let (mark, end) = (&rest[at..], rest[at..].find(['>', 'm']));
        let inner = end.map_or("", |end| &mark[1..end]);
        let is_tag = mark.starts_with('<')
            && mark[1..].find('>').is_some_and(|end| {
                let name = mark[1..=end].trim_start_matches('/');
                !name.is_empty()
                    && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
            });
        let is_escape = mark.starts_with('\u{1b}') && inner.len() < 12;
        if is_tag {
            clean.push(' ');
            rest = &mark[mark.find('>').map_or(1, |end| end + 1)..];
        } else if is_escape && end.is_some() {
            rest = &mark[end.map_or(1, |end| end + 1)..];
        } else {
            clean.push(if mark.starts_with('<') { '<' } else { ' ' });
            rest = &mark[1..];
        }
    }
    clean.push_str(rest);
    clean
}

/// Splits a message into plain words and holes, with a break after each colon, comma or stop.
fn parts(line: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return parts };
        if "'\"`".contains(first)
            && let Some(end) = rest[1..].find(first)
        {
            parts.push(hole(&rest[1..=end]));
            rest = &rest[end + 2..];
            if rest.starts_with([':', ';']) {
                parts.push(Part::Break);
            }
            continue;
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        token(&rest[..end], &mut parts);
        rest = &rest[end..];
    }
}

fn token(token: &str, parts: &mut Vec<Part>) {
    let ends = token.ends_with([':', ';', '.', ',']);
    let word =
        token.trim_matches(|c: char| !c.is_alphanumeric() && c != '/' && c != '{' && c != '}');
    let plain = word.replace(['\'', '\u{2019}'], "");
    if is_exception(word) {
        parts.push(Part::Exception(word.rsplit('.').next().unwrap_or(word).to_owned()));
    } else if !plain.is_empty()
        && plain.chars().all(|c| c.is_alphabetic() || c == '-')
        && !inner_capital(&plain)
    {
        let lower = plain.to_lowercase();
        // Single letters are marks of progress and of lists.
        let mark = lower.chars().count() == 1 && lower != "a";
        if !mark && !["error", "fatal", "warning"].contains(&lower.as_str()) {
            parts.push(Part::Word(lower));
        }
    } else if !word.is_empty() {
        parts.push(hole(word));
    }
    if ends {
        parts.push(Part::Break);
    }
}

fn hole(text: &str) -> Part {
    let short = (2..=30).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphabetic() || "._-".contains(c))
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.contains('.');
    Part::Hole(short.then(|| text.to_lowercase()))
}

/// Whether a word has a capital after a small letter, as names in programs have.
fn inner_capital(word: &str) -> bool {
    let mut chars = word.chars().zip(word.chars().skip(1));
    chars.any(|(a, b)| a.is_lowercase() && b.is_uppercase())
}

/// The message as it is shown: numbers, paths and long quotes replaced.
fn shown(line: &str) -> String {
    let words: Vec<String> = line.split_whitespace().map(mask).collect();
    shorten(&words.join(" "), SHOWN_BYTES)
}

fn mask(word: &str) -> String {
    let core = word.trim_matches(|c: char| "'\"`()[],.:;".contains(c));
    let digits = core.chars().filter(char::is_ascii_digit).count();
    let letters = core.chars().filter(char::is_ascii_alphabetic).count();
    let masked = if core.is_empty() {
        return word.to_owned();
    } else if core.contains('{') {
        // What is not filled in is the point; the numbers beside it are not.
        return without_numbers(word);
    } else if core.matches('/').count() > 1 || core.contains('\\') {
        "<path>"
    } else if digits == core.len() || digits > 0 && core.parse::<f64>().is_ok() {
        "<n>"
    } else if digits > 0 && digits * 3 > letters {
        "<id>"
    } else {
        return word.to_owned();
    };
    word.replacen(core, masked, 1)
}

/// A word with its long numbers taken out.
fn without_numbers(word: &str) -> String {
    let mut rest = word;
    let mut kept = String::new();
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let end = rest[at..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |end| at + end);
        kept.push_str(&rest[..at]);
        kept.push_str(if end - at > 2 { "<n>" } else { &rest[at..end] });
        rest = &rest[end..];
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Vec<String> {
        forms(line).names
    }

    #[test]
    fn what_varies_does_not_split_a_group() {
        let one = names("Error: seat 12A on train ICE592 is taken, choose another");
        assert_eq!(one, names("Error: seat 3 on train RE7 is taken, choose another"));
        assert_eq!(one[0], "seat on train is taken choose another");
    }

    #[test]
    fn a_short_quoted_word_makes_a_narrower_form_too() {
        let forms = names("ModuleNotFoundError: No module named 'yaml'");
        assert!(forms.contains(&"no module named yaml".to_owned()), "{forms:?}");
        assert!(forms.contains(&"no module named".to_owned()), "{forms:?}");
        assert!(forms.contains(&"modulenotfounderror".to_owned()), "{forms:?}");
    }

    #[test]
    fn the_last_part_is_shared_by_different_programs() {
        let tail = "no such file or directory".to_owned();
        assert!(names("ls: cannot access '/a/b': No such file or directory").contains(&tail));
        assert!(names("sed: can't read x.c: No such file or directory").contains(&tail));
    }

    #[test]
    fn odd_lines_do_no_harm() {
        for odd in [
            "",
            "'",
            "<",
            "<>",
            "\u{1b}[31m",
            "\u{1b}",
            "'\u{e9}",
            "a:\u{2019}:",
            "<x",
            "\u{4f60}\u{597d} <b>",
        ] {
            let _ignored = names(odd);
        }
        assert_eq!(forms("<tag>Wait for /a/b/c 17</tag>").shown, "Wait for <path> <n>");
    }
}
