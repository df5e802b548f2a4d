//! How a review shows what becomes of the probes.

use std::io::Write;

use serde_json::{Value, json};
use undream::{Dream, ProbeChange, ProbeShift, Proposal, Search, Snapshot, Store};

use super::call::Eye;
use super::exit::Outcome;
use super::json as shape;
use super::page::Page;
use super::paint::{counted, escape};
use super::pending::Pending;
use super::probes::probe_json;

/// The probes of a store at two snapshots.
fn between(store: &Store, before: &Snapshot, after: &Snapshot) -> Outcome<Vec<ProbeChange>> {
    let probes = store.probes()?;
    if probes.is_empty() {
        return Ok(Vec::new());
    }
    let search = Search::open(store.database())?;
    let changes = probes.iter().map(|probe| search.probe_between(probe, before, after));
    Ok(changes.collect::<Result<_, _>>()?)
}

/// The probes at a dream's base and after all that it proposes, or before and after one proposal.
pub(crate) fn of_dream(dream: &Dream, one: Option<&Proposal>) -> Outcome<Vec<ProbeChange>> {
    let store = dream.store();
    let (before, after) = match one {
        Some(proposal) => {
            let commit = store.commit(proposal.commit())?;
            let before = commit.first_parent().unwrap_or(dream.manifest()?.base_commit()?);
            (store.snapshot(before)?, store.snapshot(commit.id())?)
        }
        None => (store.snapshot(dream.manifest()?.base_commit()?)?, dream.branch().snapshot()?),
    };
    between(store, &before, &after)
}

/// The probes of a store before and after what is not committed yet; none where that is no review.
pub(crate) fn foreseen(store: &Store, merge: &impl Pending) -> Outcome<Vec<ProbeChange>> {
    let probes = store.probes()?;
    if probes.is_empty() {
        return Ok(Vec::new());
    }
    let Some((head, edits)) = merge.foreseen()? else { return Ok(Vec::new()) };
    let (search, base) = (Search::open(store.database())?, store.snapshot(head)?);
    let changes = probes.iter().map(|probe| search.foresee_probe(probe, &base, &edits));
    Ok(changes.collect::<Result<_, _>>()?)
}

/// A line per memory that a probe expects: rank before, rank after; and what is new among the first.
/// Probes of which nothing moves are counted.
pub(crate) fn write(page: &mut Page, eye: &Eye, changes: &[ProbeChange]) -> Outcome {
    let still = changes.iter().filter(|change| change.is_still()).count();
    if still > 0 {
        let line = format!("{} as before", counted(still as u64, "probe", "probes"));
        writeln!(page, "{}", eye.paint.dim(line))?;
    }
    for change in changes.iter().filter(|change| !change.is_still()) {
        let name = eye.paint.name(&change.probe.name);
        for shift in &change.shifts {
            let told = told(shift);
            let told = match (shift.is_worse(), shift.before == shift.after) {
                (true, _) => eye.paint.removed(told),
                (false, true) => eye.paint.dim(told),
                (false, false) => eye.paint.added(told),
            };
            writeln!(page, "probe {name}  {}  {told}", escape(shift.key.as_str()))?;
        }
        for key in &change.arrived {
            writeln!(page, "probe {name}  {}  new among the first", escape(key.as_str()))?;
        }
    }
    Ok(())
}

/// The same below something else, where there are probes.
pub(crate) fn write_below(page: &mut Page, eye: &Eye, changes: &[ProbeChange]) -> Outcome {
    if !changes.is_empty() {
        writeln!(page)?;
    }
    write(page, eye, changes)
}

/// `rank 1 -> 6`, `gone, was rank 1`, `new at rank 2`.
pub(crate) fn told(shift: &ProbeShift) -> String {
    match (shift.before, shift.after) {
        (Some(before), Some(after)) if before == after => format!("rank {after}"),
        (Some(before), Some(after)) => format!("rank {before} -> {after}"),
        (Some(before), None) => format!("gone, was rank {before}"),
        (None, Some(after)) => format!("new at rank {after}"),
        (None, None) => "not found".to_owned(),
    }
}

pub(crate) fn to_json(changes: &[ProbeChange]) -> Vec<Value> {
    let value = |change: &ProbeChange| {
        let shifts = change.shifts.iter().map(|shift| {
            json!({
                "memory": shift.memory.to_string(),
                "key": shift.key.as_str(),
                "before": shift.before,
                "after": shift.after,
                "worse": shift.is_worse(),
            })
        });
        let mut value = probe_json(&change.probe);
        let arrived: Vec<&str> = change.arrived.iter().map(undream::Key::as_str).collect();
        shape::extend(
            &mut value,
            json!({
                "held": change.held(),
                "holds": change.holds(),
                "ranks": shifts.collect::<Vec<_>>(),
                "new": arrived,
            }),
        );
        value
    };
    changes.iter().map(value).collect()
}
