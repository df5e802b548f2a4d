//! What users repeat: requests, rules, names of tools and teams, commands they ask for.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::dream::mine::failure::shorten;
use crate::dream::mine::finding::FindingKind;
use crate::dream::mine::ledger::{Family, Signal};
use crate::dream::mine::miner::View;
use crate::dream::mine::rank::{self, Candidate, quoted, slug};
use crate::dream::mine::speech::base;
use crate::dream::mine::support::Support;

/// A word in more sessions than this is what the project is about, not a preference, per mille.
const SUBJECT: usize = 250;
/// A word belongs to a rule if this share of its sessions uses it in one, per mille.
const RULE: usize = 400;
/// A word is a request if this share of its sessions asks with it, per mille.
const ASK: usize = 200;
/// A name is one if this share of the sessions with the word writes it so, per mille.
const NAME: usize = 400;
/// The fewest sessions in which users say something for it to be a preference.
const HELD_MIN: usize = 3;
/// The most preferences of each sort.
const EACH_MAX: usize = 14;
/// The longest quote, in bytes.
const QUOTE_BYTES: usize = 100;
/// The most words named beside a preference.
const COMPANY_MAX: usize = 4;
/// A verb's object is all that is asked for with it from this share on, per mille.
const ONE_OBJECT: u32 = 600;
/// How much more often than elsewhere a command must follow a word for the word to mean it, per
/// mille.
const MEANT_LIFT: usize = 1150;
/// The confidence in what only one user is known to say, as a share of what it would be, per mille.
const ONE_USER_SHARE: u16 = 850;

/// Preferences, in any order.
pub(super) fn mine(view: &View<'_>) -> Vec<Candidate> {
    let mut found = requests(view);
    found.extend(rules(view));
    found.extend(names(view));
    found.extend(named_commands(view));
    found.extend(bans(view));
    found.extend(phrases(view));
    found
}

/// The support of a word of users, wherever they say it.
fn word<'a>(view: &'a View<'_>, word: &str) -> Option<&'a Rc<Support>> {
    view.sums.find(Family::Word, "", word).map(|number| view.support(number))
}

fn quotes(view: &View<'_>, signal: u32) -> String {
    let quotes = view.sums.lore(signal).typical(2);
    let short = quotes.iter().map(|quote| format!("\"{}\"", shorten(quote, QUOTE_BYTES)));
    short.collect::<Vec<_>>().join(", ")
}

/// The words that users say together with the signal and seldom without it: ` (with: issue, team)`.
fn company(view: &View<'_>, name: &str, support: &Support) -> String {
    let least = (support.sessions() / 6).max(2);
    let mut near: Vec<(usize, &str)> = Vec::new();
    for (number, signal) in view.sums.family(Family::Word) {
        let other = view.support(number);
        if signal.name == base(&name.to_lowercase()) || support.common(other) < least {
            continue;
        }
        let together = support.together(other);
        // How much of the word's own use is here, weighed by how often that is.
        let weight = together * together * 1000 / (other.sessions() + 4);
        if together >= least && together * 4 >= other.sessions() {
            near.push((weight, &signal.name));
        }
    }
    near.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let words: Vec<&str> = near.into_iter().take(COMPANY_MAX).map(|(_, word)| word).collect();
    if words.is_empty() { String::new() } else { format!(" (with: {})", words.join(", ")) }
}

fn preference(
    view: &View<'_>,
    key: &str,
    title: String,
    what: &str,
    support: &Rc<Support>,
    weight: u16,
) -> Candidate {
    let (seen, times) = (view.share(support.sessions()), support.places());
    let users = support.sources(view.sums.facts()).users;
    let by = match users {
        0 => String::new(),
        1 => " by one user".to_owned(),
        users => format!(" by {users} users"),
    };
    let place = view.scopes.sentence(support);
    Candidate {
        kind: FindingKind::Preference,
        key: format!("preferences/{key}"),
        text: rank::text(what, &format!("{place} Said in {seen}{by} ({times} times).")),
        rationale: format!("{title}: users' own words in {times} messages of {seen}{by}."),
        title,
        support: Rc::clone(support),
        weight,
        // What one user likes, the next may not.
        share: if users == 1 { ONE_USER_SHARE } else { 1000 },
        topic: "preferences".to_owned(),
        gone: None,
    }
}

/// Words of `family` with the support of the word anywhere, where the family has at least `share` of
/// it; the most telling first.
fn telling<'a>(
    view: &'a View<'_>,
    family: Family,
    share: usize,
) -> Vec<(u32, &'a Signal, &'a Rc<Support>)> {
    let most = view.all() * SUBJECT / 1000;
    let mut found = Vec::new();
    for (number, signal) in view.sums.family(family) {
        let held = view.support(number).sessions();
        let Some(support) = word(view, &base(&signal.name.to_lowercase())) else { continue };
        let all = support.sessions();
        // A verb that is asked with at all is meant as one elsewhere too.
        let enough = if family == Family::Request { all.min(held + 1) } else { held };
        if held >= view.least
            && enough >= view.least.max(HELD_MIN)
            && all <= most
            && held * 1000 >= all * share
        {
            found.push((number, signal, support));
        }
    }
    found.sort_by_key(|(number, signal, _)| {
        (std::cmp::Reverse(view.support(*number).sessions()), &signal.name)
    });
    found.truncate(EACH_MAX);
    found
}

fn requests(view: &View<'_>) -> Vec<Candidate> {
    let one = |(number, signal, support): (u32, &Signal, &Rc<Support>)| {
        let (verb, objects) = (&signal.name, objects(view, number));
        let quotes = quotes(view, number);
        // Where nearly all ask for one thing, that is what they ask for.
        let (asked, beside) = match objects.as_slice() {
            [] => (verb.clone(), String::new()),
            [(object, share), ..] if *share >= ONE_OBJECT => {
                (format!("{verb} {object}"), String::new())
            }
            all => {
                let names: Vec<&str> = all.iter().map(|(object, _)| *object).collect();
                (verb.clone(), format!(" ({})", names.join(", ")))
            }
        };
        let what = format!("Users ask to {asked}{beside}, such as {quotes}.");
        // A verb that goes with anything, such as to fix, says little of what is wanted.
        let weight = if objects.is_empty() { 540 } else { 625 };
        let title = format!("Users ask to {asked}");
        let key = format!("requests/{}", slug(verb));
        preference(view, &key, title, &what, support, weight)
    };
    telling(view, Family::Request, ASK).into_iter().map(one).collect()
}

/// What is asked for with a verb more than once, with its share per mille, the most frequent first.
fn objects<'a>(view: &'a View<'_>, request: u32) -> Vec<(&'a str, u32)> {
    let company = &view.sums.lore(request).company;
    let all: u32 = company.values().sum();
    let mut found: Vec<(&str, u32)> = company
        .iter()
        .filter(|(_, count)| **count > 1)
        .map(|(n, count)| (n.as_str(), *count))
        .collect();
    found.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    found.truncate(COMPANY_MAX);
    found.into_iter().map(|(object, count)| (object, count * 1000 / all.max(1))).collect()
}

fn rules(view: &View<'_>) -> Vec<Candidate> {
    let one = |(number, signal, _): (u32, &Signal, &Rc<Support>)| {
        let what =
            format!("Users give a rule about \"{}\": {}.", signal.name, quotes(view, number));
        preference(
            view,
            &format!("rules/{}", slug(&signal.name)),
            format!("A rule about {}", signal.name),
            &what,
            view.support(number),
            600,
        )
    };
    telling(view, Family::Rule, RULE).into_iter().map(one).collect()
}

fn names(view: &View<'_>) -> Vec<Candidate> {
    let one = |(number, signal, support): (u32, &Signal, &Rc<Support>)| {
        let what = format!(
            "Users name {}{}: {}.",
            signal.name,
            company(view, &signal.name, support),
            quotes(view, number)
        );
        preference(
            view,
            &format!("names/{}", slug(&signal.name)),
            format!("Users name {}", signal.name),
            &what,
            support,
            620,
        )
    };
    telling(view, Family::Name, NAME).into_iter().map(one).collect()
}

/// The most frequent signals of `family` in the users' own words.
fn frequent<'a>(view: &'a View<'_>, family: Family) -> Vec<(u32, &'a Signal, &'a Rc<Support>)> {
    let most = view.all() * SUBJECT / 1000;
    let all =
        view.sums.family(family).map(|(number, signal)| (number, signal, view.support(number)));
    let enough = |support: &Support| {
        support.sessions() >= view.least.max(HELD_MIN) && support.sessions() <= most
    };
    let mut found: Vec<_> = all.filter(|(_, _, support)| enough(support)).collect();
    found.sort_by_key(|(_, signal, support)| (std::cmp::Reverse(support.sessions()), &signal.name));
    found.truncate(EACH_MAX);
    found
}

fn bans(view: &View<'_>) -> Vec<Candidate> {
    let one = |(number, signal, support): (u32, &Signal, &Rc<Support>)| {
        let name = &signal.name;
        let what = format!("Do not {name} where users say so: {}.", quotes(view, number));
        let title = format!("Users ask not to {name}");
        preference(view, &format!("not/{}", slug(name)), title, &what, support, 620)
    };
    frequent(view, Family::Ban).into_iter().map(one).collect()
}

fn phrases(view: &View<'_>) -> Vec<Candidate> {
    let one = |(number, signal, support): (u32, &Signal, &Rc<Support>)| {
        let name = &signal.name;
        let what = format!("Users have wishes about the {name}: {}.", quotes(view, number));
        let title = format!("Wishes about the {name}");
        preference(view, &format!("wishes/{}", slug(name)), title, &what, support, 560)
    };
    frequent(view, Family::Phrase).into_iter().map(one).collect()
}

/// Words of users that are also words of commands or tools: what they ask to be run or used.
fn named_commands(view: &View<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    let most = view.all() * SUBJECT / 1000;
    for (name, means) in means(view) {
        let Some(number) = view.sums.find(Family::Word, "", &base(&name)) else { continue };
        let support = view.support(number);
        if support.sessions() < view.least.max(HELD_MIN) || support.sessions() > most {
            continue;
        }
        // What a word means is what follows it, and more often than it runs anyway.
        let meant = |(_, mean, number): (usize, &'_ str, u32)| {
            let ran = view.support(number);
            let (follows, said) = (support.followed_by(ran), support.sessions());
            let lift = follows * view.all() * 1000 >= said * ran.sessions() * MEANT_LIFT;
            (follows * 2 >= said && lift).then_some((follows, mean.to_owned()))
        };
        let mut means: Vec<(usize, String)> = means.into_iter().filter_map(meant).collect();
        means.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let Some((follows, _)) = means.first() else { continue };
        let shown = quoted(means.iter().take(2).map(|(_, mean)| mean));
        let service = means.iter().any(|(_, mean)| !mean.contains(' '));
        let what = format!(
            "Users ask for {name}{}, and {shown} follows in {follows} of {} sessions: {}.",
            company(view, &name, support),
            support.sessions(),
            quotes(view, number)
        );
        let key = format!("named/{}", slug(&name));
        let weight = if service { 680 } else { 580 };
        found.push(preference(view, &key, format!("Users ask for {name}"), &what, support, weight));
    }
    found
}

/// The commands and tools that each word of a command's task or a tool's name may mean.
fn means<'a>(view: &'a View<'_>) -> BTreeMap<String, Vec<(usize, &'a str, u32)>> {
    let mut by_word: BTreeMap<String, Vec<(usize, &str, u32)>> = BTreeMap::new();
    for (number, signal) in view.sums.family(Family::Command) {
        let ran = view.support(number).sessions();
        let last = signal.name.rsplit(' ').next().unwrap_or("");
        let plain = last.chars().all(|c| c.is_ascii_lowercase()) && last.len() > 2;
        if signal.scope != "1" && plain && ran * 20 >= view.all() && ran >= view.least {
            by_word.entry(last.to_owned()).or_default().push((ran, &signal.name, number));
        }
    }
    for (number, signal) in view.sums.family(Family::Tool) {
        // `service__tool`: the service's name stands before the last double mark.
        let Some((service, _)) = signal.name.rsplit_once("__") else { continue };
        let ran = view.support(number).sessions();
        let parts =
            service.split(['_', '-', '.']).filter(|part| part.len() > 3 && *part != "server");
        for part in parts.filter(|_| ran >= view.least) {
            by_word.entry(part.to_lowercase()).or_default().push((ran, &signal.name, number));
        }
    }
    by_word
}
