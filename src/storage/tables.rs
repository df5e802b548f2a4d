//! The tables of the redb file, and where an object lies.

use redb::TableDefinition;

use crate::error::{Error, Result};

/// The truth: `sequence << 24 | piece` -> a piece of the row.
pub(super) const LOG: TableDefinition<u64, &[u8]> = TableDefinition::new("log");
/// Object id -> [`Location`], behind the watermark.
pub(super) const INDEX: TableDefinition<[u8; 32], &[u8]> = TableDefinition::new("index");
/// Tree node id -> node bytes, for the kept bases only.
pub(super) const NODES: TableDefinition<[u8; 32], &[u8]> = TableDefinition::new("nodes");
/// Everything small that is derived from the log, by [`Shelf`] and name.
pub(super) const DERIVED: TableDefinition<&[u8], &[u8]> = TableDefinition::new("derived");
/// Genesis, watermark, and other single values.
pub(super) const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");

/// The recall log, by number: no part of the truth, and erasable.
pub(super) const RECALLS: TableDefinition<u64, &[u8]> = TableDefinition::new("recalls");

/// The parts of the table of small derived things; the first byte of its keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Shelf {
    /// `store` -> nothing.
    Stores = b's',
    /// `store 0 name` -> kind and commit.
    Refs = b'r',
    /// `store 0 name 0 sequence` -> time and commit: every move of every ref.
    Moves = b'm',
    /// `store 0 session id` -> session object.
    Sessions = b'e',
    /// `memory id, key` -> nothing: every key a memory ever stood at.
    Homes = b'h',
    /// `store 0 session id` -> what a reader of the session keeps of it, in the reader's own form.
    Digests = b'd',
    /// `sequence, root id` -> nothing: trees whose nodes are all in the table of nodes.
    Bases = b'b',
}

impl Shelf {
    pub(super) fn key(self, name: &[u8]) -> Vec<u8> {
        let mut key = Vec::with_capacity(1 + name.len());
        key.push(self as u8);
        key.extend_from_slice(name);
        key
    }
}

/// Where an object lies: a span of a row's bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Location {
    /// The first byte of the object's header: what kind it is.
    pub(crate) kind: u8,
    pub(crate) sequence: u64,
    pub(crate) offset: u32,
    pub(crate) length: u32,
}

impl Location {
    pub(super) fn to_bytes(self) -> [u8; 17] {
        let mut bytes = [0; 17];
        bytes[0] = self.kind;
        bytes[1..9].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[9..13].copy_from_slice(&self.offset.to_be_bytes());
        bytes[13..].copy_from_slice(&self.length.to_be_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let bytes: &[u8; 17] =
            bytes.try_into().map_err(|_| Error::corrupt("an index entry has a wrong length"))?;
        let word = |at: usize| {
            u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        Ok(Self {
            kind: bytes[0],
            sequence: u64::from(word(1)) << 32 | u64::from(word(5)),
            offset: word(9),
            length: word(13),
        })
    }
}
