//! How schedules and their runs are shown.

use std::io::Write;

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use undream::{Outlook, RunEnded, Scheduled, ScheduledRun, Time, Trigger};

use super::call::Eye;
use super::exit::Outcome;
use super::json as shape;
use super::page::Page;
use super::paint::{counted, escape, first_line};
use super::time::ago;

/// How much of a failure a line shows.
const FAILURE_CHARS: usize = 160;
/// How much of a curator's name a line shows.
const CURATOR_CHARS: usize = 60;

/// A run in one line.
pub(crate) fn run_line(run: &ScheduledRun) -> String {
    let again = run.state.retry_at.map(|time| format!("; again at {time}")).unwrap_or_default();
    format!("{}: {}{again}", run.schedule.name, end_of(&run.run))
}

fn end_of(run: &RunEnded) -> String {
    let dream = run.dream.map(|number| format!("dream {number} ")).unwrap_or_default();
    let rest = if let Some(why) = &run.failure {
        format!(": {}", first_line(why, FAILURE_CHARS))
    } else {
        let held = if run.held > 0 { format!(", {} held", run.held) } else { String::new() };
        format!(", {}{held}", counted(run.proposals.into(), "proposal", "proposals"))
    };
    format!("{dream}{}{rest}", run.status.name())
}

pub(crate) fn run_json(run: &ScheduledRun) -> Value {
    let mut value = ended_json(&run.run);
    shape::extend(
        &mut value,
        json!({
            "schedule": run.schedule.name,
            "failures": run.state.failures,
            "nothings": run.state.nothings,
            "retry_at": run.state.retry_at.map(|time| time.to_string()),
            "notice": run.notice,
            "notice_failure": run.notice_failure,
        }),
    );
    value
}

fn ended_json(run: &RunEnded) -> Value {
    json!({
        "due": run.begun.due.to_string(),
        "started": run.begun.started.to_string(),
        "ended": run.ended.to_string(),
        "dream": run.dream,
        "status": run.status.name(),
        "proposals": run.proposals,
        "held": run.held,
        "failure": run.failure,
    })
}

/// Writes a schedule: when, about what, what is next and what was last.
pub(crate) fn write(page: &mut Page, eye: &Eye, found: &Scheduled) -> Outcome {
    let Scheduled { schedule, state, .. } = found;
    writeln!(
        page,
        "{}  {}  of {} by {}",
        eye.paint.name(&schedule.name),
        escape(&when(&schedule.trigger)),
        escape(&schedule.branch),
        first_line(&schedule.curator, CURATOR_CHARS),
    )?;
    writeln!(page, "  next    {}", next(found, eye.now))?;
    if let Some(last) = &state.last {
        writeln!(page, "  last    {}  {}", end_of(last), ago(last.ended, eye.now))?;
    }
    if state.failures > 1 {
        writeln!(page, "  {}  {} times in a row", eye.paint.removed("failed"), state.failures)?;
    }
    Ok(())
}

fn when(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Cron { pattern, zone } => format!("{pattern} {zone}"),
        Trigger::AfterSessions(count) => {
            format!("after {}", counted(*count, "new session", "new sessions"))
        }
        Trigger::AfterIdle(seconds) => {
            let quiet =
                jiff::SignedDuration::from_secs(i64::try_from(*seconds).unwrap_or(i64::MAX));
            format!("after {quiet:#} without a write")
        }
    }
}

/// What a person on call should know of schedules, each with the command that acts on it.
pub(crate) fn notes(all: &[Scheduled], now: Time) -> Vec<(String, &'static str)> {
    const LIST: &str = "undream dream schedule list";
    let mut notes = Vec::new();
    for found in all {
        let name = &found.schedule.name;
        if found.state.failures > 0 {
            let count = counted(found.state.failures.into(), "run", "runs in a row");
            notes.push((format!("! schedule {name} has failed: {count}"), LIST));
        }
        if let Outlook::Due(_) = found.outlook {
            notes.push((format!("! schedule {name} is {}", next(found, now)), "undream daemon"));
        }
    }
    let waiting = all.iter().filter_map(|found| match found.outlook {
        Outlook::Wait(Some(at)) => Some((at, found)),
        _ => None,
    });
    if let Some((_, found)) = waiting.min_by_key(|(at, found)| (*at, &found.schedule.name)) {
        let text = format!("  next dream {} ({})", next(found, now), found.schedule.name);
        notes.push((text, LIST));
    }
    notes
}

/// What the schedule waits for.
pub(crate) fn next(found: &Scheduled, now: Time) -> String {
    let zone = match &found.schedule.trigger {
        Trigger::Cron { zone, .. } => zone,
        _ => "UTC",
    };
    match (found.outlook, &found.schedule.trigger) {
        (Outlook::Due(at), _) if at < now => format!("due since {}", clock(at, zone)),
        (Outlook::Due(_), _) => "due".to_owned(),
        (Outlook::Begun, _) => "it runs".to_owned(),
        (Outlook::Wait(Some(at)), _) => clock(at, zone),
        (Outlook::Wait(None), Trigger::Cron { .. }) => "never".to_owned(),
        (Outlook::Wait(None), _) => "once there are enough new sessions".to_owned(),
    }
}

/// What clocks in `zone` say.
fn clock(time: Time, zone: &str) -> String {
    let stamp = jiff::Timestamp::from_microsecond(time.as_micros());
    match (stamp, TimeZone::get(zone)) {
        (Ok(stamp), Ok(known)) => {
            format!("{} {zone}", stamp.to_zoned(known).strftime("%Y-%m-%d %H:%M"))
        }
        _ => time.to_string(),
    }
}

pub(crate) fn to_json(found: &Scheduled) -> Value {
    let Scheduled { schedule, state, outlook } = found;
    let (mut cron, mut zone, mut after_sessions, mut after_idle) = (None, None, None, None);
    match &schedule.trigger {
        Trigger::Cron { pattern, zone: named } => (cron, zone) = (Some(pattern), Some(named)),
        Trigger::AfterSessions(count) => after_sessions = Some(*count),
        Trigger::AfterIdle(seconds) => after_idle = Some(*seconds),
    }
    let (next, is_due) = match outlook {
        Outlook::Due(at) => (Some(*at), true),
        Outlook::Wait(at) => (*at, false),
        Outlook::Begun => (None, false),
    };
    let mut value = json!({
        "name": schedule.name,
        "cron": cron,
        "tz": zone,
        "after_sessions": after_sessions,
        "after_idle_s": after_idle,
        "branch": schedule.branch,
        "curator": schedule.curator,
        "sessions": schedule.sessions,
        "project": schedule.project,
        "instructions": schedule.instructions,
        "missed": schedule.missed,
        "grace_s": schedule.grace_s,
        "retries": schedule.retries,
        "notify": schedule.notify,
        "created": schedule.created.to_string(),
    });
    shape::extend(
        &mut value,
        json!({
            "due": is_due,
            "running": *outlook == Outlook::Begun,
            "next": next.map(|time| time.to_string()),
            "retry_at": state.retry_at.map(|time| time.to_string()),
            "failures": state.failures,
            "nothings": state.nothings,
            "last": state.last.as_ref().map(ended_json),
        }),
    );
    value
}
