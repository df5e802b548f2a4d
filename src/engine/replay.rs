//! Filling a database that has no commits with the rows of another one, genesis and all.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard};

use crate::engine::core::Core;
use crate::engine::database::{Database, GENESIS};
use crate::engine::given::{CheckedRow, GivenRow};
use crate::engine::row::{Row, Summary};
use crate::engine::state::State;
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Genesis, ObjectKind, Operation, OperationKind};
use crate::storage::{OperationId, Writer};

/// A log with more rows than this is not looked through for whether it is blank.
const BLANK_ROWS_MAX: u64 = 64;

/// Rows on their way into a blank database: all of them become durable together, or none.
pub(crate) struct Refill<'a> {
    core: &'a Arc<Core>,
    writer: Writer,
    _right: MutexGuard<'a, ()>,
    genesis: Genesis,
    summaries: Vec<Summary>,
    last_operation: Option<OperationId>,
    renamed: HashMap<OperationId, OperationId>,
}

impl Database {
    /// Whether nothing was ever done here but creating stores.
    pub(crate) fn is_blank(&self) -> Result<bool> {
        let last = self.feed().last()?;
        for sequence in 1..=last.min(BLANK_ROWS_MAX) {
            let Some(row) = self.row(sequence)? else { return Ok(false) };
            for stored in row.objects {
                let creates = stored.kind()? == ObjectKind::Operation
                    && Operation::open(stored)?.kind() == OperationKind::CreateStore;
                if !creates {
                    return Ok(false);
                }
            }
        }
        Ok(last <= BLANK_ROWS_MAX)
    }

    /// Begins to fill this database, which must be blank, with the rows of the database that
    /// `genesis` founded.
    ///
    /// # Errors
    /// `Locked` if another process has the database open for writing; `Invalid` if it is not blank.
    pub(crate) fn refill(&self, genesis: Genesis) -> Result<Refill<'_>> {
        let core = self.core();
        if self.holders()?.iter().any(|holder| holder.pid != std::process::id()) {
            let message = "another process has the database open; it would not notice the import";
            return Err(Error::new(ErrorKind::Locked, message));
        }
        let right = core.queue.writing();
        let writer = core.storage.write(core.wait)?;
        if !self.is_blank()? {
            return Err(Error::invalid("the database has commits or sessions already"));
        }
        writer.clear()?;
        writer.set_meta(GENESIS, &genesis.encode())?;
        Ok(Refill {
            core,
            writer,
            _right: right,
            genesis,
            summaries: Vec::new(),
            last_operation: None,
            renamed: HashMap::new(),
        })
    }
}

impl Refill<'_> {
    /// Appends a row that was checked, as it is. Only where rows before it were left out, its
    /// operation is linked to the last one that was not.
    pub(crate) fn append(&mut self, given: GivenRow, checked: CheckedRow) -> Result<()> {
        let mut row = Row::new(given.store);
        row.commit = checked.commit;
        if let Some(mut operation) = checked.operation {
            let old = operation.id();
            if operation.previous() != self.last_operation || !self.renamed.is_empty() {
                operation = Arc::new(operation.relinked(self.last_operation, &self.renamed)?);
                self.renamed.insert(old, operation.id());
            }
            self.last_operation = Some(operation.id());
            row.operation = Some(operation);
        }
        for stored in given.objects {
            if !matches!(stored.kind()?, ObjectKind::Commit | ObjectKind::Operation) {
                row.objects.push((stored.id(), stored));
            }
        }
        row.edits = given.edits;
        row.homes = given.homes;
        let sessions = checked.sessions.iter();
        row.sessions = sessions.map(|held| (held.id().to_owned(), held.object_id())).collect();
        let sequence = self.summaries.len() as u64 + 1;
        let (head, body, summary) = row.encode(sequence)?;
        self.writer.append(sequence, &head, &body)?;
        self.summaries.push(summary);
        Ok(())
    }

    /// Makes all rows durable and begins anew with them.
    pub(crate) fn finish(self) -> Result<()> {
        self.writer.commit()?;
        let mut state = State::default();
        for summary in self.summaries {
            state.apply(summary)?;
        }
        self.core.begin_anew(self.genesis, state);
        Ok(())
    }
}
