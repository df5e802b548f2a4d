//! What follows from how runs ended.

use crate::clock::Time;
use crate::dream::manifest::DreamStatus;
use crate::dream::schedule::due::{Outlook, due};
use crate::dream::schedule::notice::{Notice, Occasion};
use crate::dream::schedule::schedule::{Missed, Schedule, Trigger};
use crate::dream::schedule::sight::Sight;
use crate::dream::schedule::state::{End, ScheduleState};
use crate::dream::schedule::tests::{at, cron, ended};
use crate::engine::Database;

fn look(schedule: &Schedule, state: &ScheduleState, now: &str) -> Outlook {
    due(schedule, state, &Sight::default(), at(now)).unwrap()
}

fn waits(text: &str) -> Outlook {
    Outlook::Wait(Some(at(text)))
}

#[test]
fn what_was_missed_is_made_up_for_once_or_skipped() {
    let mut schedule = cron("0 2 * * *", "UTC", "2026-03-01T12:00:00Z");
    let state = ScheduleState::of(&schedule);
    assert_eq!(look(&schedule, &state, "2026-03-02T01:59:59Z"), waits("2026-03-02T02:00:00Z"));
    assert_eq!(
        look(&schedule, &state, "2026-03-05T12:00:00Z"),
        Outlook::Due(at("2026-03-02T02:00:00Z"))
    );

    let mut made_up = state.clone();
    made_up.begin(at("2026-03-02T02:00:00Z"), at("2026-03-05T12:00:00Z"), None);
    assert_eq!(look(&schedule, &made_up, "2026-03-05T12:00:01Z"), Outlook::Begun);
    made_up.end(&schedule, ended(DreamStatus::Waiting), at("2026-03-05T12:10:00Z"));
    assert_eq!(look(&schedule, &made_up, "2026-03-05T12:10:01Z"), waits("2026-03-06T02:00:00Z"));

    schedule.missed = Missed::Skip;
    assert_eq!(look(&schedule, &state, "2026-03-05T12:00:00Z"), waits("2026-03-06T02:00:00Z"));
    assert_eq!(
        look(&schedule, &state, "2026-03-05T03:00:00Z"),
        Outlook::Due(at("2026-03-05T02:00:00Z"))
    );
    assert_eq!(look(&schedule, &state, "2026-03-05T03:00:01Z"), waits("2026-03-06T02:00:00Z"));
}

#[test]
fn what_comes_due_while_a_run_goes_on_is_skipped() {
    let schedule = cron("*/10 * * * *", "UTC", "2026-03-01T12:00:00Z");
    let mut state = ScheduleState::of(&schedule);
    state.begin(at("2026-03-01T12:10:00Z"), at("2026-03-01T12:10:00Z"), None);
    state.end(&schedule, ended(DreamStatus::Merged), at("2026-03-01T12:35:00Z"));
    assert_eq!(look(&schedule, &state, "2026-03-01T12:35:00Z"), waits("2026-03-01T12:40:00Z"));
}

#[test]
fn a_failed_run_is_tried_again_after_longer_and_longer_pauses_and_then_given_up() {
    let mut schedule = cron("0 2 * * *", "UTC", "2026-03-01T12:00:00Z");
    schedule.retries = 3;
    let mut state = ScheduleState::of(&schedule);
    let mut now = at("2026-03-02T02:00:00Z");
    let fail = |state: &mut ScheduleState, now: Time| {
        state.begin(now, now, None);
        state.end(&schedule, End::failed("no network"), now);
        state.retry_at.map(|retry| retry.as_seconds() - now.as_seconds())
    };
    for pause in [60, 120, 240] {
        assert_eq!(fail(&mut state, now), Some(pause));
        now = state.retry_at.unwrap();
    }
    assert_eq!(fail(&mut state, now), None, "tried often enough");
    assert_eq!(look(&schedule, &state, "2026-03-02T03:00:00Z"), waits("2026-03-03T02:00:00Z"));
    assert_eq!(fail(&mut state, at("2026-03-03T02:00:00Z")), Some(60), "the next night anew");
    assert_eq!(state.failures, 5);
    schedule.retries = 0;
    state.begin(now, now, None);
    state.end(&schedule, End::failed("no network"), now);
    assert_eq!(state.retry_at, None);
    state.begin(now, now, None);
    state.end(&schedule, ended(DreamStatus::Nothing), now);
    assert_eq!((state.failures, state.nothings), (0, 1));
}

#[test]
fn nothing_else_is_due_while_a_failed_run_waits_to_be_tried_again() {
    let schedule = cron("* * * * *", "UTC", "2026-03-01T12:00:00Z");
    let mut state = ScheduleState::of(&schedule);
    for started in ["2026-03-01T12:01:00Z", "2026-03-01T12:02:00Z"] {
        state.begin(at(started), at(started), None);
        state.end(&schedule, End::failed("no network"), at(started));
    }
    assert_eq!(look(&schedule, &state, "2026-03-01T12:03:59Z"), waits("2026-03-01T12:04:00Z"));
    let retry = at("2026-03-01T12:04:00Z");
    assert_eq!(look(&schedule, &state, "2026-03-01T12:04:30Z"), Outlook::Due(retry));
}

#[test]
fn sessions_that_a_run_left_unread_come_again_only_with_a_new_one() {
    let created = at("2026-03-01T12:00:00Z");
    let schedule = Schedule::new("busy", Trigger::AfterSessions(2), created);
    let now = at("2026-03-01T13:00:00Z");
    let see = |unread: u64, name: &str| Sight { unread, name: Some(name.to_owned()), busy: None };
    let mut state = ScheduleState::of(&schedule);
    let look = |state: &ScheduleState, sight: Sight| due(&schedule, state, &sight, now).unwrap();
    assert_eq!(look(&state, see(1, "a")), Outlook::Wait(None));
    assert_eq!(look(&state, see(2, "ab")), Outlook::Due(now));
    state.begin(now, now, Some("ab".to_owned()));
    state.end(&schedule, ended(DreamStatus::Cancelled), now);
    assert_eq!(look(&state, see(2, "ab")), Outlook::Wait(None), "somebody did not want it");
    assert_eq!(look(&state, see(3, "abc")), Outlook::Due(now));
}

#[test]
fn an_idle_store_is_dreamt_of_once_it_has_been_quiet_and_only_if_there_is_something_to_read() {
    let created = at("2026-03-01T12:00:00Z");
    let schedule = Schedule::new("idle", Trigger::AfterIdle(600), created);
    let state = ScheduleState::of(&schedule);
    let sight = |unread: u64, busy: Option<&str>| Sight {
        unread,
        name: (unread > 0).then(|| "a".to_owned()),
        busy: busy.map(at),
    };
    let look = |sight: Sight, now: &str| due(&schedule, &state, &sight, at(now)).unwrap();
    let busy = Some("2026-03-01T13:00:00Z");
    assert_eq!(look(sight(1, busy), "2026-03-01T13:09:59Z"), waits("2026-03-01T13:10:00Z"));
    let quiet = Outlook::Due(at("2026-03-01T13:10:00Z"));
    assert_eq!(look(sight(1, busy), "2026-03-01T13:10:00Z"), quiet);
    assert_eq!(look(sight(0, None), "2026-03-01T14:00:00Z"), Outlook::Wait(None));
}

#[test]
fn one_is_told_of_what_needs_a_look_and_of_the_third_dream_that_did_nothing() {
    let store = Database::in_memory().unwrap().store("default").unwrap();
    let schedule = cron("0 2 * * *", "UTC", "2026-03-01T12:00:00Z");
    let mut state = ScheduleState::of(&schedule);
    let now = at("2026-03-02T02:00:00Z");
    let mut told = |end: End| {
        state.begin(now, now, None);
        state.end(&schedule, end, now);
        Notice::of(&store, &schedule, &state).map(|notice| notice.occasion)
    };
    let nothing = || ended(DreamStatus::Nothing);
    assert_eq!(told(ended(DreamStatus::Waiting)), Some(Occasion::Finished));
    let held = |status| End { held: 1, ..ended(status) };
    assert_eq!(told(held(DreamStatus::PartlyMerged)), Some(Occasion::Held));
    assert_eq!(told(held(DreamStatus::Rejected)), Some(Occasion::Finished));
    assert_eq!(told(End::failed("no network")), Some(Occasion::Failed));
    assert_eq!(told(ended(DreamStatus::Cancelled)), None);
    assert_eq!([told(nothing()), told(nothing())], [None, None]);
    assert_eq!(told(nothing()), Some(Occasion::Nothing));
    assert_eq!(told(nothing()), None);
    assert_eq!(told(ended(DreamStatus::Merged)), Some(Occasion::Finished));
    assert_eq!([told(nothing()), told(nothing())], [None, None], "counted anew");
}
