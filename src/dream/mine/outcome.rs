//! What known outcomes and the ends of sessions tell.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::dream::mine::finding::FindingKind;
use crate::dream::mine::ledger::Family;
use crate::dream::mine::miner::View;
use crate::dream::mine::rank::{Candidate, slug};
use crate::dream::mine::support::{Split, Support};
use crate::limits::EVIDENCE_EVENTS_MAX;

/// A last call is the usual one if this share of sessions ends with it, per mille.
const USUAL_END: usize = 750;

/// Findings about outcomes.
pub(super) fn mine(view: &View<'_>) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    candidates.extend(hopeless_tasks(view));
    candidates.extend(weak_groups(view));
    candidates.extend(missing_end(view));
    candidates.extend(handovers(view));
    candidates
}

fn mistake(key: &str, title: &str, text: String, support: Rc<Support>, weight: u16) -> Candidate {
    Candidate {
        kind: FindingKind::Mistake,
        key: format!("mistakes/{key}"),
        title: title.to_owned(),
        rationale: format!("{title}: outcomes of {} sessions compared.", support.sessions()),
        text,
        support,
        weight,
        share: 1000,
        topic: key.to_owned(),
        gone: None,
    }
}

/// The whole of a session as evidence: what is not in it shows nowhere else. An empty session is none.
fn add_whole(view: &View<'_>, support: &mut Support, session: usize) {
    let events = view.sums.events(session);
    let span = EVIDENCE_EVENTS_MAX as u32;
    let runs = (0..events).step_by(EVIDENCE_EVENTS_MAX);
    let runs: Vec<_> = runs.map(|first| (first, (first + span).min(events) - 1)).collect();
    if !runs.is_empty() {
        support.add(session, &runs);
    }
}

/// Tasks with at least two trials of which none succeeded.
fn hopeless_tasks(view: &View<'_>) -> Option<Candidate> {
    let mut trials: BTreeMap<&str, Vec<(usize, bool)>> = BTreeMap::new();
    for (session, fact) in view.sums.facts().iter().enumerate() {
        if let (Some(task), Some(success)) = (&fact.task, fact.succeeded()) {
            trials.entry(task).or_default().push((session, success));
        }
    }
    let tried = trials.values().filter(|all| all.len() > 1).count();
    trials.retain(|_, all| all.len() > 1 && all.iter().all(|(_, success)| !success));
    let mut support = Support::default();
    let failed: BTreeSet<usize> = trials.values().flatten().map(|(session, _)| *session).collect();
    for session in failed {
        add_whole(view, &mut support, session);
    }
    let names: Vec<&str> = trials.keys().copied().take(12).collect();
    (support.sessions() >= view.least.max(3)).then(|| {
        let text = format!(
            "Tasks that fail in every trial: {} of {tried} tasks, {}: {}. Look at these by hand, more \
             trials alone do not help.",
            trials.len(), view.share(support.sessions()), names.join(", ")
        );
        mistake("tasks/fail-in-every-trial", "Tasks that fail in every trial", text, support.into(), 850)
    })
}

/// Failed sessions by the group that the task's name begins with.
fn weak_groups(view: &View<'_>) -> Option<Candidate> {
    let mut groups: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let mut support = Support::default();
    for (session, fact) in view.sums.facts().iter().enumerate() {
        let (Some(task), Some(success)) = (&fact.task, fact.succeeded()) else { continue };
        let group =
            task.split(|c: char| c == '/' || c == '_' || c.is_ascii_digit()).next().unwrap_or("");
        let counts = groups.entry(group).or_default();
        *counts = (counts.0 + u32::from(success), counts.1 + 1);
        if !success {
            add_whole(view, &mut support, session);
        }
    }
    let mut sized: Vec<(&str, u32, u32)> =
        groups.iter().map(|(name, counts)| (*name, counts.0, counts.1)).collect();
    sized.retain(|(name, _, all)| *all >= 4 && !name.is_empty());
    if sized.len() < 3 || sized.len() > 30 || support.sessions() < view.least.max(3) {
        return None;
    }
    // The weakest share of successes first; compared without division.
    sized.sort_by(|a, b| (a.1 * b.2).cmp(&(b.1 * a.2)).then(a.0.cmp(b.0)));
    let shares: Vec<String> =
        sized.iter().take(8).map(|(name, good, all)| format!("{name} {good}/{all}")).collect();
    let text = format!(
        "{} fail; success by project or group of tasks, weakest first: {}.",
        view.share(support.sessions()),
        shares.join(", ")
    );
    Some(mistake("tasks/success-by-group", "Success by group of tasks", text, support.into(), 700))
}

/// Sessions that never make the call that nearly all others end with.
fn missing_end(view: &View<'_>) -> Option<Candidate> {
    let usual = view.sums.family(Family::LastCall).max_by_key(|(number, signal)| {
        (view.support(*number).sessions(), std::cmp::Reverse(&signal.name))
    });
    let (number, signal) = usual?;
    let ends = view.support(number);
    let tool = view.sums.find(Family::Tool, "", &signal.name)?;
    let uses = view.support(tool);
    // A tool that is also used on the way, such as a shell, marks no end.
    if ends.sessions() * 1000 < view.all() * USUAL_END || uses.places() > ends.sessions() * 3 / 2 {
        return None;
    }
    let mut support = Support::default();
    for session in (0..view.all()).filter(|session| !uses.holds(*session)) {
        add_whole(view, &mut support, session);
    }
    (support.sessions() >= view.least).then(|| {
        let split = support.split(view.sums.facts()).map_or(String::new(), Split::sentence);
        let text = format!(
            "The session never reaches `{}`, with which {} end: it stops or runs out before it gives \
             its result. {} never do.{split}",
            signal.name, view.share(ends.sessions()), view.share(support.sessions())
        );
        let key = format!("ends/without-{}", slug(&signal.name));
        mistake(&key, "Sessions that never reach the usual end", text, support.into(), 850)
    })
}

/// Calls that hand the work over to somebody else.
fn handovers(view: &View<'_>) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (number, signal) in view.sums.family(Family::Tool) {
        let lower = signal.name.to_lowercase();
        let cues = ["transfer", "escalat", "handover", "hand_over", "handoff", "to_human"];
        let support = view.support(number);
        if support.sessions() < view.least || !cues.iter().any(|cue| lower.contains(cue)) {
            continue;
        }
        let split = support.split(view.sums.facts()).map_or(String::new(), Split::sentence);
        let text = format!(
            "The agent hands the case over to somebody else with `{}` in {}.{split}",
            signal.name,
            view.share(support.sessions())
        );
        let key = format!("handover/{}", slug(&signal.name));
        candidates.push(mistake(
            &key,
            "The agent hands the work over",
            text,
            Rc::clone(support),
            750,
        ));
    }
    candidates
}
