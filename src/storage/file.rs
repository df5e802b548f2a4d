//! The redb file: opening it, sharing it with other processes, reopening it after a failure.

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use redb::{Builder, ConcurrencyMode, ReadableDatabase};

use crate::error::{Error, ErrorKind, Result};
use crate::storage::fault::{fault, guarded};
use crate::storage::patient::PatientFile;
use crate::storage::read::Reader;
use crate::storage::write::Writer;

/// How long to sleep between two tries to begin a write while another process is writing.
const RETRY_PAUSE: Duration = Duration::from_millis(2);
/// redb's page cache.
const CACHE_BYTES: usize = 256 << 20;

/// Where the bytes are.
#[derive(Debug)]
enum Place {
    /// A file that several processes may share.
    File(PathBuf),
    /// A backend of the caller's, such as memory: it cannot be opened twice.
    Backend,
}

enum Handle {
    Write(redb::Database),
    Read(redb::ReadOnlyDatabase),
}

/// The open redb file.
pub(crate) struct Storage {
    place: Place,
    read_only: bool,
    /// How long opening waits for writers in other processes.
    wait: Duration,
    handle: RwLock<Arc<Handle>>,
}

impl Storage {
    /// Creates the file at `path`, which must not exist.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        if path.exists() {
            return Err(Error::invalid(format!("{} exists already", path.display())));
        }
        let database = guarded(|| shared_builder().create(path).map_err(fault))?;
        Ok(Self::new(Place::File(path.to_owned()), Handle::Write(database)))
    }

    /// Opens the file at `path` for reading and writing, waiting up to `wait` for writers in other
    /// processes.
    ///
    /// # Errors
    /// `Locked` if another process kept writing all that time.
    pub(crate) fn open(path: &Path, wait: Duration) -> Result<Self> {
        let handle = open_to_write(path, wait)?;
        Ok(Self { wait, ..Self::new(Place::File(path.to_owned()), handle) })
    }

    /// Opens the file at `path` for reading only, which waits for nobody.
    pub(crate) fn open_read_only(path: &Path) -> Result<Self> {
        let handle = open_to_read(path)?;
        Ok(Self { read_only: true, ..Self::new(Place::File(path.to_owned()), handle) })
    }

    /// A database in memory, gone when dropped.
    pub(crate) fn in_memory() -> Result<Self> {
        let backend = redb::backends::InMemoryBackend::new();
        let database = Builder::new().create_with_backend(backend).map_err(fault)?;
        Ok(Self::new(Place::Backend, Handle::Write(database)))
    }

    /// A database on the caller's backend, shared as a file would be.
    #[cfg(test)]
    pub(crate) fn on_backend(backend: impl redb::StorageBackend) -> Result<Self> {
        let database = guarded(|| shared_builder().create_with_backend(backend).map_err(fault))?;
        Ok(Self::new(Place::Backend, Handle::Write(database)))
    }

    fn new(place: Place, handle: Handle) -> Self {
        let handle = RwLock::new(Arc::new(handle));
        Self { place, read_only: false, wait: Duration::ZERO, handle }
    }

    /// Whether other processes may write beside this one.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self.place, Place::File(_))
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only
    }

    fn handle(&self) -> Arc<Handle> {
        Arc::clone(&self.handle.read().expect("BUG: a thread panicked while reopening the file"))
    }

    /// A view of the file as it is now.
    pub(crate) fn read(&self) -> Result<Reader> {
        let begin = || match &*self.handle() {
            Handle::Write(database) => database.begin_read(),
            Handle::Read(database) => database.begin_read(),
        };
        guarded(|| {
            let transaction = match begin() {
                Err(error) if self.reopen_after(&error)? => begin().map_err(fault)?,
                other => other.map_err(fault)?,
            };
            Ok(Reader::new(transaction))
        })
    }

    /// Begins to write, waiting up to `wait` for writers in other processes.
    ///
    /// # Errors
    /// `Locked` if another process kept writing all that time; `Invalid` on a read-only database.
    pub(crate) fn write(&self, wait: Duration) -> Result<Writer> {
        let mut tries = wait.as_millis() / RETRY_PAUSE.as_millis();
        loop {
            let begun = match &*self.handle() {
                Handle::Write(database) => database.try_begin_write(),
                Handle::Read(_) => return Err(Error::invalid("the database is open read-only")),
            };
            match begun {
                Ok(transaction) => return Ok(Writer::new(transaction)),
                Err(redb::TransactionError::WouldBlock) if tries > 0 => {
                    tries -= 1;
                    std::thread::sleep(RETRY_PAUSE);
                }
                Err(redb::TransactionError::WouldBlock) => {
                    return Err(Error::new(ErrorKind::Locked, "another process is writing"));
                }
                Err(error) if self.reopen_after(&error)? => {}
                Err(error) => return Err(fault(error)),
            }
        }
    }

    /// After an I/O error redb refuses everything until the file is opened anew.
    fn reopen_after(&self, error: &redb::TransactionError) -> Result<bool> {
        let redb::TransactionError::Storage(redb::StorageError::PreviousIo) = error else {
            return Ok(false);
        };
        let Place::File(path) = &self.place else { return Ok(false) };
        let mut handle =
            self.handle.write().expect("BUG: a thread panicked while reopening the file");
        // Other readers of the broken handle keep it open; their transactions end by themselves.
        let opened =
            if self.read_only { open_to_read(path) } else { open_to_write(path, self.wait) };
        *handle = Arc::new(opened?);
        Ok(true)
    }
}

fn shared_builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_concurrency_mode(ConcurrencyMode::MultiWriter).set_cache_size(CACHE_BYTES);
    builder
}

fn open_to_read(path: &Path) -> Result<Handle> {
    guarded(|| shared_builder().open_read_only(path).map(Handle::Read).map_err(fault))
}

fn open_to_write(path: &Path, wait: Duration) -> Result<Handle> {
    guarded(|| {
        let Some((file, opened)) = PatientFile::open(path, wait).map_err(fault)? else {
            return shared_builder().open(path).map(Handle::Write).map_err(fault);
        };
        let database = shared_builder().create_with_backend(file).map_err(fault)?;
        opened.set();
        Ok(Handle::Write(database))
    })
}
