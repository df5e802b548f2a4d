//! How one names a commit.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::object::RefName;

/// What resolves to a commit: an id or a prefix of 8 digits or more, a branch, a tag, `dreams/7`,
/// `main@{yesterday}` (what this database's log says `main` was then), `main@{authored 2026-03-01}`
/// (the newest first-parent commit by author time), each followed by any number of `~N` (N first
/// parents back) and `^N` (the N-th parent).
///
/// ```
/// use undream::Revision;
///
/// let revision: Revision = "main@{last tuesday}~2".parse()?;
/// assert_eq!(revision.to_string(), "main@{last tuesday}~2");
/// # Ok::<(), undream::Error>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Revision {
    pub(crate) anchor: Anchor,
    pub(crate) steps: Vec<Step>,
}

/// Where a revision starts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Anchor {
    /// A ref, or else an abbreviated id.
    Name(String),
    /// Where a ref pointed at a time.
    At(RefName, String),
    /// The newest first-parent commit of a ref by author time.
    Authored(RefName, String),
}

/// A step from a commit to one before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// This many first parents back.
    Back(u32),
    /// The parent with this number, from 1.
    Parent(u32),
}

impl FromStr for Revision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why: &str| Error::invalid(format!("`{text}` is no revision: {why}"));
        let (head, mut rest) = match text.find("@{") {
            Some(at) => {
                let close = text[at..].find('}').ok_or_else(|| wrong("`}` is missing"))?;
                text.split_at(at + close + 1)
            }
            None => text.split_at(text.find(['~', '^']).unwrap_or(text.len())),
        };
        let anchor = match head.split_once("@{") {
            None if head.is_empty() => return Err(wrong("it names nothing")),
            None => Anchor::Name(head.to_owned()),
            Some((name, when)) => {
                let name = RefName::new(name)?;
                let when = when.trim_end_matches('}').trim();
                match when.strip_prefix("authored ") {
                    Some(when) => Anchor::Authored(name, when.trim().to_owned()),
                    None => Anchor::At(name, when.to_owned()),
                }
            }
        };
        let mut steps = Vec::new();
        while let Some(sign) = rest.chars().next() {
            rest = &rest[sign.len_utf8()..];
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let count = match &rest[..digits] {
                "" => 1,
                number => number.parse().map_err(|_| wrong("a number is too large"))?,
            };
            rest = &rest[digits..];
            steps.push(match sign {
                '~' => Step::Back(count),
                '^' => Step::Parent(count),
                _ => return Err(wrong("after the name, only ~N and ^N may follow")),
            });
        }
        Ok(Self { anchor, steps })
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.anchor {
            Anchor::Name(name) => f.write_str(name)?,
            Anchor::At(name, when) => write!(f, "{name}@{{{when}}}")?,
            Anchor::Authored(name, when) => write!(f, "{name}@{{authored {when}}}")?,
        }
        self.steps.iter().try_for_each(|step| match step {
            Step::Back(count) => write!(f, "~{count}"),
            Step::Parent(number) => write!(f, "^{number}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_parse_into_an_anchor_and_steps() {
        let parsed: Revision = "dreams/7~2^2~".parse().unwrap();
        assert_eq!(parsed.anchor, Anchor::Name("dreams/7".to_owned()));
        assert_eq!(parsed.steps, [Step::Back(2), Step::Parent(2), Step::Back(1)]);
        let parsed: Revision = "main@{authored 2026-03-01}^0".parse().unwrap();
        assert!(matches!(parsed.anchor, Anchor::Authored(_, when) if when == "2026-03-01"));
    }

    #[test]
    fn malformed_revisions_are_refused() {
        for bad in ["", "~1", "main@{yesterday", "main~x", "main~99999999999", "@{now}", "main~1é"]
        {
            assert!(bad.parse::<Revision>().is_err(), "{bad:?}");
        }
    }
}
