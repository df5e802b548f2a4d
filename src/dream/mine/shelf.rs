//! What sessions add to the miner's counts, kept beside the database so that a session is read once:
//! one file per stored session under `mined/`, derived from it and dropped with the miner's version.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::dream::mine::ledger::Digest;
use crate::engine::Store;
use crate::error::{Error, Result};
use crate::object::Source;
use crate::storage::{SessionObjectId, TextId, codec};

/// The folder beneath the database's.
const FOLDER: &str = "mined";
/// Bytes of the checksum at the head of a file.
const SUM_BYTES: usize = 8;

/// What is kept of one session.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Kept {
    /// The name of each event's words and where they come from: enough to cite them.
    pub(super) events: Vec<(TextId, Source)>,
    pub(super) digest: Digest,
}

/// The files; none for a database in memory, where each session is read again.
#[derive(Debug)]
pub(super) struct Shelf {
    folder: Option<PathBuf>,
}

impl Shelf {
    /// The shelf of a store's database for one version of the miner. What other versions left is
    /// removed.
    pub(super) fn open(store: &Store, version: &str) -> Result<Self> {
        let Some(directory) = store.database().directory() else {
            return Ok(Self { folder: None });
        };
        let all = directory.join(FOLDER);
        let folder = all.join(version);
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir(&all)? {
            let path = entry?.path();
            if path != folder {
                fs::remove_dir_all(path)?;
            }
        }
        Ok(Self { folder: Some(folder) })
    }

    fn file(&self, session: SessionObjectId) -> Option<PathBuf> {
        let name = session.to_string();
        Some(self.folder.as_ref()?.join(&name[..2]).join(&name[2..]))
    }

    /// What is kept of a session; `None` if nothing is.
    ///
    /// # Errors
    /// `Corrupt` if the file is damaged: then the session is to be read again.
    pub(super) fn load(&self, session: SessionObjectId) -> Result<Option<Kept>> {
        let Some(file) = self.file(session) else { return Ok(None) };
        let bytes = match fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let what = || format!("what is kept of session object {session:.12}");
        match bytes.split_at_checked(SUM_BYTES) {
            Some((sum, rest)) if sum == checksum(rest) => codec::decode(what(), rest).map(Some),
            _ => Err(Error::corrupt(format!("{} is damaged", what()))),
        }
    }

    /// Keeps what a session adds. A file is whole or not there.
    pub(super) fn keep(&self, session: SessionObjectId, kept: &Kept) -> Result<()> {
        let Some(file) = self.file(session) else { return Ok(()) };
        let body = codec::encode(kept);
        let mut bytes = checksum(&body).to_vec();
        bytes.extend(body);
        let part = file.with_extension("part");
        fs::create_dir_all(file.parent().expect("BUG: a file lies in a folder"))?;
        fs::write(&part, bytes)?;
        fs::rename(&part, &file)?;
        Ok(())
    }
}

/// FNV-1a: tells a torn or flipped file from a whole one.
fn checksum(bytes: &[u8]) -> [u8; SUM_BYTES] {
    let sum = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    sum.to_le_bytes()
}
