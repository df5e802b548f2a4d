//! A database: one directory, opened.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::engine::core::Core;
use crate::engine::holder::Holder;
use crate::engine::lease::Lease;
use crate::engine::options::Options;
use crate::engine::policy::leave_to_move;
use crate::engine::queue::CommitThread;
use crate::engine::store::Store;
use crate::error::{Error, Result};
use crate::object::{Author, DatabaseId, OperationKind, RefMove, StoreName};
use crate::progress::Progress;
use crate::storage::{OperationId, ROW_FORMAT};

/// The file inside the directory that holds everything but the search index.
pub(crate) const FILE: &str = "undream.redb";
/// The name of the genesis among the single values of the file.
pub(crate) const GENESIS: &str = "genesis";
/// An open database. Fields are dropped in order: the thread ends before the file closes.
pub(super) struct Opened {
    pub(super) _thread: Option<CommitThread>,
    pub(super) core: Arc<Core>,
    pub(super) directory: Option<PathBuf>,
}

/// One directory: the file, the search index. The unit of trust: one tenant. Handles are cheap to
/// clone and can be used from many threads; the database closes with the last one.
#[derive(Clone)]
pub struct Database {
    pub(super) opened: Arc<Opened>,
    pub(super) progress: Progress,
}

impl Database {
    /// Opens the database in `directory`, or creates it there.
    ///
    /// # Errors
    /// As [`Options::open_or_create`].
    pub fn open(directory: impl AsRef<Path>) -> Result<Self> {
        Options::new().open_or_create(directory)
    }

    /// Opens the database in `directory` for reading only.
    ///
    /// # Errors
    /// As [`Options::open`].
    pub fn open_read_only(directory: impl AsRef<Path>) -> Result<Self> {
        Options::new().read_only(true).open(directory)
    }

    /// A database in memory, gone when its last handle is dropped: for tests.
    ///
    /// # Errors
    /// `Io` if the source of chance fails.
    pub fn in_memory() -> Result<Self> {
        Options::new().in_memory()
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.opened.core
    }

    /// The same database, telling `progress` how far long work has come that is done through this
    /// handle and the stores, branches and searches that come from it: imports, exports, dreams,
    /// verification, backups, indexing.
    #[must_use]
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The directory; `None` for a database in memory.
    pub fn directory(&self) -> Option<&Path> {
        self.opened.directory.as_deref()
    }

    /// The random name of the database. Copies share it.
    pub fn id(&self) -> DatabaseId {
        self.core().genesis().database
    }

    /// The newest format of the log that this version reads, and the one that it writes. A database
    /// of a newer one does not open.
    pub fn format(&self) -> u8 {
        ROW_FORMAT
    }

    /// Whether writes are refused.
    pub fn is_read_only(&self) -> bool {
        self.core().storage.is_read_only()
    }

    /// The clock that the database was opened with.
    pub fn now(&self) -> crate::clock::Time {
        self.core().clock.now()
    }

    /// The processes that have the database open for writing, this one included.
    ///
    /// # Errors
    /// `Io` if the directory cannot be read.
    pub fn holders(&self) -> Result<Vec<crate::engine::holder::HolderInfo>> {
        self.directory().map_or_else(|| Ok(Vec::new()), Holder::list)
    }

    /// What went wrong in this process in work that nobody waits for, if it was not made good
    /// since: writing what is derived from the log. Nothing is lost by it; opening takes longer
    /// the more of it is left to do. Other processes read it in [`HolderInfo`].
    ///
    /// [`HolderInfo`]: crate::HolderInfo
    pub fn background_failure(&self) -> Option<Error> {
        let state = self.core().state();
        let failure = state.background_failure.as_ref();
        failure.map(|error| Error::new(error.kind(), error.to_string()))
    }

    /// Takes the claim called `name`; `None` if somebody holds it.
    pub(crate) fn take_lease(&self, name: &str) -> Result<Option<Lease>> {
        let in_memory = || Ok(Some(Lease::in_memory()));
        self.directory().map_or_else(in_memory, |directory| Lease::take(directory, name))
    }

    /// Whether somebody may hold the claim called `name`.
    pub(crate) fn is_leased(&self, name: &str) -> Result<bool> {
        self.directory().map_or(Ok(true), |directory| Lease::is_held(directory, name))
    }

    /// The names of all stores.
    ///
    /// # Errors
    /// `Io` or `Corrupt` if the log cannot be read.
    pub fn stores(&self) -> Result<Vec<StoreName>> {
        self.core().refresh()?;
        Ok(self.core().state().stores.iter().cloned().collect())
    }

    /// The store with this name.
    ///
    /// # Errors
    /// `NotFound` with the stores there are.
    pub fn store(&self, name: &str) -> Result<Store> {
        let name = StoreName::new(name)?;
        let stores = self.stores()?;
        if !stores.contains(&name) {
            return Err(Error::not_found(format!("there is no store `{name}`"))
                .with_candidates(stores.iter().map(ToString::to_string)));
        }
        Ok(Store::new(self.clone(), name))
    }

    /// Creates a store. Its branch `main` begins with its first commit.
    ///
    /// # Errors
    /// `Invalid` if the name is taken or malformed.
    pub fn create_store(&self, name: &str, author: &Author) -> Result<Store> {
        let name = StoreName::new(name)?;
        let (wanted, author) = (name.clone(), author.clone());
        self.core().land(move |landing| {
            if landing.has_store(&wanted) {
                return Err(Error::invalid(format!("there is a store `{wanted}` already")));
            }
            landing.operate(&wanted, &author, OperationKind::CreateStore, Vec::new(), None)?;
            Ok(())
        })?;
        Ok(Store::new(self.clone(), name))
    }

    /// Deletes a store with its refs and sessions. All of it stays in the log, and undoing the
    /// operation, whose id is returned, brings it back.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    pub fn delete_store(&self, name: &str, author: &Author) -> Result<OperationId> {
        let store = self.store(name)?.name().clone();
        let author = author.clone();
        let refs = Store::new(self.clone(), store.clone()).refs()?.into_iter();
        let gone = refs.map(|found| RefMove {
            store: store.clone(),
            name: found.name,
            kind: found.kind,
            from: Some(found.commit),
            to: None,
        });
        let cleared = leave_to_move(self, &author, &gone.collect::<Vec<_>>())?;
        self.core().land(move |landing| {
            if !landing.has_store(&store) {
                return Err(Error::not_found(format!("there is no store `{store}`")));
            }
            landing.clear_all(cleared);
            let refs = landing.refs_of(&store).into_iter();
            let moves = refs.map(|(name, state)| (name, state.kind, None)).collect();
            landing.operate(&store, &author, OperationKind::DeleteStore, moves, None)
        })
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("id", &self.id()).finish_non_exhaustive()
    }
}
