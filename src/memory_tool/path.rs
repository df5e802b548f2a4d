//! Paths under `/memories`, and the keys they stand for.

use crate::error::{Error, Result};
use crate::limits;
use crate::object::Key;

/// The directory under which all paths of the tool lie.
pub(super) const ROOT: &str = "/memories";

/// Spellings of `.`, `/` and `\` that another program might decode.
const ENCODED: [&str; 3] = ["%2e", "%2f", "%5c"];

/// A checked path: it names the root or something beneath it, whatever it is joined to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Path {
    /// As it was given.
    shown: String,
    /// The key it stands for, or the prefix, which is empty where none is set.
    key: String,
    is_root: bool,
}

impl Path {
    /// Reads a path. Empty parts and `.` say nothing and are passed over.
    ///
    /// # Errors
    /// `Invalid` or `Limit`, with what is wrong with the path.
    pub(super) fn read(text: &str, prefix: &str) -> Result<Self> {
        // Roomy, so that a key that is too long is refused as such.
        limits::check("the path", text.len(), 2 * limits::KEY_BYTES_MAX, "bytes")?;
        let refused = |why: &str| Err(Error::invalid(format!("the path {text:?} {why}")));
        if text.contains('\\') {
            return refused("holds a backslash; the parts of a path are joined by `/`");
        }
        let lower = text.to_ascii_lowercase();
        if let Some(code) = ENCODED.into_iter().find(|code| lower.contains(code)) {
            return refused(&format!("holds `{code}`; write names as they are, not encoded"));
        }
        if text.split('/').any(|part| part == "..") {
            return refused("holds `..`; give the whole path, from /memories on");
        }
        let inside =
            text.strip_prefix(ROOT).filter(|rest| matches!(rest.bytes().next(), None | Some(b'/')));
        let Some(inside) = inside else {
            return refused("is not under /memories, where all files are");
        };
        let mut key = prefix.to_owned();
        for part in inside.split('/').filter(|part| !matches!(*part, "" | ".")) {
            if !key.is_empty() {
                key.push('/');
            }
            key += part;
        }
        let is_root = key.len() == prefix.len();
        if !is_root {
            key = String::from(Key::new(&key).map_err(|error| named(text, &error))?);
        }
        Ok(Self { shown: text.to_owned(), key, is_root })
    }

    /// As it was given.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// The key; of the root, the prefix.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Whether it is `/memories` itself.
    pub(super) fn is_root(&self) -> bool {
        self.is_root
    }
}

/// The path as the tool shows it that stands for `key`.
pub(super) fn shown(key: &str, prefix: &str) -> String {
    let inside = key.strip_prefix(prefix).unwrap_or(key).trim_start_matches('/');
    if inside.is_empty() { ROOT.to_owned() } else { format!("{ROOT}/{inside}") }
}

/// What is wrong with a path that makes no key.
fn named(path: &str, error: &Error) -> Error {
    Error::new(error.kind(), format!("the path {path:?} can name no memory: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_parts_decide_what_lies_under_the_root() {
        for (path, key) in [
            ("/memories/a/b.md", "a/b.md"),
            ("/memories//a/./b.md/", "a/b.md"),
            ("/memories/...", "..."),
            ("/memories/cafe\u{301}", "café"),
        ] {
            assert_eq!(Path::read(path, "").unwrap().key(), key, "{path}");
        }
        assert!(Path::read("/memories/./", "own/part").unwrap().is_root());
        assert_eq!(Path::read("/memories/a", "own/part").unwrap().key(), "own/part/a");
        for path in [
            "",
            "/",
            "//memories/a",
            "memories/a",
            "/memoriesX/a",
            "/memories.bak",
            "/etc/passwd",
            "/memories/../etc",
            "/memories/a/..",
            "/memories/a\\..\\b",
            "/memories/%2e%2E/a",
            "/memories/a%2Fb",
            "/Memories/a",
            "/memories/a\u{0}b",
            "/memories/a\u{202e}b",
        ] {
            assert!(Path::read(path, "").is_err(), "{path:?}");
        }
    }
}
