//! Writing the file: rows of the log, and in their own transactions what is derived from them.

use redb::{ReadableTable, WriteTransaction};

use crate::error::{Error, Result};
use crate::storage::ObjectId;
use crate::storage::fault::{fault, guarded};
use crate::storage::frame::{PIECE_BITS, frame, piece_key};
use crate::storage::tables::{DERIVED, INDEX, LOG, Location, META, NODES, RECALLS, Shelf};

/// A write transaction: all of it becomes durable at [`Writer::commit`], or nothing.
pub(crate) struct Writer {
    transaction: WriteTransaction,
}

impl Writer {
    pub(super) fn new(transaction: WriteTransaction) -> Self {
        Self { transaction }
    }

    pub(super) fn transaction(&self) -> &WriteTransaction {
        &self.transaction
    }

    /// Appends the row `sequence`, which must be the next one.
    pub(crate) fn append(&self, sequence: u64, head: &[u8], body: &[u8]) -> Result<()> {
        let row = frame(sequence, head, body)?;
        let mut log = self.transaction.open_table(LOG).map_err(fault)?;
        let last = log.last().map_err(fault)?.map_or(0, |(key, _)| key.value() >> PIECE_BITS);
        if last + 1 != sequence {
            return Err(Error::stale(format!("the log ends at {last}, not before {sequence}")));
        }
        for (piece, bytes) in row.pieces().enumerate() {
            log.insert(piece_key(sequence, piece), &*bytes).map_err(fault)?;
        }
        Ok(())
    }

    /// Takes everything out of all tables.
    pub(crate) fn clear(&self) -> Result<()> {
        self.transaction.open_table(LOG).map_err(fault)?.retain(|_, _| false).map_err(fault)?;
        self.transaction.open_table(INDEX).map_err(fault)?.retain(|_, _| false).map_err(fault)?;
        self.transaction.open_table(NODES).map_err(fault)?.retain(|_, _| false).map_err(fault)?;
        self.transaction.open_table(DERIVED).map_err(fault)?.retain(|_, _| false).map_err(fault)?;
        self.transaction.open_table(RECALLS).map_err(fault)?.retain(|_, _| false).map_err(fault)?;
        self.transaction.open_table(META).map_err(fault)?.retain(|_, _| false).map_err(fault)
    }

    /// A value of `meta` as this transaction sees it.
    pub(crate) fn meta(&self, name: &str) -> Result<Option<Vec<u8>>> {
        guarded(|| {
            let table = self.transaction.open_table(META).map_err(fault)?;
            let value = table.get(name).map_err(fault)?;
            Ok(value.map(|value| value.value().to_vec()))
        })
    }

    /// Sets a value of `meta`.
    pub(crate) fn set_meta(&self, name: &str, value: &[u8]) -> Result<()> {
        let mut table = self.transaction.open_table(META).map_err(fault)?;
        table.insert(name, value).map_err(fault)?;
        Ok(())
    }

    /// Adds objects to the index.
    pub(crate) fn add_to_index(&self, objects: &mut [(ObjectId, Location)]) -> Result<()> {
        objects.sort_unstable_by_key(|(id, _)| *id);
        let mut table = self.transaction.open_table(INDEX).map_err(fault)?;
        for (id, location) in objects {
            table.insert(id.as_bytes(), location.to_bytes().as_slice()).map_err(fault)?;
        }
        Ok(())
    }

    /// Sets or removes small derived values.
    pub(crate) fn set_derived<'a>(
        &self,
        values: impl IntoIterator<Item = (Shelf, &'a [u8], Option<&'a [u8]>)>,
    ) -> Result<()> {
        let mut table = self.transaction.open_table(DERIVED).map_err(fault)?;
        for (shelf, name, value) in values {
            let key = shelf.key(name);
            match value {
                Some(value) => table.insert(key.as_slice(), value).map(drop),
                None => table.remove(key.as_slice()).map(drop),
            }
            .map_err(fault)?;
        }
        Ok(())
    }

    /// Removes all small derived values whose names begin with `prefix`.
    pub(crate) fn remove_derived_under(&self, shelf: Shelf, prefix: &[u8]) -> Result<()> {
        let mut table = self.transaction.open_table(DERIVED).map_err(fault)?;
        let start = shelf.key(prefix);
        let mut found = Vec::new();
        for entry in table.range(start.as_slice()..).map_err(fault)? {
            let (key, _) = entry.map_err(fault)?;
            if !key.value().starts_with(&start) {
                break;
            }
            found.push(key.value().to_vec());
        }
        for key in found {
            table.remove(key.as_slice()).map_err(fault)?;
        }
        Ok(())
    }

    /// Stores tree nodes.
    pub(crate) fn add_nodes<'a>(
        &self,
        nodes: impl IntoIterator<Item = (&'a ObjectId, &'a [u8])>,
    ) -> Result<()> {
        let mut table = self.transaction.open_table(NODES).map_err(fault)?;
        for (id, bytes) in nodes {
            table.insert(id.as_bytes(), bytes).map_err(fault)?;
        }
        Ok(())
    }

    /// Makes everything durable.
    pub(crate) fn commit(self) -> Result<()> {
        guarded(|| self.transaction.commit().map_err(fault))
    }
}
