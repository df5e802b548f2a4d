//! Memories that nobody used for long, and those that readers call wrong.

use crate::clock::Time;
use crate::dream::curator::SuggestedChange;
use crate::dream::mine::memory::held::{Held, Plan};
use crate::error::Result;
use crate::object::ProposalKind;

/// How long the log must have run, and a memory been there, before unused means anything.
const PATIENCE_DAYS: i64 = 60;
/// The most plans.
const PLANS_MAX: usize = 20;
/// How many readers must call a memory wrong, beyond those that call it helpful.
const WRONG_MIN: u32 = 2;

fn days_between(from: Time, to: Time) -> i64 {
    (to.as_seconds() - from.as_seconds()).div_euclid(24 * 3600)
}

/// Plans that remove what was not given to anybody for long. `since` is when the log began; `written`
/// tells when a memory was written, and is asked only for what looks unused.
///
/// # Errors
/// What `written` fails with.
pub(in crate::dream::mine) fn stale(
    memories: &[Held],
    (since, now): (Time, Time),
    mut written: impl FnMut(&Held) -> Result<Time>,
) -> Result<Vec<Plan>> {
    let mut plans = Vec::new();
    if days_between(since, now) < PATIENCE_DAYS {
        return Ok(plans);
    }
    for held in memories {
        if plans.len() == PLANS_MAX {
            break;
        }
        let last = held.usage.last;
        let used = last.is_some_and(|last| days_between(last, now) < PATIENCE_DAYS);
        if used || held.usage.helpful > 0 || days_between(written(held)?, now) < PATIENCE_DAYS {
            continue;
        }
        let rationale = match last {
            Some(last) => format!("It was last given to somebody on {}.", date(last)),
            None => format!("It was given to nobody since the recall log began, {}.", date(since)),
        };
        plans.push(Plan {
            kind: ProposalKind::Stale,
            title: format!("{} is not used", held.key),
            changes: vec![SuggestedChange::Remove(held.key.clone())],
            rationale,
            confidence: if last.is_some() { 400 } else { 500 },
            inputs: vec![held.record],
        });
    }
    Ok(plans)
}

/// Plans that remove what readers call wrong more often than helpful.
pub(in crate::dream::mine) fn disputed(memories: &[Held]) -> Vec<Plan> {
    let wrong = |held: &&Held| held.usage.wrong >= held.usage.helpful + WRONG_MIN;
    let plan = |held: &Held| Plan {
        kind: ProposalKind::Other,
        title: format!("{} is called wrong", held.key),
        changes: vec![SuggestedChange::Remove(held.key.clone())],
        rationale: format!(
            "Readers called it wrong {} times and helpful {} times.",
            held.usage.wrong, held.usage.helpful
        ),
        confidence: (500 + 50 * (held.usage.wrong - held.usage.helpful).min(8)) as u16,
        inputs: vec![held.record],
    };
    memories.iter().filter(wrong).take(PLANS_MAX).map(plan).collect()
}

fn date(time: Time) -> String {
    time.to_string().chars().take(10).collect()
}
