//! What holds whatever happens: a machine that sleeps, runs that take long, fail or die.

use proptest::prelude::*;

use crate::clock::Time;
use crate::dream::manifest::DreamStatus;
use crate::dream::schedule::due::{Outlook, due};
use crate::dream::schedule::schedule::{Missed, Schedule};
use crate::dream::schedule::sight::Sight;
use crate::dream::schedule::state::{End, ScheduleState};
use crate::dream::schedule::tests::{at, cron, ended};

/// One look at the schedule, and what comes of it if it is due.
#[derive(Clone, Copy, Debug)]
struct Look {
    /// Seconds since the look before.
    after: i64,
    /// Seconds that a run takes.
    takes: i64,
    fate: Fate,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    Good,
    Failed,
    /// The process dies, and the next look notes it.
    Died,
}

/// A run as the test saw it.
#[derive(Clone, Copy, Debug)]
struct Seen {
    started: Time,
    ended: Time,
    fate: Fate,
    is_retry: bool,
}

fn looks() -> impl Strategy<Value = Vec<Look>> {
    let after = prop_oneof![4 => 1..90_i64, 3 => 60..7_200_i64, 1 => 7_200..500_000_i64];
    let fate = prop_oneof![4 => Just(Fate::Good), 1 => Just(Fate::Failed), 1 => Just(Fate::Died)];
    let look = (after, prop_oneof![3 => 1..60_i64, 1 => 60..20_000_i64], fate)
        .prop_map(|(after, takes, fate)| Look { after, takes, fate });
    prop::collection::vec(look, 1..120)
}

/// A daily time or a step, and the due times it has: computed from the clock's hands alone.
fn patterns() -> impl Strategy<Value = (String, u32)> {
    prop_oneof![
        (0..24_u32, 0..60_u32).prop_map(|(hour, minute)| (format!("{minute} {hour} * * *"), 0)),
        prop::sample::select(vec![5_u32, 10, 15, 30])
            .prop_map(|step| (format!("*/{step} * * * *"), step)),
    ]
}

/// The due times in UTC after `from` and up to `to`.
fn oracle(pattern: &str, step: u32, (from, to): (Time, Time)) -> Vec<Time> {
    let (first, every) = if step > 0 {
        (0, i64::from(step) * 60)
    } else {
        let mut parts = pattern.split(' ').map_while(|part| part.parse::<i64>().ok());
        let (minute, hour) = (parts.next().unwrap(), parts.next().unwrap());
        (hour * 3_600 + minute * 60, 86_400)
    };
    let begin = (from.as_seconds() - first).div_euclid(every) + 1;
    let end = (to.as_seconds() - first).div_euclid(every);
    (begin..=end).map(|number| Time::from_seconds(first + number * every)).collect()
}

/// Lives through the looks; the runs that came of them, and the time at the end.
fn live(schedule: &Schedule, looks: &[Look]) -> (Vec<Seen>, Time) {
    let mut state = ScheduleState::of(schedule);
    let mut now = schedule.created;
    let mut seen: Vec<Seen> = Vec::new();
    for look in looks {
        now = Time::from_seconds(now.as_seconds() + look.after);
        // What is kept between two looks is only what is written down.
        state = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
        match due(schedule, &state, &Sight::default(), now).unwrap() {
            Outlook::Wait(_) => {}
            Outlook::Begun => {
                state.end(schedule, End::failed("cut off"), now);
                seen.last_mut().unwrap().ended = now;
            }
            Outlook::Due(at) => {
                let is_retry = state.retry_at.is_some();
                assert!(at <= now);
                state.begin(at, now, None);
                let started = now;
                now = Time::from_seconds(now.as_seconds() + look.takes);
                seen.push(Seen { started, ended: now, fate: look.fate, is_retry });
                match look.fate {
                    Fate::Good => state.end(schedule, ended(DreamStatus::Waiting), now),
                    Fate::Failed => state.end(schedule, End::failed("no network"), now),
                    Fate::Died => {}
                }
            }
        }
    }
    (seen, now)
}

proptest! {
    #[test]
    fn no_two_runs_are_for_one_due_time((pattern, step) in patterns(), looks in looks(), skips: bool) {
        let mut schedule = cron(&pattern, "UTC", "2026-02-27T21:13:40Z");
        schedule.missed = if skips { Missed::Skip } else { Missed::Once };
        let (seen, _) = live(&schedule, &looks);
        let mut dealt_with = schedule.created;
        for run in seen {
            let own = oracle(&pattern, step, (dealt_with, run.started));
            prop_assert!(run.is_retry || !own.is_empty(), "{run:?} is for nothing new");
            prop_assert!(run.started >= dealt_with);
            if skips && !run.is_retry {
                let late = run.started.as_seconds() - own.last().unwrap().as_seconds();
                prop_assert!(late <= 3_600, "{run:?} is too late");
            }
            dealt_with = run.ended;
        }
    }

    #[test]
    fn no_due_time_is_lost_where_missed_ones_are_made_up_for(
        (pattern, step) in patterns(),
        looks in looks(),
    ) {
        let mut schedule = cron(&pattern, "UTC", "2026-02-27T21:13:40Z");
        schedule.retries = u32::MAX - 1;
        // At the end somebody looks often enough for all that is left to be tried again and to succeed.
        let calm = Look { after: 6 * 3_600, takes: 1, fate: Fate::Good };
        let looks: Vec<Look> = looks.into_iter().chain([calm; 4]).collect();
        let (seen, now) = live(&schedule, &looks);
        for time in oracle(&pattern, step, (schedule.created, now)) {
            let met = seen.iter().any(|run| run.started >= time && run.fate == Fate::Good);
            // It came due while a run went on that did not fail.
            let overlapped = seen.iter().any(|run| {
                run.fate == Fate::Good && run.started < time && time <= run.ended
            });
            let is_open = now.as_seconds() - time.as_seconds() < 6 * 3_600;
            prop_assert!(met || overlapped || is_open, "{time} is lost: {seen:?}");
        }
    }
}

#[test]
fn one_run_for_each_night_of_a_year_in_which_clocks_change_twice() {
    for (zone, pattern) in [
        ("Europe/Berlin", "30 2 * * *"),
        ("America/New_York", "30 2 * * *"),
        ("Europe/Berlin", "0 3 * * *"),
    ] {
        let schedule = cron(pattern, zone, "2026-01-01T12:00:00Z");
        let hours = 365 * 24;
        let look = Look { after: 3_600, takes: 0, fate: Fate::Good };
        let (seen, now) = live(&schedule, &vec![look; hours]);
        assert_eq!(now, at("2027-01-01T12:00:00Z"));
        assert_eq!(seen.len(), 365, "{zone} {pattern}");
    }
}
