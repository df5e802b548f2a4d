//! The file as redb sees it, with an end to waiting for locks while it is opened.

use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

/// How long to sleep between two tries.
const PAUSE: Duration = Duration::from_millis(2);

type Answer<T> = Result<T, BackendError>;
type Done<T> = Result<T, io::Error>;
type Range = (Bound<u64>, Bound<u64>);

/// A file whose locks are waited for only so long until [`Opened::set`] says that it is open.
/// redb itself waits without end there, for a writer in another process.
#[derive(Debug)]
pub(super) struct PatientFile {
    file: FileBackend,
    tries: u128,
    opened: Opened,
}

/// Whether the file is open: from then on locks are waited for as redb does.
#[derive(Clone, Debug, Default)]
pub(super) struct Opened(Arc<AtomicBool>);

impl Opened {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl PatientFile {
    /// The file at `path`, for reading and writing. `None` if it is empty, which is no database.
    pub(super) fn open(path: &Path, wait: Duration) -> Result<Option<(Self, Opened)>, redb::Error> {
        let file: File = OpenOptions::new().read(true).write(true).open(path)?;
        if file.metadata()?.len() == 0 {
            return Ok(None);
        }
        let opened = Opened::default();
        let tries = wait.as_millis() / PAUSE.as_millis();
        Ok(Some((Self { file: FileBackend::new(file)?, tries, opened: opened.clone() }, opened)))
    }

    /// Takes a lock, within the time given while the file is being opened.
    fn wait_for(
        &self,
        range: Range,
        wait: impl Fn(Range) -> Answer<()>,
        attempt: impl Fn(Range) -> Answer<bool>,
    ) -> Answer<()> {
        if self.opened.0.load(Ordering::Relaxed) {
            return wait(range);
        }
        for _ in 0..self.tries {
            if attempt(range)? {
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
        if attempt(range)? {
            return Ok(());
        }
        Err(BackendError::Io(io::Error::new(io::ErrorKind::TimedOut, "another process is writing")))
    }
}

impl StorageBackend for PatientFile {
    fn len(&self) -> Done<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Done<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Done<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> Done<()> {
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Done<()> {
        self.file.write(offset, data)
    }

    fn close(&self) -> Done<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Answer<bool> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Answer<bool> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Answer<()> {
        self.wait_for(
            (start, end),
            |(start, end)| self.file.lock_range(start, end),
            |(start, end)| self.file.try_lock_range(start, end),
        )
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Answer<()> {
        self.wait_for(
            (start, end),
            |(start, end)| self.file.lock_shared_range(start, end),
            |(start, end)| self.file.try_lock_shared_range(start, end),
        )
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Answer<()> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Answer<bool> {
        self.file.query_lock_range(start, end)
    }
}
