//! `daemon`: looks once a second whether a scheduled dream is due, and runs it.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::{JoinHandle, spawn_blocking};
use undream::{Branch, Database, ErrorKind, Schedule, ScheduleTurn, ScheduledRun, Schedules, Time};

use super::agenda::{run_json, run_line};
use super::call::{Access, Call};
use super::dream::ordered;
use super::exit::{Failure, INTERRUPTED, Outcome};
use super::schedule::{complain, report};

/// How long between two looks.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Args, Debug)]
pub(crate) struct Daemon {
    /// Run what is due now, then end
    #[arg(long)]
    once: bool,
}

impl Daemon {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let watch = Watch::open(call)?;
        if self.once {
            return once(call, watch);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(keep(call, watch))
    }
}

fn once(call: &Call, mut watch: Watch) -> Outcome {
    let mut runs = Vec::new();
    while let Some(run) = watch.turn()? {
        runs.push(run);
    }
    report(call, &runs)
}

/// The database as the daemon watches it.
struct Watch {
    call: Call,
    database: Database,
    /// Whether the dream that runs is to be cancelled.
    stop: Arc<AtomicBool>,
    /// The log's end when all schedules were looked at last, and when one is due by then.
    seen: Option<(u64, Option<Time>)>,
}

impl Watch {
    fn open(call: &Call) -> Outcome<Self> {
        let database = call.database(Access::Write)?;
        let call = Call::new(call.globals.clone());
        Ok(Self { call, database, stop: Arc::default(), seen: None })
    }

    /// The stores to watch: the one that was named, else all.
    fn stores(&self) -> Outcome<Vec<String>> {
        match &self.call.globals.store {
            Some(name) => Ok(vec![name.clone()]),
            None => Ok(self.database.stores()?.iter().map(ToString::to_string).collect()),
        }
    }

    /// Runs one schedule that is due, to its end; `None` if none is.
    fn turn(&mut self) -> Outcome<Option<ScheduledRun>> {
        let end = self.database.feed().last()?;
        let now = self.database.now();
        let is_early = |wake: Option<Time>| wake.is_none_or(|wake| now < wake);
        if self.seen.is_some_and(|(seen, wake)| seen == end && is_early(wake)) {
            return Ok(None);
        }
        let author = self.call.author()?;
        let prepare = |schedule: &Schedule, branch: &Branch| {
            let dream = ordered(&self.call, schedule, branch).map_err(Failure::into_error)?;
            Ok(dream.stop_when(Arc::clone(&self.stop)))
        };
        let mut wake: Option<Time> = None;
        for name in self.stores()? {
            let schedules = Schedules::of(&self.database.store(&name)?);
            match schedules.run_next(&author, &prepare)? {
                ScheduleTurn::Ran(run) => return Ok(Some(*run)),
                ScheduleTurn::Rest(at) => wake = [wake, at].into_iter().flatten().min(),
            }
        }
        self.seen = Some((end, wake));
        Ok(None)
    }
}

/// The signals that ask a daemon to end.
struct Ends {
    interrupt: Signal,
    terminate: Signal,
}

impl Ends {
    fn listen() -> Outcome<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Watches until it is told to end. What runs then is run to its end; told once more, it is
/// cancelled.
async fn keep(call: &Call, mut watch: Watch) -> Outcome {
    let mut ends = Ends::listen()?;
    let stop = Arc::clone(&watch.stop);
    call.note(format!("Watching {}; Ctrl-C ends it.", call.directory()?.display()));
    loop {
        let mut work = spawn_blocking(move || {
            let turn = watch.turn();
            (watch, turn)
        });
        let (done, is_last) = tokio::select! {
            done = &mut work => (done, false),
            () = ends.next() => (see_out(call, work, (&mut ends, &stop)).await, true),
        };
        // A curator that panicked has broken its own rules, not ours.
        let (back, turn) =
            done.unwrap_or_else(|broken| std::panic::resume_unwind(broken.into_panic()));
        watch = back;
        let rests = match turn {
            Ok(run) => {
                run.iter().try_for_each(|run| tell(call, run))?;
                run.is_none()
            }
            // Others write for long; they are waited for.
            Err(failure) if failure.kind() == ErrorKind::Locked => true,
            Err(failure) => return Err(failure),
        };
        if is_last {
            return Ok(());
        }
        if rests {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = ends.next() => return Ok(()),
            }
        }
    }
}

type Turned = (Watch, Outcome<Option<ScheduledRun>>);

/// Waits for what runs. Told to end a second time, it cancels the dream, which keeps what it has;
/// told a third time, it ends at once, and the next who looks notes that the run was cut off.
async fn see_out(
    call: &Call,
    mut work: JoinHandle<Turned>,
    (ends, stop): (&mut Ends, &AtomicBool),
) -> Result<Turned, tokio::task::JoinError> {
    call.note("Ending when what runs has ended; once more cancels it.");
    tokio::select! {
        done = &mut work => return done,
        () = ends.next() => stop.store(true, Ordering::SeqCst),
    }
    call.note("Cancelling what runs; once more ends at once.");
    tokio::select! {
        done = work => done,
        () = ends.next() => std::process::exit(INTERRUPTED.into()),
    }
}

/// Says what was run: a line of text, or one JSON document on a line of its own.
fn tell(call: &Call, run: &ScheduledRun) -> Outcome {
    let mut page = call.page();
    if call.json() {
        writeln!(page, "{}", run_json(run))?;
    } else {
        writeln!(page, "{} {}", run.run.ended, run_line(run))?;
    }
    page.finish()?;
    complain(call, run);
    Ok(())
}
