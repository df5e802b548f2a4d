//! What memory says already: a finding that it holds is strengthened or corrected, never repeated; a
//! memory that tells of a habit given up is told so.

use std::collections::{BTreeMap, BTreeSet};

use crate::dream::mine::Finding;
use crate::dream::mine::memory::held::Held;
use crate::dream::mine::memory::near::{Shingles, words};
use crate::object::Entry;

/// The attribute that says how many sessions a memory rests on.
pub(in crate::dream::mine) const SESSIONS: &str = "sessions";
/// Sessions must have grown to this share of what they were for a memory to be strengthened, per
/// mille.
const GROWN: u32 = 1250;
/// The least likeness of two statements that are one, per mille.
const SAME: usize = 600;
/// A memory with this share of a finding's words says it already, per mille.
const SAID: usize = 850;
/// The fewest words of a statement that can be looked for in other memories.
const WORDS_MIN: usize = 5;
/// The most memories that are told of one change.
const OUTDATED_MAX: usize = 5;

/// What becomes of a finding.
#[derive(Debug)]
pub(in crate::dream::mine) enum Fate {
    /// Memory does not say it.
    New,
    /// Memory says it, and that is enough.
    Known,
    /// Memory says it; its sessions have grown.
    Strengthen(Box<Held>),
    /// Memory says something else in its place.
    Correct(Box<Held>),
}

/// All that memory says.
pub(in crate::dream::mine) struct Known<'a> {
    by_key: BTreeMap<&'a str, &'a Held>,
    /// Which memories hold a word.
    by_word: BTreeMap<String, Vec<usize>>,
    memories: &'a [Held],
}

impl<'a> Known<'a> {
    pub(in crate::dream::mine) fn of(memories: &'a [Held]) -> Self {
        let by_key = memories.iter().map(|held| (held.key.as_str(), held)).collect();
        let mut by_word: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, held) in memories.iter().enumerate() {
            for word in words(&held.entry.text).into_iter().collect::<BTreeSet<_>>() {
                by_word.entry(word).or_default().push(at);
            }
        }
        Self { by_key, by_word, memories }
    }

    /// What becomes of `finding`. What a person wrote is left as it is.
    pub(in crate::dream::mine) fn fate(&self, finding: &Finding) -> Fate {
        let sessions = finding.sources.sessions;
        if let Some(held) = self.by_key.get(finding.key.as_str()) {
            let before = rests_on(&held.entry);
            let statements = (statement(&held.entry.text), statement(&finding.text));
            let same = Shingles::of(&statements.0).likeness(&Shingles::of(&statements.1)) >= SAME;
            return match before {
                _ if held.is_by_person() => Fate::Known,
                Some(before) if sessions * 1000 >= before * GROWN => {
                    if same {
                        Fate::Strengthen(Box::new((*held).clone()))
                    } else {
                        Fate::Correct(Box::new((*held).clone()))
                    }
                }
                Some(before) if same || sessions < before => Fate::Known,
                None if same => Fate::Known,
                _ => Fate::Correct(Box::new((*held).clone())),
            };
        }
        if self.says(&statement(&finding.text)) { Fate::Known } else { Fate::New }
    }

    /// Whether some memory holds nearly all words of a statement.
    fn says(&self, statement: &str) -> bool {
        let wanted: BTreeSet<String> =
            words(statement).into_iter().filter(|word| word.len() > 2).collect();
        if wanted.len() < WORDS_MIN {
            return false;
        }
        let mut held: BTreeMap<usize, usize> = BTreeMap::new();
        for memory in wanted.iter().filter_map(|word| self.by_word.get(word)).flatten() {
            *held.entry(*memory).or_default() += 1;
        }
        held.iter().any(|(at, count)| {
            // A text of many subjects holds many words without saying this.
            let short = self.memories[*at].entry.text.len() <= statement.len() * 6;
            short && count * 1000 >= wanted.len() * SAID
        })
    }
}

/// The entry of a finding, with what it rests on.
pub(in crate::dream::mine) fn rests_on(entry: &Entry) -> Option<u32> {
    entry.attributes.get(SESSIONS)?.parse().ok()
}

/// A text without its counts and figures: what it says rather than how often that was seen.
fn statement(text: &str) -> String {
    let ends = [" Seen in ", " Said in ", " Success: ", " Whether it helps "];
    let end = ends.iter().filter_map(|mark| text.find(mark)).min().unwrap_or(text.len());
    text[..end].chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// The memories that tell of `name`, a habit that was given up, with the text that says so.
pub(in crate::dream::mine) fn outdated(
    memories: &[Held],
    name: &str,
    change: &str,
) -> Vec<(Held, Entry)> {
    let tells = |held: &&Held| {
        let text = &held.entry.text;
        let named = text.contains(&format!("`{name}`"))
            || name.len() > 3
                && words(text)
                    .windows(name.split(' ').count())
                    .any(|run| run.join(" ") == name.to_lowercase());
        // The miner's own account of the change is no memory of the habit.
        let drift = held.key.as_str().starts_with("drift/");
        named && !drift && !text.contains("Superseded: ")
    };
    let told = |held: &Held| {
        let mut entry = held.entry.clone();
        entry.text = format!("{}\n\nSuperseded: {change}", entry.text.trim_end());
        (held.clone(), entry)
    };
    memories.iter().filter(tells).take(OUTDATED_MAX).map(told).collect()
}
