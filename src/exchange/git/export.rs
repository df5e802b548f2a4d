//! Runs git and reads the stream it exports.

use std::io::{BufReader, Read};
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};
use std::thread;

use super::command::Command;
use super::stream::Stream;
use crate::error::{Error, ErrorKind, Result};

/// The most bytes of git's own words that an error repeats.
const STDERR_BYTES_MAX: u64 = 4 << 10;
/// Renames as renames, original ids, messages in UTF-8, signatures and orphaned tags left out, and
/// a last line by which a stream cut short is noticed.
const ARGUMENTS: [&str; 7] = [
    "fast-export",
    "-M",
    "--signed-tags=strip",
    "--tag-of-filtered-object=drop",
    "--reencode=yes",
    "--show-original-ids",
    "--use-done-feature",
];

/// Hands every command of the history of the git repository at `repository` on to `each`: that of
/// all its refs, or of one branch.
///
/// # Errors
/// `Io` with git's own words if git cannot be run or fails, `Invalid` if its stream cannot be read,
/// and whatever `each` returns, which ends the export.
pub(crate) fn export(
    repository: &Path,
    branch: Option<&str>,
    each: &mut dyn FnMut(Command) -> Result<()>,
) -> Result<()> {
    let mut child = spawn(repository, branch)?;
    let stdout = child.stdout.take().expect("BUG: git's output is piped");
    let mut stderr = child.stderr.take().expect("BUG: git's errors are piped");
    // A full pipe of warnings would stop git, so somebody must read them meanwhile.
    let words = thread::spawn(move || {
        let mut words = Vec::new();
        let read = stderr.by_ref().take(STDERR_BYTES_MAX).read_to_end(&mut words);
        read.and_then(|_| std::io::copy(&mut stderr, &mut std::io::sink())).map(|_| words)
    });
    let mut refused = false;
    // The stream ends here on an error too, which closes the pipe and so stops git.
    let handed_on = Stream::new(BufReader::with_capacity(256 << 10, stdout))
        .try_for_each(|command| each(command?).inspect_err(|_| refused = true));
    let status = child.wait()?;
    let words = words.join().expect("BUG: reading git's errors panicked")?;
    match handed_on {
        // Git was not at fault, or was stopped by the closed pipe.
        Err(error) if refused || status.code().is_none_or(|code| code == 0) => Err(error),
        Ok(()) if status.success() => Ok(()),
        _ => Err(failure(repository, &words)),
    }
}

fn spawn(repository: &Path, branch: Option<&str>) -> Result<Child> {
    let what = branch.map_or_else(|| "--all".to_owned(), |branch| format!("refs/heads/{branch}"));
    let git = Process::new("git")
        // Of these, each would make git look at another repository than the one asked for.
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .arg("-C")
        .arg(repository)
        .args(ARGUMENTS)
        .arg(what)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    git.map_err(|error| Error::new(ErrorKind::Io, "git cannot be run").with_source(error))
}

fn failure(repository: &Path, words: &[u8]) -> Error {
    let words = String::from_utf8_lossy(words);
    let message = format!("git cannot export {}: {}", repository.display(), words.trim());
    Error::new(ErrorKind::Io, message)
}
