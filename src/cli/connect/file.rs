//! Reading a file whole, replacing it at once, and the copy beside it.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind as IoKind, Read, Write};
use std::path::{Path, PathBuf};

use undream::ErrorKind;

use crate::cli::exit::{Failure, Outcome};

/// The largest configuration that is read, in bytes.
const BYTES_MAX: u64 = 64 << 20;
/// What the copy of a file is called after it.
const COPY: &str = ".before-undream";

/// The text of the file; `None` if there is none.
pub(super) fn read(path: &Path) -> Outcome<Option<String>> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == IoKind::NotFound => {
            return match fs::symlink_metadata(path) {
                Ok(_) => Err(unusable(path, "is a link to a file that is not there")),
                Err(_) => Ok(None),
            };
        }
        Err(error) => return Err(unreadable(path, &error)),
    };
    if !metadata.is_file() {
        return Err(unusable(path, "is no file"));
    }
    if metadata.len() > BYTES_MAX {
        return Err(unusable(path, &format!("is larger than {BYTES_MAX} bytes")));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    file.take(BYTES_MAX).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
    String::from_utf8(bytes).map(Some).map_err(|_| unusable(path, "is not in UTF-8"))
}

/// Puts `text` in the place of what the file says, all of it or nothing. A link stays a link: what
/// it leads to is replaced.
///
/// # Errors
/// `Stale` if the file no longer says `before`.
pub(super) fn replace(path: &Path, before: Option<&str>, text: &str) -> Outcome {
    let target = if before.is_some() { path.canonicalize()? } else { path.to_owned() };
    let folder = target.parent().ok_or_else(|| unusable(path, "has no folder"))?;
    fs::create_dir_all(folder)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let draft = folder.join(format!(".{name}.undream-{}", std::process::id()));
    let written = write(&draft, &target, before.is_some(), text).and_then(|()| {
        check(path, before)?;
        Ok(fs::rename(&draft, &target)?)
    });
    if written.is_err() {
        // What was to be written is not needed any more; the error says what went wrong.
        drop(fs::remove_file(&draft));
    }
    written
}

fn write(draft: &Path, target: &Path, exists: bool, text: &str) -> Outcome {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // Configurations hold keys: until it has the file's own permissions, nobody else may read it.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    file.write_all(text.as_bytes())?;
    if exists {
        file.set_permissions(fs::metadata(target)?.permissions())?;
    }
    file.sync_all()?;
    Ok(())
}

/// Takes the file away, if it still says `before`.
pub(super) fn remove(path: &Path, before: &str) -> Outcome {
    check(path, Some(before))?;
    Ok(fs::remove_file(path)?)
}

fn check(path: &Path, before: Option<&str>) -> Outcome {
    if read(path)?.as_deref() == before {
        return Ok(());
    }
    let message = format!("{} has changed meanwhile; nothing was written to it", path.display());
    Err(Failure::new(ErrorKind::Stale, message).hint("run it again"))
}

/// Where the copy of a file lies.
pub(super) fn copy_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(COPY);
    path.with_file_name(name)
}

/// Keeps a copy of the file beside it.
pub(super) fn keep_copy(path: &Path) -> Outcome {
    let copy = copy_of(path);
    let failed = |error: std::io::Error| {
        let message = format!("no copy could be kept at {}: {error}", copy.display());
        Failure::new(ErrorKind::Io, message)
    };
    // A copy that others may not write would not be written over.
    match fs::remove_file(&copy) {
        Err(error) if error.kind() != IoKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    fs::copy(path, &copy).map(drop).map_err(failed)
}

/// Gives a copy of an earlier file another name, which nothing has yet: it is not of the file that
/// is about to be made.
pub(super) fn set_copy_aside(path: &Path) -> Outcome {
    let copy = copy_of(path);
    if !copy.is_file() {
        return Ok(());
    }
    let mut aside = copy.clone();
    while aside.symlink_metadata().is_ok() {
        aside.as_mut_os_string().push(".old");
    }
    Ok(fs::rename(copy, aside)?)
}

pub(super) fn unusable(path: &Path, why: &str) -> Failure {
    let message = format!("{} {why}", path.display());
    Failure::new(ErrorKind::Invalid, message).hint("put that right first; nothing was written")
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(ErrorKind::Io, format!("{} cannot be read: {error}", path.display()))
}
