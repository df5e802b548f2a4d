//! When a pattern is due, above all where clocks are changed.

use crate::clock::Time;
use crate::dream::schedule::cron::Calendar;
use crate::dream::schedule::schedule::{Schedule, Trigger};
use crate::dream::schedule::tests::{at, cron};

/// All due times of a pattern in a span, as text.
fn due_times(pattern: &str, zone: &str, (from, to): (&str, &str)) -> Vec<String> {
    let calendar = Calendar::new(pattern, zone).unwrap();
    let (mut time, end) = (at(from), at(to));
    let mut found = Vec::new();
    while let Some(next) = calendar.next_after(time).unwrap().filter(|next| *next <= end) {
        assert!(next > time, "{pattern} in {zone} goes on from {time}");
        found.push(next.to_string());
        time = next;
    }
    found
}

#[test]
fn a_time_of_day_comes_once_a_day_where_clocks_are_put_forward() {
    // Berlin leaves out 02:00 to 03:00, New York as well.
    let berlin = ("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z");
    assert_eq!(
        due_times("30 2 * * *", "Europe/Berlin", berlin),
        ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"],
        "02:30 does not exist; it comes when the clock says 03:00"
    );
    assert_eq!(
        due_times("30 1 * * *", "Europe/Berlin", berlin),
        ["2026-03-29T00:30:00Z", "2026-03-29T23:30:00Z"]
    );
    let york = ("2026-03-07T12:00:00Z", "2026-03-09T12:00:00Z");
    assert_eq!(
        due_times("30 2 * * *", "America/New_York", york),
        ["2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"]
    );
}

#[test]
fn a_time_of_day_comes_once_a_day_where_clocks_are_put_back() {
    let berlin = ("2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z");
    assert_eq!(
        due_times("30 2 * * *", "Europe/Berlin", berlin),
        ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
        "of the two times that are called 02:30, the first"
    );
    let york = ("2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z");
    assert_eq!(
        due_times("30 1 * * *", "America/New_York", york),
        ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]
    );
}

#[test]
fn steps_follow_the_clock_through_both_changes() {
    let forward = ("2026-03-29T00:29:00Z", "2026-03-29T02:01:00Z");
    assert_eq!(
        due_times("*/30 * * * *", "Europe/Berlin", forward),
        [
            "2026-03-29T00:30:00Z",
            "2026-03-29T01:00:00Z",
            "2026-03-29T01:30:00Z",
            "2026-03-29T02:00:00Z"
        ],
        "every half hour, also over the gap"
    );
    let back = ("2026-10-24T23:59:00Z", "2026-10-25T02:01:00Z");
    assert_eq!(
        due_times("*/30 * * * *", "Europe/Berlin", back),
        [
            "2026-10-25T00:00:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:00:00Z",
            "2026-10-25T01:30:00Z",
            "2026-10-25T02:00:00Z"
        ],
        "every half hour, also in the hour that comes twice"
    );
}

#[test]
fn due_times_are_the_same_from_wherever_in_a_second_or_day_one_looks() {
    for (pattern, zone, day) in [
        ("30 2 * * *", "Europe/Berlin", "2026-03-29"),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25"),
        ("15,45 1-2 * * *", "America/New_York", "2026-11-01"),
        ("*/20 2 * * *", "America/New_York", "2026-03-08"),
        ("0 */2 * * *", "Europe/Berlin", "2026-10-25"),
    ] {
        let calendar = Calendar::new(pattern, zone).unwrap();
        let start = at(&format!("{day}T00:00:00Z"));
        let far = Time::from_seconds(start.as_seconds() + 36 * 3_600).to_string();
        let known = due_times(pattern, zone, (&format!("{day}T00:00:00Z"), &far));
        assert!(known.len() > 1, "{pattern}");
        for minute in 0..24 * 60 {
            let micros = start.as_micros() + minute * 60_000_000 + (minute % 3) * 400_000;
            let from = Time::from_micros(micros);
            let next = calendar.next_after(from).unwrap().unwrap().to_string();
            let wanted = known.iter().find(|due| at(due) > from).expect("there is a later one");
            assert_eq!(&next, wanted, "{pattern} in {zone} from {from}");
        }
    }
}

#[test]
fn a_schedule_that_cannot_be_or_is_never_due_is_refused() {
    let good = cron("30 2 * * mon-fri", "Europe/Berlin", "2026-03-01T00:00:00Z");
    good.check().unwrap();
    let why = |change: &dyn Fn(&mut Schedule)| {
        let mut bad = good.clone();
        change(&mut bad);
        bad.check().unwrap_err().to_string()
    };
    let timed = |pattern: &str, zone: &str| {
        let trigger = Trigger::Cron { pattern: pattern.to_owned(), zone: zone.to_owned() };
        why(&move |bad| bad.trigger = trigger.clone())
    };
    assert!(timed("61 2 * * *", "UTC").contains("is no cron pattern"));
    assert!(timed("0 30 2 * * *", "UTC").contains("is no cron pattern"), "seconds are not kept");
    assert!(timed("30 2 * * *", "Berlin").contains("`Berlin` is no time zone"));
    assert!(timed("0 0 30 2 *", "UTC").contains("never due"));
    assert!(why(&|bad| bad.name = "a/b".to_owned()).contains("cannot name a schedule"));
    assert!(why(&|bad| bad.name = String::new()).contains("cannot name a schedule"));
    assert!(why(&|bad| bad.trigger = Trigger::AfterSessions(0)).contains("no session at all"));
    assert!(why(&|bad| bad.trigger = Trigger::AfterIdle(0)).contains("no time at all"));
    assert!(why(&|bad| bad.grace_s = u64::MAX).contains("grace"));
    let ids = crate::dream::run::Sessions::Ids(vec!["a".to_owned()]);
    assert!(why(&move |bad| bad.sessions = ids.clone()).contains("by their ids"));
}
