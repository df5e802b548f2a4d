//! `dream schedule`: when dreams run by themselves.

use std::io::Write;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use undream::{
    Branch, ErrorKind, Missed, Schedule, ScheduleTurn, ScheduledRun, Schedules, Sessions, Time,
    Trigger,
};

use super::agenda::{run_json, run_line, to_json, write};
use super::call::{Access, Call};
use super::dream::ordered;
use super::exit::{Failure, Hinted, Outcome};
use super::paint::escape;

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "one is made in a run of the program")]
pub(crate) enum Verb {
    /// Have dreams run at their time, by a daemon or a timer
    Add(Add),
    /// List the schedules, when each is due next, and what became of it
    List,
    /// Remove a schedule
    Rm(Remove),
    /// Run what is due, or one schedule whether or not it is due
    Run(Run),
}

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("when").required(true).args(["cron", "after_sessions", "after_idle"]))]
pub(crate) struct Add {
    /// What to call it
    name: String,
    /// At these times: minute, hour, day of month, month, day of week
    #[arg(long, value_name = "PATTERN")]
    cron: Option<String>,
    /// The time zone of --cron; else that of this machine
    #[arg(long, value_name = "ZONE", requires = "cron")]
    #[arg(conflicts_with_all = ["after_sessions", "after_idle"])]
    tz: Option<String>,
    /// Once there are so many sessions that no dream of the branch has read
    #[arg(long, value_name = "N")]
    after_sessions: Option<u64>,
    /// Once there are such sessions and nothing was written for so long, such as 30m or 2h
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    after_idle: Option<u64>,
    /// The branch to dream about
    #[arg(long, value_name = "BRANCH", default_value = "main")]
    branch: String,
    /// Which sessions to read: new (not yet read by a dream of the branch), or all
    #[arg(long, value_name = "new|all", default_value = "new", value_parser = sessions)]
    sessions: Sessions,
    /// Only sessions of this project
    #[arg(long)]
    project: Option<String>,
    /// Who proposes: mine (built in), or a program
    #[arg(long, value_name = "mine|command:PROG", default_value = "mine")]
    curator: String,
    /// What the curator should heed
    #[arg(long, value_name = "TEXT")]
    instructions: Option<String>,
    /// What becomes of times at which nobody looked: one run for all of them, or none
    #[arg(long, value_name = "once|skip", default_value = "once")]
    missed: Missing,
    /// How late a run still counts as in time, with --missed skip
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
    grace: u64,
    /// How often a failed run is tried again: after 1 minute, 2, 4, ... up to 6 hours
    #[arg(long, value_name = "N", default_value = "5")]
    retries: u32,
    /// A program to run, with JSON on its standard input, when a dream is finished, held or failed,
    /// or the third in a row did nothing
    #[arg(long, value_name = "PROG")]
    notify: Option<String>,
}

/// What becomes of times at which nobody looked.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Missing {
    Once,
    Skip,
}

#[derive(Args, Debug)]
pub(crate) struct Remove {
    /// The schedule
    name: String,
}

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("what").required(true).args(["name", "due"]))]
pub(crate) struct Run {
    /// This schedule, due or not
    name: Option<String>,
    /// All that are due
    #[arg(long)]
    due: bool,
}

fn duration(text: &str) -> Result<u64, String> {
    let wrong = || "give a duration, such as 90s, 30m, 2h or 1h 30m".to_owned();
    let duration: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    u64::try_from(duration.as_secs()).map_err(|_| wrong())
}

fn sessions(text: &str) -> Result<Sessions, String> {
    match text {
        "new" => Ok(Sessions::New),
        "all" => Ok(Sessions::All),
        _ => Err("a schedule reads new or all".to_owned()),
    }
}

impl Verb {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        match self {
            Self::Add(add) => add.run(call),
            Self::List => list(call),
            Self::Rm(remove) => remove.run(call),
            Self::Run(run) => run.run(call),
        }
    }
}

impl Add {
    fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Write)?;
        let schedule = self.schedule(store.database().now())?;
        let branch = call.branch(&store, &self.branch)?;
        // Made and let go: what cannot be run should fail now and not at night.
        drop(ordered(call, &schedule, &branch)?);
        let schedules = Schedules::of(&store);
        schedules.add(&schedule, &call.author()?)?;
        let added = schedules.list()?.into_iter().find(|found| found.schedule.name == self.name);
        let added =
            added.ok_or_else(|| Failure::new(ErrorKind::Stale, "it was removed at once"))?;
        if call.json() {
            return call.print_json(&json!({"schedule": to_json(&added)}));
        }
        let mut page = call.page();
        write(&mut page, &call.eye(&store)?, &added)?;
        page.finish()?;
        call.note("Somebody has to look: undream daemon, or undream dream schedule run --due from a timer");
        Ok(())
    }

    fn schedule(&self, now: Time) -> Outcome<Schedule> {
        let trigger = match (&self.cron, self.after_sessions, self.after_idle) {
            (Some(pattern), ..) => {
                let zone = self.tz.clone().unwrap_or_else(own_zone);
                Trigger::Cron { pattern: pattern.clone(), zone }
            }
            (None, Some(count), _) => Trigger::AfterSessions(count),
            (None, None, Some(seconds)) => Trigger::AfterIdle(seconds),
            (None, None, None) => return Err(Failure::usage("it is not said when")),
        };
        let mut schedule = Schedule::new(&self.name, trigger, now);
        schedule.branch.clone_from(&self.branch);
        schedule.sessions = self.sessions.clone();
        schedule.project.clone_from(&self.project);
        schedule.curator.clone_from(&self.curator);
        schedule.instructions.clone_from(&self.instructions);
        schedule.missed = match self.missed {
            Missing::Once => Missed::Once,
            Missing::Skip => Missed::Skip,
        };
        (schedule.grace_s, schedule.retries) = (self.grace, self.retries);
        schedule.notify.clone_from(&self.notify);
        Ok(schedule)
    }
}

/// The time zone of this machine, where it has a name.
fn own_zone() -> String {
    TimeZone::system().iana_name().unwrap_or("UTC").to_owned()
}

impl Remove {
    fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Write)?;
        let removed = Schedules::of(&store).remove(&self.name, &call.author()?);
        removed.hint_for(ErrorKind::NotFound, list_hint)?;
        if call.json() {
            return call.print_json(&json!({"removed": self.name}));
        }
        call.note(format!("Removed schedule {}.", escape(&self.name)));
        Ok(())
    }
}

impl Run {
    fn run(&self, call: &Call) -> Outcome {
        let store = call.busy_store(Access::Write)?;
        let schedules = Schedules::of(&store);
        let author = call.author()?;
        let prepare = |schedule: &Schedule, branch: &Branch| {
            ordered(call, schedule, branch).map_err(Failure::into_error)
        };
        let mut runs = Vec::new();
        if let Some(name) = &self.name {
            let run = schedules.run(name, &author, &prepare);
            let run = run.hint_for(ErrorKind::NotFound, list_hint)?;
            runs.extend(run);
            if runs.is_empty() {
                let message = "another process is running a schedule of this store";
                return Err(Failure::new(ErrorKind::Locked, message));
            }
        }
        while self.due
            && let ScheduleTurn::Ran(run) = schedules.run_next(&author, &prepare)?
        {
            runs.push(*run);
        }
        report(call, &runs)
    }
}

/// Says what was run, and fails if one of the runs did.
pub(crate) fn report(call: &Call, runs: &[ScheduledRun]) -> Outcome {
    if call.json() {
        let values: Vec<Value> = runs.iter().map(run_json).collect();
        call.print_json(&json!({"runs": values}))?;
    } else {
        let mut page = call.page();
        for run in runs {
            writeln!(page, "{}", run_line(run))?;
        }
        page.finish()?;
    }
    if runs.is_empty() {
        call.note("Nothing is due: undream dream schedule list");
    }
    for run in runs {
        complain(call, run);
    }
    match runs.iter().find(|run| run.run.failure.is_some()) {
        None => Ok(()),
        Some(failed) => {
            let message = format!("a run of schedule {} failed", failed.schedule.name);
            Err(Failure::new(ErrorKind::Io, message).hint(list_hint()))
        }
    }
}

/// Says where the program of a schedule could not be told.
pub(crate) fn complain(call: &Call, run: &ScheduledRun) {
    if let Some(why) = &run.notice_failure {
        call.note(format!("Schedule {}: {}", run.schedule.name, escape(why)));
    }
}

fn list(call: &Call) -> Outcome {
    let store = call.store(Access::Read)?;
    let all = Schedules::of(&store).list()?;
    if call.json() {
        let values: Vec<Value> = all.iter().map(to_json).collect();
        return call.print_json(&json!({"schedules": values}));
    }
    if all.is_empty() {
        call.note(
            "There are no schedules yet: undream dream schedule add NAME --cron '30 2 * * *'",
        );
    }
    let eye = call.eye(&store)?;
    let mut page = call.long_page();
    for found in &all {
        write(&mut page, &eye, found)?;
    }
    Ok(page.finish()?)
}

fn list_hint() -> String {
    "undream dream schedule list".to_owned()
}
