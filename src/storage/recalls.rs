//! The recall log: numbered rows in a table of their own. They are no part of the log and of
//! nothing that is hashed, so they can be taken out again.

use redb::ReadableTable;

use crate::error::Result;
use crate::storage::fault::{fault, guarded};
use crate::storage::tables::RECALLS;
use crate::storage::{Reader, Writer};

impl Reader {
    /// Visits all rows in the order of their numbers.
    pub(crate) fn visit_recalls(
        &self,
        mut visit: impl FnMut(u64, &[u8]) -> Result<()>,
    ) -> Result<()> {
        guarded(|| {
            let Some(table) = self.recalls()? else { return Ok(()) };
            for entry in table.iter().map_err(fault)? {
                let (number, row) = entry.map_err(fault)?;
                visit(number.value(), row.value())?;
            }
            Ok(())
        })
    }
}

impl Writer {
    /// Adds rows under the numbers that follow the last one.
    pub(crate) fn append_recalls<'a>(
        &self,
        rows: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<()> {
        guarded(|| {
            let mut table = self.transaction().open_table(RECALLS).map_err(fault)?;
            let last = table.last().map_err(fault)?.map_or(0, |(number, _)| number.value());
            for (number, row) in (last + 1..).zip(rows) {
                table.insert(number, row).map_err(fault)?;
            }
            Ok(())
        })
    }

    /// Takes out the rows with the lowest numbers, as long as `goes` says so.
    pub(crate) fn drop_first_recalls(
        &self,
        mut goes: impl FnMut(&[u8]) -> Result<bool>,
    ) -> Result<()> {
        guarded(|| {
            let mut table = self.transaction().open_table(RECALLS).map_err(fault)?;
            loop {
                let first = match table.first().map_err(fault)? {
                    Some((number, row)) if goes(row.value())? => number.value(),
                    _ => return Ok(()),
                };
                table.remove(first).map_err(fault)?;
            }
        })
    }

    /// Takes out all rows of which `goes` says so.
    pub(crate) fn drop_recalls(&self, mut goes: impl FnMut(&[u8]) -> Result<bool>) -> Result<()> {
        guarded(|| {
            let mut table = self.transaction().open_table(RECALLS).map_err(fault)?;
            let mut gone = Vec::new();
            for entry in table.iter().map_err(fault)? {
                let (number, row) = entry.map_err(fault)?;
                if goes(row.value())? {
                    gone.push(number.value());
                }
            }
            for number in gone {
                table.remove(number).map_err(fault)?;
            }
            Ok(())
        })
    }
}
