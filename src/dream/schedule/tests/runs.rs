//! Runs on a database: one at a time, each with its end written down.

use std::time::Duration;

use crate::clock::FixedClock;
use crate::dream::curator::{Curator, CuratorInput, Suggestion};
use crate::dream::dream::Dream;
use crate::dream::manifest::{DreamStatus, meta};
use crate::dream::run::DreamRun;
use crate::dream::schedule::due::Outlook;
use crate::dream::schedule::notice::Notice;
use crate::dream::schedule::records::{Scheduled, Schedules, load, save};
use crate::dream::schedule::run::ScheduleTurn;
use crate::dream::schedule::schedule::{Schedule, Trigger};
use crate::dream::schedule::state::ScheduleState;
use crate::dream::schedule::tests::{at, cron, ended};
use crate::engine::{Branch, Database, NewSession, Options, Store};
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Author, Event, Role, SessionFacts};

struct Idler;

impl Curator for Idler {
    fn name(&self) -> String {
        "idler".to_owned()
    }

    fn version(&self) -> String {
        "1".to_owned()
    }

    fn propose(
        &self,
        _input: &CuratorInput<'_>,
        _suggest: &mut dyn FnMut(Suggestion) -> Result<()>,
    ) -> Result<()> {
        Ok(())
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what prepares a dream may fail")]
fn idle(_schedule: &Schedule, branch: &Branch) -> Result<DreamRun> {
    Ok(Dream::on(branch).curator(Idler))
}

fn unwell(_schedule: &Schedule, _branch: &Branch) -> Result<DreamRun> {
    Err(Error::new(ErrorKind::Io, "no network"))
}

fn ana() -> Author {
    Author::person("ana")
}

/// A database whose clock begins at `start` and goes on by a second with each look.
fn store_at(start: &str) -> Store {
    let options = Options::new().clock(FixedClock::new(at(start), 1_000_000));
    options.in_memory().unwrap().store("default").unwrap()
}

fn take_session(store: &Store, id: &str, project: &str) {
    let facts = SessionFacts {
        id: id.to_owned(),
        project: Some(project.to_owned()),
        ..SessionFacts::default()
    };
    let session = NewSession { facts, events: vec![Event::said(Role::User, "Hi.")], extra: None };
    store.import_sessions(&[session], &ana()).unwrap();
}

fn only(schedules: &Schedules) -> Scheduled {
    let mut all = schedules.list().unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn is_rest(turn: &ScheduleTurn) -> bool {
    matches!(turn, ScheduleTurn::Rest(_))
}

#[test]
fn what_is_due_runs_once_and_leaves_two_small_commits_beside_the_dream_s() {
    let store = store_at("2026-03-02T02:00:00Z");
    let schedules = Schedules::of(&store);
    schedules.add(&cron("0 2 * * *", "UTC", "2026-03-01T12:00:00Z"), &ana()).unwrap();
    let before = store.operations().unwrap().count();
    let ScheduleTurn::Ran(ran) = schedules.run_next(&ana(), &idle).unwrap() else { panic!("due") };
    assert_eq!((ran.run.dream, ran.run.status), (Some(1), DreamStatus::Nothing));
    let after = store.operations().unwrap().count();
    // First commit of the branch, its dream's begin, branch and end, the run's begin and end.
    assert_eq!(after - before, 6);
    for _ in 0..50 {
        assert!(is_rest(&schedules.run_next(&ana(), &idle).unwrap()));
    }
    assert_eq!(store.operations().unwrap().count(), after, "looking writes nothing");
}

#[test]
fn a_run_that_cannot_be_prepared_fails_and_is_tried_again() {
    let store = store_at("2026-03-02T02:00:00Z");
    let schedules = Schedules::of(&store);
    schedules.add(&cron("0 2 * * *", "UTC", "2026-03-01T12:00:00Z"), &ana()).unwrap();
    let ScheduleTurn::Ran(ran) = schedules.run_next(&ana(), &unwell).unwrap() else {
        panic!("due")
    };
    assert_eq!(ran.run.failure.as_deref(), Some("no network"));
    let ScheduleTurn::Rest(Some(wake)) = schedules.run_next(&ana(), &idle).unwrap() else {
        panic!("it waits to be tried again")
    };
    assert_eq!(Some(wake), only(&schedules).state.retry_at);
    let turns = (0..120).map(|_| schedules.run_next(&ana(), &idle).unwrap());
    assert_eq!(turns.filter(|turn| !is_rest(turn)).count(), 1);
}

#[test]
fn sessions_are_counted_as_the_dream_would_read_them() {
    let store = store_at("2026-03-02T02:00:00Z");
    let schedules = Schedules::of(&store);
    let created = at("2026-03-01T12:00:00Z");
    let mut schedule = Schedule::new("busy", Trigger::AfterSessions(2), created);
    schedule.project = Some("press".to_owned());
    schedules.add(&schedule, &ana()).unwrap();
    take_session(&store, "a", "press");
    take_session(&store, "b", "other");
    assert_eq!(only(&schedules).outlook, Outlook::Wait(None));
    take_session(&store, "c", "press");
    assert!(matches!(only(&schedules).outlook, Outlook::Due(_)));
    let press =
        |_: &Schedule, branch: &Branch| Ok(Dream::on(branch).curator(Idler).project("press"));
    assert!(!is_rest(&schedules.run_next(&ana(), &press).unwrap()));
    assert_eq!(only(&schedules).outlook, Outlook::Wait(None));
}

#[test]
fn only_what_others_write_keeps_a_store_from_being_idle() {
    let store = store_at("2026-03-02T02:00:00Z");
    let schedules = Schedules::of(&store);
    let created = at("2026-03-01T12:00:00Z");
    take_session(&store, "a", "press");
    schedules.add(&Schedule::new("idle", Trigger::AfterIdle(30), created), &ana()).unwrap();
    let Outlook::Wait(Some(first)) = only(&schedules).outlook else { panic!("just written") };
    schedules.add(&cron("0 2 * * *", "UTC", "2027-03-01T12:00:00Z"), &ana()).unwrap();
    let all = schedules.list().unwrap();
    assert_eq!(all[0].outlook, Outlook::Wait(Some(first)), "a schedule is no write");
    let looks = (0..60).map(|_| schedules.list().unwrap()[0].outlook);
    assert!(looks.into_iter().any(|outlook| outlook == Outlook::Due(first)));
}

#[test]
fn of_several_that_look_at_once_one_runs() {
    let directory = tempfile::tempdir().unwrap();
    let open = || {
        let clock = FixedClock::new(at("2026-03-02T02:00:00Z"), 1_000);
        Options::new().clock(clock).open_or_create(directory.path()).unwrap()
    };
    let schedules = Schedules::of(&open().store("default").unwrap());
    schedules.add(&cron("0 2 * * *", "UTC", "2026-03-01T12:00:00Z"), &ana()).unwrap();
    let runners: Vec<Database> = (0..4).map(|_| open()).collect();
    let ran: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = runners
            .iter()
            .map(|database| {
                scope.spawn(|| {
                    let schedules = Schedules::of(&database.store("default").unwrap());
                    let turns = (0..10).map(|_| schedules.run_next(&ana(), &idle).unwrap());
                    turns.filter(|turn| !is_rest(turn)).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(ran, 1);
    assert_eq!(Dream::list(schedules.store()).unwrap().len(), 1);
}

#[test]
fn a_run_whose_process_died_is_noted_as_failed_and_tried_again() {
    let directory = tempfile::tempdir().unwrap();
    let clock = FixedClock::new(at("2026-03-02T02:00:00Z"), 1_000_000);
    let database = Options::new().clock(clock).create(directory.path()).unwrap();
    let schedules = Schedules::of(&database.store("default").unwrap());
    schedules.add(&cron("0 2 * * *", "UTC", "2026-03-01T12:00:00Z"), &ana()).unwrap();
    let panics = |_: &Schedule, _: &Branch| -> Result<DreamRun> { panic!("the curator is broken") };
    let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        schedules.run_next(&ana(), &panics)
    }));
    assert!(died.is_err());
    assert_eq!(only(&schedules).outlook, Outlook::Begun);
    let ScheduleTurn::Ran(ran) = schedules.run_next(&ana(), &idle).unwrap() else {
        panic!("its end is to be noted")
    };
    assert!(ran.run.failure.as_ref().is_some_and(|why| why.contains("cut off")));
    assert_eq!(ran.state.failures, 1);
    assert!(is_rest(&schedules.run_next(&ana(), &idle).unwrap()), "not at once");
    let ran = schedules.run("nightly", &ana(), &idle).unwrap().expect("nobody else runs");
    assert_eq!((ran.run.status, ran.state.failures), (DreamStatus::Nothing, 0));
}

#[test]
fn a_claim_of_somebody_else_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let clock = FixedClock::new(at("2026-03-02T02:00:00Z"), 1_000_000);
    let database = Options::new().clock(clock).create(directory.path()).unwrap();
    let store = database.store("default").unwrap();
    let schedules = Schedules::of(&store);
    schedules.add(&cron("0 2 * * *", "UTC", "2026-03-01T12:00:00Z"), &ana()).unwrap();
    let nested = |_: &Schedule, branch: &Branch| {
        let inner = schedules.run_next(&ana(), &idle)?;
        assert!(is_rest(&inner), "one that runs is not begun again, nor noted as cut off");
        assert!(schedules.run("nightly", &ana(), &idle)?.is_none());
        Ok(Dream::on(branch).curator(Idler))
    };
    assert!(!is_rest(&schedules.run_next(&ana(), &nested).unwrap()));
}

#[test]
fn a_schedule_removed_while_it_runs_stays_removed() {
    let store = store_at("2026-03-02T02:00:00Z");
    let schedules = Schedules::of(&store);
    schedules.add(&cron("0 2 * * *", "UTC", "2026-03-01T12:00:00Z"), &ana()).unwrap();
    let twice = schedules.add(&cron("0 3 * * *", "UTC", "2026-03-01T12:00:00Z"), &ana());
    assert_eq!(twice.unwrap_err().kind(), ErrorKind::Invalid);
    let removing = |_: &Schedule, branch: &Branch| {
        schedules.remove("nightly", &ana())?;
        Ok(Dream::on(branch).curator(Idler))
    };
    assert!(!is_rest(&schedules.run_next(&ana(), &removing).unwrap()));
    assert!(schedules.list().unwrap().is_empty());
    let kept = meta(&store).snapshot().unwrap();
    assert!(load(&kept, "nightly").unwrap().is_none());
    assert_eq!(kept.count("schedules").unwrap(), 0, "no state without its plan");
    let gone = schedules.remove("nightly", &ana()).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
}

#[test]
fn a_program_is_told_within_its_time_and_its_failure_is_no_failure_of_the_run() {
    let directory = tempfile::tempdir().unwrap();
    let store = store_at("2026-03-02T02:00:00Z");
    let mut schedule = cron("0 2 * * *", "UTC", "2026-03-01T12:00:00Z");
    let mut state = ScheduleState::of(&schedule);
    state.begin(schedule.created, schedule.created, None);
    state.end(&schedule, ended(DreamStatus::Waiting), at("2026-03-02T02:00:00Z"));
    let notice = Notice::of(&store, &schedule, &state).unwrap();
    let heard = directory.path().join("heard");
    notice.send(&format!("cat > '{}'", heard.display())).unwrap();
    let heard: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(heard).unwrap()).unwrap();
    assert_eq!((&heard["undream_notice"], &heard["occasion"]), (&1.into(), &"finished".into()));
    assert_eq!((&heard["schedule"], &heard["dream"]), (&"nightly".into(), &1.into()));
    assert!(notice.send("exit 3").unwrap_err().to_string().contains("exit status: 3"));
    let short = Duration::from_millis(60);
    let slow = notice.send_within("sleep 60 & sleep 60", short).unwrap_err().to_string();
    assert!(slow.contains("took over 0.06 s"), "{slow}");

    schedule.notify = Some("exit 3".to_owned());
    let schedules = Schedules::of(&store);
    schedules.add(&schedule, &ana()).unwrap();
    let ran = schedules.run("nightly", &ana(), &unwell).unwrap().unwrap();
    assert!(ran.notice_failure.is_some_and(|why| why.contains("exit status: 3")));
}

#[test]
fn a_damaged_record_is_named() {
    let store = store_at("2026-03-02T02:00:00Z");
    let schedules = Schedules::of(&store);
    let schedule = cron("0 2 * * *", "UTC", "2026-03-01T12:00:00Z");
    schedules.add(&schedule, &ana()).unwrap();
    let mut transaction = meta(&store).write_reserved().unwrap();
    save(&mut transaction, "nightly", &ScheduleState::of(&schedule)).unwrap();
    transaction.put("schedules/nightly/state", "{}").unwrap();
    transaction.commit(ana().message("break it")).unwrap();
    let error = schedules.list().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("schedules/nightly/state"));
}
