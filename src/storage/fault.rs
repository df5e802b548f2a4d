//! What redb says, in our words.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Error, ErrorKind, Result};

fn error(kind: ErrorKind, what: &str, cause: redb::Error) -> Error {
    Error::new(kind, what).with_source(cause)
}

/// The error for anything redb reports.
pub(super) fn fault(cause: impl Into<redb::Error>) -> Error {
    let cause = cause.into();
    match &cause {
        redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
            error(ErrorKind::Locked, "another process holds the database for itself", cause)
        }
        redb::Error::UpgradeRequired(_) => {
            error(ErrorKind::Newer, "the database file is of another redb format", cause)
        }
        redb::Error::Corrupted(_) | redb::Error::TableTypeMismatch { .. } => {
            error(ErrorKind::Corrupt, "the database file is damaged", cause)
        }
        redb::Error::RepairAborted => {
            error(ErrorKind::Io, "the database needs repair; open it once for writing", cause)
        }
        redb::Error::Io(io) if io.kind() == std::io::ErrorKind::TimedOut => {
            error(ErrorKind::Locked, "another process is writing", cause)
        }
        redb::Error::Io(io) if io.kind() == std::io::ErrorKind::InvalidData => {
            error(ErrorKind::Corrupt, "the file is no Undream database", cause)
        }
        redb::Error::Io(io) => {
            let message = format!("the database file cannot be used: {io}");
            error(ErrorKind::Io, &message, cause)
        }
        _ => {
            let message = format!("the database file cannot be used: {cause}");
            error(ErrorKind::Io, &message, cause)
        }
    }
}

/// Runs `work`, turning a panic of redb on a damaged file into an error.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Error::corrupt("the database file is damaged beyond reading")))
}
