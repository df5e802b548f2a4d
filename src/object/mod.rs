//! Floor 2: what bytes mean. Every stored object begins with its kind and format, is named by the
//! hash of its header, and carries the erasable texts of that header behind it, outside the hash.
//!
//! Imports: storage and the ground.

mod author;
mod event;
mod key;
mod name;
mod node;
mod provenance;

pub use author::{Author, AuthorKind, Message};
pub use event::{Event, Role, ToolCall};
pub use key::Key;
pub use name::{RefName, StoreName};
pub(crate) use node::Node;
pub use provenance::{Evidence, Provenance, Source, Taint, Trust};
