//! Telling a program what came of a scheduled dream.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::Serialize;

use crate::clock::Time;
use crate::dream::manifest::DreamStatus;
use crate::dream::schedule::schedule::Schedule;
use crate::dream::schedule::state::{RunEnded, ScheduleState};
use crate::engine::Store;
use crate::error::{Error, ErrorKind, Result};

/// The form of what the program reads.
const FORM: u32 = 1;
/// How long the program may take.
const TIME_MAX: Duration = Duration::from_secs(30);
/// After so many dreams that proposed nothing one is told, and again after as many.
const NOTHINGS: u32 = 3;

/// Why a program is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Occasion {
    /// A dream has proposed something: it waits for a review, or was merged.
    Finished,
    /// The policy has held some of what a dream proposed: a person has to decide.
    Held,
    /// A run failed.
    Failed,
    /// Three dreams in a row proposed nothing.
    Nothing,
}

/// What a program is told.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Notice {
    #[serde(rename = "undream_notice")]
    form: u32,
    /// Why.
    pub occasion: Occasion,
    /// The directory of the database.
    pub database: Option<String>,
    /// The store.
    pub store: String,
    /// The schedule.
    pub schedule: String,
    /// The branch that was dreamt of.
    pub branch: String,
    /// The dream; `None` where it did not come to one.
    pub dream: Option<u64>,
    /// Where the dream stood at its end.
    pub status: &'static str,
    /// How many proposals it made.
    pub proposals: u32,
    /// How many of them the policy held.
    pub held: u32,
    /// Why it failed.
    pub failure: Option<String>,
    /// How many runs have failed in a row.
    pub failures: u32,
    /// How many dreams have proposed nothing in a row.
    pub nothings: u32,
    /// When a failed run is tried again; `None` where it is not before it is due again.
    pub retry_at: Option<String>,
    /// When the run was due, began and ended.
    pub due: String,
    /// When it began.
    pub started: String,
    /// When it ended.
    pub ended: String,
}

impl Notice {
    /// What is to be told of a schedule's last run; `None` if nothing is.
    pub(super) fn of(store: &Store, schedule: &Schedule, state: &ScheduleState) -> Option<Self> {
        let run = state.last.as_ref()?;
        let occasion = occasion(run, state.nothings)?;
        let directory = store.database().directory();
        let text = |time: Time| time.to_string();
        Some(Self {
            form: FORM,
            occasion,
            database: directory.map(|path| path.display().to_string()),
            store: store.name().to_string(),
            schedule: schedule.name.clone(),
            branch: schedule.branch.clone(),
            dream: run.dream,
            status: run.status.name(),
            proposals: run.proposals,
            held: run.held,
            failure: run.failure.clone(),
            failures: state.failures,
            nothings: state.nothings,
            retry_at: state.retry_at.map(text),
            due: text(run.begun.due),
            started: text(run.begun.started),
            ended: text(run.ended),
        })
    }

    /// Runs `program` by the shell with the notice as one line of JSON on its standard input, and
    /// stops it after half a minute.
    ///
    /// # Errors
    /// `Io` if it cannot be started, fails or takes too long.
    pub fn send(&self, program: &str) -> Result<()> {
        self.send_within(program, TIME_MAX)
    }

    pub(super) fn send_within(&self, program: &str, time_max: Duration) -> Result<()> {
        let failed = |why: String| {
            Error::new(
                ErrorKind::Io,
                format!("the program `{program}` could not be told: it {why}"),
            )
        };
        let mut line = serde_json::to_vec(self)
            .map_err(|error| failed("would have nothing to read".to_owned()).with_source(error))?;
        line.push(b'\n');
        // What it complains of belongs to whoever runs schedules; its answer to nobody.
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|error| failed("cannot be started".to_owned()).with_source(error))?;
        if let Some(mut input) = child.stdin.take() {
            // A program that wants to know no more may close its input. The line fits into a pipe,
            // so that nobody waits here for one who does not read.
            drop(input.write_all(&line));
        }
        let step = Duration::from_millis(20);
        let mut left = time_max;
        loop {
            match child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(failed(format!("ended with {status}"))),
                None if left.is_zero() => {
                    stop(&mut child);
                    return Err(failed(format!("took over {} s", time_max.as_secs_f64())));
                }
                None => {
                    std::thread::sleep(step);
                    left = left.saturating_sub(step);
                }
            }
        }
    }
}

fn occasion(run: &RunEnded, nothings: u32) -> Option<Occasion> {
    match run.status {
        DreamStatus::Failed => Some(Occasion::Failed),
        DreamStatus::Nothing => nothings.is_multiple_of(NOTHINGS).then_some(Occasion::Nothing),
        // What the policy rejects by itself waits for nobody.
        DreamStatus::Waiting | DreamStatus::PartlyMerged if run.held > 0 => Some(Occasion::Held),
        DreamStatus::Cancelled => None,
        _ => Some(Occasion::Finished),
    }
}

/// Stops the program and all that it started, as far as they are still there.
fn stop(child: &mut Child) {
    let group = format!("kill -9 -{}", child.id());
    drop(Command::new("sh").arg("-c").arg(group).stderr(Stdio::null()).status());
    drop(child.kill());
    drop(child.wait());
}
