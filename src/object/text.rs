//! Erasable texts. Hashed bytes hold only a text's id; its salt and payload lie beside the header,
//! so they can be taken away without changing any id.

use std::fmt;
use std::sync::LazyLock;

use blake3::hazmat::{ContextKey, HasherExt, hash_derive_key_context};

use crate::error::{Error, Result};
use crate::storage::{TextId, TombstoneId};

/// Separates text ids from every other use of BLAKE3.
const DOMAIN: &str = "undream 2026-11 erasable text";
/// The key that BLAKE3 derives from [`DOMAIN`], derived once.
static DOMAIN_KEY: LazyLock<ContextKey> = LazyLock::new(|| hash_derive_key_context(DOMAIN));

/// A payload with the random salt that keeps its id from being guessed.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct SaltedText {
    salt: [u8; 16],
    payload: Vec<u8>,
}

impl SaltedText {
    pub(crate) fn new(salt: [u8; 16], payload: impl Into<Vec<u8>>) -> Self {
        Self { salt, payload: payload.into() }
    }

    pub(crate) fn id(&self) -> TextId {
        let mut hasher = blake3::Hasher::new_from_context_key(&DOMAIN_KEY);
        hasher.update(&self.salt);
        hasher.update(&self.payload);
        TextId::from_bytes(*hasher.finalize().as_bytes())
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    pub(crate) fn salt(&self) -> [u8; 16] {
        self.salt
    }
}

impl fmt::Debug for SaltedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SaltedText({:?}, {} bytes)", self.id(), self.payload.len())
    }
}

/// Where a text lies, or the tombstone that stands in its place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum TextSlot {
    Present(SaltedText),
    Erased(TombstoneId),
}

impl TextSlot {
    /// The payload as UTF-8, or `None` where it was erased.
    pub(crate) fn text(&self, what: &str) -> Result<Option<String>> {
        match self {
            Self::Erased(_) => Ok(None),
            Self::Present(text) => utf8(what, text.payload()).map(Some),
        }
    }
}

/// `bytes` as text that was stored as UTF-8.
pub(crate) fn utf8(what: &str, bytes: &[u8]) -> Result<String> {
    String::from_utf8(bytes.to_vec())
        .map_err(|error| Error::corrupt(format!("{what} is not UTF-8")).with_source(error))
}
