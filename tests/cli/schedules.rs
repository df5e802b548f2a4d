//! Dreams that run at their time.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::desk::{Desk, assert_story};

fn desk() -> Desk {
    let desk = Desk::after(&["init", "put facts/city 'The office is in Lisbon.'"]);
    desk.import_sessions();
    desk
}

#[test]
fn a_schedule_is_kept_run_by_a_timer_and_removed() {
    let story = desk().tell(&[
        "dream schedule list",
        "dream schedule add nightly --cron '30 2 * * *' --tz Europe/Berlin",
        "dream schedule add nightly --after-sessions 5",
        "dream schedule add often --cron '* * * * *' --curator 'command:cat > /dev/null; exit 3' --retries 1",
        "dream schedule add busy --after-sessions 5 --project press",
        "dream schedule add quiet --after-idle 2h --missed skip --grace 10m",
        "dream schedule list",
        "dream schedule run --due",
        "dream schedule run --due",
        "dream schedule list",
        "dream list",
        "dream schedule run nightly",
        "dream schedule rm often",
        "dream schedule rm often",
        "dream schedule run often",
        "daemon --once",
        "status",
    ]);
    assert_story("schedule", &story);
}

#[test]
fn a_schedule_that_could_not_run_is_refused_when_it_is_added() {
    let story = desk().tell(&[
        "dream schedule add a",
        "dream schedule add a --cron '30 2 * *'",
        "dream schedule add a --cron '0 0 30 2 *'",
        "dream schedule add a --cron '30 2 * * *' --tz Mars/Olympus",
        "dream schedule add a --cron '30 2 * * *' --after-sessions 3",
        "dream schedule add a --after-sessions 3 --tz UTC",
        "dream schedule add a --after-idle soon",
        "dream schedule add a --after-sessions 3 --curator nobody",
        "dream schedule add a --after-sessions 3 --branch nowhere",
        "dream schedule add a --after-sessions 3 --branch meta",
        "dream schedule add a/b --after-sessions 3",
        "dream schedule add a --after-sessions 0",
        "dream schedule run",
        "dream schedule list",
    ]);
    assert_story("schedule_refused", &story);
}

#[test]
fn schedules_answer_with_json_too() {
    let story = desk().tell(&[
        "dream schedule add nightly --cron '30 2 * * *' --tz America/New_York --json",
        "dream schedule add busy --after-sessions 2 --curator 'command:cat > /dev/null; exit 3' --notify 'exit 1' --json",
        "dream schedule run --due --json",
        "dream schedule list --json",
        "dream schedule rm nightly --json",
        "daemon --once --json",
    ]);
    assert_story("schedule_json", &story);
}

/// A daemon; killed at the end of a test, however that ends.
struct Daemon(Child);

impl Daemon {
    fn start(desk: &Desk, line: &str) -> Self {
        let mut command = desk.command(line);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.0.id());
        assert!(Command::new("sh").arg("-c").arg(line).status().unwrap().success());
    }

    fn wait(&mut self) -> Option<i32> {
        for _ in 0..3_000 {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not end");
    }

    /// The next run it tells of.
    fn next_run(lines: &mut impl BufRead) -> serde_json::Value {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?} is no run"))
    }

    fn lines(&mut self) -> BufReader<std::process::ChildStdout> {
        BufReader::new(self.0.stdout.take().unwrap())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // One that has ended needs no end.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..3_000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("never: {what}");
}

#[test]
fn a_daemon_runs_what_comes_due_while_others_work_and_ends_when_told() {
    let desk = Desk::after(&["init", "dream schedule add busy --after-sessions 6"]);
    let mut daemon = Daemon::start(&desk, "daemon --json");
    let mut lines = daemon.lines();
    assert_eq!(desk.code("put facts/city 'The office is in Lisbon.' --wait 1"), 0);
    desk.import_sessions();
    let run = Daemon::next_run(&mut lines);
    assert_eq!((&run["schedule"], &run["dream"]), (&"busy".into(), &1.into()), "{run}");
    assert_eq!(run["status"], "waiting");
    assert_eq!(desk.code("put facts/drink 'The team drinks oolong.' --wait 1"), 0);
    assert_eq!(desk.json("status --json")["status"]["holders"].as_array().unwrap().len(), 1);
    daemon.signal("TERM");
    assert_eq!(daemon.wait(), Some(0));
    assert_eq!(desk.json("dream list --json")["dreams"].as_array().unwrap().len(), 1);
}

#[test]
fn of_two_daemons_one_runs_and_both_end_on_ctrl_c() {
    let desk = desk();
    let add = "dream schedule add once --cron '* * * * *' --curator 'command:cat > /dev/null; sleep 1; exit 3' --retries 1";
    assert_eq!(desk.code(add), 0);
    let mut daemons =
        [Daemon::start(&desk, "daemon --json"), Daemon::start(&desk, "daemon --json")];
    let failed = || desk.json("dream schedule list --json")["schedules"][0]["failures"] == 1;
    wait_for("the run has ended", failed);
    for daemon in &mut daemons {
        daemon.signal("INT");
        assert_eq!(daemon.wait(), Some(0));
    }
    assert_eq!(desk.json("dream list --json")["dreams"].as_array().unwrap().len(), 1);
}

#[test]
fn a_daemon_told_to_end_lets_a_dream_end_told_twice_cancels_it_and_told_thrice_cuts_it_off() {
    let desk = desk();
    let (begun, go) = (desk.path("begun"), desk.path("go"));
    let curator = format!(
        "command:cat > /dev/null; touch {}; while ! test -e {}; do sleep 0.05; done",
        begun.display(),
        go.display()
    );
    let add = format!("dream schedule add slow --after-sessions 1 --curator '{curator}'");
    assert_eq!(desk.code(&add), 0);
    let mut daemon = Daemon::start(&desk, "daemon --json");
    wait_for("the curator has begun", || begun.exists());
    daemon.signal("TERM");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(daemon.0.try_wait().unwrap(), None, "it waits for the dream");
    assert_eq!(desk.code("dream schedule run slow"), 5, "nobody else may run it meanwhile");
    std::fs::write(&go, "").unwrap();
    assert_eq!(daemon.wait(), Some(0));
    let last = || desk.json("dream schedule list --json")["schedules"][0].clone();
    assert_eq!(last()["last"]["status"], "nothing");

    std::fs::remove_file(&go).unwrap();
    std::fs::remove_file(&begun).unwrap();
    assert_eq!(desk.code("session mark chat-1 failure"), 0);
    let mut daemon = Daemon::start(&desk, "daemon --json");
    wait_for("the curator has begun", || begun.exists());
    daemon.signal("TERM");
    std::thread::sleep(Duration::from_millis(300));
    daemon.signal("TERM");
    assert_eq!(daemon.wait(), Some(0));
    assert_eq!(last()["last"]["status"], "cancelled");
    assert_eq!(desk.json("dream list --json")["dreams"][1]["status"], "cancelled");

    // One whose curator hears of nothing until it is through with what it does.
    std::fs::remove_file(&begun).unwrap();
    assert_eq!(desk.code("session mark chat-1 success"), 0);
    let mut daemon = Daemon::start(&desk, "daemon --json");
    wait_for("the curator has begun", || begun.exists());
    daemon.0.kill().unwrap();
    daemon.wait();
    std::fs::write(&go, "").unwrap();
    assert_eq!(last()["running"], true, "looking writes nothing");
    assert_eq!(desk.code("daemon --once"), 6);
    assert_eq!((&last()["last"]["status"], &last()["failures"]), (&"failed".into(), &1.into()));
}

#[test]
fn a_program_is_told_what_came_of_a_dream() {
    let desk = desk();
    let heard = desk.path("heard");
    let add =
        format!("dream schedule add busy --after-sessions 5 --notify 'cat > {}'", heard.display());
    assert_eq!(desk.code(&add), 0);
    assert_eq!(desk.code("daemon --once"), 0);
    let heard: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(heard).unwrap()).unwrap();
    let fields = ["occasion", "store", "schedule", "branch", "status"].map(|name| &heard[name]);
    assert_eq!(fields, ["finished", "default", "busy", "main", "waiting"]);
    assert_eq!((&heard["dream"], &heard["failure"]), (&1.into(), &serde_json::Value::Null));
    let directory = heard["database"].as_str().unwrap();
    assert_eq!(desk.code(&format!("--db '{directory}' dream show {}", heard["dream"])), 0);
}
