//! Single steps that many sessions share: first calls, commands, kinds of commands, own scripts,
//! and one command before another in one line.

use std::rc::Rc;

use crate::dream::mine::command;
use crate::dream::mine::finding::FindingKind;
use crate::dream::mine::ledger::{Family, Signal};
use crate::dream::mine::miner::View;
use crate::dream::mine::rank::{self, Candidate, quoted, slug};
use crate::dream::mine::sums::When;
use crate::dream::mine::support::{Split, Support};

/// The least share of sessions that makes a habit, per mille.
const HABIT: usize = 100;
/// The least share of sessions that makes a habit of a first call, per mille.
const FIRST: usize = 400;

/// What is said of a workflow where no session tells how it ended.
const UNKNOWN: &str = " Whether it helps is not known: no outcome was recorded.";
/// The confidence in a workflow of unknown outcome, as a share of what it would be, per mille.
const UNKNOWN_SHARE: u16 = 880;
/// How far below the others success must lie to make a mistake of a workflow, in tenths of a
/// standard deviation. High, because many workflows are compared.
const HARM: u32 = 32;

/// Habits, in any order.
pub(super) fn mine(view: &View<'_>) -> Vec<Candidate> {
    let mut candidates = first_calls(view);
    candidates.extend(classes(view));
    candidates.extend(commands(view));
    candidates.extend(chains(view));
    candidates.extend(own_files(view));
    candidates
}

/// A workflow candidate whose text ends with counts and outcomes. One whose sessions fail more than
/// the others is a mistake; of one whose outcome is not known less is claimed.
pub(super) fn workflow(
    view: &View<'_>,
    key: &str,
    title: String,
    what: &str,
    support: &Rc<Support>,
    weight: u16,
) -> Candidate {
    let split = support.split(view.sums.facts());
    let outcome = split.map_or(UNKNOWN.to_owned(), Split::sentence);
    let (seen, times) = (view.share(support.sessions()), support.places());
    let harmful = split.is_some_and(|split| split.harm() >= HARM);
    let (kind, floor, warning) = if harmful {
        (FindingKind::Mistake, "mistakes", " Sessions that do so fail more often than others.")
    } else {
        (FindingKind::Workflow, "workflows", "")
    };
    let place = view.scopes.sentence(support);
    Candidate {
        kind,
        key: format!("{floor}/{key}"),
        text: rank::text(
            what,
            &format!("{warning}{place} Seen in {seen} ({times} times).{outcome}"),
        ),
        rationale: format!("{title}: {times} places in {seen}."),
        title,
        support: Rc::clone(support),
        weight,
        share: if split.is_some() { 1000 } else { UNKNOWN_SHARE },
        topic: key.split('/').next().unwrap_or(key).to_owned(),
        gone: None,
    }
}

/// The signals of `family` that make a habit, with their support.
fn habits<'a>(
    view: &'a View<'_>,
    family: Family,
    share: usize,
) -> impl Iterator<Item = (u32, &'a Signal, &'a Rc<Support>)> {
    let least = view.least.max(view.all() * share / 1000);
    let all = view.sums.family(family);
    all.map(|(number, signal)| (number, signal, view.support(number)))
        .filter(move |(_, _, support)| support.sessions() >= least)
}

fn first_calls(view: &View<'_>) -> Vec<Candidate> {
    let tools =
        view.sums.family(Family::Tool).filter(|(number, _)| view.support(*number).sessions() > 1);
    // Where one tool is all there is, the first call says nothing.
    if tools.count() < 3 {
        return Vec::new();
    }
    let one = |(_, signal, support): (u32, &Signal, &Rc<Support>)| {
        let what =
            format!("The first call of a session is `{}`, before anything else.", signal.name);
        let title = format!("First call: {}", signal.name);
        workflow(view, &format!("first-call/{}", slug(&signal.name)), title, &what, support, 780)
    };
    habits(view, Family::FirstCall, FIRST).map(one).collect()
}

/// When in a session something happens, where that is clear.
fn when(view: &View<'_>, signal: u32) -> &'static str {
    match view.sums.when(signal) {
        When::Early => ", usually at the start",
        When::Between => "",
        When::Late => ", usually near the end, before the work is handed in",
    }
}

fn classes(view: &View<'_>) -> Vec<Candidate> {
    let one = |(number, signal, support): (u32, &Signal, &Rc<Support>)| {
        let mut names: Vec<(&String, &u32)> = view.sums.lore(number).company.iter().collect();
        names.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let shown = quoted(names.iter().take(3).map(|(name, _)| name.as_str()));
        let what = match signal.name.as_str() {
            "test" => {
                format!("Run the project's existing test suite{}: {shown}.", when(view, number))
            }
            class => format!("Run the project's {class} commands{}: {shown}.", when(view, number)),
        };
        let title = format!("Sessions run {} commands", signal.name);
        let key = format!("classes/{}", signal.name);
        let mut found = workflow(view, &key, title, &what, support, 780);
        // Tests and lints of the same sessions are two things.
        found.topic = key;
        found
    };
    habits(view, Family::Class, HABIT).map(one).collect()
}

/// Whether a kind of work is nearly always done by this one command, and is told already.
fn is_told_by_class(view: &View<'_>, command: u32, support: &Support) -> bool {
    let name = &view.sums.signal(command).name;
    view.sums.family(Family::Class).any(|(number, _)| {
        let first = view.sums.lore(number).companion();
        first.is_some_and(|(main, _)| main == name) && view.support(number).likeness(support) >= 850
    })
}

fn commands(view: &View<'_>) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (number, signal, support) in habits(view, Family::Command, HABIT) {
        let longer = |(other, longer): (u32, &Signal)| {
            let prefix = longer.name.strip_prefix(&signal.name);
            let narrower = prefix.is_some_and(|rest| rest.starts_with(' '));
            let (few, part) =
                (view.support(other).sessions() * 5, if signal.scope == "1" { 1 } else { 4 });
            narrower && few >= support.sessions() * part
        };
        // A command is told by its longest head that is still the same habit.
        if is_told_by_class(view, number, support) || view.sums.family(Family::Command).any(longer)
        {
            continue;
        }
        let what = if signal.name.ends_with("<<") {
            format!(
                "Sessions write files and edit with a here-document (`{} EOF`){}.",
                signal.name,
                when(view, number)
            )
        } else {
            format!("Sessions run `{}`{}.", signal.name, when(view, number))
        };
        // How one edits a file is less of a habit than which task one runs, and how one looks at it
        // hardly is one.
        let words: u16 = signal.scope.parse().unwrap_or(1);
        let plain = if command::looks(&signal.name) {
            470
        } else if has_task(&signal.name) {
            650
        } else {
            530
        };
        let key = format!("commands/{}", slug(&signal.name));
        let title = format!("Command: {}", signal.name);
        let mut found = workflow(view, &key, title, &what, support, plain + words * 10);
        found.topic.clone_from(&key);
        candidates.push(found);
    }
    candidates
}

/// Whether a command's head says which task it runs, beyond the program and a flag.
pub(super) fn has_task(head: &str) -> bool {
    head.split(' ').nth(1).is_some_and(|word| word.starts_with(char::is_alphabetic))
}

fn chains(view: &View<'_>) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (_, signal, support) in habits(view, Family::Chain, HABIT / 2) {
        let back = view.sums.find(Family::Chain, &signal.name, &signal.scope);
        let back = back.map_or(0, |back| view.support(back).sessions());
        let (a, b) = (&signal.scope, &signal.name);
        if back * 2 > support.sessions() || !has_task(a) || !has_task(b) {
            continue;
        }
        let what = format!("In one command line, `{a}` comes before `{b}`.");
        let key = format!("chains/{}-then-{}", slug(a), slug(b));
        candidates.push(workflow(view, &key, format!("{a}, then {b}"), &what, support, 760));
    }
    candidates
}

fn own_files(view: &View<'_>) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (number, signal, support) in habits(view, Family::OwnFile, 200) {
        let name = view.sums.lore(number).companion().map_or("", |(name, _)| name);
        let kind = &signal.scope;
        let (what, title) = match signal.name.as_str() {
            "write" => (
                format!(
                    "Write a script or scratch file such as `{name}` first{}.",
                    when(view, number)
                ),
                format!("Sessions write .{kind} files of their own"),
            ),
            "rerun" => (
                format!("Run the script one wrote (such as `{name}`) again after each fix."),
                format!("Own .{kind} scripts are run again after edits"),
            ),
            _ => (
                format!(
                    "Remove the scripts and scratch files one wrote (such as `{name}`){}.",
                    when(view, number)
                ),
                format!("Own .{kind} files are removed"),
            ),
        };
        let key = format!("own-files/{}-{}", signal.name, slug(kind));
        let mut found = workflow(view, &key, title, &what, support, 770);
        found.topic.clone_from(&key);
        candidates.push(found);
    }
    candidates
}
