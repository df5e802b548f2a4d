//! Ids: BLAKE3 names of stored bytes, typed by what they name, and abbreviated ones.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The fewest hexadecimal digits that may stand for an id.
pub(crate) const PREFIX_DIGITS_MIN: usize = 8;

/// The BLAKE3-256 name of an object's hashed bytes, whatever kind the object is of.
#[derive(Clone, Copy, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct ObjectId([u8; 32]);

impl ObjectId {
    /// The id of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The id with exactly these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ObjectId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !read_hex(text, &mut bytes) {
            return Err(Error::invalid(format!("`{text}` is no id of 64 hexadecimal digits")));
        }
        Ok(Self(bytes))
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    let digits = f.precision().unwrap_or(bytes.len() * 2);
    for (index, byte) in bytes.iter().enumerate() {
        match digits.saturating_sub(index * 2) {
            0 => break,
            1 => write!(f, "{:x}", byte >> 4)?,
            _ => write!(f, "{byte:02x}")?,
        }
    }
    Ok(())
}

fn read_hex(text: &str, out: &mut [u8]) -> bool {
    let digit = |byte: u8| (byte as char).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
    text.len() == out.len() * 2
        && text.as_bytes().chunks(2).zip(out).all(|(pair, byte)| {
            match (digit(pair[0]), digit(pair[1])) {
                (Some(high), Some(low)) => {
                    *byte = (high << 4 | low) as u8;
                    true
                }
                _ => false,
            }
        })
}

macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        pub struct $name(ObjectId);

        impl $name {
            /// The id with exactly these bytes.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(ObjectId::from_bytes(bytes))
            }

            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                self.0.as_bytes()
            }

            /// The same id without its type.
            pub const fn object(self) -> ObjectId {
                self.0
            }
        }

        impl From<ObjectId> for $name {
            fn from(id: ObjectId) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                text.parse().map(Self)
            }
        }
    )*};
}

typed_id! {
    /// Names one immutable version of a memory.
    RecordId;
    /// Names a tree: the id of its root node.
    TreeId;
    /// Names a commit.
    CommitId;
    /// Names one stored version of a session.
    SessionObjectId;
    /// Names a chunk of a session's events.
    ChunkId;
    /// Names an entry of the operation log.
    OperationId;
    /// Names a tombstone: who erased a text, when and why.
    TombstoneId;
    /// Names an erasable text: BLAKE3 over a random salt and the payload.
    TextId;
}

/// Names a memory through all its edits and renames: 16 bytes, drawn when it is created.
#[derive(Clone, Copy, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct MemoryId([u8; 16]);

impl MemoryId {
    /// The id with exactly these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for MemoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for MemoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MemoryId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut bytes = [0; 16];
        if !read_hex(text, &mut bytes) {
            return Err(Error::invalid(format!("`{text}` is no memory id of 32 digits")));
        }
        Ok(Self(bytes))
    }
}

/// The first digits of an id: 8 to 64 of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Prefix {
    digits: String,
}

impl Prefix {
    /// Reads `text` as an abbreviated id; `None` if it does not look like one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (PREFIX_DIGITS_MIN..=64).contains(&text.len());
        let hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (fits && hex).then(|| Self { digits: text.to_owned() })
    }

    /// The digits as given.
    pub fn as_str(&self) -> &str {
        &self.digits
    }

    /// Whether `id` begins with these digits.
    pub fn matches(&self, id: &ObjectId) -> bool {
        let (low, high) = self.range();
        (low..=high).contains(id)
    }

    /// The smallest and the largest id with these digits.
    pub(crate) fn range(&self) -> (ObjectId, ObjectId) {
        let bound = |fill: char| {
            let mut digits = self.digits.clone();
            digits.extend(std::iter::repeat_n(fill, 64 - self.digits.len()));
            let mut bytes = [0; 32];
            assert!(read_hex(&digits, &mut bytes), "BUG: a parsed prefix holds only digits");
            ObjectId::from_bytes(bytes)
        };
        (bound('0'), bound('f'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_printing_and_parsing() {
        let id = ObjectId::of(b"undream");
        assert_eq!(id.to_string().parse::<ObjectId>().unwrap(), id);
        assert_eq!(format!("{id:.9}").len(), 9);
        assert!(id.to_string().to_uppercase().parse::<ObjectId>().is_err());
        assert!("xyz".parse::<ObjectId>().is_err());
        assert!("é".repeat(32).parse::<ObjectId>().is_err());
    }

    #[test]
    fn a_prefix_matches_exactly_the_ids_that_begin_with_it() {
        let id = ObjectId::of(b"undream");
        let text = id.to_string();
        for digits in PREFIX_DIGITS_MIN..=64 {
            assert!(Prefix::parse(&text[..digits]).unwrap().matches(&id));
        }
        let other = if text.starts_with('0') { "1" } else { "0" }.to_owned() + &text[1..12];
        assert!(!Prefix::parse(&other).unwrap().matches(&id));
        assert!(Prefix::parse(&text[..7]).is_none());
        assert!(Prefix::parse("mainmain").is_none());
    }
}
