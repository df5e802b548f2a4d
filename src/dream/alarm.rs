//! A bound on how long something may take, without asking what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// Rings once the time is over. Its thread ends when it is dropped.
#[derive(Debug)]
pub(super) struct Alarm {
    rung: Arc<AtomicBool>,
    _armed: mpsc::Sender<()>,
}

impl Alarm {
    pub(super) fn after(time: Duration) -> Self {
        let (armed, waiting) = mpsc::channel::<()>();
        let rung = Arc::new(AtomicBool::new(false));
        let bell = Arc::clone(&rung);
        std::thread::spawn(move || {
            if waiting.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                bell.store(true, Ordering::Relaxed);
            }
        });
        Self { rung, _armed: armed }
    }

    pub(super) fn has_rung(&self) -> bool {
        self.rung.load(Ordering::Relaxed)
    }
}
