//! The path of a memory.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::error::{Error, Result};
use crate::limits;

/// The path of a memory inside its store: segments joined by `/`, such as `team/style/rust`.
///
/// A key is UTF-8 in NFC, at most 1,024 bytes and 32 segments; no segment is empty, `.` or `..`;
/// it holds no control or format characters and no backslash. Keys sort by their bytes.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize)]
#[serde(try_from = "String")]
pub struct Key(Arc<str>);

impl Key {
    /// Checks and takes `text` as a key. Text that is not in NFC is normalised first.
    ///
    /// # Errors
    /// `Limit` or `Invalid`, naming the rule that is broken.
    pub fn new(text: impl AsRef<str>) -> Result<Self> {
        let text = text.as_ref();
        limits::check("the key", text.len(), limits::KEY_BYTES_MAX, "bytes")?;
        let text: String = if is_nfc(text) { text.to_owned() } else { text.nfc().collect() };
        Self::check(&text)?;
        Ok(Self(text.into()))
    }

    /// Takes a key exactly as stored.
    pub(crate) fn from_stored(bytes: &[u8]) -> Result<Self> {
        Ok(Self(Self::check_stored(bytes)?.into()))
    }

    /// Checks stored bytes as a key where they lie.
    pub(crate) fn check_stored(bytes: &[u8]) -> Result<&str> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| Error::corrupt("a stored key is not UTF-8").with_source(error))?;
        if !text.is_ascii() && !is_nfc(text) {
            return Err(Error::corrupt(format!("the stored key `{text}` is not in NFC")));
        }
        Self::check(text)
            .map_err(|error| Error::corrupt("a stored key breaks the rules").with_source(error))?;
        Ok(text)
    }

    /// Takes text that was a key before, such as one from a decoded node.
    pub(crate) fn from_checked(text: &str) -> Self {
        Self(text.into())
    }

    fn check(text: &str) -> Result<()> {
        limits::check("the key", text.len(), limits::KEY_BYTES_MAX, "bytes")?;
        let segments = text.split('/').count();
        limits::check("the key", segments, limits::KEY_SEGMENTS_MAX, "segments")?;
        if let Some(segment) = text.split('/').find(|segment| matches!(*segment, "" | "." | "..")) {
            return Err(Error::invalid(format!(
                "the key `{text}` has the segment `{segment}`; segments must not be empty, `.` or `..`"
            )));
        }
        if let Some(bad) = text.chars().find(|&c| c == '\\' || is_unprintable(c)) {
            return Err(Error::invalid(format!(
                "the key {text:?} holds {bad:?}; backslashes, control and format characters are refused"
            )));
        }
        Ok(())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the key is `prefix` itself or lies beneath it. The empty prefix holds every key; a
    /// trailing `/` changes nothing.
    pub fn is_under(&self, prefix: &str) -> bool {
        let prefix = prefix.trim_end_matches('/');
        prefix.is_empty()
            || self
                .0
                .strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The proper ancestors of the key, shortest first: `a`, `a/b` for `a/b/c`.
    pub fn ancestors(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(at, _)| &self.0[..at])
    }
}

/// Whether a terminal or a reader would not see `c`, or see something else: control, format,
/// bidirectional, zero-width and private tag characters.
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{110bd}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Whether something may hide in `c` where a text is shown to a person or a model: what is
/// unprintable, and what shows as nothing, such as the variation selectors that can spell out words.
/// Those that pick the form of an emoji are not among them.
pub fn is_hiding(c: char) -> bool {
    is_unprintable(c)
        || matches!(c, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0d}' | '\u{ffa0}'
            | '\u{e0100}'..='\u{e01ef}')
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for Key {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl TryFrom<String> for Key {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::from_stored(text.as_bytes())
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.as_str().to_owned()
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_break_a_rule_are_refused() {
        for bad in
            ["", "/a", "a/", "a//b", "a/./b", "..", "a\\b", "a\u{7}b", "a\u{202e}b", "a\u{200b}"]
        {
            assert!(Key::new(bad).is_err(), "{bad:?}");
        }
        assert!(Key::new("x".repeat(1_024)).is_ok());
        assert!(Key::new("x".repeat(1_025)).is_err());
        assert!(Key::new(vec!["x"; 32].join("/")).is_ok());
        assert!(Key::new(vec!["x"; 33].join("/")).is_err());
    }

    #[test]
    fn keys_are_normalised_so_that_equal_looking_keys_are_equal() {
        assert_eq!(Key::new("cafe\u{301}").unwrap(), Key::new("café").unwrap());
        assert!(Key::from_stored("cafe\u{301}".as_bytes()).is_err());
    }

    #[test]
    fn a_prefix_ends_at_a_segment() {
        let key = Key::new("team/style/rust").unwrap();
        assert!(key.is_under("") && key.is_under("team") && key.is_under("team/style/"));
        assert!(key.is_under("team/style/rust") && !key.is_under("team/sty"));
        assert_eq!(key.ancestors().collect::<Vec<_>>(), ["team", "team/style"]);
    }
}
