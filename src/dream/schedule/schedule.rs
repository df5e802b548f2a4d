//! A schedule: when to dream, about what, and what to do when it does not come to pass.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::dream::run::Sessions;
use crate::dream::schedule::cron::Calendar;
use crate::error::{Error, Result};
use crate::limits;
use crate::object::RefName;

/// How late a due time may be met and still counts as met, in seconds, unless told otherwise.
const GRACE_S: u64 = 3_600;
/// How often a failed run is tried again unless told otherwise.
const RETRIES: u32 = 5;
/// The longest of all durations in a schedule: a year.
const DURATION_S_MAX: u64 = 366 * 24 * 3_600;

/// What makes a schedule due.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Trigger {
    /// The clocks of a time zone.
    Cron {
        /// Minute, hour, day of month, month, day of week.
        pattern: String,
        /// The name of the time zone, such as `Europe/Berlin`.
        zone: String,
    },
    /// So many sessions that no dream of the branch has read.
    AfterSessions(u64),
    /// Unread sessions, and then for so many seconds no new one and no write.
    AfterIdle(u64),
}

/// What becomes of a due time at which nobody looked.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missed {
    /// Nothing, once it is further in the past than the schedule's grace.
    Skip,
    /// All that were missed are made up for by one run.
    #[default]
    Once,
}

/// When to dream, and how.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The name, unique in its store.
    pub name: String,
    /// When.
    pub trigger: Trigger,
    /// The branch to dream about.
    pub branch: String,
    /// Who proposes, in the words of whoever runs the schedule; the command line says `mine` or
    /// `command:PROGRAM`.
    pub curator: String,
    /// Which sessions to read.
    pub sessions: Sessions,
    /// Only sessions of this project.
    pub project: Option<String>,
    /// What the curator should heed.
    pub instructions: Option<String>,
    /// What becomes of missed due times.
    pub missed: Missed,
    /// How late a due time may be met where missed ones are skipped, in seconds.
    pub grace_s: u64,
    /// How often a failed run is tried again, each time after a longer pause.
    pub retries: u32,
    /// The program that is told of what happens, run by the shell.
    pub notify: Option<String>,
    /// Since when it counts.
    pub created: Time,
}

impl Schedule {
    /// A schedule that counts from `created` on: of `main`, by the built-in curator, over new sessions.
    pub fn new(name: impl Into<String>, trigger: Trigger, created: Time) -> Self {
        Self {
            name: name.into(),
            trigger,
            branch: RefName::main().to_string(),
            curator: "mine".to_owned(),
            sessions: Sessions::New,
            project: None,
            instructions: None,
            missed: Missed::default(),
            grace_s: GRACE_S,
            retries: RETRIES,
            notify: None,
            created,
        }
    }

    /// Whether it can be kept.
    ///
    /// # Errors
    /// `Invalid` or `Limit`, naming the rule that is broken.
    pub fn check(&self) -> Result<()> {
        let wrong = |why: &str| Err(Error::invalid(format!("the schedule {why}")));
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let begins = self.name.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !begins || !self.name.chars().all(allowed) {
            let message = format!("`{}` cannot name a schedule", self.name);
            return Err(Error::invalid(format!(
                "{message}: letters, digits and - _ . are allowed, the first a letter or digit"
            )));
        }
        limits::check("schedule's name", self.name.len(), limits::NAME_BYTES_MAX, "bytes")?;
        RefName::new(&self.branch)?;
        let texts = [&self.project, &self.instructions, &self.notify];
        for text in texts.into_iter().flatten().chain([&self.curator]) {
            limits::check("schedule's text", text.len(), limits::MESSAGE_BYTES_MAX, "bytes")?;
        }
        if matches!(self.sessions, Sessions::Ids(_)) {
            return wrong("reads new sessions or all of them, none by their ids");
        }
        if self.grace_s > DURATION_S_MAX {
            return wrong("has a grace of more than a year");
        }
        match &self.trigger {
            Trigger::AfterSessions(0) => wrong("is due after no session at all"),
            Trigger::AfterIdle(seconds) if !(1..=DURATION_S_MAX).contains(seconds) => {
                wrong("is due after no time at all, or more than a year")
            }
            Trigger::AfterSessions(_) | Trigger::AfterIdle(_) => Ok(()),
            Trigger::Cron { pattern, zone } => {
                match Calendar::new(pattern, zone)?.next_after(self.created)? {
                    Some(_) => Ok(()),
                    None => wrong(&format!("is never due: `{pattern}`")),
                }
            }
        }
    }
}
