//! What is told more than once: duplicates folded into one, and what several agents hold each for
//! themselves held once for all.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::dream::curator::SuggestedChange;
use crate::dream::mine::memory::held::{Held, Plan};
use crate::dream::mine::memory::near;
use crate::object::{Key, ProposalKind};

/// A sentence whose words another text holds to this share says nothing new, per mille.
const TOLD: usize = 700;
/// The most texts that one plan folds.
const FOLDED_MAX: usize = 24;

/// Plans that fold what is told more than once.
pub(in crate::dream::mine) fn fold(memories: &[Held]) -> Vec<Plan> {
    let texts: Vec<&str> = memories.iter().map(|held| held.entry.text.as_str()).collect();
    let groups = near::groups(&texts, near::SAME);
    let taken: BTreeSet<&str> = memories.iter().map(|held| held.key.as_str()).collect();
    let plan = |group: &Vec<usize>| {
        let group: Vec<&Held> = group.iter().take(FOLDED_MAX).map(|at| &memories[*at]).collect();
        plan(group, &taken)
    };
    groups.iter().filter_map(plan).collect()
}

/// The plan for memories that say the same. The most trusted stays, of these the fullest.
fn plan(mut group: Vec<&Held>, taken: &BTreeSet<&str>) -> Option<Plan> {
    group.sort_by_key(|held| {
        let (trust, person) = (Reverse(held.trust), !held.is_by_person());
        (trust, person, Reverse(held.entry.text.len()), held.key.clone())
    });
    let (kept, others) = group.split_first()?;
    let agents: BTreeSet<&str> = group.iter().filter_map(|held| held.agent()).collect();
    let promoted = agents.len() > 1;
    let likeness = |held: &&Held| {
        let (a, b) = (&kept.entry.text, &held.entry.text);
        near::Shingles::of(a).likeness(&near::Shingles::of(b))
    };
    let least = others.iter().map(likeness).min()?;
    let mut changes = Vec::new();
    let mut target = kept.key.clone();
    if let Some((_, rest)) = kept.in_agent_folder().filter(|_| promoted) {
        let shared = format!("shared/{rest}");
        if taken.contains(shared.as_str()) {
            return None;
        }
        target = Key::new(shared).ok()?;
        changes.push(SuggestedChange::Rename(kept.key.clone(), target.clone()));
    }
    changes.extend(others.iter().map(|held| SuggestedChange::Remove(held.key.clone())));
    let added = added(&kept.entry.text, others);
    if !added.is_empty() {
        let mut entry = kept.entry.clone();
        entry.text = format!("{} {}", entry.text.trim_end(), added.join(" "));
        changes.push(SuggestedChange::Put(target.clone(), entry));
    }
    let keys: Vec<String> = others.iter().map(|held| format!("`{}`", held.key)).collect();
    let alike = least / 10;
    let (kind, title, rationale) = if promoted {
        let agents = agents.into_iter().collect::<Vec<_>>().join(", ");
        let told = format!("The agents {agents} hold the same ({alike}% alike or more).");
        (ProposalKind::Promotion, format!("{target} for all agents"), told)
    } else {
        let told = format!("They say the same ({alike}% alike or more).");
        (ProposalKind::Duplicate, format!("{target} is told {} times", group.len()), told)
    };
    Some(Plan {
        kind,
        title,
        changes,
        rationale: format!(
            "{rationale} `{}` stays; folded into it: {}.",
            kept.key,
            keys.join(", ")
        ),
        confidence: (400 + least / 2) as u16,
        inputs: group.iter().map(|held| held.record).collect(),
    })
}

/// The sentences of `others` that `text` does not tell, each once.
fn added(text: &str, others: &[&Held]) -> Vec<String> {
    let mut known: BTreeSet<String> = near::words(text).into_iter().collect();
    let mut added = Vec::new();
    for held in others {
        for sentence in held.entry.text.split_inclusive(['.', '\n']).map(str::trim) {
            let words: BTreeSet<String> = near::words(sentence).into_iter().collect();
            let told = words.intersection(&known).count();
            if !words.is_empty() && told * 1000 < words.len() * TOLD {
                added.push(sentence.to_owned());
                known.extend(words);
            }
        }
    }
    added
}
