//! Writing a database anew: the one primitive beneath backup, and what compaction and purging
//! build on.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use crate::engine::core::Core;
use crate::engine::database::{Database, FILE, GENESIS};
use crate::engine::flush::write_rows;
use crate::engine::recall::copy_recalls;
use crate::engine::row::{Summary, read_row};
use crate::engine::state::{FullRef, LAST_OPERATION, RefState, WATERMARK, move_ref};
use crate::error::{Error, Result};
use crate::progress::{Progress, Work};
use crate::storage::{ObjectId, Reader, Shelf, Storage, codec};
use crate::tree::reachable;

/// Rows or nodes per transaction.
const SLICE: usize = 512;
/// The name of the file while it is written.
const UNFINISHED: &str = "undream.redb.part";

impl Database {
    /// Writes a copy of the database, as it is now, to `directory`, while others go on writing
    /// here. The copy has the same ids; its search index is built when it is first searched.
    /// Returns the number of rows written.
    ///
    /// # Errors
    /// `Invalid` if `directory` holds a database or anything else; `Corrupt` if a row is damaged,
    /// in which case nothing that looks like a database is left behind.
    pub fn backup(&self, directory: impl AsRef<Path>) -> Result<u64> {
        let directory = directory.as_ref();
        let occupied = match std::fs::read_dir(directory) {
            Ok(mut entries) => entries.next().is_some(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(error) => return Err(error.into()),
        };
        if occupied {
            let message = format!("{} is not empty", directory.display());
            return Err(Error::invalid(message));
        }
        std::fs::create_dir_all(directory)?;
        let unfinished = directory.join(UNFINISHED);
        let written = self.core().rewrite_to(&unfinished, self.progress()).inspect_err(|_| {
            // What is left has a name that nobody opens; the first error is the one to report.
            drop(std::fs::remove_file(&unfinished));
        })?;
        std::fs::rename(&unfinished, directory.join(FILE))?;
        std::fs::File::open(directory)?.sync_all()?;
        Ok(written)
    }
}

impl Core {
    /// Writes every row to a new file at `path` and derives everything else from them.
    pub(crate) fn rewrite_to(&self, path: &Path, progress: &Progress) -> Result<u64> {
        let source = self.storage.read()?;
        let target = Storage::create(path)?;
        let writer = target.write(self.wait)?;
        writer.set_meta(GENESIS, &self.genesis().encode())?;
        writer.commit()?;
        let mut refs = BTreeMap::new();
        let last = source.last_sequence()?;
        let work = progress.begin("rows", Some(last));
        let mut next = 1;
        while next <= last {
            let end = last.min(next + SLICE as u64 - 1);
            self.copy_rows((&source, &target), next..=end, &mut refs, &work)?;
            next = end + 1;
        }
        self.write_heads(&target, last, &refs)?;
        copy_recalls(&source, &target)?;
        Ok(last)
    }

    fn copy_rows(
        &self,
        (source, target): (&Reader, &Storage),
        rows: std::ops::RangeInclusive<u64>,
        refs: &mut BTreeMap<FullRef, RefState>,
        work: &Work,
    ) -> Result<()> {
        let writer = target.write(self.wait)?;
        let mut summaries: Vec<Summary> = Vec::new();
        let watermark = *rows.end();
        for sequence in rows {
            let missing = || Error::corrupt(format!("row {sequence} of the log is missing"));
            let head = source.row_head(sequence)?.ok_or_else(missing)?;
            writer.append(sequence, &head.bytes, &source.row_body(sequence)?)?;
            let row = read_row(source, sequence)?.ok_or_else(missing)?;
            row.summary.moves().for_each(|(_, step)| move_ref(refs, step));
            summaries.push(row.summary);
            work.advance();
        }
        write_rows(&writer, &summaries)?;
        writer.set_meta(WATERMARK, &codec::encode(&watermark))?;
        if let Some(operation) = summaries.iter().rev().find_map(Summary::operation_id) {
            writer.set_meta(LAST_OPERATION, &codec::encode(&Some(operation)))?;
        }
        writer.commit()
    }

    /// Writes the trees of all refs, so that the copy can be read at once.
    fn write_heads(
        &self,
        target: &Storage,
        sequence: u64,
        refs: &BTreeMap<FullRef, RefState>,
    ) -> Result<()> {
        let mut seen: HashSet<ObjectId> = HashSet::new();
        for state in refs.values() {
            let tree = self.tree(&*self.commit(state.commit)?)?;
            let mut nodes = Vec::new();
            reachable(
                &tree,
                &mut seen,
                |_| false,
                |id, node| {
                    nodes.push((id, node.encode()));
                    Ok(())
                },
            )?;
            // Children before parents: a root is stored only once its whole tree is.
            nodes.reverse();
            for slice in nodes.chunks(SLICE) {
                let writer = target.write(self.wait)?;
                writer.add_nodes(slice.iter().map(|(id, bytes)| (id, bytes.as_slice())))?;
                writer.commit()?;
            }
            let writer = target.write(self.wait)?;
            let root = tree.id();
            let name = [&sequence.to_be_bytes()[..], root.as_bytes()].concat();
            writer.set_derived([(Shelf::Bases, name.as_slice(), Some(&b""[..]))])?;
            writer.commit()?;
        }
        Ok(())
    }
}
