//! What became of a schedule's runs: one small record, written when a run begins and when it ends.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::dream::manifest::DreamStatus;
use crate::dream::schedule::schedule::Schedule;

/// The pause after a first failure; each further one is twice as long.
const PAUSE_S: u64 = 60;
/// The longest pause.
const PAUSE_S_MAX: u64 = 6 * 3_600;
/// How much of a failure is kept.
const FAILURE_BYTES_MAX: usize = 4 << 10;

/// A run that has begun.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RunBegun {
    /// Since when it was due.
    pub due: Time,
    /// When it began.
    pub started: Time,
    /// The sessions there were to read, under one name.
    pub unread: Option<String>,
}

/// A run that has ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RunEnded {
    /// How it began.
    pub begun: RunBegun,
    /// When it ended, or was found to have been cut off.
    pub ended: Time,
    /// The dream; `None` where it did not come to one.
    pub dream: Option<u64>,
    /// Where the dream stood then.
    pub status: DreamStatus,
    /// How many proposals it made.
    pub proposals: u32,
    /// How many of them the policy held.
    pub held: u32,
    /// Why it failed.
    pub failure: Option<String>,
}

/// What became of a schedule's runs.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleState {
    /// Due times up to this moment are dealt with.
    pub handled: Time,
    /// The run that has begun and whose end is not written down.
    pub begun: Option<RunBegun>,
    /// The run that ended last.
    pub last: Option<RunEnded>,
    /// How many runs have failed since the last that did not.
    pub failures: u32,
    /// When a failed run is tried again; until then nothing else is due.
    pub retry_at: Option<Time>,
    /// How many dreams have proposed nothing since the last that did propose something.
    pub nothings: u32,
}

/// What a run came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct End {
    pub(super) dream: Option<u64>,
    pub(super) status: DreamStatus,
    pub(super) proposals: u32,
    pub(super) held: u32,
    pub(super) failure: Option<String>,
}

impl End {
    /// A run that did not come to a dream, or was cut off.
    pub(super) fn failed(why: &str) -> Self {
        let failure = Some(why.to_owned());
        Self { dream: None, status: DreamStatus::Failed, proposals: 0, held: 0, failure }
    }
}

impl ScheduleState {
    /// Before the first run.
    pub(super) fn of(schedule: &Schedule) -> Self {
        Self {
            handled: schedule.created,
            begun: None,
            last: None,
            failures: 0,
            retry_at: None,
            nothings: 0,
        }
    }

    /// Begins a run that has been due since `due`.
    pub(super) fn begin(&mut self, due: Time, now: Time, unread: Option<String>) {
        assert!(self.begun.is_none(), "BUG: a run begins while another has not ended");
        self.begun = Some(RunBegun { due, started: now, unread });
        self.handled = self.handled.max(now);
        self.retry_at = None;
    }

    /// Ends the run that has begun. What came due while it ran is dealt with: one does not run after
    /// oneself.
    pub(super) fn end(&mut self, schedule: &Schedule, end: End, now: Time) {
        let begun = self.begun.take().expect("BUG: a run ends that has not begun");
        self.handled = self.handled.max(now);
        match end.status {
            DreamStatus::Failed => {
                self.failures = self.failures.saturating_add(1);
                self.retry_at =
                    pause(self.failures, schedule.retries).map(|seconds| later(now, seconds));
            }
            DreamStatus::Nothing => {
                self.failures = 0;
                self.nothings = self.nothings.saturating_add(1);
            }
            DreamStatus::Cancelled => self.failures = 0,
            _ => (self.failures, self.nothings) = (0, 0),
        }
        self.last = Some(RunEnded {
            begun,
            ended: now,
            dream: end.dream,
            status: end.status,
            proposals: end.proposals,
            held: end.held,
            failure: end.failure.map(|text| start_of(&text)),
        });
    }
}

/// How long to wait before a failed run is tried again, in seconds; `None` if it was tried often
/// enough. The failures after that are those of the next due time, and counted anew.
fn pause(failures: u32, retries: u32) -> Option<u64> {
    let round = (failures - 1) % retries.saturating_add(1);
    (round < retries).then(|| PAUSE_S.saturating_mul(1 << round.min(20)).min(PAUSE_S_MAX))
}

/// `time` and so many seconds.
pub(super) fn later(time: Time, seconds: u64) -> Time {
    let micros = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000);
    Time::from_micros(time.as_micros().saturating_add(micros))
}

fn start_of(text: &str) -> String {
    let end = (0..=text.len().min(FAILURE_BYTES_MAX)).rev().find(|at| text.is_char_boundary(*at));
    text[..end.unwrap_or_default()].to_owned()
}
