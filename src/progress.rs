//! How far long work has come, told to whoever wants to show it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How far some work has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Step {
    /// What is counted: `sessions`, `rows`, `commits`.
    pub unit: &'static str,
    /// How many are done.
    pub done: u64,
    /// How many there are, where that is known beforehand.
    pub total: Option<u64>,
    /// Whether this work is over, done or not.
    pub ended: bool,
}

/// Whom to tell how far long work has come. It is called on the thread that works, often, and so
/// must return at once.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::sync::Arc;
/// use undream::{Author, Database, Entry, Progress};
///
/// let rows = Arc::new(AtomicU64::new(0));
/// let seen = Arc::clone(&rows);
/// let db = Database::in_memory()?
///     .with_progress(Progress::new(move |step| seen.store(step.done, Ordering::Relaxed)));
/// db.verify()?;
/// assert_eq!(rows.load(Ordering::Relaxed), 1);
/// # Ok::<(), undream::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Progress {
    listener: Option<Arc<dyn Fn(Step) + Send + Sync>>,
}

impl Progress {
    /// Tells `listener`.
    pub fn new(listener: impl Fn(Step) + Send + Sync + 'static) -> Self {
        Self { listener: Some(Arc::new(listener)) }
    }

    /// Begins work on things of which there are `total`, if that is known.
    pub(crate) fn begin(&self, unit: &'static str, total: Option<u64>) -> Work {
        Work { progress: self.clone(), unit, total, done: AtomicU64::new(0) }
    }

    fn tell(&self, step: Step) {
        if let Some(listener) = &self.listener {
            listener(step);
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Progress({})", if self.listener.is_some() { "told" } else { "untold" })
    }
}

/// Work under way; over when dropped.
#[derive(Debug)]
pub(crate) struct Work {
    progress: Progress,
    unit: &'static str,
    total: Option<u64>,
    done: AtomicU64,
}

impl Work {
    /// Tells that one more is done.
    pub(crate) fn advance(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.progress.tell(self.step(done, false));
    }

    fn step(&self, done: u64, ended: bool) -> Step {
        Step { unit: self.unit, done, total: self.total, ended }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.progress.tell(self.step(self.done.load(Ordering::Relaxed), true));
    }
}
