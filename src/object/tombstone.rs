//! What stands in the place of erased texts: who took them away, when and why.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::error::{Error, Result};
use crate::object::Author;
use crate::object::stored::{Header, ObjectKind, Stored};
use crate::storage::{ObjectId, TextId, TombstoneId};

/// The hashed part of a tombstone.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct TombstoneHeader {
    /// The texts that were taken away, ascending: at least one.
    pub(crate) texts: Vec<TextId>,
    /// The objects that named them, ascending: at least one.
    pub(crate) objects: Vec<ObjectId>,
    pub(crate) author: Author,
    pub(crate) at: Time,
    pub(crate) reason: TextId,
}

impl Header for TombstoneHeader {
    const KIND: ObjectKind = ObjectKind::Tombstone;

    fn texts(&self) -> Vec<TextId> {
        vec![self.reason]
    }

    fn is_ordered(&self) -> bool {
        let ascends =
            self.texts.is_sorted_by(|a, b| a < b) && self.objects.is_sorted_by(|a, b| a < b);
        ascends && !self.texts.is_empty() && !self.objects.is_empty()
    }
}

/// Stands in the place of one or more texts that were erased together, and says who erased them,
/// when and why.
#[derive(Clone, Debug)]
pub struct Tombstone {
    id: TombstoneId,
    header: TombstoneHeader,
    reason: Option<String>,
}

impl Tombstone {
    /// The tombstone that `stored` holds.
    pub(crate) fn open(stored: &Stored) -> Result<Self> {
        let header: TombstoneHeader = stored.open()?;
        let [reason] = stored.texts() else {
            return Err(Error::corrupt(format!("tombstone {} gives no reason", stored.id())));
        };
        let reason = reason.text("the reason of a tombstone")?;
        Ok(Self { id: stored.id().into(), header, reason })
    }

    /// The tombstone's id, which stands where the texts stood.
    pub fn id(&self) -> TombstoneId {
        self.id
    }

    /// The texts that were erased, in the order of their ids.
    pub fn texts(&self) -> &[TextId] {
        &self.header.texts
    }

    /// The records, commits and other objects that held them, in the order of their ids.
    pub fn objects(&self) -> &[ObjectId] {
        &self.header.objects
    }

    /// Who erased them.
    pub fn author(&self) -> &Author {
        &self.header.author
    }

    /// When they were erased.
    pub fn at(&self) -> Time {
        self.header.at
    }

    /// Why; `None` if the reason was itself erased.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}
