//! The proposals of a dream, one line each, in what a terminal is wide.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use undream::{Danger, Effect, Key, Proposal};

use super::call::Eye;
use super::exit::Outcome;
use super::held::Held;
use super::page::Page;
use super::paint::first_line;
use super::proposal::{decided, overtaken};

/// What the columns beside key and text take.
const COUNTS_CHARS: usize = 37;
/// The fewest and the most characters of a key that are shown.
const KEY_CHARS: (usize, usize) = (16, 48);
/// So many proposals must share a danger, at least, before it is said of all of them once.
const USUAL_MIN: usize = 3;

/// What is said of most proposals of a dream, and so tells none from another.
pub(crate) struct Usual {
    counts: BTreeMap<Danger, usize>,
    all: usize,
}

impl Usual {
    pub(crate) fn of(proposals: &[Proposal]) -> Self {
        let mut counts: BTreeMap<Danger, usize> = BTreeMap::new();
        for danger in proposals.iter().flat_map(Proposal::dangers) {
            *counts.entry(*danger).or_default() += 1;
        }
        let all = proposals.len();
        let weak = [Danger::Untrusted, Danger::FewSessions, Danger::OneUser];
        counts.retain(|danger, count| {
            weak.contains(danger) && *count >= USUAL_MIN && *count * 2 > all
        });
        Self { counts, all }
    }

    /// Why to look twice at one proposal rather than at the others; `None` if nothing speaks for it.
    pub(crate) fn dangers(&self, proposal: &Proposal) -> Option<String> {
        let own = proposal.dangers().iter().filter(|danger| !self.counts.contains_key(danger));
        let words: Vec<_> = own.map(|danger| danger.words()).collect();
        if words.is_empty() { None } else { Some(words.join(", ")) }
    }

    /// Says once what is said of most.
    pub(crate) fn write(&self, page: &mut Page, eye: &Eye) -> Outcome {
        if self.counts.is_empty() {
            return Ok(());
        }
        let told = self.counts.iter().map(|(danger, count)| {
            let among = if *count == self.all {
                "all".to_owned()
            } else {
                format!("{count} of {}", self.all)
            };
            format!("{} ({among})", danger.words())
        });
        let told = told.collect::<Vec<_>>().join(", ");
        writeln!(page, "  most are  {}", eye.paint.warning(told))?;
        Ok(())
    }
}

/// The proposals in groups by what they do to memory, in the order in which they are given.
pub(crate) struct Lineup<'a> {
    pub(crate) eye: &'a Eye,
    pub(crate) held: &'a Held,
    pub(crate) usual: &'a Usual,
}

impl Lineup<'_> {
    pub(crate) fn write(&self, page: &mut Page, proposals: &[Proposal]) -> Outcome {
        for effect in [Effect::Adds, Effect::Changes, Effect::Removes] {
            let group: Vec<_> = proposals.iter().filter(|found| found.effect() == effect).collect();
            if !group.is_empty() {
                self.write_group(page, effect, &group)?;
            }
        }
        Ok(())
    }

    fn write_group(&self, page: &mut Page, effect: Effect, group: &[&Proposal]) -> Outcome {
        let longest = group.iter().map(|found| key(found).chars().count()).max().unwrap_or(0);
        let room = (self.eye.width - COUNTS_CHARS) / 2;
        let key_chars = longest.clamp(KEY_CHARS.0, KEY_CHARS.1.min(room));
        let text_chars = self.eye.width - COUNTS_CHARS - key_chars;
        writeln!(page)?;
        writeln!(page, "{}", self.eye.paint.dim(heading(effect, group)))?;
        let heads = format!("{:>3} {:<key_chars$}  sess users agents sure  trust", "", "");
        writeln!(page, "{}", self.eye.paint.dim(heads))?;
        for found in group {
            self.write_line(page, found, key_chars, text_chars)?;
        }
        Ok(())
    }

    fn write_line(
        &self,
        page: &mut Page,
        proposal: &Proposal,
        key_chars: usize,
        text_chars: usize,
    ) -> Outcome {
        let (paint, sources) = (self.eye.paint, proposal.sources());
        let users = if sources.users == 0 { "-".to_owned() } else { sources.users.to_string() };
        let fate = proposal.choice().map(|choice| decided(self.eye, choice, text_chars));
        let fate = fate.or_else(|| Some(paint.dim(overtaken(proposal.overtaken()?))));
        let said = proposal.text().unwrap_or_else(|| proposal.title());
        let line = format!(
            "{} {}  {:>4} {users:>5} {:>6} {:>3}%  {:<5}  {}",
            paint.id(format!("{:>3}", proposal.number())),
            paint.name(&format!("{:<key_chars$}", in_short(key(proposal), key_chars))),
            sources.sessions,
            sources.agents,
            proposal.confidence() / 10,
            proposal.trust().name(),
            fate.unwrap_or_else(|| first_line(said, text_chars)),
        );
        writeln!(page, "{}", line.trim_end())?;
        let mut remarks: Vec<String> = Vec::new();
        if !self.held.reasons(proposal).is_empty() {
            remarks.push(paint.removed("held"));
        }
        let dangers = self.usual.dangers(proposal).filter(|_| proposal.is_open());
        remarks.extend(dangers.map(|dangers| paint.warning(dangers)));
        if !remarks.is_empty() {
            writeln!(page, "      {}", remarks.join("; "))?;
        }
        Ok(())
    }
}

fn key(proposal: &Proposal) -> &str {
    proposal.key().map_or("", Key::as_str)
}

/// `adds (12): 7 mistake, 5 workflow`.
fn heading(effect: Effect, group: &[&Proposal]) -> String {
    let kinds: BTreeSet<&str> = group.iter().map(|found| found.kind().name()).collect();
    let count = |kind: &str| group.iter().filter(|found| found.kind().name() == kind).count();
    let mut counts: Vec<(usize, &str)> =
        kinds.into_iter().map(|kind| (count(kind), kind)).collect();
    counts.sort_by_key(|(count, kind)| (std::cmp::Reverse(*count), *kind));
    let counts: Vec<_> = counts.iter().map(|(count, kind)| format!("{count} {kind}")).collect();
    format!("{} ({}): {}", effect.name(), group.len(), counts.join(", "))
}

/// A key without its middle, if it is longer than `most` characters: its end tells it from others.
fn in_short(key: &str, most: usize) -> String {
    let count = key.chars().count();
    if count <= most {
        return key.to_owned();
    }
    let kept = most.saturating_sub(1);
    let (head, tail) = (kept / 3, kept - kept / 3);
    let head: String = key.chars().take(head).collect();
    let tail: String = key.chars().skip(count - tail).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_key_keeps_its_end() {
        assert_eq!(in_short("workflows/sequences/edit-then-read", 16), "workf…-then-read");
        assert_eq!(in_short("a/b", 3), "a/b");
    }
}
