//! What people ask of a dream while it runs, and how whoever runs it hears of it: a record on the
//! branch `meta`, which every process sees.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::dream::dream::Dream;
use crate::dream::manifest::{DreamStatus, Part, load, meta, save};
use crate::dream::run::write_meta;
use crate::error::{Error, ErrorKind, Result};
use crate::object::Author;
use crate::storage::CommitId;

/// How long a paused dream waits before it looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What is asked of a dream that runs.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// To go on.
    #[default]
    Run,
    /// To wait.
    Pause,
    /// To end, and to keep what it has.
    Cancel,
}

/// Tells a curator at work what is asked of its dream. A curator that never looks is held up or
/// ended when it next reads a session or suggests something; one that works longer than a second in
/// between looks itself.
#[derive(Debug)]
pub struct Orders {
    dream: Dream,
    /// The order, and the head of `meta` at which it was read.
    seen: Mutex<(Option<CommitId>, Order)>,
    ended: AtomicBool,
    /// Whether who runs the dream is told to end.
    stop: Arc<AtomicBool>,
}

impl Orders {
    pub(crate) fn new(dream: &Dream, stop: Arc<AtomicBool>) -> Self {
        let ended = AtomicBool::new(false);
        Self { dream: dream.clone(), seen: Mutex::default(), ended, stop }
    }

    /// What is asked for now.
    ///
    /// # Errors
    /// `Io` or `Corrupt` if the log cannot be read.
    pub fn now(&self) -> Result<Order> {
        if self.stop.load(Ordering::SeqCst) {
            return Ok(Order::Cancel);
        }
        let meta = meta(self.dream.store());
        let head = meta.head()?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.0 != head {
            *seen = (head, given(&self.dream)?);
        }
        Ok(seen.1)
    }

    /// Returns at once while the dream may go on, and waits while it is paused.
    ///
    /// # Errors
    /// `Stale` once the dream is cancelled: a curator hands this on. As [`Orders::now`].
    pub fn heed(&self) -> Result<()> {
        loop {
            match self.now()? {
                Order::Run => return Ok(()),
                Order::Pause => std::thread::sleep(LOOK_AGAIN),
                Order::Cancel => {
                    self.ended.store(true, Ordering::SeqCst);
                    let message = format!("dream {} was cancelled", self.dream.number());
                    return Err(Error::new(ErrorKind::Stale, message));
                }
            }
        }
    }

    /// Whether the curator was told to end.
    pub(crate) fn ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }
}

/// What was asked of a dream last.
pub(crate) fn given(dream: &Dream) -> Result<Order> {
    let snapshot = meta(dream.store()).snapshot()?;
    Ok(load(&snapshot, dream.number(), Part::Order)?.unwrap_or_default())
}

impl Dream {
    /// Has the dream wait, whichever process runs it. It keeps what it has, and goes on when it is
    /// told to.
    ///
    /// # Errors
    /// `Invalid` if the dream does not run.
    pub fn pause(&self, by: &Author) -> Result<()> {
        self.order(Order::Pause, "pause", by)
    }

    /// Has a paused dream go on.
    ///
    /// # Errors
    /// `Invalid` if the dream does not run.
    pub fn resume(&self, by: &Author) -> Result<()> {
        self.order(Order::Run, "resume", by)
    }

    /// Ends the dream, whichever process runs it. What it has proposed is kept and can be
    /// reviewed; its sessions count as not yet read.
    ///
    /// # Errors
    /// `Invalid` if the dream does not run.
    pub fn cancel(&self, by: &Author) -> Result<()> {
        self.order(Order::Cancel, "cancel", by)
    }

    fn order(&self, order: Order, verb: &str, by: &Author) -> Result<()> {
        by.check()?;
        let number = self.number();
        let message = by.message(format!("Ask dream {number} to {verb}"));
        write_meta(self.store(), message, |transaction| {
            let status = self.manifest()?.status;
            if !matches!(status, DreamStatus::Running | DreamStatus::Paused) {
                return Err(Error::invalid(format!(
                    "dream {number} does not run, it is {}: there is nothing to {verb}",
                    status.name()
                )));
            }
            save(transaction, number, Part::Order, &order)
        })
    }
}
