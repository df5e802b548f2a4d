//! Where a finding holds: whether nearly all its sessions are of one project, agent or model while
//! the others are not.

use std::collections::BTreeMap;

use crate::dream::mine::support::Support;
use crate::object::SessionFacts;

/// The least share of a finding's sessions that one value must have, per mille.
const HELD: usize = 900;
/// The largest share of all sessions that the value may have, per mille.
const COMMON: usize = 600;

/// One thing that is known of sessions, such as the project.
#[derive(Debug)]
struct Scope {
    /// How a sentence names it.
    words: &'static str,
    /// Per session the number of its value; 0 where it is not known.
    values: Vec<u32>,
    /// The values by number, with how many sessions have each.
    names: Vec<(String, usize)>,
}

/// What is known of all sessions.
#[derive(Debug)]
pub(super) struct Scopes(Vec<Scope>);

impl Scopes {
    pub(super) fn of(facts: &[&SessionFacts]) -> Self {
        let project = |fact: &SessionFacts| fact.project.clone().unwrap_or_default();
        Self(vec![
            Scope::of("in project", facts, project),
            Scope::of("with the agent", facts, |fact| fact.agent.clone()),
            Scope::of("with the model", facts, |fact| fact.model.clone()),
        ])
    }

    /// A sentence with a leading space, or nothing: ` Only in project `billing`.`
    pub(super) fn sentence(&self, support: &Support) -> String {
        let held = self.0.iter().find_map(|scope| Some((scope.words, scope.only(support)?)));
        held.map_or(String::new(), |(words, name)| format!(" Only {words} `{name}`."))
    }
}

impl Scope {
    fn of(
        words: &'static str,
        facts: &[&SessionFacts],
        value: impl Fn(&SessionFacts) -> String,
    ) -> Self {
        let mut numbers: BTreeMap<String, u32> = BTreeMap::from([(String::new(), 0)]);
        let mut names = vec![(String::new(), 0)];
        let mut values = Vec::with_capacity(facts.len());
        for fact in facts {
            let name = value(fact);
            let next = numbers.len() as u32;
            let number = *numbers.entry(name.clone()).or_insert(next);
            if number == next {
                names.push((name, 0));
            }
            names[number as usize].1 += 1;
            values.push(number);
        }
        Self { words, values, names }
    }

    /// The value that nearly all sessions of `support` have and few others do.
    fn only(&self, support: &Support) -> Option<&str> {
        let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
        for session in support.numbers() {
            *counts.entry(self.values[session]).or_default() += 1;
        }
        let (&number, &held) = counts.iter().max_by_key(|(_, count)| **count)?;
        let (name, all) = &self.names[number as usize];
        let known = !name.is_empty() && name != "unknown";
        let narrow =
            held * 1000 >= support.sessions() * HELD && all * 1000 <= self.values.len() * COMMON;
        (known && narrow).then_some(name)
    }
}
