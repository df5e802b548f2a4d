//! Where in a directory the file of a key lies: `team/style/rust` in `team/style/rust.md`.
//!
//! Different keys have different paths, no file stands where another key needs a directory, and no
//! path is hidden or special to a file system. What would be is written as `%` and two hex digits.

use crate::error::{Error, Result};
use crate::object::Key;

const ENDING: &str = ".md";

/// The path of the file that holds `key`, relative, with `/` between its parts.
pub(crate) fn path_of_key(key: &Key) -> String {
    let mut segments: Vec<String> = key.as_str().split('/').map(encode).collect();
    if let Some(last) = segments.last_mut() {
        last.push_str(ENDING);
    }
    let last = segments.len() - 1;
    for directory in &mut segments[..last] {
        // Else the directory of `a.md/b` would stand where the file of `a` does.
        if let Some(stem) = directory.strip_suffix(ENDING) {
            *directory = format!("{stem}%2Emd");
        }
    }
    segments.join("/")
}

/// The key whose file lies at `path`; `None` if it is no Markdown file.
///
/// # Errors
/// `Invalid` or `Limit` if the path names no valid key.
pub(crate) fn key_of_path(path: &str) -> Result<Option<Key>> {
    let Some(stem) = path.strip_suffix(ENDING) else { return Ok(None) };
    let segments: Vec<String> = stem.split('/').map(decode).collect::<Result<_>>()?;
    Key::new(segments.join("/")).map(Some)
}

fn encode(segment: &str) -> String {
    let mut out = String::with_capacity(segment.len());
    let last = segment.chars().count() - 1;
    for (at, c) in segment.chars().enumerate() {
        let edge = (at == 0 && matches!(c, '.' | ' ')) || (at == last && matches!(c, '.' | ' '));
        if edge || matches!(c, '%' | ':' | '*' | '?' | '"' | '<' | '>' | '|') {
            out.push('%');
            out.extend(hex_digits(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// The two hex digits of an ASCII character.
fn hex_digits(c: char) -> [char; 2] {
    let digit = |value: u32| char::from_digit(value, 16).map_or('0', |c| c.to_ascii_uppercase());
    [digit(u32::from(c) >> 4 & 15), digit(u32::from(c) & 15)]
}

/// The segment that `encoded` stands for. A `%` that no two hex digits follow is itself: people
/// name files, too.
fn decode(encoded: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        match after.first_chunk().copied().and_then(hex).filter(|_| byte == b'%') {
            Some(b'/') => return Err(not_a_key(encoded)),
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).map_err(|error| not_a_key(encoded).with_source(error))
}

fn hex(digits: [u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((digit(digits[0])? * 16 + digit(digits[1])?) as u8)
}

fn not_a_key(segment: &str) -> Error {
    Error::invalid(format!("the file or directory name `{segment}` stands for no segment of a key"))
}
