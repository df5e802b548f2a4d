//! Sets of documents by what tells them from all others.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

/// Identities of documents.
pub(super) type Identities = HashSet<u64, BuildHasherDefault<AsItIs>>;

/// Hashes identities, which are hashes already.
#[derive(Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, identity: u64) {
        self.0 = identity;
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("BUG: only identities are hashed so");
    }
}
