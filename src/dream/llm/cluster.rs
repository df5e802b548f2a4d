//! Which sessions are read together: those of one project that use the same tools and speak of the
//! same things, as many as a question holds.

use std::collections::BTreeSet;

use crate::object::{Event, Session};

/// How many pairs of words stand for a session.
const PAIRS_KEPT: usize = 128;
/// How many words of a session are looked at.
const WORDS_MAX: usize = 20_000;
/// The most sessions of one question.
const SESSIONS_MAX: usize = 24;

/// What a session is like.
#[derive(Clone, Debug)]
pub(super) struct Sketch {
    project: Option<String>,
    tools: BTreeSet<String>,
    /// The least hashes of its word pairs: two sessions share as many of them as of all pairs.
    pairs: BTreeSet<u64>,
    bytes: usize,
}

impl Sketch {
    /// Looks at a session that takes `bytes` of a question.
    pub(super) fn of(session: &Session, events: &[Event], bytes: usize) -> Self {
        let tools = events.iter().filter_map(|event| event.call.as_ref());
        let mut pairs = BTreeSet::new();
        let mut left = WORDS_MAX;
        for event in events {
            let text = event.text().to_lowercase();
            let words: Vec<&str> = text
                .split(|c: char| !c.is_alphanumeric())
                .filter(|word| !word.is_empty())
                .take(left)
                .collect();
            left -= words.len();
            for pair in words.windows(2) {
                pairs.insert(hash(pair[0], pair[1]));
                if pairs.len() > PAIRS_KEPT {
                    pairs.pop_last();
                }
            }
        }
        Self {
            project: session.facts().project.clone(),
            tools: tools.map(|call| call.tool.clone()).collect(),
            pairs,
            bytes,
        }
    }

    /// How alike two sessions are, in thousandths.
    fn likeness(&self, other: &Self) -> usize {
        let project = if self.project == other.project { 300 } else { 0 };
        let pairs = shared(&self.pairs, &other.pairs, 400);
        project + shared(&self.tools, &other.tools, 300) + pairs
    }
}

fn hash(first: &str, second: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(first.as_bytes()).update(b" ").update(second.as_bytes());
    let bytes = hasher.finalize();
    u64::from_le_bytes(bytes.as_bytes()[..8].try_into().expect("BUG: a hash has 32 bytes"))
}

/// How much of two sets is in both, out of `whole`.
fn shared<T: Ord>(one: &BTreeSet<T>, other: &BTreeSet<T>, whole: usize) -> usize {
    let both = one.intersection(other).count();
    let all = one.len() + other.len() - both;
    (whole * both).checked_div(all).unwrap_or(whole)
}

/// Groups sessions, given in their order, into questions of at most `bytes_max`. Each group begins
/// with the first session that is left, and takes those most like it.
pub(super) fn group(sketches: &[Sketch], bytes_max: usize) -> Vec<Vec<usize>> {
    let mut left: Vec<usize> = (0..sketches.len()).collect();
    let mut groups = Vec::new();
    while !left.is_empty() {
        let first = left.remove(0);
        let mut near: Vec<(usize, usize)> = left
            .iter()
            .map(|index| (sketches[first].likeness(&sketches[*index]), *index))
            .collect();
        near.sort_by_key(|(likeness, index)| (std::cmp::Reverse(*likeness), *index));
        let (mut group, mut bytes) = (vec![first], sketches[first].bytes);
        for (_, index) in near {
            if group.len() < SESSIONS_MAX && bytes + sketches[index].bytes <= bytes_max {
                bytes += sketches[index].bytes;
                group.push(index);
            }
        }
        group.sort_unstable();
        left.retain(|index| group.binary_search(index).is_err());
        groups.push(group);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(project: &str, tool: &str, pairs: std::ops::Range<u64>, bytes: usize) -> Sketch {
        Sketch {
            project: Some(project.to_owned()),
            tools: BTreeSet::from([tool.to_owned()]),
            pairs: pairs.collect(),
            bytes,
        }
    }

    #[test]
    fn sessions_that_are_alike_are_read_together_and_each_once() {
        let sketches = [
            sketch("a", "Bash", 0..10, 40),
            sketch("b", "Edit", 50..60, 40),
            sketch("a", "Bash", 1..11, 40),
            sketch("b", "Edit", 51..61, 40),
            sketch("a", "Edit", 90..99, 40),
        ];
        assert_eq!(group(&sketches, 80), [vec![0, 2], vec![1, 3], vec![4]]);
        assert_eq!(group(&sketches, 1_000), [vec![0, 1, 2, 3, 4]]);
        assert_eq!(group(&sketches, 1).len(), 5, "a session that is too large is read alone");
    }
}
