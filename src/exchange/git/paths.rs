//! Which memory a file of the repository is.

use std::collections::HashMap;

use super::blobs::SkippedFile;
use crate::object::Key;

/// Turns paths into keys, and sees to it that two paths never share one.
#[derive(Default)]
pub(super) struct Paths {
    /// The spelling that a key or folder beyond ASCII was first met with.
    spellings: HashMap<String, String>,
}

impl Paths {
    pub(super) fn key(&mut self, path: &[u8]) -> Result<Key, SkippedFile> {
        let path = std::str::from_utf8(path).map_err(|_| SkippedFile::Path)?;
        let key = Key::new(path).map_err(|_| SkippedFile::Path)?;
        if path.is_ascii() {
            return Ok(key);
        }
        // Normalising joins or splits no segments, so both have equally many.
        let ends = |text: &str| -> Vec<usize> {
            text.match_indices('/').map(|(at, _)| at).chain([text.len()]).collect()
        };
        for (normal, raw) in ends(key.as_str()).into_iter().zip(ends(path)) {
            let (normal, raw) = (&key.as_str()[..normal], &path[..raw]);
            let first = self.spellings.entry(normal.to_owned()).or_insert_with(|| raw.to_owned());
            if first != raw {
                return Err(SkippedFile::SameKey);
            }
        }
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_spellings_of_one_key_only_the_first_is_taken() {
        let mut paths = Paths::default();
        assert_eq!(paths.key("caf\u{e9}/a".as_bytes()).unwrap().as_str(), "caf\u{e9}/a");
        assert_eq!(paths.key("cafe\u{301}/b".as_bytes()), Err(SkippedFile::SameKey));
        assert_eq!(paths.key("x/cafe\u{301}".as_bytes()).unwrap().as_str(), "x/caf\u{e9}");
        assert_eq!(paths.key(b"\xff"), Err(SkippedFile::Path));
        assert_eq!(paths.key(b"a\\b"), Err(SkippedFile::Path));
    }
}
