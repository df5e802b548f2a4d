//! Group commit: callers that come together share one durable write.
//!
//! A caller that finds nobody before it commits by itself, without waking anyone. Otherwise it
//! queues, and the engine's one thread lands all that are waiting in one transaction. The same
//! thread flushes and writes checkpoints.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{
    Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError,
    mpsc::{self, Sender},
};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::engine::core::Core;
use crate::engine::landing::Landing;
use crate::error::{Error, ErrorKind, Result};

/// How long recalls gather before they are written.
const RECALLS_PAUSE: Duration = Duration::from_secs(1);
/// How many callers share one durable write at most.
const GROUP_MAX: usize = 256;

pub(crate) type Job = Box<dyn FnOnce(&mut Landing<'_>) -> Result<()> + Send>;

/// Something to land, and whom to tell.
pub(crate) struct Request {
    pub(crate) job: Job,
    pub(crate) done: Sender<Result<()>>,
}

/// The callers that wait to land, and those that wait for changes.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    /// Wakes the engine's thread.
    work: Condvar,
    /// Wakes those who wait for changes.
    news: Condvar,
    /// Held while landing, flushing or writing a checkpoint.
    writing: Mutex<()>,
}

#[derive(Default)]
struct Waiting {
    requests: VecDeque<Request>,
    flush: bool,
    recalls: Pending,
    closing: bool,
    announced: u64,
}

/// Whether there are recalls to write.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Pending {
    #[default]
    None,
    /// When it is quiet.
    Soon,
    Now,
}

/// What the engine's thread is to do beside landing what waits.
struct Work {
    flush: bool,
    recalls: bool,
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the right to write.
    pub(crate) fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to write, if nobody has it and nobody waits for it.
    fn try_writing(&self) -> Option<MutexGuard<'_, ()>> {
        if !self.waiting().requests.is_empty() {
            return None;
        }
        match self.writing.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn push(&self, request: Request) {
        self.waiting().requests.push_back(request);
        self.work.notify_one();
    }

    /// Asks the engine's thread to flush.
    pub(crate) fn ask_for_flush(&self) {
        self.waiting().flush = true;
        self.work.notify_one();
    }

    /// Asks the engine's thread to write recalls: at once, or when it is quiet.
    pub(crate) fn ask_for_recalls(&self, at_once: bool) {
        let mut waiting = self.waiting();
        match (at_once, waiting.recalls) {
            (true, _) => waiting.recalls = Pending::Now,
            (false, Pending::None) => waiting.recalls = Pending::Soon,
            (false, _) => return,
        }
        drop(waiting);
        self.work.notify_one();
    }

    /// Tells those who wait that rows were added.
    pub(crate) fn announce(&self) {
        self.waiting().announced += 1;
        self.news.notify_all();
    }

    /// Waits until something is announced after `seen` announcements, or `timeout` has passed.
    /// Returns the number of announcements.
    pub(crate) fn wait_for_news(&self, seen: u64, timeout: Duration) -> u64 {
        let unseen = |waiting: &mut Waiting| waiting.announced <= seen && !waiting.closing;
        let held = self.waiting();
        let (waiting, _) = self
            .news
            .wait_timeout_while(held, timeout, unseen)
            .unwrap_or_else(PoisonError::into_inner);
        waiting.announced
    }

    /// The number of announcements so far.
    pub(crate) fn announced(&self) -> u64 {
        self.waiting().announced
    }

    fn close(&self) {
        self.waiting().closing = true;
        self.work.notify_all();
        self.news.notify_all();
    }

    /// Waits for work; `None` when closing and nothing is left to do.
    fn next_work(&self) -> Option<Work> {
        let idle = |waiting: &mut Waiting| {
            waiting.requests.is_empty()
                && !waiting.flush
                && waiting.recalls != Pending::Now
                && !waiting.closing
        };
        let nothing = |waiting: &mut Waiting| idle(waiting) && waiting.recalls == Pending::None;
        let held = self.waiting();
        let held = self.work.wait_while(held, nothing).unwrap_or_else(PoisonError::into_inner);
        let (mut waiting, pause) = self
            .work
            .wait_timeout_while(held, RECALLS_PAUSE, idle)
            .unwrap_or_else(PoisonError::into_inner);
        let flush = std::mem::take(&mut waiting.flush);
        let due = pause.timed_out() || flush || waiting.recalls == Pending::Now;
        let recalls = due && std::mem::take(&mut waiting.recalls) != Pending::None;
        let busy = flush || recalls || !waiting.requests.is_empty();
        busy.then_some(Work { flush, recalls })
    }

    fn drain(&self) -> Vec<Request> {
        let mut waiting = self.waiting();
        let count = waiting.requests.len().min(GROUP_MAX);
        waiting.requests.drain(..count).collect()
    }
}

impl Core {
    /// Runs `job` where it alone may write. What it adds becomes durable together with what others
    /// add at the same time; its answer is given once that has happened.
    ///
    /// # Errors
    /// What `job` fails with, in which case it added nothing; or what kept the write from
    /// becoming durable.
    pub(crate) fn land<T: Send + 'static>(
        self: &Arc<Self>,
        job: impl FnOnce(&mut Landing<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if self.storage.is_read_only() {
            return Err(Error::invalid("the database is open read-only"));
        }
        let answer: Arc<Mutex<Option<T>>> = Arc::default();
        let put = Arc::clone(&answer);
        let job: Job = Box::new(move |landing| {
            let value = job(landing)?;
            *put.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
            Ok(())
        });
        let (done, told) = mpsc::channel();
        let request = Request { job, done };
        match self.queue.try_writing() {
            Some(right) => {
                self.land_group(vec![request]);
                drop(right);
            }
            None => self.queue.push(request),
        }
        let gone = |_| Error::new(ErrorKind::Io, "the commit thread has stopped; reopen");
        told.recv().map_err(gone)??;
        let value = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(value.expect("BUG: a job that succeeded gave no answer"))
    }

    /// Lands what waits. A panic ends the callers of its group with an error and leaves the thread
    /// to the others; it has printed itself.
    pub(crate) fn land_waiting(self: &Arc<Self>) {
        let requests = self.queue.drain();
        if !requests.is_empty() {
            let _right = self.queue.writing();
            let landing = AssertUnwindSafe(|| self.land_group(requests));
            drop(std::panic::catch_unwind(landing));
        }
    }

    fn run(self: &Arc<Self>) {
        while let Some(Work { flush, recalls }) = self.queue.next_work() {
            self.land_waiting();
            // What fails here is tried again at the next flush and at the next open: all of it is
            // derived from rows that are durable already.
            if flush && let Err(error) = self.flush() {
                self.note_background_failure(error);
            }
            if recalls {
                self.flush_recalls_behind();
            }
        }
    }
}

/// The engine's one thread; ends when dropped.
pub(crate) struct CommitThread {
    core: Arc<Core>,
    thread: Option<JoinHandle<()>>,
}

impl CommitThread {
    pub(crate) fn start(core: &Arc<Core>) -> Result<Self> {
        let own = Arc::clone(core);
        let thread = std::thread::Builder::new()
            .name("undream commits".to_owned())
            .spawn(move || own.run())?;
        Ok(Self { core: Arc::clone(core), thread: Some(thread) })
    }
}

impl Drop for CommitThread {
    fn drop(&mut self) {
        self.core.queue.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            // The thread has printed its panic; whoever waited for it was told.
        }
        self.core.flush_on_close();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::Request;
    use crate::engine::flush::Thresholds;
    use crate::{Author, Options};

    #[test]
    fn who_waits_to_write_waits_for_one_slice_of_a_flush_and_not_for_all() {
        let slices = Thresholds { slice: 1, ..Thresholds::default() };
        let db = Options::new().thresholds(slices).in_memory().unwrap();
        let main = db.store("default").unwrap().branch("main").unwrap();
        for text in ["one", "two", "three", "four"] {
            let mut tx = main.write().unwrap();
            tx.put("a", text).unwrap();
            tx.commit(Author::agent("scribe").message(text)).unwrap();
        }
        let core = db.core();
        let ((tell, told), (done, landed)) = (mpsc::channel(), mpsc::channel());
        let job: super::Job = Box::new(move |turn| {
            let state = turn.core.state();
            tell.send((state.watermark, state.last)).unwrap();
            Ok(())
        });
        // Put there without waking the engine's thread, as if it were the one that flushes.
        core.queue.waiting().requests.push_back(Request { job, done });
        core.flush().unwrap();
        landed.try_recv().expect("it has landed").unwrap();
        let (flushed, last) = told.recv().unwrap();
        assert!(0 < flushed && flushed < last, "after {flushed} rows of {last}");
    }
}
