//! Dreams at their time: schedules and what became of their runs, as records of kind `system` on the
//! branch `meta`, and a planner that says what is due.
//!
//! The planner (`due`) is a pure function of a schedule, its state, what is seen of the store and the
//! time. Nothing here waits: whoever runs schedules asks again when he is told to.
//!
//! Invariants: a due time leads to one run at most, whoever looks and however many; a run that began
//! has an end written down, by its runner or by the next who looks.

mod cron;
mod due;
mod notice;
mod records;
mod run;
#[expect(clippy::module_inception, reason = "the file holds the noun the part is named after")]
mod schedule;
mod sight;
mod state;
#[cfg(test)]
mod tests;

pub use due::Outlook;
pub use notice::{Notice, Occasion};
pub use records::{Scheduled, Schedules};
pub use run::{ScheduleTurn, ScheduledRun};
pub use schedule::{Missed, Schedule, Trigger};
pub use state::{RunBegun, RunEnded, ScheduleState};
