//! The planner: what is due, from what is known and nothing else.

use crate::clock::Time;
use crate::dream::schedule::cron::Calendar;
use crate::dream::schedule::schedule::{Missed, Schedule, Trigger};
use crate::dream::schedule::sight::Sight;
use crate::dream::schedule::state::{ScheduleState, later};
use crate::error::Result;

/// What there is to do for a schedule.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outlook {
    /// Nothing until then; where no time is given, until something is written.
    Wait(Option<Time>),
    /// A run has begun, and its end is not written down: somebody is at it, or it was cut off.
    Begun,
    /// A run has been due since then.
    Due(Time),
}

/// What there is to do for a schedule at the time `now`.
///
/// # Errors
/// `Invalid` if the schedule's pattern or time zone is unknown here.
pub(super) fn due(
    schedule: &Schedule,
    state: &ScheduleState,
    sight: &Sight,
    now: Time,
) -> Result<Outlook> {
    if state.begun.is_some() {
        return Ok(Outlook::Begun);
    }
    if let Some(retry) = state.retry_at {
        return Ok(by(Some(retry), now));
    }
    match &schedule.trigger {
        Trigger::Cron { pattern, zone } => {
            let calendar = Calendar::new(pattern, zone)?;
            Ok(by(calendar.next_after(counted_from(schedule, state, now))?, now))
        }
        Trigger::AfterSessions(least) if sight.unread < *least => Ok(Outlook::Wait(None)),
        // What the last run was given and left unread comes again only with something new.
        _ if sight.unread == 0 || is_left_over(state, sight) => Ok(Outlook::Wait(None)),
        Trigger::AfterSessions(_) => Ok(Outlook::Due(now)),
        Trigger::AfterIdle(seconds) => {
            let quiet = sight.busy.map_or(now, |busy| later(busy, *seconds));
            Ok(by(Some(quiet), now))
        }
    }
}

fn by(time: Option<Time>, now: Time) -> Outlook {
    match time {
        Some(time) if time <= now => Outlook::Due(time),
        other => Outlook::Wait(other),
    }
}

/// The moment after which due times count.
fn counted_from(schedule: &Schedule, state: &ScheduleState, now: Time) -> Time {
    match schedule.missed {
        Missed::Once => state.handled,
        Missed::Skip => {
            let grace = i64::try_from(schedule.grace_s).unwrap_or(i64::MAX);
            let in_time = now.as_seconds().saturating_sub(grace).saturating_sub(1);
            state.handled.max(Time::from_seconds(in_time))
        }
    }
}

fn is_left_over(state: &ScheduleState, sight: &Sight) -> bool {
    let last = state.last.as_ref().and_then(|last| last.begun.unread.as_ref());
    last.is_some() && last == sight.name.as_ref()
}
