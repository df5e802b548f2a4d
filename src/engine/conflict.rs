//! Conflicts and resolutions, as values.

use std::fmt;

use crate::object::Key;
use crate::storage::RecordId;

/// Why two sides could not be joined at a key.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ConflictKind {
    /// Both changed the same memory, in the same place of its text or the same field.
    Edited,
    /// One removed the memory, the other changed or moved it.
    RemovedAndEdited,
    /// Both moved the same memory, to different keys.
    MovedApart,
    /// Different memories came to the same key.
    SameKey,
    /// A memory would stand where the other side has a folder of memories.
    FolderAndMemory,
}

impl ConflictKind {
    /// A phrase for listings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Edited => "edited on both sides",
            Self::RemovedAndEdited => "removed on one side, changed on the other",
            Self::MovedApart => "moved to different keys",
            Self::SameKey => "different memories at the same key",
            Self::FolderAndMemory => "a memory on one side, a folder on the other",
        }
    }
}

/// Where a memory stands on one side, and as what.
pub(crate) type Place = (Key, RecordId);

/// Something that two sides changed in ways that cannot be joined without a decision.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Conflict {
    /// The key it is known by: ours, else theirs, else the base's.
    pub key: Key,
    /// Why.
    pub kind: ConflictKind,
    pub(crate) base: Option<Place>,
    pub(crate) ours: Option<Place>,
    pub(crate) theirs: Option<Place>,
    /// Keys of ours that taking theirs removes.
    pub(crate) in_the_way: Vec<Key>,
}

/// What tells the conflicts of one merge apart: two may be known by one key.
pub(crate) type ConflictName = (Key, Option<Place>);

impl Conflict {
    pub(crate) fn name(&self) -> ConflictName {
        (self.key.clone(), self.theirs.clone())
    }

    /// The record both sides started from.
    pub fn base(&self) -> Option<RecordId> {
        self.base.as_ref().map(|place| place.1)
    }

    /// Our record.
    pub fn ours(&self) -> Option<RecordId> {
        self.ours.as_ref().map(|place| place.1)
    }

    /// Their record.
    pub fn theirs(&self) -> Option<RecordId> {
        self.theirs.as_ref().map(|place| place.1)
    }

    /// Where the memory stands on our side.
    pub fn our_key(&self) -> Option<&Key> {
        self.ours.as_ref().map(|place| &place.0)
    }

    /// Where the memory stands on their side.
    pub fn their_key(&self) -> Option<&Key> {
        self.theirs.as_ref().map(|place| &place.0)
    }

    /// Keys of the branch that would become free if their side were taken: of other memories, which
    /// would be gone, or where the memory itself stands now.
    pub fn in_the_way(&self) -> &[Key] {
        &self.in_the_way
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.kind.name())
    }
}

/// The choice made for a conflict.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Resolution {
    /// Keep what the branch has.
    Ours,
    /// Take what is merged in.
    Theirs,
    /// Go back to what both started from.
    Base,
    /// Remove the memory.
    Remove,
    /// Write this text instead.
    Text(String),
}
