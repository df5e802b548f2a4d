//! Floor 2: what bytes mean. Every stored object begins with its kind and format, is named by the
//! hash of its header, and carries the erasable texts of that header behind it, outside the hash.
//!
//! Imports: storage and the ground.

mod author;
mod commit;
mod entry;
mod event;
mod genesis;
mod key;
mod name;
mod node;
mod operation;
mod provenance;
mod record;
mod session;
mod stored;
#[cfg(test)]
mod tests;
mod text;
mod tombstone;
mod verdict;

pub use author::{Author, AuthorKind, Message};
pub use commit::{Cause, Commit, Decision, ProposalKind, ProposalPart, Suspect, Verb};
pub use entry::{Entry, Kind};
pub use event::{Event, Role, ToolCall};
pub use genesis::DatabaseId;
pub use key::{Key, is_hiding, is_unprintable};
pub use name::{RefName, StoreName};
pub use operation::{Operation, OperationKind, RefKind, RefMove};
pub use provenance::{Evidence, Provenance, Source, Taint, Trust};
pub use record::Record;
pub use session::{Outcome, Session, SessionFacts};
pub use tombstone::Tombstone;
pub use verdict::{Bound, RuleFinding, Ruling, Verdict};

pub(crate) use commit::{Judged, cause_text};
pub(crate) use genesis::Genesis;
pub(crate) use node::Node;
pub(crate) use operation::OperationHeader;
pub(crate) use record::Origin;
pub(crate) use session::{chunk_sources, cut_into_chunks, make_chunk, make_session, open_chunk};
pub(crate) use stored::{ObjectKind, Stored};
pub(crate) use text::SaltedText;
