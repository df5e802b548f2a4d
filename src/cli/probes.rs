//! `probe`: questions with the memories that should answer them.

use std::io::Write;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use undream::{ErrorKind, NewProbe, Probe, ProbeAnswer, ProbeSuggestion, Search};

use super::arguments::Reading;
use super::call::{Access, Call};
use super::exit::{Failure, Hinted, Outcome};
use super::json as shape;
use super::paint::{counted, escape, quoted};

#[derive(Debug, Subcommand)]
pub(crate) enum Probes {
    /// Keep a question and the memories that a search for it should bring
    Add(Add),
    /// List the probes
    List,
    /// Remove a probe
    Rm(Remove),
    /// Ask the probes; exit 1 if one does not bring what it should
    Run(Run),
    /// Propose probes for what sessions ask again and again
    Suggest(Suggest),
}

#[derive(Args, Debug)]
pub(crate) struct Add {
    /// What to search for
    query: String,
    /// The keys of the memories it should bring
    #[arg(long, value_name = "KEY", required = true, num_args = 1..)]
    expects: Vec<String>,
    /// What to call it; else it is named after its words
    #[arg(long)]
    name: Option<String>,
    /// Among how many first hits they should be
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u32).range(1..=1000))]
    top: u32,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Args, Debug)]
pub(crate) struct Remove {
    /// The probe, as probe list shows it
    name: String,
}

#[derive(Args, Debug)]
pub(crate) struct Run {
    /// Only these probes
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Args, Debug)]
pub(crate) struct Suggest {
    /// How many sessions must have asked
    #[arg(long, value_name = "N", default_value = "2")]
    min_sessions: usize,
}

impl Probes {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        match self {
            Self::Add(add) => add.run(call),
            Self::List => list(call),
            Self::Rm(remove) => remove.run(call),
            Self::Run(run) => run.run(call),
            Self::Suggest(suggest) => suggest.run(call),
        }
    }
}

impl Add {
    fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Write)?;
        let snapshot = call.snapshot(&store, self.reading.at.as_deref())?;
        let search = Search::open(store.database())?;
        // What cannot be searched for is refused before it is kept.
        search.at(&snapshot).query(&self.query).limit(1).run()?;
        let mut probe = NewProbe::new(&self.query).top(self.top);
        for key in &self.expects {
            probe = probe.expects(key);
        }
        if let Some(name) = &self.name {
            probe = probe.name(name);
        }
        let message = call.author()?.message(format!("Probe {}", quoted(&self.query)));
        let added = store
            .add_probe(probe, &snapshot, message)
            .hint_for(ErrorKind::NotFound, || "undream ls".to_owned())?;
        let answer = search.probe(&added, &snapshot)?;
        if call.json() {
            return call.print_json(&json!({"probe": answer_json(&answer)}));
        }
        let name = escape(&added.name).into_owned();
        call.note(format!("Probe {name}: {}.", ranks_told(&answer)));
        if !answer.holds() {
            call.note(format!("It does not hold now: it counts the first {}.", added.top));
        }
        call.note("Reviews show it from now on; to ask it: undream probe run");
        Ok(())
    }
}

fn list(call: &Call) -> Outcome {
    let store = call.store(Access::Read)?;
    let probes = store.probes()?;
    if call.json() {
        let probes: Vec<Value> = probes.iter().map(probe_json).collect();
        return call.print_json(&json!({"probes": probes}));
    }
    if probes.is_empty() {
        call.note("There are no probes yet: undream probe suggest, or probe add");
    }
    let eye = call.eye(&store)?;
    let mut page = call.long_page();
    for probe in &probes {
        let keys: Vec<_> = probe.expects.iter().map(|one| escape(one.key.as_str())).collect();
        writeln!(
            page,
            "{}  {}  brings {}  {}",
            eye.paint.name(&probe.name),
            escape(&quoted(&probe.query)),
            keys.join(", "),
            eye.paint.dim(format!("among the first {}", probe.top)),
        )?;
    }
    Ok(page.finish()?)
}

impl Remove {
    fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Write)?;
        let message = call.author()?.message(format!("Remove the probe {}", self.name));
        let removed = store.remove_probe(&self.name, message)?;
        if !removed {
            return Err(no_probe(&self.name, &store.probes()?));
        }
        if call.json() {
            return call.print_json(&json!({"removed": self.name}));
        }
        call.note(format!("Removed the probe {}.", escape(&self.name)));
        Ok(())
    }
}

fn no_probe(name: &str, probes: &[Probe]) -> Failure {
    Failure::new(ErrorKind::NotFound, format!("there is no probe `{name}`"))
        .candidates(probes.iter().map(|probe| probe.name.clone()))
        .hint("undream probe list")
}

impl Run {
    fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Read)?;
        let mut probes = store.probes()?;
        for name in &self.names {
            if !probes.iter().any(|probe| probe.name == *name) {
                return Err(no_probe(name, &probes));
            }
        }
        if !self.names.is_empty() {
            probes.retain(|probe| self.names.contains(&probe.name));
        }
        let snapshot = call.snapshot(&store, self.reading.at.as_deref())?;
        let search = Search::open(store.database())?;
        let answers = probes.iter().map(|probe| search.probe(probe, &snapshot));
        let answers = answers.collect::<Result<Vec<_>, _>>()?;
        if call.json() {
            let answers: Vec<Value> = answers.iter().map(answer_json).collect();
            let commit = snapshot.id().map(|id| id.to_string());
            call.print_json(&json!({"commit": commit, "probes": answers}))?;
        } else {
            let eye = call.eye(&store)?;
            let mut page = call.page();
            for answer in &answers {
                let word = if answer.holds() {
                    eye.paint.added("holds")
                } else {
                    eye.paint.removed("fell ")
                };
                let name = eye.paint.name(&answer.probe.name);
                writeln!(page, "{word}  {name}  {}", ranks_told(answer))?;
            }
            page.finish()?;
        }
        let fallen = answers.iter().filter(|answer| !answer.holds()).count() as u64;
        if fallen == 0 {
            return Ok(());
        }
        let count = counted(fallen, "probe does", "probes do");
        let text = format!("{count} not bring what is expected");
        Err(Failure::new(ErrorKind::NotFound, text).hint("undream status names what made it fall"))
    }
}

/// The command that finds what made `key` fall since the commit `good`, as far as that is known.
pub(crate) fn bisect_command(probe: &Probe, key: &str, good: Option<&str>) -> String {
    let top = if probe.top == 5 { String::new() } else { format!(" --top {}", probe.top) };
    let good = good.map(|good| format!(" --good {good}")).unwrap_or_default();
    let query = quoted(&probe.query);
    format!("undream bisect --search {query} --expects {}{top}{good}", quoted(key))
}

impl Suggest {
    fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Read)?;
        let snapshot = store.branch("main")?.snapshot()?;
        let search = Search::open(store.database())?;
        let suggested = search.suggest_probes(&snapshot, self.min_sessions)?;
        if call.json() {
            let values: Vec<Value> = suggested.iter().map(suggestion_json).collect();
            return call.print_json(&json!({"suggestions": values}));
        }
        if suggested.is_empty() {
            call.note(
                "Nothing is asked again and again. The recall log knows searches that name their \
                 session: undream search QUERY --session ID",
            );
        }
        let mut page = call.page();
        for one in &suggested {
            writeln!(page, "{}", escape(&adding(one)))?;
        }
        Ok(page.finish()?)
    }
}

/// The command that takes a suggestion up.
fn adding(one: &ProbeSuggestion) -> String {
    let keys: Vec<String> = one.expects.iter().map(|key| quoted(key.as_str())).collect();
    let asked = counted(one.sessions as u64, "session", "sessions");
    format!("undream probe add {} --expects {}  # {asked}", quoted(&one.query), keys.join(" "))
}

/// `support/refunds/limit is at rank 2`.
fn ranks_told(answer: &ProbeAnswer) -> String {
    let told = answer.ranks.iter().map(|one| match one.rank {
        Some(at) => format!("{} is at rank {at}", escape(one.key.as_str())),
        None => format!("{} is not found", escape(one.key.as_str())),
    });
    told.collect::<Vec<_>>().join(", ")
}

pub(crate) fn probe_json(probe: &Probe) -> Value {
    json!({
        "name": probe.name,
        "query": probe.query,
        "top": probe.top,
        "expects": probe.expects.iter().map(|one| json!({
            "memory": one.memory.to_string(),
            "key": one.key.as_str(),
        })).collect::<Vec<_>>(),
        "by": shape::author(&probe.by),
        "at": probe.at.to_string(),
    })
}

fn answer_json(answer: &ProbeAnswer) -> Value {
    let ranks = answer.ranks.iter().map(
        |one| json!({"memory": one.memory.to_string(), "key": one.key.as_str(), "rank": one.rank}),
    );
    let mut value = probe_json(&answer.probe);
    shape::extend(&mut value, json!({"holds": answer.holds(), "ranks": ranks.collect::<Vec<_>>()}));
    value
}

fn suggestion_json(one: &ProbeSuggestion) -> Value {
    json!({
        "query": one.query,
        "sessions": one.sessions,
        "expects": one.expects.iter().map(undream::Key::as_str).collect::<Vec<_>>(),
        "add": adding(one),
    })
}
