//! Claims about the planner, under a clock that the test moves.

mod calendar;
mod outcome;
mod promise;
mod runs;

use crate::clock::Time;
use crate::dream::manifest::DreamStatus;
use crate::dream::schedule::schedule::{Schedule, Trigger};
use crate::dream::schedule::state::End;

fn at(text: &str) -> Time {
    Time::parse(text).unwrap()
}

fn cron(pattern: &str, zone: &str, created: &str) -> Schedule {
    let trigger = Trigger::Cron { pattern: pattern.to_owned(), zone: zone.to_owned() };
    Schedule::new("nightly", trigger, at(created))
}

/// A dream that ended so.
fn ended(status: DreamStatus) -> End {
    End { dream: Some(1), status, proposals: 2, held: 0, failure: None }
}
