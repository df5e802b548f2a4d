//! What a database is born with.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::entropy::Seed;
use crate::error::Result;
use crate::object::stored::{Header, ObjectKind, Stored};
use crate::storage::TextId;

/// The random name of a database. Copies share it; databases made apart do not.
#[derive(Clone, Copy, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct DatabaseId([u8; 16]);

impl fmt::Display for DatabaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for DatabaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Format, tree salt and name of a database. As secret as the database itself: who knows the salt
/// can choose keys that unbalance the tree.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Genesis {
    pub(crate) database: DatabaseId,
    pub(crate) boundary_salt: [u8; 32],
    pub(crate) created: Time,
}

impl Header for Genesis {
    const KIND: ObjectKind = ObjectKind::Genesis;

    fn texts(&self) -> Vec<TextId> {
        Vec::new()
    }
}

impl Genesis {
    pub(crate) fn draw(seed: &Seed, created: Time) -> Self {
        let mut boundary_salt = [0; 32];
        boundary_salt[..16].copy_from_slice(&seed.derive("boundary salt", 0));
        boundary_salt[16..].copy_from_slice(&seed.derive("boundary salt", 1));
        Self { database: DatabaseId(seed.derive("database id", 0)), boundary_salt, created }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        Stored::seal(self, Vec::new()).encode()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        Stored::decode(bytes)?.open()
    }
}
