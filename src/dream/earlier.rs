//! What earlier dreams of a branch proposed, by the keys it touches: what a new suggestion meets.

use std::collections::{BTreeMap, BTreeSet};

use crate::dream::curator::{SuggestedChange, Suggestion};
use crate::dream::dream::Dream;
use crate::dream::manifest::{Choice, Manifest, Part, load, meta, numbers, part_key};
use crate::dream::overtaken::Successors;
use crate::dream::proposal::touched_by;
use crate::dream::sources::CitedSessions;
use crate::engine::{Store, Transaction};
use crate::error::Result;
use crate::object::{Cause, Key, ProposalPart, Verb};
use crate::storage::RecordId;

/// A proposal that was turned down before: the sessions and the records it rested on then.
#[derive(Default)]
struct TurnedDown {
    dream: u64,
    sessions: BTreeSet<String>,
    inputs: BTreeSet<RecordId>,
}

/// What was proposed at some keys.
#[derive(Default)]
struct Proposed {
    turned_down: Option<TurnedDown>,
    /// The dream in which it is approved and not merged yet.
    approved: Option<u64>,
    /// The proposals on which nobody has decided.
    open: Vec<(u64, u32)>,
}

/// What becomes of a suggestion in the light of what was proposed before.
pub(super) enum Reception {
    /// It is made, with this said beside its reason.
    Made(Option<String>),
    /// It is not made, because of this.
    Dropped(String),
}

/// What earlier dreams of a branch proposed.
pub(super) struct Earlier {
    at: BTreeMap<BTreeSet<Key>, Proposed>,
    dreams: Vec<u64>,
}

impl Earlier {
    /// Reads the dreams of `branch` before the one numbered `before`.
    pub(super) fn read(store: &Store, branch: &str, before: u64) -> Result<Self> {
        let mut earlier = Self { at: BTreeMap::new(), dreams: Vec::new() };
        for number in numbers(&meta(store).snapshot()?)? {
            let dream = Dream::new(store.clone(), number);
            if number < before && dream.is_of(branch)? {
                earlier.add(&dream)?;
                earlier.dreams.push(number);
            }
        }
        Ok(earlier)
    }

    fn add(&mut self, dream: &Dream) -> Result<()> {
        let (store, number) = (dream.store(), dream.number());
        let meta = meta(store).snapshot()?;
        let Some(manifest) = load::<Manifest>(&meta, number, Part::Manifest)? else {
            return Ok(());
        };
        let choices = dream.choices()?;
        let successors: Successors = load(&meta, number, Part::Successors)?.unwrap_or_default();
        // What a newer dream covers as a whole waits for nobody.
        let waits = !manifest.is_covered(&choices)
            && choices.len() + successors.len() < manifest.proposals as usize;
        if !waits && choices.values().all(|choice| choice.merged && !choice.reverted) {
            return Ok(());
        }
        for commit in dream.commits()? {
            let Cause::Proposal(part) = commit.cause() else { continue };
            let choice = choices.get(&part.number);
            let open = waits && choice.is_none() && !successors.contains_key(&part.number);
            if !open && choice.is_none_or(|choice| choice.merged && !choice.reverted) {
                continue;
            }
            let proposed = self.at.entry(touched_by(&store.changes(commit.id())?)).or_default();
            match choice {
                None => proposed.open.push((number, part.number)),
                Some(choice) if is_refused(choice) => proposed.turn_down(store, number, part)?,
                Some(_) => proposed.approved = Some(number),
            }
        }
        Ok(())
    }

    /// What becomes of a suggestion.
    pub(super) fn receive(&self, suggestion: &Suggestion) -> Reception {
        let Some(proposed) = self.at.get(&touched(suggestion)) else {
            return Reception::Made(None);
        };
        if let Some(dream) = proposed.approved {
            return Reception::Dropped(format!("approved in dream {dream}, not merged yet"));
        }
        match &proposed.turned_down {
            Some(before) => before.receive(suggestion),
            None => Reception::Made(None),
        }
    }

    /// The dream in which something is approved, and not merged yet, that touches one of these keys.
    pub(super) fn approved_at(&self, keys: &BTreeSet<Key>) -> Option<u64> {
        let meets = self.at.iter().filter(|(touched, _)| !touched.is_disjoint(keys));
        meets.filter_map(|(_, proposed)| proposed.approved).max()
    }

    /// Lands what `transaction` writes to `meta` only if nobody decides on these dreams meanwhile.
    pub(super) fn rely_on_decisions(&self, transaction: &mut Transaction) {
        for number in &self.dreams {
            transaction.require_unchanged(part_key(*number, Part::Decisions));
        }
    }

    /// The open proposals whose place a suggestion takes that is made; each is given away once.
    pub(super) fn take_open(&mut self, suggestion: &Suggestion) -> Vec<(u64, u32)> {
        let proposed = self.at.get_mut(&touched(suggestion));
        proposed.map(|proposed| std::mem::take(&mut proposed.open)).unwrap_or_default()
    }
}

impl Proposed {
    fn turn_down(&mut self, store: &Store, dream: u64, part: &ProposalPart) -> Result<()> {
        let mut cited = CitedSessions::default();
        cited.read(store, &part.evidence)?;
        let sessions = cited.of(&part.evidence).into_iter().map(|session| session.id().to_owned());
        let before = self.turned_down.get_or_insert_default();
        before.dream = dream;
        before.sessions.extend(sessions);
        before.inputs.extend(&part.inputs);
        Ok(())
    }
}

impl TurnedDown {
    /// A suggestion that was turned down is not made again; where its evidence grew, it says so.
    fn receive(&self, suggestion: &Suggestion) -> Reception {
        let sessions: BTreeSet<&str> =
            suggestion.cites.iter().map(|cite| cite.session.as_str()).collect();
        let new = sessions.iter().filter(|id| !self.sessions.contains(**id)).count();
        let changed = suggestion.inputs.iter().filter(|id| !self.inputs.contains(id)).count();
        let grown = match (new, changed) {
            (0, 0) => {
                let text = format!("turned down in dream {}, no new evidence", self.dream);
                return Reception::Dropped(text);
            }
            (0, changed) => format!("{changed} of the memories it rests on changed since"),
            (new, _) => format!("{new} further sessions since"),
        };
        Reception::Made(Some(format!("Turned down in dream {}; {grown}.", self.dream)))
    }
}

/// Whether a proposal was rejected, or merged and taken back.
fn is_refused(choice: &Choice) -> bool {
    choice.verb == Verb::Reject || choice.reverted
}

/// The keys that a suggestion touches.
fn touched(suggestion: &Suggestion) -> BTreeSet<Key> {
    let keys = suggestion.changes.iter().flat_map(|change| match change {
        SuggestedChange::Put(key, _) | SuggestedChange::Remove(key) => vec![key.clone()],
        SuggestedChange::Rename(from, to) => vec![from.clone(), to.clone()],
        SuggestedChange::Malformed(_) => Vec::new(),
    });
    keys.collect()
}
