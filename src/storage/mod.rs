//! Floor 1: bytes. Ids, the codec, and the redb file with the log and what is derived from it.
//!
//! Invariants: the log's sequence is dense and a row is complete or absent; derived data and the
//! watermark that says how far it reaches change in one transaction; the recall log is beside both.
//!
//! Imports: the ground only. redb stays behind this door.

pub(crate) mod codec;
mod fault;
mod file;
mod frame;
mod id;
mod patient;
mod read;
mod recalls;
mod tables;
mod write;

pub use id::{
    ChunkId, CommitId, MemoryId, ObjectId, OperationId, Prefix, RecordId, SessionObjectId, TextId,
    TombstoneId, TreeId,
};

pub(crate) use file::Storage;
pub(crate) use frame::FORMAT as ROW_FORMAT;
pub(crate) use id::PREFIX_DIGITS_MIN;
pub(crate) use read::Reader;
pub(crate) use tables::{Location, Shelf};
pub(crate) use write::Writer;
