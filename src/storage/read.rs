//! Reading the file: one consistent view of all tables. redb may panic on a damaged page; whoever
//! reads gets an error then.

use std::sync::OnceLock;

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, TableDefinition, TableError};

use crate::error::{Error, Result};
use crate::storage::ObjectId;
use crate::storage::fault::{fault, guarded};
use crate::storage::frame::{
    PIECE_BITS, PIECE_BYTES, PIECES_MAX, PRELUDE_BYTES, Prelude, piece_key,
};
use crate::storage::tables::{DERIVED, INDEX, LOG, Location, META, NODES, RECALLS, Shelf};

/// A table that may not exist yet, opened when first asked for.
type Lazy<K, V> = OnceLock<Option<ReadOnlyTable<K, V>>>;

/// One consistent view of the file. Pages it can see are not reused while it lives.
pub(crate) struct Reader {
    transaction: ReadTransaction,
    log: Lazy<u64, &'static [u8]>,
    index: Lazy<[u8; 32], &'static [u8]>,
    nodes: Lazy<[u8; 32], &'static [u8]>,
    derived: Lazy<&'static [u8], &'static [u8]>,
    meta: Lazy<&'static str, &'static [u8]>,
    recalls: Lazy<u64, &'static [u8]>,
    last: OnceLock<u64>,
}

/// The head of a row, checked, and where its body begins.
pub(crate) struct RowHead {
    pub(crate) bytes: Vec<u8>,
    pub(crate) body_offset: u32,
    pub(crate) row_bytes: u64,
}

impl Reader {
    pub(super) fn new(transaction: ReadTransaction) -> Self {
        Self {
            transaction,
            log: OnceLock::new(),
            index: OnceLock::new(),
            nodes: OnceLock::new(),
            derived: OnceLock::new(),
            meta: OnceLock::new(),
            recalls: OnceLock::new(),
            last: OnceLock::new(),
        }
    }

    fn table<'a, K: redb::Key + 'static, V: redb::Value + 'static>(
        &self,
        slot: &'a Lazy<K, V>,
        definition: TableDefinition<K, V>,
    ) -> Result<Option<&'a ReadOnlyTable<K, V>>> {
        if slot.get().is_none() {
            let table = match self.transaction.open_table(definition) {
                Ok(table) => Some(table),
                Err(TableError::TableDoesNotExist(_)) => None,
                Err(error) => return Err(fault(error)),
            };
            // Another thread may have been first; both hold the same view.
            slot.get_or_init(|| table);
        }
        Ok(slot.get().and_then(Option::as_ref))
    }

    /// The recall log; `None` if it was never begun.
    pub(super) fn recalls(&self) -> Result<Option<&ReadOnlyTable<u64, &'static [u8]>>> {
        self.table(&self.recalls, RECALLS)
    }

    /// Whether nothing was ever written to the file.
    pub(crate) fn is_blank(&self) -> Result<bool> {
        guarded(|| Ok(self.transaction.list_tables().map_err(fault)?.next().is_none()))
    }

    /// The value of `meta`.
    pub(crate) fn meta(&self, name: &str) -> Result<Option<Vec<u8>>> {
        guarded(|| {
            let Some(table) = self.table(&self.meta, META)? else { return Ok(None) };
            Ok(table.get(name).map_err(fault)?.map(|value| value.value().to_vec()))
        })
    }

    /// The sequence of the last row, 0 if there is none.
    pub(crate) fn last_sequence(&self) -> Result<u64> {
        guarded(|| {
            if let Some(last) = self.last.get() {
                return Ok(*last);
            }
            let last = match self.table(&self.log, LOG)? {
                Some(table) => {
                    table.last().map_err(fault)?.map_or(0, |(key, _)| key.value() >> PIECE_BITS)
                }
                None => 0,
            };
            Ok(*self.last.get_or_init(|| last))
        })
    }

    /// The head of the row `sequence`; `None` if the log does not reach so far.
    pub(crate) fn row_head(&self, sequence: u64) -> Result<Option<RowHead>> {
        guarded(|| {
            let Some(table) = self.table(&self.log, LOG)? else { return Ok(None) };
            let Some(first) = table.get(piece_key(sequence, 0)).map_err(fault)? else {
                return Ok(None);
            };
            let prelude = Prelude::read(sequence, first.value())?;
            let bytes = match first.value().get(PRELUDE_BYTES..prelude.body_offset()) {
                Some(head) => head.to_vec(),
                None => self.span(sequence, PRELUDE_BYTES, prelude.head as usize)?,
            };
            prelude.check_head(sequence, &bytes)?;
            Ok(Some(RowHead {
                bytes,
                body_offset: prelude.body_offset() as u32,
                row_bytes: prelude.row_bytes() as u64,
            }))
        })
    }

    /// The body of the row `sequence`, checked against its checksum.
    pub(crate) fn row_body(&self, sequence: u64) -> Result<Vec<u8>> {
        guarded(|| {
            let start = self.span(sequence, 0, PRELUDE_BYTES)?;
            let prelude = Prelude::read(sequence, &start)?;
            let body = self.span(sequence, prelude.body_offset(), prelude.body as usize)?;
            prelude.check_body(sequence, &body)?;
            Ok(body)
        })
    }

    /// The bytes of an object. Whoever reads them checks them against the object's id.
    pub(crate) fn object(&self, at: Location) -> Result<Vec<u8>> {
        guarded(|| self.span(at.sequence, at.offset as usize, at.length as usize))
    }

    /// Where the body of a row with a head of `head` bytes begins.
    pub(crate) fn body_offset(head: usize) -> u32 {
        (PRELUDE_BYTES + head) as u32
    }

    fn span(&self, sequence: u64, offset: usize, length: usize) -> Result<Vec<u8>> {
        if length == 0 {
            return Ok(Vec::new());
        }
        let missing = || Error::corrupt(format!("row {sequence} of the log is incomplete"));
        let table = self.table(&self.log, LOG)?.ok_or_else(missing)?;
        let first = offset / PIECE_BYTES;
        let piece = table.get(piece_key(sequence, first)).map_err(fault)?.ok_or_else(missing)?;
        let bytes = piece.value().get(offset % PIECE_BYTES..).ok_or_else(missing)?;
        let mut out = Vec::with_capacity(length.min(64 << 20));
        out.extend_from_slice(&bytes[..bytes.len().min(length)]);
        if out.len() == length {
            return Ok(out);
        }
        let rest = piece_key(sequence, first + 1)..=piece_key(sequence, PIECES_MAX - 1);
        for (place, piece) in rest.clone().zip(table.range(rest).map_err(fault)?) {
            let (key, piece) = piece.map_err(fault)?;
            if key.value() != place {
                return Err(missing());
            }
            let bytes = piece.value();
            out.extend_from_slice(&bytes[..bytes.len().min(length - out.len())]);
            if out.len() == length {
                return Ok(out);
            }
        }
        Err(missing())
    }

    /// Where an object lies, as far as the index reaches.
    pub(crate) fn location(&self, id: &ObjectId) -> Result<Option<Location>> {
        guarded(|| {
            let Some(table) = self.table(&self.index, INDEX)? else { return Ok(None) };
            let Some(value) = table.get(id.as_bytes()).map_err(fault)? else { return Ok(None) };
            Location::from_bytes(value.value()).map(Some)
        })
    }

    /// All objects with ids from `low` to `high`, as far as the index reaches.
    pub(crate) fn locations(
        &self,
        low: &ObjectId,
        high: &ObjectId,
    ) -> Result<Vec<(ObjectId, Location)>> {
        guarded(|| {
            let Some(table) = self.table(&self.index, INDEX)? else { return Ok(Vec::new()) };
            let range =
                table.range::<[u8; 32]>(*low.as_bytes()..=*high.as_bytes()).map_err(fault)?;
            range
                .map(|entry| {
                    let (key, value) = entry.map_err(fault)?;
                    Ok((ObjectId::from_bytes(key.value()), Location::from_bytes(value.value())?))
                })
                .collect()
        })
    }

    /// The bytes of a tree node.
    pub(crate) fn node(&self, id: &ObjectId) -> Result<Option<Vec<u8>>> {
        guarded(|| {
            let Some(table) = self.table(&self.nodes, NODES)? else { return Ok(None) };
            Ok(table.get(id.as_bytes()).map_err(fault)?.map(|value| value.value().to_vec()))
        })
    }

    /// Whether a tree node is stored.
    pub(crate) fn has_node(&self, id: &ObjectId) -> Result<bool> {
        guarded(|| {
            let Some(table) = self.table(&self.nodes, NODES)? else { return Ok(false) };
            Ok(table.get(id.as_bytes()).map_err(fault)?.is_some())
        })
    }

    /// A small derived value.
    pub(crate) fn derived(&self, shelf: Shelf, name: &[u8]) -> Result<Option<Vec<u8>>> {
        guarded(|| {
            let Some(table) = self.table(&self.derived, DERIVED)? else { return Ok(None) };
            let value = table.get(shelf.key(name).as_slice()).map_err(fault)?;
            Ok(value.map(|value| value.value().to_vec()))
        })
    }

    /// All small derived values whose names begin with `prefix`, in order; names come without it.
    pub(crate) fn derived_under(
        &self,
        shelf: Shelf,
        prefix: &[u8],
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        guarded(|| {
            let Some(table) = self.table(&self.derived, DERIVED)? else { return Ok(Vec::new()) };
            let start = shelf.key(prefix);
            let mut found = Vec::new();
            for entry in table.range(start.as_slice()..).map_err(fault)? {
                let (key, value) = entry.map_err(fault)?;
                let Some(name) = key.value().strip_prefix(start.as_slice()) else { break };
                found.push((name.to_vec(), value.value().to_vec()));
            }
            Ok(found)
        })
    }
}
