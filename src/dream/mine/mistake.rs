//! Recurring mistakes: errors by form, refused calls, failing commands, unfilled placeholders.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::dream::mine::finding::FindingKind;
use crate::dream::mine::ledger::{Family, Signal};
use crate::dream::mine::miner::View;
use crate::dream::mine::rank::{self, Candidate, SAME, quoted, slug};
use crate::dream::mine::read::{OWN_SCRIPT, SAME_STEP};
use crate::dream::mine::support::{Split, Support};

/// A form over all tools is shown for itself where no tool has more of its sessions, per mille.
const ONE_TOOL: usize = 800;

/// How many times more often than usual a step must follow a failure to be its remedy, per mille.
const REMEDY_LIFT: usize = 1500;
/// The fewest words of a reason or a correction that says something by itself.
const REASON_WORDS: usize = 4;

/// Mistakes, in any order.
pub(super) fn mine(view: &View<'_>) -> Vec<Candidate> {
    let mut candidates = errors(view);
    candidates.extend(placeholders(view));
    candidates.extend(notices(view));
    candidates.extend(refusals(view));
    candidates.extend(breaks(view));
    candidates.extend(corrections(view));
    candidates.extend(failing_classes(view));
    candidates.extend(failing_commands(view));
    candidates
}

/// The numbers and parts of the signals of `family` that enough sessions hold.
fn frequent<'a>(view: &'a View<'_>, family: Family) -> impl Iterator<Item = (u32, &'a Signal)> {
    let least = view.least;
    view.sums.family(family).filter(move |(number, _)| view.support(*number).sessions() >= least)
}

fn mistake(
    view: &View<'_>,
    key: &str,
    title: String,
    what: &str,
    support: &Rc<Support>,
) -> Candidate {
    let times = support.places();
    let split = support.split(view.sums.facts()).map_or(String::new(), Split::sentence);
    let (seen, place) = (view.share(support.sessions()), view.scopes.sentence(support));
    Candidate {
        kind: FindingKind::Mistake,
        key: format!("mistakes/{key}"),
        topic: format!("mistakes/{key}"),
        gone: None,
        text: rank::text(what, &format!("{place} Seen in {seen} ({times} times).{split}")),
        rationale: format!("{title}: {times} places in {seen}."),
        title,
        support: Rc::clone(support),
        weight: 800,
        share: 1000,
    }
}

/// What to do instead, where what came next is mostly one thing, and more often than anywhere.
fn remedy(view: &View<'_>, signal: u32) -> String {
    let lore = view.sums.lore(signal);
    match lore.companion() {
        Some((SAME_STEP, share)) if share >= 400 => {
            let bridge = lore.bridge().filter(|(step, share)| is_telling(view, step, *share));
            let bridge = bridge
                .map_or(String::new(), |(step, _)| format!(", mostly after {}", quoted([step])));
            format!(" A later try of the same step succeeded ({}% of cases){bridge}.", share / 10)
        }
        Some((step, share))
            if step != SAME_STEP && share >= 300 && is_telling(view, step, share) =>
        {
            let again = if lore.succeeds_again() { ", then the same step again" } else { "" };
            format!(" What worked next: {} ({}% of cases){again}.", quoted([step]), share / 10)
        }
        _ => String::new(),
    }
}

/// Whether a step follows with `share`, per mille, more often than it would anyway.
fn is_telling(view: &View<'_>, step: &str, share: u32) -> bool {
    share as usize * 1000 >= view.usual(step) * REMEDY_LIFT
}

fn example<'a>(view: &'a View<'_>, signal: u32) -> &'a str {
    view.sums.lore(signal).examples.first().map_or("", String::as_str)
}

fn errors(view: &View<'_>) -> Vec<Candidate> {
    let largest = largest_tools(view);
    let mut candidates = Vec::new();
    for (number, signal) in frequent(view, Family::Error) {
        let support = view.support(number);
        let (tool, form) = (signal.scope.as_str(), signal.name.as_str());
        let all = view.sums.find(Family::Error, "", form).map(|all| view.support(all).sessions());
        let most = largest.get(form).copied().unwrap_or(0);
        let of_one = |all: usize| most * 1000 >= all * ONE_TOOL;
        // Said once: of the tool that has most of it, or of all, who then stand for the single ones.
        let told = if tool.is_empty() {
            of_one(support.sessions())
        } else {
            all.is_some_and(|all| !of_one(all) && support.sessions() * 3 >= all)
        };
        if told {
            continue;
        }
        let shown = example(view, number);
        // A form that is little of the message is named before the example.
        let words = form.split(' ').count();
        let said = if words < 4 && words * 2 < shown.split(' ').count() {
            format!("with \"{}\", such as \"{shown}\"", as_written(form, shown))
        } else {
            format!("\"{shown}\"")
        };
        let what = if tool.is_empty() {
            format!("Calls of {} fail: {said}.", tools_with(view, form))
        } else if tool == OWN_SCRIPT {
            format!("A script the agent wrote fails: {said}.")
        } else if tool.starts_with(|c: char| c.is_alphanumeric()) {
            format!("`{tool}` fails: {said}.")
        } else {
            format!("The harness rejects the turn: \"{shown}\".")
        };
        let what = format!("{what}{}", remedy(view, number));
        let place = if tool.is_empty() { "any-tool".to_owned() } else { slug(tool) };
        let title = format!("{}: {form}", if tool.is_empty() { "Several tools" } else { tool });
        let key = format!("{place}/{}", slug(form));
        let mut candidate = mistake(view, &key, title, &what, support);
        "errors".clone_into(&mut candidate.topic);
        // Of forms with nearly the same sessions the one with more words says more.
        let base = if tool == OWN_SCRIPT { 640 } else { 790 };
        // One word is a kind of errors, whose causes may be as many as its sessions.
        let kind = if words == 1 && shown.contains(' ') { 100 } else { 0 };
        candidate.weight = base - kind + (words as u16).min(9) * 2;
        candidates.push(candidate);
    }
    candidates
}

/// The number of sessions of the tool that has most of them, by form.
fn largest_tools<'a>(view: &'a View<'_>) -> BTreeMap<&'a str, usize> {
    let mut largest: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, signal) in
        frequent(view, Family::Error).filter(|(_, signal)| !signal.scope.is_empty())
    {
        let most = largest.entry(&signal.name).or_default();
        *most = view.support(number).sessions().max(*most);
    }
    largest
}

/// The tools that fail with a form, those of most sessions first.
fn tools_with(view: &View<'_>, form: &str) -> String {
    let mut tools: Vec<(usize, &str)> = view
        .sums
        .family(Family::Error)
        .filter(|(_, signal)| signal.name == form && !signal.scope.is_empty())
        .map(|(number, signal)| (view.support(number).sessions(), signal.scope.as_str()))
        .collect();
    tools.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    quoted(tools.into_iter().take(3).map(|(_, tool)| tool))
}

/// A form as its example writes it.
fn as_written<'a>(form: &'a str, example: &'a str) -> &'a str {
    let at = example.to_ascii_lowercase().find(form);
    at.map_or(form, |at| &example[at..at + form.len()])
}

/// Up to three quotes of users that say something by themselves, in quotation marks.
fn sayings(view: &View<'_>, signal: u32) -> Option<String> {
    let lore = view.sums.lore(signal);
    let all = lore.typical(usize::MAX);
    let full = all.into_iter().filter(|quote| quote.split_whitespace().count() >= REASON_WORDS);
    let quotes: Vec<String> = full.take(3).map(|quote| format!("\"{quote}\"")).collect();
    (!quotes.is_empty()).then(|| quotes.join(", "))
}

fn placeholders(view: &View<'_>) -> Vec<Candidate> {
    let one = |(number, signal): (u32, &Signal)| {
        let what = format!(
            "The placeholder `{}` is sent literally instead of its value, and the call fails: \"{}\".{}",
            signal.name,
            example(view, number),
            remedy(view, number)
        );
        let key = format!("placeholder/{}", slug(&signal.name));
        let title = format!("Placeholder {} not filled in", signal.name);
        mistake(view, &key, title, &what, view.support(number))
    };
    frequent(view, Family::Placeholder).map(one).collect()
}

fn notices(view: &View<'_>) -> Vec<Candidate> {
    // A harness's own sentence recurs; a sentence of one tool's data does not.
    let least = view.least.max(view.all() / 50);
    let often = frequent(view, Family::Notice)
        .filter(|(number, _)| view.support(*number).sessions() >= least);
    let one = |(number, signal): (u32, &Signal)| {
        let mut steps: Vec<(&String, &u32)> = view.sums.lore(number).company.iter().collect();
        steps.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let steps = quoted(steps.into_iter().take(3).map(|(step, _)| step));
        let what = format!(
            "The harness cuts or withholds output, mostly of {steps}: \"{}\". Ask for less at once.",
            example(view, number)
        );
        let key = format!("harness/{}", slug(&signal.name));
        let title = format!("Harness notice: {}", signal.name);
        mistake(view, &key, title, &what, view.support(number))
    };
    often.map(one).collect()
}

fn refusals(view: &View<'_>) -> Vec<Candidate> {
    let one = |(number, signal): (u32, &Signal)| {
        let said = signal.name == "said";
        let (title, what) = match sayings(view, number).filter(|_| said) {
            Some(quotes) => (
                "The user rejects a tool call and says why",
                format!("The user rejects a tool call and says why; follow the reason given: {quotes}."),
            ),
            None if said => (
                "The user rejects a tool call and says why",
                "The user rejects a tool call and says why; follow the reason given.".to_owned(),
            ),
            None => (
                "The user rejects a tool call",
                "The user rejects a tool call: ask before acting where the request does not cover it."
                    .to_owned(),
            ),
        };
        let key = format!("refused/{}", if said { "with-reason" } else { "calls" });
        let mut found = mistake(view, &key, title.to_owned(), &what, view.support(number));
        "refused".clone_into(&mut found.topic);
        found.weight = if said { 840 } else { 800 };
        found
    };
    frequent(view, Family::Refusal).map(one).collect()
}

fn breaks(view: &View<'_>) -> Vec<Candidate> {
    let one = |(number, _): (u32, &Signal)| {
        let what = "The user interrupts the agent while it works: it took a course the user did not \
                    want, or ran too long without a word.";
        mistake(
            view,
            "interrupted/by-user",
            "The user interrupts the agent".into(),
            what,
            view.support(number),
        )
    };
    frequent(view, Family::Interrupt).map(one).collect()
}

fn corrections(view: &View<'_>) -> Vec<Candidate> {
    let one = |(number, _): (u32, &Signal)| {
        let quotes = sayings(view, number)?;
        let what = format!("Users correct what the agent did: {quotes}.");
        let mut found = mistake(
            view,
            "corrected/by-user",
            "Users correct the agent".into(),
            &what,
            view.support(number),
        );
        found.weight = 600;
        Some(found)
    };
    frequent(view, Family::Correction).filter_map(one).collect()
}

fn failing_classes(view: &View<'_>) -> Vec<Candidate> {
    let one = |(number, signal): (u32, &Signal)| {
        let class = &signal.name;
        let examples = quoted(view.sums.lore(number).examples.iter().take(3));
        let what = format!(
            "The {class} commands fail ({examples}): run them before calling the work done.{}",
            remedy(view, number)
        );
        let mut found = mistake(
            view,
            &format!("commands/{class}-fails"),
            format!("{class} commands fail"),
            &what,
            view.support(number),
        );
        found.weight = 830;
        found.topic = format!("commands/{class}");
        found
    };
    frequent(view, Family::FailedClass).map(one).collect()
}

/// Whether most failures of a command are those of one longer head.
fn is_told_longer(view: &View<'_>, signal: &Signal, support: &Support) -> bool {
    frequent(view, Family::FailedCommand).any(|(number, longer)| {
        let rest = longer.name.strip_prefix(&signal.name);
        rest.is_some_and(|rest| rest.starts_with(' '))
            && view.support(number).sessions() * 2 >= support.sessions()
    })
}

/// Whether a kind of commands fails in nearly the same sessions: then the kind tells, and which command
/// of one line it was that failed is not known.
fn is_told_by_class(view: &View<'_>, support: &Support) -> bool {
    frequent(view, Family::FailedClass)
        .any(|(number, _)| view.support(number).likeness(support) >= SAME)
}

fn failing_commands(view: &View<'_>) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (number, signal) in frequent(view, Family::FailedCommand) {
        let support = view.support(number);
        let ran = view.sums.find(Family::Command, &signal.scope, &signal.name);
        let ran = ran.map_or(support.places(), |ran| view.support(ran).places());
        if is_told_longer(view, signal, support) || is_told_by_class(view, support) {
            continue;
        }
        // What fails now and then is life; what fails often is a lesson. One word alone says little.
        if signal.scope == "1" || support.places() * 12 < ran {
            continue;
        }
        let what = format!(
            "The command `{}` fails in {} of {ran} runs.{}",
            signal.name,
            support.places(),
            remedy(view, number)
        );
        let key = format!("commands/{}", slug(&signal.name));
        let mut found = mistake(view, &key, format!("{} fails", signal.name), &what, support);
        "commands".clone_into(&mut found.topic);
        found.weight = 690 + signal.scope.parse::<u16>().unwrap_or(0);
        candidates.push(found);
    }
    candidates
}
