//! Undream: an embedded database for the memory of AI agents.

mod clock;
mod dream;
mod entropy;
mod error;
mod limits;
mod object;
mod storage;

pub use clock::{Clock, FixedClock, SystemClock, Time};
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};
pub use error::{Error, ErrorKind, Result};
pub use object::{
    Author, AuthorKind, Event, Evidence, Key, Message, Provenance, RefName, Role, Source,
    StoreName, Taint, ToolCall, Trust,
};
pub use storage::{
    ChunkId, CommitId, MemoryId, ObjectId, OperationId, Prefix, RecordId, SessionObjectId, TextId,
    TombstoneId, TreeId,
};
