//! The thread that keeps the index up to date while a `Search` lives.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::error::{ErrorKind, Result};
use crate::search::events::Events;
use crate::search::shared::Shared;

/// How long writes gather before they are indexed together. A process that lives shorter never
/// indexes in the background.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Default)]
struct Stop {
    asked: AtomicBool,
    held: Mutex<()>,
    wake: Condvar,
}

/// The indexing thread; ends when dropped, leaving what it had not committed for the next time.
pub(super) struct Background {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    pub(super) fn start(shared: &Arc<Shared>, events: &Arc<Events>) -> Result<Self> {
        let stop = Arc::new(Stop::default());
        let (own, shared) = (Arc::clone(&stop), Arc::clone(shared));
        let events = Arc::clone(events);
        let thread = std::thread::Builder::new()
            .name("undream search".to_owned())
            .spawn(move || run(&own, &shared, &events))?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

fn run(stop: &Stop, shared: &Shared, events: &Events) {
    let asked = || stop.asked.load(Ordering::Relaxed);
    // How far the rows were looked through for sessions.
    let mut seen = None;
    while !stop.wait() {
        let done = match shared.is_behind() {
            Ok(true) => shared.catch_up(asked),
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        let done = done.and_then(|()| {
            seen = Some(events.follow(seen, asked)?);
            Ok(())
        });
        match done {
            Ok(()) => {}
            // The process that holds the lock indexes for this one too.
            Err(error) if error.kind() == ErrorKind::Locked => {}
            // Searches stay exact without the index; `Search::catch_up` says what is wrong.
            Err(error) => shared.note_failure(error),
        }
    }
}

impl Stop {
    /// Waits a pause long; `true` if asked to stop.
    fn wait(&self) -> bool {
        let going = |(): &mut ()| !self.asked.load(Ordering::Relaxed);
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.wake.wait_timeout_while(held, PAUSE, going));
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let held = self.stop.held.lock().unwrap_or_else(PoisonError::into_inner);
        self.stop.asked.store(true, Ordering::Relaxed);
        drop(held);
        self.stop.wake.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            // The thread has printed its panic; nobody waits for it.
        }
    }
}
