//! The rules that come with the policy.

use std::collections::BTreeSet;

use crate::engine::change::ChangeKind;
use crate::engine::policy::gate::{GateQuestion, JudgedChange, Measured};
use crate::engine::policy::secrets;
use crate::engine::policy::source::policy_author;
use crate::engine::policy::terms::PolicyMode;
use crate::error::Result;
use crate::object::{Bound, Record, Ruling};

/// The label of memories that no unattended merge changes.
const PINNED: &str = "pinned";

/// A rule of the policy.
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) version: u32,
    /// Whether the policy has the rule.
    pub(super) stands: fn(&GateQuestion<'_>) -> bool,
    pub(super) measure: fn(&GateQuestion<'_>) -> Result<Measured>,
}

/// The rules for every change.
pub(super) const ALWAYS: [Rule; 2] = [
    Rule {
        name: "protected",
        version: 1,
        stands: |_| true,
        measure: |question| Ok(protected(question)),
    },
    Rule {
        name: "secrets",
        version: secrets::VERSION,
        stands: |question| question.policy.no_secrets,
        measure: no_secrets,
    },
];

/// The rules for merges of proposals.
pub(super) const REVIEWS: [Rule; 8] = [
    Rule {
        name: "mode",
        version: 1,
        stands: |question| *question.author == policy_author(),
        measure: |question| Ok(mode(question)),
    },
    Rule { name: "sessions", version: 1, stands: |_| true, measure: sessions },
    Rule { name: "users", version: 1, stands: |_| true, measure: users },
    Rule { name: "trust", version: 2, stands: |_| true, measure: trust },
    Rule {
        name: "additions",
        version: 1,
        stands: |_| true,
        measure: |question| Ok(additions(question)),
    },
    Rule {
        name: "rewrites",
        version: 1,
        stands: |_| true,
        measure: |question| Ok(rewrites(question)),
    },
    Rule {
        name: "removals",
        version: 1,
        stands: |_| true,
        measure: |question| Ok(removals(question)),
    },
    Rule {
        name: "pinned",
        version: 1,
        stands: |question| question.policy.keep_pinned,
        measure: |question| Ok(pinned(question)),
    },
];

fn protected(question: &GateQuestion<'_>) -> Measured {
    let keys = question.changes.iter().flat_map(JudgedChange::keys);
    let touched = keys.filter(|key| question.policy.protects(key)).map(ToString::to_string);
    Measured::none_of(touched.collect::<BTreeSet<_>>().into_iter().collect())
}

/// A key that holds a secret is not named.
fn no_secrets(question: &GateQuestion<'_>) -> Result<Measured> {
    let mut named = Vec::new();
    let mut erased = false;
    for change in question.changes {
        let Some(record) = change.written() else { continue };
        match (secrets::find(change.key.as_str()), record.is_erased()) {
            (Some(sort), _) => named.push(format!("a key: {sort}")),
            (None, true) => erased = true,
            (None, false) => {
                let found = secrets::find_in(&record.to_entry()?);
                named.extend(found.map(|sort| format!("{}: {sort}", change.key)));
            }
        }
    }
    named.extend(secrets::find(question.message).map(|sort| format!("the message: {sort}")));
    let mut measured = Measured::none_of(named);
    if erased && measured.ruling == Ruling::Passed {
        measured.ruling = Ruling::Unchecked;
    }
    Ok(measured)
}

/// What merges by itself does so only where the policy says so.
fn mode(question: &GateQuestion<'_>) -> Measured {
    let mode = question.policy.mode;
    let ruling = if mode == PolicyMode::Review { Ruling::Failed } else { Ruling::Passed };
    Measured { ruling, found: 0, bound: None, named: vec![mode.name().to_owned()] }
}

/// The least of one number per proposal, and the proposals that fall short.
fn least(numbers: Vec<(u32, u64)>, least: u64) -> Measured {
    let short = numbers.iter().filter(|(_, number)| *number < least);
    let named = short.map(|(proposal, _)| format!("proposal {proposal}")).collect();
    match numbers.iter().map(|(_, number)| *number).min() {
        Some(found) => Measured::against(found, Bound::AtLeast(least), named),
        None => Measured { ruling: Ruling::Passed, found: 0, bound: None, named },
    }
}

fn sessions(question: &GateQuestion<'_>) -> Result<Measured> {
    let mut numbers = Vec::new();
    for proposal in question.proposals {
        let mut ids = BTreeSet::new();
        for cite in &proposal.evidence {
            ids.insert(question.store.session_object(cite.session)?.id().to_owned());
        }
        numbers.push((proposal.number, ids.len() as u64));
    }
    Ok(least(numbers, question.policy.sessions_min))
}

/// Counts where at least one user is known.
fn users(question: &GateQuestion<'_>) -> Result<Measured> {
    let mut numbers = Vec::new();
    for proposal in question.proposals {
        let mut known = BTreeSet::new();
        for cite in &proposal.evidence {
            known.extend(question.store.session_object(cite.session)?.facts().user.clone());
        }
        if !known.is_empty() {
            numbers.push((proposal.number, known.len() as u64));
        }
    }
    Ok(least(numbers, question.policy.users_min))
}

/// A text that a person vouches for is trusted as endorsed.
fn trust(question: &GateQuestion<'_>) -> Result<Measured> {
    let mut named = Vec::new();
    for change in question.changes {
        if let Some(record) = change.written()
            && record.trust() < question.policy.trust_min
            && !question.endorsements.hold(record)?
        {
            named.push(format!("{}: {}", change.key, record.trust().name()));
        }
    }
    Ok(Measured::none_of(named))
}

/// How many changes are of these kinds. A memory that takes another's place is added, and the other
/// removed.
fn count(question: &GateQuestion<'_>, kinds: &[ChangeKind], most: u64) -> Measured {
    let of_kind = question.changes.iter().filter(|change| kinds.contains(&change.kind));
    let named: Vec<String> = of_kind.map(|change| change.key.to_string()).collect();
    let found = named.len() as u64;
    let bound = Bound::AtMost(most);
    Measured::against(found, bound, if bound.holds(found) { Vec::new() } else { named })
}

fn additions(question: &GateQuestion<'_>) -> Measured {
    let kinds = [ChangeKind::Added, ChangeKind::Replaced];
    count(question, &kinds, question.policy.additions_max)
}

fn rewrites(question: &GateQuestion<'_>) -> Measured {
    let kinds = [ChangeKind::Modified, ChangeKind::Renamed];
    count(question, &kinds, question.policy.rewrites_max)
}

fn removals(question: &GateQuestion<'_>) -> Measured {
    let kinds = [ChangeKind::Removed, ChangeKind::Replaced];
    count(question, &kinds, question.policy.removals_max)
}

/// Nothing pinned is touched, and nothing is pinned.
fn pinned(question: &GateQuestion<'_>) -> Measured {
    let is_pinned = |record: &Record| record.labels().iter().any(|label| label == PINNED);
    let touched = question.changes.iter().filter(|change| {
        let both = change.before.iter().chain(&change.after);
        both.into_iter().any(|record| is_pinned(record))
    });
    Measured::none_of(touched.map(|change| change.key.to_string()).collect())
}
