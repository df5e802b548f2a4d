//! What stands in the place of an erased text.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::object::Author;
use crate::object::stored::{Header, ObjectKind};
use crate::storage::TextId;

/// Who erased a text, when and why. The reason is itself a text that can be erased.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Tombstone {
    pub(crate) text: TextId,
    pub(crate) author: Author,
    pub(crate) at: Time,
    pub(crate) reason: TextId,
}

impl Header for Tombstone {
    const KIND: ObjectKind = ObjectKind::Tombstone;

    fn texts(&self) -> Vec<TextId> {
        vec![self.reason]
    }
}
