//! A bound on how long something may take, without asking what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// How finely time is counted.
const STEP: Duration = Duration::from_millis(50);

/// Rings once the time is over; while it is held no time passes. Its thread ends when it is dropped.
#[derive(Debug)]
pub(super) struct Alarm {
    rung: Arc<AtomicBool>,
    held: Arc<AtomicBool>,
    _armed: mpsc::Sender<()>,
}

impl Alarm {
    pub(super) fn after(time: Duration) -> Self {
        let (armed, waiting) = mpsc::channel::<()>();
        let (rung, held) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (bell, hand) = (Arc::clone(&rung), Arc::clone(&held));
        std::thread::spawn(move || {
            let mut left = time;
            while !left.is_zero() {
                let step = STEP.min(left);
                if waiting.recv_timeout(step) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                if !hand.load(Ordering::Relaxed) {
                    left -= step;
                }
            }
            bell.store(true, Ordering::Relaxed);
        });
        Self { rung, held, _armed: armed }
    }

    pub(super) fn hold(&self, held: bool) {
        self.held.store(held, Ordering::Relaxed);
    }

    pub(super) fn has_rung(&self) -> bool {
        self.rung.load(Ordering::Relaxed)
    }
}
