//! Who has a database open for writing: a small file per process, so that a locked database can
//! say by whom.

use std::path::{Path, PathBuf};

use crate::clock::Time;
use crate::error::{Error, Result};

/// The folder of the files, inside the database's directory.
const FOLDER: &str = "holders";

/// A process that has the database open for writing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HolderInfo {
    /// The process id.
    pub pid: u32,
    /// When it opened the database.
    pub since: Time,
    /// The command that it runs.
    pub command: String,
    /// What went wrong there in work that nobody waits for, if something did and was not made good
    /// since: see [`Database::background_failure`](crate::Database::background_failure).
    pub failure: Option<String>,
}

impl HolderInfo {
    /// The processes that have the database in `directory` open for writing. The database itself
    /// need not be open, so that whoever finds it locked can say by whom.
    ///
    /// # Errors
    /// `Io` if the directory cannot be read.
    pub fn in_directory(directory: impl AsRef<Path>) -> Result<Vec<Self>> {
        Holder::list(directory.as_ref())
    }
}

/// This process's file; removed when dropped.
pub(crate) struct Holder {
    file: PathBuf,
    text: String,
}

impl Holder {
    /// Registers this process. A process that opens the database twice has two files.
    pub(crate) fn register(directory: &Path, now: Time) -> Result<Self> {
        let folder = directory.join(FOLDER);
        std::fs::create_dir_all(&folder)?;
        let pid = std::process::id();
        let command: Vec<String> = std::env::args().take(4).collect();
        let text = format!("{}\n{}\n", now.as_micros(), command.join(" ").replace('\n', " "));
        let free = |number: &u32| !folder.join(format!("{pid}-{number}")).exists();
        let number = (0..u32::MAX).find(free).unwrap_or_default();
        let file = folder.join(format!("{pid}-{number}"));
        std::fs::write(&file, &text)?;
        Ok(Self { file, text })
    }

    /// Tells other processes what went wrong here, or that it was made good.
    pub(crate) fn note(&self, failure: Option<&Error>) {
        let failure =
            failure.map_or_else(String::new, |error| error.to_string().replace('\n', " "));
        // This process keeps the failure as well; a full disk may be what it is about.
        drop(std::fs::write(&self.file, format!("{}{failure}\n", self.text)));
    }

    /// All processes that are alive and registered. Files of dead ones are ignored.
    pub(crate) fn list(directory: &Path) -> Result<Vec<HolderInfo>> {
        let entries = match std::fs::read_dir(directory.join(FOLDER)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let mut holders = Vec::new();
        for entry in entries {
            let path = entry?.path();
            // A file may vanish while the list is read: its process has just closed the database.
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            holders.extend(read(&path, &text).filter(|holder| is_alive(holder.pid)));
        }
        holders.sort_by_key(|holder| (holder.since, holder.pid));
        holders.dedup_by_key(|holder| holder.pid);
        Ok(holders)
    }
}

fn read(path: &Path, text: &str) -> Option<HolderInfo> {
    let pid = path.file_name()?.to_str()?.split('-').next()?.parse().ok()?;
    let mut lines = text.lines();
    let since = Time::from_micros(lines.next()?.parse().ok()?);
    let command = lines.next()?.to_owned();
    let failure = lines.next().filter(|line| !line.is_empty()).map(str::to_owned);
    Some(HolderInfo { pid, since, command, failure })
}

/// Whether a process with this id exists. Where the system has no `/proc`, all are taken to.
fn is_alive(pid: u32) -> bool {
    let proc = Path::new("/proc");
    !proc.join("self").exists() || proc.join(pid.to_string()).exists()
}

impl Drop for Holder {
    fn drop(&mut self) {
        // Left behind, the file is ignored once the process is gone.
        drop(std::fs::remove_file(&self.file));
    }
}
