//! Probes that do not hold, and since which dream.

use serde_json::{Value, json};
use undream::{Cause, FallenProbe, ProbeShift, Store};

use super::call::Eye;
use super::exit::Outcome;
use super::json as shape;
use super::page::Page;
use super::paint::first_line;
use super::probes::bisect_command;
use super::shifts::{self, told};
use super::status::line;

/// How much of a message a line shows.
const MESSAGE_CHARS: usize = 40;

/// A line per memory that a fallen probe no longer brings among its first hits.
pub(crate) fn write(page: &mut Page, eye: &Eye, store: &Store, fallen: &FallenProbe) -> Outcome {
    let probe = &fallen.change.probe;
    let top = probe.top as usize;
    let fell = |shift: &&ProbeShift| shift.after.is_none_or(|rank| rank > top);
    let good = match fallen.held_at() {
        Some(good) => Some(eye.short.of(good.object())?),
        None => None,
    };
    for shift in fallen.change.shifts.iter().filter(fell) {
        let what = match &fallen.since {
            Some(_) => format!("fell, {}, {}", told(shift), since(eye, store, fallen)?),
            None => format!("does not hold: {}", told(shift)),
        };
        let text = format!("! probe {} {what}", probe.name);
        line(page, eye, &text, &bisect_command(probe, shift.key.as_str(), good.as_deref()))?;
    }
    Ok(())
}

/// `with dream 7`, or with which commit.
fn since(eye: &Eye, store: &Store, fallen: &FallenProbe) -> Outcome<String> {
    if let Some(dream) = dream_of(store, fallen)? {
        return Ok(format!("with dream {dream}"));
    }
    let suspects = fallen.since.iter().flat_map(|since| &since.suspects);
    let mut told = Vec::new();
    for commit in suspects {
        let short = eye.short.of(commit.id().object())?;
        told.push(format!("with {short} \"{}\"", first_line(commit.summary(), MESSAGE_CHARS)));
    }
    Ok(told.join(" or "))
}

/// The dream that made it fall, if one did.
fn dream_of(store: &Store, fallen: &FallenProbe) -> Outcome<Option<u64>> {
    let Some(since) = &fallen.since else { return Ok(None) };
    for commit in since.suspects.iter().chain(&since.merges) {
        if let Some(behind) = store.proposal_behind(commit)?
            && let Cause::Proposal(part) = behind.cause()
        {
            return Ok(Some(part.dream));
        }
        if let Cause::Review { dream, .. } = commit.cause() {
            return Ok(Some(*dream));
        }
    }
    Ok(None)
}

pub(crate) fn to_json(store: &Store, fallen: &FallenProbe) -> Outcome<Value> {
    let mut value = shifts::to_json(std::slice::from_ref(&fallen.change)).remove(0);
    let since = fallen.since.iter().flat_map(|since| &since.suspects);
    let good = fallen.held_at();
    let suspects: Vec<Value> = since.map(|commit| shape::commit(commit)).collect();
    shape::extend(
        &mut value,
        json!({"since": {
            "dream": dream_of(store, fallen)?,
            "good": good.map(|id| id.to_string()),
            "commits": suspects,
        }}),
    );
    Ok(value)
}
