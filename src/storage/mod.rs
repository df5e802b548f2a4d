//! Floor 1: bytes. Ids, the codec, and the redb file with the log and what is derived from it.
//!
//! Imports: the ground only. redb stays behind this door.

mod id;

pub(crate) mod codec;
pub use id::{
    ChunkId, CommitId, MemoryId, ObjectId, OperationId, Prefix, RecordId, SessionObjectId, TextId,
    TombstoneId, TreeId,
};
