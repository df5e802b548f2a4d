//! Chance as a value: each transaction draws one seed, and all its ids and salts derive from it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, ErrorKind, Result};

/// Where randomness comes from. Pass [`SystemEntropy`] in production, [`SeededEntropy`] in tests.
pub trait Entropy: fmt::Debug + Send + Sync {
    /// Draws 32 unpredictable bytes.
    ///
    /// # Errors
    /// `Io` if the source fails.
    fn draw(&self) -> Result<[u8; 32]>;
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for chance")]
    fn draw(&self) -> Result<[u8; 32]> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| {
            Error::new(ErrorKind::Io, "the system gave no random bytes")
                .with_source(error.to_string())
        })?;
        Ok(bytes)
    }
}

/// A reproducible sequence of draws: the n-th draw depends on the seed and n only.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededEntropy {
    /// The sequence that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn draw(&self) -> Result<[u8; 32]> {
        let number = self.drawn.fetch_add(1, Ordering::Relaxed);
        let mut input = [0; 16];
        input[..8].copy_from_slice(&self.seed.to_le_bytes());
        input[8..].copy_from_slice(&number.to_le_bytes());
        Ok(blake3::derive_key("undream seeded entropy", &input))
    }
}

/// One transaction's seed. Values derive from (seed, purpose, number), so the same seed and the
/// same edits give the same ids.
#[derive(Clone)]
pub(crate) struct Seed([u8; 32]);

impl Seed {
    pub(crate) fn draw(entropy: &dyn Entropy) -> Result<Self> {
        Ok(Self(entropy.draw()?))
    }

    /// Sixteen bytes for the `number`-th value of `purpose`.
    pub(crate) fn derive(&self, purpose: &str, number: u64) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&number.to_le_bytes());
        hasher.update(purpose.as_bytes());
        let mut out = [0; 16];
        out.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        out
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}
