//! Claims that end with whoever made them, however that ends: a locked file each. The system gives
//! the lock back when the process is gone, so a claim that nobody holds is provably abandoned.

use std::fs::{File, TryLockError};
use std::io::ErrorKind as IoKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::Result;

/// The folder of the files, inside the database's directory.
const FOLDER: &str = "leases";

/// A claim, held until it is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct Lease {
    /// None for a database in memory, which nothing outlives.
    file: Option<(PathBuf, File)>,
}

impl Lease {
    /// A claim that is a formality: on a database that only this process can see.
    pub(crate) fn in_memory() -> Self {
        Self { file: None }
    }

    /// Takes the claim called `name`; `None` if somebody holds it.
    pub(crate) fn take(directory: &Path, name: &str) -> Result<Option<Self>> {
        let path = directory.join(FOLDER).join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        loop {
            let lock = File::options().create(true).truncate(false).write(true).open(&path)?;
            match lock.try_lock() {
                Ok(()) if stands_at(&lock, &path)? => {
                    return Ok(Some(Self { file: Some((path, lock)) }));
                }
                // Its last holder removed the file after it was opened here.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
        }
    }

    /// Whether somebody holds the claim called `name`, this process included.
    pub(crate) fn is_held(directory: &Path, name: &str) -> Result<bool> {
        let file = match File::open(directory.join(FOLDER).join(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == IoKind::NotFound => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

/// Whether `file` is what stands at `path` now.
fn stands_at(file: &File, path: &Path) -> Result<bool> {
    let opened = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (opened.dev(), opened.ino())),
        Err(error) if error.kind() == IoKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some((path, _lock)) = &self.file {
            // Removed while it is locked, so that no claim of somebody else is removed. Left
            // behind, it is unlocked all the same.
            drop(std::fs::remove_file(path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_held_by_one_at_a_time_and_free_after_its_holder() {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        assert!(!Lease::is_held(at, "a/1").unwrap());
        let held = Lease::take(at, "a/1").unwrap().expect("nobody holds it");
        assert!(Lease::is_held(at, "a/1").unwrap());
        assert!(Lease::take(at, "a/1").unwrap().is_none());
        assert!(Lease::take(at, "a/2").unwrap().is_some(), "other claims are free");
        drop(held);
        assert!(!Lease::is_held(at, "a/1").unwrap());
        assert!(Lease::take(at, "a/1").unwrap().is_some());
    }

    #[test]
    fn a_file_left_behind_is_no_claim() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(directory.path().join(FOLDER)).unwrap();
        std::fs::write(directory.path().join(FOLDER).join("1"), "").unwrap();
        assert!(!Lease::is_held(directory.path(), "1").unwrap());
        assert!(Lease::take(directory.path(), "1").unwrap().is_some());
    }
}
