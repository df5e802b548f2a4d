//! Files and directories, as they are seen in the keys of a snapshot.

use std::collections::BTreeMap;

use crate::engine::Snapshot;
use crate::error::{Error, Result};
use crate::memory_tool::path::{self, Path};

/// The most lines of a listing.
const LISTING_LINES_MAX: usize = 2_000;

/// What a path names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Named {
    File,
    /// The root, or what has memories beneath it: there are no others.
    Folder,
    Nothing,
}

/// What `path` names in a snapshot.
///
/// # Errors
/// `Invalid` if the root is a memory itself; as a read fails.
pub(super) fn look(snapshot: &Snapshot, path: &Path, prefix: &str) -> Result<Named> {
    if !prefix.is_empty() && snapshot.get_id(prefix)?.is_some() {
        return Err(Error::invalid(format!(
            "`{prefix}` is a memory and cannot be the root of files; choose another prefix"
        )));
    }
    if path.is_root() {
        return Ok(Named::Folder);
    }
    if snapshot.get_id(path.key())?.is_some() {
        return Ok(Named::File);
    }
    let first = snapshot.keys(path.key()).next().transpose()?;
    Ok(if first.is_some() { Named::Folder } else { Named::Nothing })
}

/// Checks that nothing is at `path` and that it can become a file or directory.
///
/// # Errors
/// `Invalid` with what is in the way.
pub(super) fn want_free(snapshot: &Snapshot, path: &Path, prefix: &str) -> Result<()> {
    let taken = |what: &str| Err(Error::invalid(format!("{} is {what}", path.shown())));
    match look(snapshot, path, prefix)? {
        Named::File => {
            return taken(
                "a file already; change it with str_replace or insert, or delete it first",
            );
        }
        Named::Folder => return taken("a directory; name a file that is not there yet"),
        Named::Nothing => {}
    }
    for (at, _) in path.key().match_indices('/') {
        let above = &path.key()[..at];
        if snapshot.get_id(above)?.is_some() {
            let file = path::shown(above, prefix);
            return taken(&format!(
                "beneath the file {file}, and a file is no directory; choose another path"
            ));
        }
    }
    Ok(())
}

/// A line of a listing, with the lines beneath it by name.
#[derive(Default)]
struct Line {
    bytes: u64,
    is_folder: bool,
    beneath: BTreeMap<String, Line>,
}

/// What is in a directory, two levels deep, by name, hidden entries left out: sizes and paths. The
/// size of a directory is that of all memories beneath it.
///
/// # Errors
/// As a read fails.
pub(super) fn list(snapshot: &Snapshot, path: &Path) -> Result<String> {
    let mut top = Line::default();
    for entry in snapshot.keys(path.key()) {
        let (key, id) = entry?;
        let record = snapshot.record(id)?;
        let bytes = if record.is_erased() { 0 } else { record.text()?.len() as u64 };
        let inside = key.as_str()[path.key().len()..].trim_start_matches('/');
        top.bytes += bytes;
        top.add(inside, bytes, 2);
    }
    let mut lines = vec![format!("{}\t{}", size(top.bytes), path.shown())];
    let left_out = top.write(path.shown(), &mut lines);
    if left_out > 0 {
        lines.push(format!("({left_out} more are not listed; view a directory of them)"));
    }
    Ok(lines.join("\n"))
}

impl Line {
    /// Adds a memory at a path inside, and the directories on the way, down to `depth`.
    fn add(&mut self, inside: &str, bytes: u64, depth: usize) {
        let (name, rest) = match inside.split_once('/') {
            Some((name, rest)) => (name, Some(rest)),
            None => (inside, None),
        };
        if depth == 0 || name.starts_with('.') {
            return;
        }
        let line = self.beneath.entry(name.to_owned()).or_default();
        line.bytes += bytes;
        if let Some(rest) = rest {
            line.is_folder = true;
            line.add(rest, bytes, depth - 1);
        }
    }

    /// Writes the lines beneath; returns how many there was no room for.
    fn write(&self, at: &str, lines: &mut Vec<String>) -> usize {
        let mut left_out = 0;
        for (name, line) in &self.beneath {
            if lines.len() < LISTING_LINES_MAX {
                let slash = if line.is_folder { "/" } else { "" };
                lines.push(format!("{}\t{at}/{name}{slash}", size(line.bytes)));
            } else {
                left_out += 1;
            }
            left_out += line.write(&format!("{at}/{name}"), lines);
        }
        left_out
    }
}

/// A size for people: a unit of 1,024 of the one before, a decimal unless it is whole.
fn size(bytes: u64) -> String {
    let mut unit = 1_u64;
    let mut name = "B";
    for next in ["K", "M", "G"] {
        if bytes / unit < 1_024 {
            break;
        }
        (unit, name) = (unit * 1_024, next);
    }
    if bytes.is_multiple_of(unit) {
        return format!("{}{name}", bytes / unit);
    }
    format!("{:.1}{name}", bytes as f64 / unit as f64)
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_whole_or_have_one_decimal() {
        let sizes = [
            (0, "0B"),
            (1, "1B"),
            (1_023, "1023B"),
            (1_024, "1K"),
            (1_280, "1.2K"),
            (1_536, "1.5K"),
            (1_792, "1.8K"),
            (1_048_575, "1024.0K"),
            (1_048_576, "1M"),
            (3 << 30, "3G"),
            (5 << 40, "5120G"),
        ];
        for (bytes, shown) in sizes {
            assert_eq!(size(bytes), shown, "{bytes}");
        }
    }
}
