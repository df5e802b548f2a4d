//! Habits that come and go over the weeks: what newer sessions do instead of what older ones did.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::clock::Time;
use crate::dream::mine::finding::FindingKind;
use crate::dream::mine::ledger::Family;
use crate::dream::mine::miner::View;
use crate::dream::mine::rank::{Candidate, slug};
use crate::dream::mine::support::Support;

/// The least change of the share of sessions, per mille.
const CHANGE: i64 = 250;
/// The fewest dated sessions on each side of a change.
const SIDE_MIN: usize = 8;
/// The most changes of single habits.
const CHANGES_MAX: usize = 10;
const WEEK_SECONDS: i64 = 7 * 24 * 3600;

/// The weeks, and in which of them each session began.
struct Weeks {
    /// The Monday that each week begins with, in order.
    mondays: Vec<i64>,
    /// How many sessions began in each.
    sizes: Vec<usize>,
    /// Per session the week; nothing where it has no date.
    of: Vec<Option<u32>>,
}

/// A habit whose share changed.
struct Change<'a> {
    signal: u32,
    name: &'a str,
    monday: i64,
    /// Shares of sessions before and after, per mille.
    before: i64,
    after: i64,
}

/// Changes of habit, strongest first.
pub(super) fn mine(view: &View<'_>) -> Vec<Candidate> {
    let weeks = weeks(view);
    if weeks.mondays.len() < 3 {
        return Vec::new();
    }
    let mut changes: Vec<Change<'_>> = Vec::new();
    for family in [Family::Tool, Family::Command] {
        for (number, signal) in view.sums.family(family) {
            let one_word = family == Family::Command && signal.scope == "1";
            if !one_word && view.support(number).sessions() >= view.least.max(SIDE_MIN) {
                changes.extend(change(view, &weeks, number, &signal.name));
            }
        }
    }
    changes.sort_by_key(|change| (-(change.after - change.before).abs(), change.name));
    let mut distinct: Vec<Change<'_>> = Vec::new();
    for change in changes {
        let alike = |held: &Change<'_>| {
            view.support(held.signal).likeness(view.support(change.signal)) >= 600
        };
        if distinct.len() < CHANGES_MAX && !distinct.iter().any(alike) {
            distinct.push(change);
        }
    }
    let mut candidates: Vec<Candidate> = overview(view, &distinct).into_iter().collect();
    let replaced = replacements(view, &distinct);
    // A change that is told as one half of a replacement is not told again.
    let told =
        |change: &&Change<'_>| !replaced.iter().any(|(pair, _)| pair.contains(&change.signal));
    candidates.extend(distinct.iter().filter(told).map(|change| single(view, change)));
    candidates.extend(replaced.into_iter().map(|(_, candidate)| candidate));
    candidates
}

fn weeks(view: &View<'_>) -> Weeks {
    // 1970-01-01 was a Thursday: three days after a Monday.
    let day_shift = 3 * 24 * 3600;
    let monday = |time: Time| {
        (time.as_seconds() + day_shift).div_euclid(WEEK_SECONDS) * WEEK_SECONDS - day_shift
    };
    let begun = || view.sums.facts().iter().map(|fact| fact.started.map(monday));
    let mondays: BTreeSet<i64> = begun().flatten().collect();
    let mondays: Vec<i64> = mondays.into_iter().collect();
    let week = |monday| mondays.binary_search(&monday).expect("BUG: each Monday was taken") as u32;
    let of: Vec<Option<u32>> = begun().map(|monday| monday.map(week)).collect();
    let mut sizes = vec![0; mondays.len()];
    of.iter().flatten().for_each(|week| sizes[*week as usize] += 1);
    Weeks { mondays, sizes, of }
}

/// The week at which the share of a signal changes most, if it changes enough.
fn change<'a>(view: &View<'_>, weeks: &Weeks, signal: u32, name: &'a str) -> Option<Change<'a>> {
    let mut held = vec![0; weeks.sizes.len()];
    for week in view.support(signal).numbers().filter_map(|session| weeks.of[session]) {
        held[week as usize] += 1;
    }
    let held = weeks.mondays.iter().zip(held).zip(&weeks.sizes);
    let counts: Vec<(i64, usize, usize)> =
        held.map(|((monday, held), all)| (*monday, held, *all)).collect();
    let sum = |part: &[(i64, usize, usize)]| {
        part.iter().fold((0, 0), |sum, (_, held, all)| (sum.0 + held, sum.1 + all))
    };
    let mut best: Option<Change<'a>> = None;
    for at in 1..counts.len() {
        let ((held_a, all_a), (held_b, all_b)) = (sum(&counts[..at]), sum(&counts[at..]));
        if all_a < SIDE_MIN || all_b < SIDE_MIN {
            continue;
        }
        let (before, after) = ((held_a * 1000 / all_a) as i64, (held_b * 1000 / all_b) as i64);
        let gap = (after - before).abs();
        let better = best.as_ref().is_none_or(|best| gap > (best.after - best.before).abs());
        if gap >= CHANGE && better && before.min(after) * 2 <= before.max(after) {
            best = Some(Change { signal, name, monday: counts[at].0, before, after });
        }
    }
    best
}

fn date(monday: i64) -> String {
    Time::from_seconds(monday).to_string().chars().take(10).collect()
}

fn describe(change: &Change<'_>) -> String {
    let (before, after) = (change.before / 10, change.after / 10);
    let verb = if after > before { "becomes usual" } else { "is given up" };
    format!(
        "`{}` {verb} from the week of {} ({before}% to {after}% of sessions)",
        change.name,
        date(change.monday)
    )
}

fn candidate(
    key: String,
    title: String,
    text: String,
    support: Rc<Support>,
    weight: u16,
) -> Candidate {
    Candidate {
        kind: FindingKind::Supersession,
        topic: key.clone(),
        gone: None,
        key,
        rationale: format!(
            "Shares of sessions per week compared; {} sessions hold it.",
            support.sessions()
        ),
        title,
        text,
        support,
        weight,
        share: 1000,
    }
}

fn single(view: &View<'_>, change: &Change<'_>) -> Candidate {
    let text =
        format!("A habit changed: {}. Older notes on it may be out of date.", describe(change));
    let key = format!("drift/{}", slug(change.name));
    let title = format!("{} over time", change.name);
    let mut found = candidate(key, title, text, Rc::clone(view.support(change.signal)), 520);
    found.gone = (change.after < change.before).then(|| change.name.to_owned());
    found
}

/// Pairs of which one is given up about when the other becomes usual, while few sessions have both; each
/// with the signals of the two.
fn replacements(view: &View<'_>, changes: &[Change<'_>]) -> Vec<([u32; 2], Candidate)> {
    let mut candidates = Vec::new();
    for old in changes.iter().filter(|change| change.after < change.before) {
        let near = |new: &&Change<'_>| {
            let (a, b) = (view.support(old.signal), view.support(new.signal));
            let apart = a.common(b) * 4 <= a.sessions().min(b.sessions());
            new.after > new.before && apart && (new.monday - old.monday).abs() <= 2 * WEEK_SECONDS
        };
        let Some(new) = changes.iter().find(near) else { continue };
        let support = view.support(old.signal).joined(view.support(new.signal)).into();
        let text = format!(
            "`{}` gives way to `{}`: {}; {}.",
            old.name,
            new.name,
            describe(old),
            describe(new)
        );
        let key = format!("drift/{}-to-{}", slug(old.name), slug(new.name));
        let title = format!("{} gives way to {}", old.name, new.name);
        let mut found = candidate(key, title, text, support, 700);
        found.gone = Some(old.name.to_owned());
        candidates.push(([old.signal, new.signal], found));
    }
    candidates
}

/// All changes in one statement: memory has to follow them.
fn overview(view: &View<'_>, changes: &[Change<'_>]) -> Option<Candidate> {
    if changes.len() < 2 {
        return None;
    }
    let mut support = Support::default();
    for change in changes {
        support = support.joined(view.support(change.signal));
    }
    let parts: Vec<String> = changes.iter().take(4).map(describe).collect();
    let text = format!("Habits change over the weeks: {}.", parts.join("; "));
    Some(candidate(
        "drift/habits".into(),
        "Habits change over the weeks".into(),
        text,
        support.into(),
        800,
    ))
}
