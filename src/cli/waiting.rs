//! Dreams that run, and dreams that wait for somebody, with what holds them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use undream::{Dream, DreamStatus, Manifest, Proposal, ProposalVerdict, Store, Verb};

use super::call::Eye;
use super::exit::Outcome;
use super::page::Page;
use super::paint::counted;
use super::status::line;
use super::time::since;

/// The dreams that somebody runs.
pub(crate) fn running(store: &Store) -> Outcome<Vec<Manifest>> {
    let all = Dream::list(store)?;
    let all = all.iter().map(Dream::manifest).collect::<Result<Vec<_>, _>>()?;
    let runs =
        |found: &Manifest| matches!(found.status, DreamStatus::Running | DreamStatus::Paused);
    Ok(all.into_iter().filter(runs).collect())
}

/// A line for a dream that runs, with the command that ends it or has it go on.
pub(crate) fn write_running(page: &mut Page, eye: &Eye, found: &Manifest) -> Outcome {
    let number = found.number;
    let since = since(found.started(), eye.now);
    if found.status == DreamStatus::Paused {
        let text = format!("! dream {number} is paused, begun {since}");
        return line(page, eye, &text, &format!("undream dream resume {number}"));
    }
    let text = format!("  dream {number} runs {since}");
    line(page, eye, &text, &format!("undream dream cancel {number}"))
}

pub(crate) fn running_json(found: &Manifest) -> Value {
    json!({
        "dream": found.number,
        "status": found.status.name(),
        "since": found.started().to_string(),
    })
}

/// A dream that waits for somebody.
pub(crate) struct Waiting {
    manifest: Manifest,
    undecided: usize,
    approved: usize,
    /// How many of the undecided ones each rule of the policy holds.
    held: BTreeMap<String, usize>,
}

impl Waiting {
    /// The dreams whose proposals wait to be decided or merged.
    pub(crate) fn list(store: &Store) -> Outcome<Vec<Self>> {
        let mut waiting = Vec::new();
        for dream in Dream::list(store)? {
            let manifest = dream.manifest()?;
            if !may_wait(manifest.status) {
                continue;
            }
            let proposals = dream.proposals()?;
            let ready = |proposal: &&Proposal| {
                proposal.choice().is_some_and(|made| made.verb != Verb::Reject && !made.merged)
            };
            let open: Vec<u32> =
                proposals.iter().filter(|one| one.is_open()).map(Proposal::number).collect();
            let approved = proposals.iter().filter(ready).count();
            if open.len() + approved > 0 {
                let held = held(&dream.held()?, &open);
                waiting.push(Self { manifest, undecided: open.len(), approved, held });
            }
        }
        Ok(waiting)
    }

    pub(crate) fn number(&self) -> u64 {
        self.manifest.number
    }

    pub(crate) fn write(&self, page: &mut Page, eye: &Eye) -> Outcome {
        let number = self.manifest.number;
        let waits = since(self.manifest.ended().unwrap_or(self.manifest.started()), eye.now);
        if self.undecided > 0 {
            let count = counted(self.undecided as u64, "proposal", "proposals");
            let text = format!("! dream {number} waits {waits}: {count}{}", self.held_told());
            line(page, eye, &text, &format!("undream review {number}"))?;
        }
        if self.approved > 0 {
            let count = counted(self.approved as u64, "approved proposal", "approved proposals");
            let text = format!("! dream {number} has {count} to merge");
            line(page, eye, &text, &format!("undream dream merge {number}"))?;
        }
        Ok(())
    }

    /// `, held by near-protected (2), sessions (5)`.
    fn held_told(&self) -> String {
        if self.held.is_empty() {
            return String::new();
        }
        let rules = self.held.iter().map(|(rule, count)| format!("{rule} ({count})"));
        format!(", held by {}", rules.collect::<Vec<_>>().join(", "))
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "dream": self.manifest.number,
            "since": self.manifest.ended().map(|time| time.to_string()),
            "undecided": self.undecided,
            "approved": self.approved,
            "held": self.held,
        })
    }
}

/// Whether proposals of a dream that stands so may wait for somebody.
fn may_wait(status: DreamStatus) -> bool {
    matches!(
        status,
        DreamStatus::Waiting
            | DreamStatus::PartlyMerged
            | DreamStatus::PartlyTakenBack
            | DreamStatus::TakenBack
    )
}

/// How many of these proposals each rule holds.
fn held(verdicts: &[ProposalVerdict], open: &[u32]) -> BTreeMap<String, usize> {
    let mut held = BTreeMap::new();
    for verdict in verdicts.iter().filter(|verdict| open.contains(&verdict.number)) {
        for finding in verdict.refusals() {
            *held.entry(finding.rule.clone()).or_default() += 1;
        }
    }
    held
}
