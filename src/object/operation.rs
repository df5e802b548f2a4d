//! One entry of the append-only, hash-chained operation log.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::error::Result;
use crate::object::stored::{Header, ObjectKind, Stored};
use crate::object::text::{SaltedText, TextSlot};
use crate::object::{Author, RefName, StoreName};
use crate::storage::{CommitId, OperationId, SessionObjectId, TextId};

/// What an operation did.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub enum OperationKind {
    /// Created a store.
    CreateStore,
    /// Deleted a store with all its refs.
    DeleteStore,
    /// Committed to a branch.
    Commit,
    /// Merged into a branch.
    Merge,
    /// Took something back.
    Revert,
    /// Made a branch, prefix or key equal to an earlier state.
    Restore,
    /// Created a branch or tag.
    CreateRef,
    /// Deleted a branch or tag.
    DeleteRef,
    /// Took sessions in.
    ImportSessions,
    /// Replayed a foreign history.
    Import,
    /// Merged what a review approved.
    Review,
    /// Took back an earlier operation.
    Undo(OperationId),
    /// Erased a text.
    Erase,
}

impl OperationKind {
    /// A phrase for listings.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateStore => "create store",
            Self::DeleteStore => "delete store",
            Self::Commit => "commit",
            Self::Merge => "merge",
            Self::Revert => "revert",
            Self::Restore => "restore",
            Self::CreateRef => "create ref",
            Self::DeleteRef => "delete ref",
            Self::ImportSessions => "import sessions",
            Self::Import => "import",
            Self::Review => "review",
            Self::Undo(_) => "undo",
            Self::Erase => "erase",
        }
    }
}

/// Whether a ref moves with commits.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum RefKind {
    /// Moves with each commit made on it.
    Branch,
    /// Stays where it was put.
    Tag,
}

/// One ref, from where to where.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RefMove {
    /// The ref's store.
    pub store: StoreName,
    /// The ref.
    pub name: RefName,
    /// Branch or tag.
    pub kind: RefKind,
    /// Where it pointed; `None` if it did not exist.
    pub from: Option<CommitId>,
    /// Where it points now; `None` if it no longer exists.
    pub to: Option<CommitId>,
}

/// The hashed part of an operation.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct OperationHeader {
    pub(crate) previous: Option<OperationId>,
    pub(crate) at: Time,
    pub(crate) author: Author,
    pub(crate) kind: OperationKind,
    pub(crate) store: StoreName,
    pub(crate) moves: Vec<RefMove>,
    /// Sessions of `store` that now stand for these objects.
    pub(crate) sessions: Vec<SessionObjectId>,
    pub(crate) message: Option<TextId>,
}

impl Header for OperationHeader {
    const KIND: ObjectKind = ObjectKind::Operation;

    fn texts(&self) -> Vec<TextId> {
        self.message.into_iter().collect()
    }
}

/// One entry of the operation log: who moved which refs from where to where, when, why.
#[derive(Clone, Debug)]
pub struct Operation {
    id: OperationId,
    header: OperationHeader,
    message: Option<String>,
    stored: Stored,
}

impl Operation {
    /// Makes an operation; `message` is `None` where a commit of the same row says why.
    pub(crate) fn make(mut header: OperationHeader, message: Option<SaltedText>) -> Result<Self> {
        header.message = message.as_ref().map(SaltedText::id);
        Self::open(Stored::seal(&header, message.into_iter().map(TextSlot::Present).collect()))
    }

    /// The operation that `stored` holds.
    pub(crate) fn open(stored: Stored) -> Result<Self> {
        let header: OperationHeader = stored.open()?;
        let message = match stored.texts().first() {
            Some(slot) => slot.text("the reason of an operation")?,
            None => None,
        };
        Ok(Self { id: stored.id().into(), header, message, stored })
    }

    /// The same operation after another one, where operations it names may have other ids.
    pub(crate) fn relinked(
        &self,
        previous: Option<OperationId>,
        renamed: &HashMap<OperationId, OperationId>,
    ) -> Result<Self> {
        let mut header = self.header.clone();
        header.previous = previous;
        if let OperationKind::Undo(undone) = &mut header.kind {
            *undone = renamed.get(undone).copied().unwrap_or(*undone);
        }
        Self::open(Stored::seal(&header, self.stored.texts().to_vec()))
    }

    pub(crate) fn stored(&self) -> &Stored {
        &self.stored
    }

    /// The operation's id.
    pub fn id(&self) -> OperationId {
        self.id
    }

    /// The operation before it.
    pub fn previous(&self) -> Option<OperationId> {
        self.header.previous
    }

    /// When it was done.
    pub fn at(&self) -> Time {
        self.header.at
    }

    /// Who did it.
    pub fn author(&self) -> &Author {
        &self.header.author
    }

    /// What it did.
    pub fn kind(&self) -> OperationKind {
        self.header.kind
    }

    /// The store it was done in.
    pub fn store(&self) -> &StoreName {
        &self.header.store
    }

    /// The refs it moved.
    pub fn moves(&self) -> &[RefMove] {
        &self.header.moves
    }

    /// The sessions it took in.
    pub fn sessions(&self) -> &[SessionObjectId] {
        &self.header.sessions
    }

    /// Why, where no commit says so.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}
