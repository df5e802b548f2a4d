//! Steps that follow one another in many sessions: prefix growth with a limited gap, in the manner of
//! `PrefixSpan` (Pei et al., 2001), of which only patterns without a longer equal are kept.

use std::collections::{BTreeMap, BTreeSet};

use crate::dream::mine::habit::{has_task, workflow};
use crate::dream::mine::ledger::{Family, Notes, Signal};
use crate::dream::mine::miner::View;
use crate::dream::mine::rank::{Candidate, slug};
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
type Track = Vec<(u32, u32)>;

/// Where a pattern occurs: session, event of its first step, and index of its last step.
type Places = Vec<(usize, u32, usize)>;

struct Pattern {
    steps: Vec<u32>,
    support: Support,
}

/// Frequent sequences, the most frequent first.
pub(super) fn mine(view: &View<'_>) -> Vec<Candidate> {
    let least = view.least.max(3).max(view.all() * SHARE / 1000);
    let end = usual_end(view);
    let mut tracks: Vec<Track> =
        view.ledger.sessions.iter().map(|notes| track(view, notes)).collect();
    for track in &mut tracks {
        track.retain(|(step, _)| Some(*step) != end);
    }
    let mut starts: BTreeMap<u32, Places> = BTreeMap::new();
    for (session, track) in tracks.iter().enumerate() {
        for (at, &(step, event)) in track.iter().enumerate() {
            push(starts.entry(step).or_default(), (session, event, at));
        }
    }
    let mut patterns = Vec::new();
    for (step, places) in &starts {
        if sessions(places) >= least {
            grow(&tracks, least, &mut vec![*step], places, &mut patterns);
        }
    }
    let mut closed = closed(patterns);
    closed.retain(|pattern| !is_in_one_line(view, pattern));
    closed.truncate(PATTERNS_MAX);
    closed.iter().map(|pattern| candidate(view, pattern)).collect()
}

/// The tool that most sessions end with: that it comes last says nothing.
fn usual_end(view: &View<'_>) -> Option<u32> {
    let ends =
        |(number, _): &(u32, &Signal)| view.support(*number).sessions() * 4 >= view.all() * 3;
    let (_, signal) = view.ledger.family(Family::LastCall).find(ends)?;
    view.ledger.find(Family::Tool, "", &signal.name)
}

/// Adds a place, unless its session has enough of them.
fn push(places: &mut Places, place: (usize, u32, usize)) {
    let held = places.len();
    let full = held >= PLACES_MAX && places[held - PLACES_MAX].0 == place.0;
    if !full && places.last() != Some(&place) {
        places.push(place);
    }
}

fn sessions(places: &Places) -> usize {
    places.chunk_by(|a, b| a.0 == b.0).count()
}

/// The steps of a session, each under the longest name that enough sessions share; repeats folded.
fn track(view: &View<'_>, notes: &Notes) -> Track {
    let mut track: Track = Vec::new();
    for step in &notes.steps {
        let named = common_name(view, step.signal);
        if track.last().is_none_or(|(last, _)| *last != named) {
            track.push((named, step.event));
        }
    }
    track
}

fn common_name(view: &View<'_>, signal: u32) -> u32 {
    let least = view.least.max(view.all() * STEP_SHARE / 1000);
    let mut number = signal;
    while view.support(number).sessions() < least {
        let signal = view.ledger.signal(number);
        let Some((head, _)) =
            signal.name.rsplit_once(' ').filter(|_| signal.family == Family::Command)
        else {
            break;
        };
        let words = head.split(' ').count().to_string();
        let Some(shorter) = view.ledger.find(Family::Command, &words, head) else { break };
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
        let mut support = Support::default();
        for &(session, first, last) in places {
            let end = tracks[session][last].1;
            support.add(session, first, end.min(first + SPAN_MAX));
        }
        found.push(Pattern { steps: steps.clone(), support });
    }
    if steps.len() == LENGTH_MAX {
        return;
    }
    let mut longer: BTreeMap<u32, Places> = BTreeMap::new();
    for &(session, first, last) in places {
        let next = tracks[session].iter().enumerate().skip(last + 1).take(GAP_MAX + 1);
        for (at, &(step, _)) in next {
            if Some(&step) != steps.last() {
                push(longer.entry(step).or_default(), (session, first, at));
            }
        }
    }
    for (step, places) in &longer {
        if sessions(places) >= least {
            steps.push(*step);
            grow(tracks, least, steps, places, found);
            steps.pop();
        }
    }
}

/// The patterns that no longer one stands for, those of most sessions first.
fn closed(patterns: Vec<Pattern>) -> Vec<Pattern> {
    let stands_for = |long: &Pattern, short: &Pattern| {
        long.steps.len() > short.steps.len()
            && long.support.sessions() * 1000 >= short.support.sessions() * CLOSED
            && within(&short.steps, &long.steps)
    };
    let keep: Vec<bool> =
        patterns.iter().map(|short| !patterns.iter().any(|long| stands_for(long, short))).collect();
    let mut kept: Vec<Pattern> = patterns
        .into_iter()
        .zip(keep)
        .filter_map(|(pattern, keep)| keep.then_some(pattern))
        .collect();
    kept.sort_by(|a, b| {
        b.support.sessions().cmp(&a.support.sessions()).then_with(|| a.steps.cmp(&b.steps))
    });
    kept
}

/// Whether a pattern holds little more than commands that stand in one line, which is told as such.
fn is_in_one_line(view: &View<'_>, pattern: &Pattern) -> bool {
    pattern.steps.len() <= IN_ONE_LINE_STEPS
        && pattern.steps.windows(2).any(|pair| {
            let [a, b] = [pair[0], pair[1]].map(|step| &view.ledger.signal(step).name);
            let chain = view.ledger.find(Family::Chain, a, b);
            let alike = |chain| view.support(chain).likeness(&pattern.support) >= IN_ONE_LINE;
            chain.is_some_and(alike) && has_task(a) && has_task(b)
        })
}

/// Whether a step is a tool or a task rather than a plain program of the shell.
fn is_telling(view: &View<'_>, step: u32) -> bool {
    let signal = view.ledger.signal(step);
    let class = || {
        let mut classes = view.ledger.family(Family::Class);
        classes.any(|(number, _)| view.ledger.lore(number).company.contains_key(&signal.name))
    };
    signal.family != Family::Command || has_task(&signal.name) || class()
}

/// Whether `short` is part of `long`, in order.
fn within(short: &[u32], long: &[u32]) -> bool {
    let mut rest = long.iter();
    short.iter().all(|step| rest.any(|other| other == step))
}

fn candidate(view: &View<'_>, pattern: &Pattern) -> Candidate {
    let names: Vec<&str> =
        pattern.steps.iter().map(|step| view.ledger.signal(*step).name.as_str()).collect();
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
    let mut found = workflow(view, &key, title, &what, &pattern.support, weight);
    let distinct: BTreeSet<&str> = names.iter().copied().collect();
    found.topic = distinct.into_iter().collect::<Vec<_>>().join(" ");
    found
}
