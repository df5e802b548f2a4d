//! What overtakes an open proposal: a newer dream proposes it anew, or the branch has come to say it.

use std::collections::{BTreeMap, BTreeSet};

use crate::dream::dream::Dream;
use crate::dream::manifest::{
    Choice, DreamStatus, Manifest, Part, SessionList, load, meta, numbers, part_key, save,
};
use crate::engine::{Change, Snapshot, Store, Transaction};
use crate::error::{Error, Result};
use crate::object::{RefName, Verb};

/// Why nobody has to decide on a proposal that nobody has decided on.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Overtaken {
    /// A newer dream proposes something at the same keys: the newest that does.
    ByProposal {
        /// That dream.
        dream: u64,
        /// The proposal's number within it.
        proposal: u32,
    },
    /// The branch has all of it already.
    ByBranch,
}

/// The newer proposals that take the place of a dream's own, by number.
pub(super) type Successors = BTreeMap<u32, (u64, u32)>;

/// What can overtake the proposals of one dream.
pub(super) struct Overtaking {
    store: Store,
    successors: Successors,
    /// The branch where it has moved since the dream began, and was not deleted.
    branch: Option<Snapshot>,
}

impl Overtaking {
    pub(super) fn of(dream: &Dream, recorded: &Manifest) -> Result<Self> {
        let store = dream.store();
        let successors = load(&meta(store).snapshot()?, dream.number(), Part::Successors)?;
        let branch = store.any_branch(RefName::new(&recorded.branch)?).find_snapshot()?;
        let base = Some(recorded.base_commit()?);
        Ok(Self {
            store: store.clone(),
            successors: successors.unwrap_or_default(),
            branch: branch.filter(|branch| branch.id() != base),
        })
    }

    /// What has overtaken the proposal of this number, which changes this.
    pub(super) fn find(&self, number: u32, changes: &[Change]) -> Result<Option<Overtaken>> {
        if let Some(next) = self.successors.get(&number) {
            let (dream, proposal) = last(&self.store, *next)?;
            return Ok(Some(Overtaken::ByProposal { dream, proposal }));
        }
        let Some(branch) = &self.branch else { return Ok(None) };
        for change in changes {
            if !self.says(branch, change)? {
                return Ok(None);
            }
        }
        Ok(Some(Overtaken::ByBranch))
    }

    /// Whether the branch is as a change would leave it.
    fn says(&self, branch: &Snapshot, change: &Change) -> Result<bool> {
        if let Some(from) = &change.from
            && branch.get_id(from.as_str())?.is_some()
        {
            return Ok(false);
        }
        match (branch.get_id(change.key.as_str())?, change.after) {
            (None, None) => Ok(true),
            (Some(held), Some(after)) if held == after => Ok(true),
            (Some(held), Some(after)) => {
                Ok(self.store.record(held)?.says_the_same(&self.store.record(after)?))
            }
            _ => Ok(false),
        }
    }
}

/// Follows a proposal to the one that takes its place in the end.
fn last(store: &Store, (mut dream, mut proposal): (u64, u32)) -> Result<(u64, u32)> {
    let meta = meta(store).snapshot()?;
    loop {
        let next: Option<Successors> = load(&meta, dream, Part::Successors)?;
        match next.and_then(|next| next.get(&proposal).copied()) {
            // Each is of a newer dream than the one before.
            Some(newer) if newer.0 > dream => (dream, proposal) = newer,
            _ => return Ok((dream, proposal)),
        }
    }
}

/// Refuses first decisions on what a newer dream has made anew, also where it does so before
/// `transaction` lands.
pub(super) fn refuse_made_anew(
    transaction: &mut Transaction,
    dream: &Dream,
    decisions: &[(u32, Choice)],
) -> Result<()> {
    let (store, number) = (dream.store(), dream.number());
    transaction.require_unchanged(part_key(number, Part::Successors));
    let successors: Option<Successors> = load(transaction.base(), number, Part::Successors)?;
    let Some(successors) = successors else { return Ok(()) };
    let choices = dream.choices()?;
    for (number, _) in decisions.iter().filter(|(number, _)| !choices.contains_key(number)) {
        if let Some(next) = successors.get(number) {
            return Err(made_anew(*number, last(store, *next)?));
        }
    }
    Ok(())
}

/// The error of deciding on a proposal in whose place there is another.
pub(super) fn made_anew(number: u32, (dream, proposal): (u64, u32)) -> Error {
    Error::stale(format!(
        "proposal {number} was made anew: decide on proposal {proposal} of dream {dream}"
    ))
}

/// Notes on earlier dreams which of their proposals the dream proposes anew. What somebody has
/// decided on meanwhile stays decided.
pub(super) fn note_successors(
    transaction: &mut Transaction,
    store: &Store,
    manifest: &mut Manifest,
) -> Result<()> {
    let mut noted: BTreeMap<u64, Successors> = BTreeMap::new();
    for (own, replaced) in &mut manifest.supersedes {
        let mut open = Vec::with_capacity(replaced.len());
        for (dream, number) in replaced.drain(..) {
            transaction.require_unchanged(part_key(dream, Part::Decisions));
            if !Dream::new(store.clone(), dream).choices()?.contains_key(&number) {
                noted.entry(dream).or_default().insert(number, (manifest.number, *own));
                open.push((dream, number));
            }
        }
        *replaced = open;
    }
    manifest.supersedes.retain(|_, replaced| !replaced.is_empty());
    let snapshot = transaction.base().clone();
    for (dream, new) in noted {
        let mut all: Successors = load(&snapshot, dream, Part::Successors)?.unwrap_or_default();
        all.extend(new);
        save(transaction, dream, Part::Successors, &all)?;
    }
    Ok(())
}

/// Notes on the earlier dreams of the same curator that wait that a dream supersedes them which took
/// all their sessions into account. One of which something was merged is decided on one by one, and
/// one of which something is approved waits to be merged.
pub(super) fn note_superseded(
    transaction: &mut Transaction,
    store: &Store,
    (manifest, covered): (&Manifest, &BTreeSet<String>),
) -> Result<()> {
    let snapshot = transaction.base().clone();
    for number in numbers(&snapshot)?.into_iter().filter(|number| *number < manifest.number) {
        let older: Option<Manifest> = load(&snapshot, number, Part::Manifest)?;
        let Some(mut older) = older else { continue };
        let same = (&older.branch, &older.curator) == (&manifest.branch, &manifest.curator);
        if !same || older.status != DreamStatus::Waiting {
            continue;
        }
        let sessions: SessionList = load(&snapshot, number, Part::Sessions)?.unwrap_or_default();
        if !sessions.iter().all(|(id, _)| covered.contains(id)) {
            continue;
        }
        let dream = Dream::new(store.clone(), number);
        let taken = dream.choices()?.values().any(|choice| choice.verb != Verb::Reject);
        if !taken && dream.manifest()?.status == DreamStatus::Waiting {
            older.status = DreamStatus::Superseded;
            save(transaction, number, Part::Manifest, &older)?;
        }
    }
    Ok(())
}
