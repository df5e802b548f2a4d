//! How a database is opened, created and begun.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::engine::core::Core;
use crate::engine::database::{Database, FILE, GENESIS, Opened};
use crate::engine::flush::Thresholds;
use crate::engine::holder::Holder;
use crate::engine::policy::Gate;
use crate::engine::queue::CommitThread;
use crate::entropy::{Entropy, Seed, SystemEntropy};
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Author, Genesis, OperationKind, StoreName};
use crate::progress::Progress;
use crate::storage::Storage;

/// How long a write waits for other processes unless told otherwise.
const WAIT: Duration = Duration::from_secs(5);

/// How to open a database.
///
/// ```no_run
/// use undream::Options;
///
/// let db = Options::new().read_only(true).open("agent.undream")?;
/// # Ok::<(), undream::Error>(())
/// ```
#[derive(Clone)]
pub struct Options {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    wait: Duration,
    read_only: bool,
    author: Author,
    thresholds: Thresholds,
    gates: Vec<Arc<dyn Gate>>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("wait", &self.wait).finish_non_exhaustive()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// The system's clock and chance, five seconds of waiting, reading and writing.
    pub fn new() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            wait: WAIT,
            read_only: false,
            author: Author::program("undream"),
            thresholds: Thresholds::default(),
            gates: Vec::new(),
        }
    }

    /// Takes the time from `clock`.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes chance from `entropy`.
    #[must_use]
    pub fn entropy(mut self, entropy: impl Entropy + 'static) -> Self {
        self.entropy = Arc::new(entropy);
        self
    }

    /// Waits so long for writers in other processes before a write, or opening for writing, fails
    /// with `Locked`. Repairing the file after a crash takes the time it takes.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Opens for reading only: every write is refused.
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Who creates the database, for its first operation.
    #[must_use]
    pub fn author(mut self, author: Author) -> Self {
        self.author = author;
        self
    }

    /// Asks `gate`, too, before a guarded branch moves. The policy of the store is asked whether or
    /// not there are gates.
    #[must_use]
    pub fn gate(mut self, gate: impl Gate + 'static) -> Self {
        self.gates.push(Arc::new(gate));
        self
    }

    /// Creates a database in `directory`, which must be empty or not exist, with the store
    /// `default`.
    ///
    /// # Errors
    /// `Invalid` if there is a database already; `Io` if the directory cannot be written.
    pub fn create(&self, directory: impl AsRef<Path>) -> Result<Database> {
        let directory = directory.as_ref();
        let file = directory.join(FILE);
        if file.exists() {
            let message = format!("{} is an Undream database already", directory.display());
            return Err(Error::invalid(message));
        }
        std::fs::create_dir_all(directory)?;
        let storage = Storage::create(&file)?;
        self.found(storage, Some(directory.to_owned()))
    }

    /// Opens the database in `directory`.
    ///
    /// # Errors
    /// `NotFound` if there is none; `Locked` if another process kept writing or holds it for itself;
    /// `Newer` if a newer version wrote it; `Corrupt` if it is damaged.
    pub fn open(&self, directory: impl AsRef<Path>) -> Result<Database> {
        let directory = directory.as_ref();
        let file = directory.join(FILE);
        if !file.is_file() {
            let message = format!("there is no Undream database in {}", directory.display());
            return Err(Error::not_found(message));
        }
        let storage = if self.read_only {
            Storage::open_read_only(&file)?
        } else {
            Storage::open(&file, self.wait)?
        };
        // Whoever was creating it may have been cut off before writing anything.
        if !self.read_only && storage.read()?.is_blank()? {
            return self.found(storage, Some(directory.to_owned()));
        }
        self.start(storage, Some(directory.to_owned()))
    }

    /// Opens the database in `directory`, or creates it.
    ///
    /// # Errors
    /// As [`Options::open`] and [`Options::create`].
    pub fn open_or_create(&self, directory: impl AsRef<Path>) -> Result<Database> {
        if directory.as_ref().join(FILE).exists() {
            self.open(directory)
        } else {
            self.create(directory)
        }
    }

    /// A database in memory, gone when its last handle is dropped: for tests.
    ///
    /// # Errors
    /// `Io` if the source of chance fails.
    pub fn in_memory(&self) -> Result<Database> {
        self.found(Storage::in_memory()?, None)
    }

    /// Writes the genesis and the default store.
    fn found(&self, storage: Storage, directory: Option<PathBuf>) -> Result<Database> {
        let genesis = Genesis::draw(&Seed::draw(&*self.entropy)?, self.clock.now());
        let writer = storage.write(self.wait)?;
        // Another process may have been faster.
        if storage.read()?.meta(GENESIS)?.is_none() {
            writer.set_meta(GENESIS, &genesis.encode())?;
            writer.commit()?;
        }
        self.start(storage, directory)
    }

    fn start(&self, storage: Storage, directory: Option<PathBuf>) -> Result<Database> {
        let bytes = storage.read()?.meta(GENESIS)?;
        let genesis = Genesis::decode(&bytes.ok_or_else(|| {
            Error::new(ErrorKind::Corrupt, "the file is no Undream database: it has no genesis")
        })?)?;
        let clock = Arc::clone(&self.clock);
        let entropy = Arc::clone(&self.entropy);
        let (limits, gates) = ((self.wait, self.thresholds), self.gates.clone());
        let core = Arc::new(Core::new(storage, genesis, clock, entropy, limits, gates)?);
        let writes = !self.read_only;
        let thread = if writes { Some(CommitThread::start(&core)?) } else { None };
        if let Some(directory) = directory.as_ref().filter(|_| writes) {
            let holder = Holder::register(directory, self.clock.now())?;
            core.holder.get_or_init(|| holder);
        }
        let opened = Opened { core, directory, _thread: thread };
        let database = Database { opened: Arc::new(opened), progress: Progress::default() };
        if writes {
            self.begin_log(&database)?;
        }
        Ok(database)
    }

    /// Creates the default store as the first row of the log, if the log is empty.
    fn begin_log(&self, database: &Database) -> Result<()> {
        if database.core().state().last > 0 {
            return Ok(());
        }
        let (name, author) = (StoreName::default_store(), self.author.clone());
        database.core().land(move |landing| {
            if !landing.has_store(&name) {
                landing.operate(&name, &author, OperationKind::CreateStore, Vec::new(), None)?;
            }
            Ok(())
        })
    }

    /// Writes what is derived at other times than usual.
    #[cfg(test)]
    pub(crate) fn thresholds(mut self, thresholds: Thresholds) -> Self {
        self.thresholds = thresholds;
        self
    }

    /// A database on a backend that a test controls; created if the backend is empty.
    #[cfg(test)]
    pub(crate) fn on_backend(&self, backend: impl redb::StorageBackend) -> Result<Database> {
        let storage = Storage::on_backend(backend)?;
        if storage.read()?.meta(GENESIS)?.is_some() {
            self.start(storage, None)
        } else {
            self.found(storage, None)
        }
    }
}
