//! Steps that follow one another in many sessions: prefix growth with a limited gap, in the manner of
//! `PrefixSpan` (Pei et al., 2001), of which only patterns without a longer equal are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::dream::mine::habit::{has_task, workflow};
use crate::dream::mine::ledger::{Family, Signal};
use crate::dream::mine::miner::View;
use crate::dream::mine::rank::{Candidate, slug};
use crate::dream::mine::sums::Sums;
use crate::dream::mine::support::Support;
use crate::limits::EVIDENCE_EVENTS_MAX;

/// The most steps of a pattern.
const LENGTH_MAX: usize = 4;
/// How many other steps may stand between two.
const GAP_MAX: usize = 1;
/// The least share of sessions for a pattern, per mille.
const SHARE: usize = 150;
/// The least share of sessions for a step to have its own name, per mille.
const STEP_SHARE: usize = 50;
/// The most places that are followed up in one session.
const PLACES_MAX: usize = 40;
/// How many events after the first a citation reaches at most.
const SPAN_MAX: u32 = EVIDENCE_EVENTS_MAX as u32 - 1;
/// The most patterns handed on.
const PATTERNS_MAX: usize = 32;
/// A longer pattern with this share of a shorter one's sessions stands for it, per mille.
const CLOSED: usize = 950;
/// How alike the sessions of a pattern and of a line must be for the line to tell of both, per mille.
const IN_ONE_LINE: usize = 650;
/// The most steps of a pattern of which such a line tells enough.
const IN_ONE_LINE_STEPS: usize = 3;
/// A session as step numbers with their events.
type Track = Box<[(u32, u32)]>;

/// Where a pattern occurs: session, event of its first step, and index of its last step.
type Places = Vec<(u32, u32, u32)>;

/// Steps, and how many sessions take them.
struct Pattern {
    steps: Vec<u32>,
    sessions: usize,
}

/// Frequent sequences, the most frequent first.
pub(super) fn mine(view: &View<'_>) -> Vec<Candidate> {
    let least = view.least.max(3).max((view.all() * SHARE).div_ceil(1000));
    let end = usual_end(view);
    let walks = view.sums.walks();
    let tracks: Vec<Track> = walks.map(|steps| track(view, steps, end)).collect();
    let mut patterns = Vec::new();
    for step in frequent_steps(&tracks, least) {
        let places = starts(&tracks, step);
        if sessions(&places) >= least {
            grow(&tracks, least, &mut vec![step], &places, &mut patterns);
        }
    }
    // Where a pattern occurs is looked up again for the few that are told.
    let mut candidates = Vec::new();
    for pattern in closed(patterns) {
        let support = support(&tracks, &pattern.steps);
        if !is_in_one_line(view, &pattern, &support) {
            candidates.push(candidate(view, &pattern, &support.into()));
        }
        if candidates.len() == PATTERNS_MAX {
            break;
        }
    }
    candidates
}

/// The steps that enough sessions take, in order.
fn frequent_steps(tracks: &[Track], least: usize) -> Vec<u32> {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for track in tracks {
        let steps: BTreeSet<u32> = track.iter().map(|(step, _)| *step).collect();
        for step in steps {
            *counts.entry(step).or_default() += 1;
        }
    }
    counts.retain(|step, count| Sums::is_named(*step) && *count >= least);
    counts.into_keys().collect()
}

/// Where a step occurs.
fn starts(tracks: &[Track], step: u32) -> Places {
    let mut places = Places::new();
    for (session, track) in (0..).zip(tracks) {
        for (at, &(taken, event)) in (0..).zip(track) {
            if taken == step {
                push(&mut places, (session, event, at));
            }
        }
    }
    places
}

/// Where a pattern follows by one step.
fn continued(tracks: &[Track], places: &Places, step: u32) -> Places {
    let mut longer = Places::new();
    for &place in places {
        for (found, place) in next(tracks, place) {
            if found == step {
                push(&mut longer, place);
            }
        }
    }
    longer
}

/// The steps that may follow at a place, each with the place it leads to.
fn next(tracks: &[Track], place: (u32, u32, u32)) -> impl Iterator<Item = (u32, (u32, u32, u32))> {
    let (session, first, last) = place;
    let after = (0..).zip(&tracks[session as usize]).skip(last as usize + 1).take(GAP_MAX + 1);
    after.map(move |(at, (step, _))| (*step, (session, first, at)))
}

/// Where a pattern occurs.
fn support(tracks: &[Track], steps: &[u32]) -> Support {
    let (first, rest) = steps.split_first().expect("BUG: a pattern has steps");
    let places =
        rest.iter().fold(starts(tracks, *first), |places, step| continued(tracks, &places, *step));
    let mut support = Support::default();
    for held in places.chunk_by(|a, b| a.0 == b.0) {
        let session = held[0].0 as usize;
        let place = |&(_, first, last): &(u32, u32, u32)| {
            let end = tracks[session][last as usize].1;
            (first, end.min(first + SPAN_MAX))
        };
        let mut places: Vec<_> = held.iter().map(place).collect();
        places.dedup();
        support.add(session, &places);
    }
    support
}

/// The tool that most sessions end with: that it comes last says nothing.
fn usual_end(view: &View<'_>) -> Option<u32> {
    let ends =
        |(number, _): &(u32, &Signal)| view.support(*number).sessions() * 4 >= view.all() * 3;
    let (_, signal) = view.sums.family(Family::LastCall).find(ends)?;
    view.sums.find(Family::Tool, "", &signal.name)
}

/// Adds a place, unless its session has enough of them.
fn push(places: &mut Places, place: (u32, u32, u32)) {
    let held = places.len();
    let full = held >= PLACES_MAX && places[held - PLACES_MAX].0 == place.0;
    if !full && places.last() != Some(&place) {
        places.push(place);
    }
}

fn sessions(places: &Places) -> usize {
    places.chunk_by(|a, b| a.0 == b.0).count()
}

/// The steps of a session but for its usual end, each under the longest name that enough sessions
/// share; repeats folded.
fn track(view: &View<'_>, steps: impl Iterator<Item = (u32, u32)>, end: Option<u32>) -> Track {
    let mut track: Vec<(u32, u32)> = Vec::new();
    for (signal, event) in steps {
        let named = common_name(view, signal);
        if track.last().is_none_or(|(last, _)| *last != named) {
            track.push((named, event));
        }
    }
    track.retain(|(step, _)| Some(*step) != end);
    track.into()
}

fn common_name(view: &View<'_>, signal: u32) -> u32 {
    let least = view.least.max(view.all() * STEP_SHARE / 1000);
    let mut number = signal;
    while Sums::is_named(number) && view.support(number).sessions() < least {
        let Some(shorter) = view.sums.signal(number).shorter() else { break };
        let Some(shorter) = view.sums.number_of(&shorter) else { break };
        number = shorter;
    }
    number
}

fn grow(
    tracks: &[Track],
    least: usize,
    steps: &mut Vec<u32>,
    places: &Places,
    found: &mut Vec<Pattern>,
) {
    if steps.len() > 1 {
        found.push(Pattern { steps: steps.clone(), sessions: sessions(places) });
    }
    if steps.len() == LENGTH_MAX {
        return;
    }
    let mut longer: BTreeMap<u32, Places> = BTreeMap::new();
    for &place in places {
        for (step, place) in next(tracks, place) {
            if Some(&step) != steps.last() && Sums::is_named(step) {
                push(longer.entry(step).or_default(), place);
            }
        }
    }
    longer.retain(|_, places| sessions(places) >= least);
    for (step, places) in &longer {
        steps.push(*step);
        grow(tracks, least, steps, places, found);
        steps.pop();
    }
}

/// The patterns that no longer one stands for, those of most sessions first.
fn closed(patterns: Vec<Pattern>) -> Vec<Pattern> {
    let stands_for = |long: &Pattern, short: &Pattern| {
        long.steps.len() > short.steps.len()
            && long.sessions * 1000 >= short.sessions * CLOSED
            && within(&short.steps, &long.steps)
    };
    let keep: Vec<bool> =
        patterns.iter().map(|short| !patterns.iter().any(|long| stands_for(long, short))).collect();
    let mut kept: Vec<Pattern> = patterns
        .into_iter()
        .zip(keep)
        .filter_map(|(pattern, keep)| keep.then_some(pattern))
        .collect();
    kept.sort_by(|a, b| b.sessions.cmp(&a.sessions).then_with(|| a.steps.cmp(&b.steps)));
    kept
}

/// Whether a pattern holds little more than commands that stand in one line, which is told as such.
fn is_in_one_line(view: &View<'_>, pattern: &Pattern, support: &Support) -> bool {
    pattern.steps.len() <= IN_ONE_LINE_STEPS
        && pattern.steps.windows(2).any(|pair| {
            let [a, b] = [pair[0], pair[1]].map(|step| &view.sums.signal(step).name);
            let chain = view.sums.find(Family::Chain, a, b);
            let alike = |chain| view.support(chain).likeness(support) >= IN_ONE_LINE;
            chain.is_some_and(alike) && has_task(a) && has_task(b)
        })
}

/// Whether a step is a tool or a task rather than a plain program of the shell.
fn is_telling(view: &View<'_>, step: u32) -> bool {
    let signal = view.sums.signal(step);
    let class = || {
        let mut classes = view.sums.family(Family::Class);
        classes.any(|(number, _)| view.sums.lore(number).company.contains_key(&signal.name))
    };
    signal.family != Family::Command || has_task(&signal.name) || class()
}

/// Whether `short` is part of `long`, in order.
fn within(short: &[u32], long: &[u32]) -> bool {
    let mut rest = long.iter();
    short.iter().all(|step| rest.any(|other| other == step))
}

fn candidate(view: &View<'_>, pattern: &Pattern, support: &Rc<Support>) -> Candidate {
    let names: Vec<&str> =
        pattern.steps.iter().map(|step| view.sums.signal(*step).name.as_str()).collect();
    let shown: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let key = names.iter().map(|name| slug(name)).collect::<Vec<_>>().join("-then-");
    let what = format!("Sessions go from {}.", shown.join(" to "));
    let title = names.join(" > ");
    let key = format!("sequences/{key}");
    // How one looks at files in a shell is less of a way to work than which tasks and tools follow
    // one another.
    let telling = pattern.steps.iter().filter(|step| is_telling(view, **step)).count();
    let weight = match telling {
        0 => 450,
        some if some < pattern.steps.len() => 570,
        _ => 600,
    };
    let mut found = workflow(view, &key, title, &what, support, weight);
    let distinct: BTreeSet<&str> = names.iter().copied().collect();
    found.topic = distinct.into_iter().collect::<Vec<_>>().join(" ");
    found
}
