//! Writing what is derived from the log: the index, refs and so on at a flush, the nodes of head
//! trees at a checkpoint. Both in slices, so that nobody waits long to write.

use std::borrow::Borrow;
use std::sync::Arc;

use crate::engine::core::Core;
use crate::engine::recall::RecallBounds;
use crate::engine::row::Summary;
use crate::engine::state::{LAST_OPERATION, State, WATERMARK, ref_name};
use crate::error::{Error, Result};
use crate::storage::{ObjectId, Shelf, Writer, codec};

/// When what is derived from the log is written. Tests make all of it happen soon.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Thresholds {
    /// A tail of this many rows is flushed.
    pub(crate) tail_rows_max: usize,
    /// A tail of this many bytes is flushed.
    pub(crate) tail_bytes_max: u64,
    /// On close, a tail of this many rows is flushed; a shorter one is quickly read at the next
    /// open.
    pub(crate) tail_rows_close: usize,
    /// Rows or nodes per transaction.
    pub(crate) slice: usize,
    /// After this many edits, the trees of the heads are written out.
    pub(crate) checkpoint_edits: usize,
    /// How many unstored nodes may gather before those of no live tree are dropped.
    pub(crate) pending_nodes_max: usize,
    /// What the recall log may hold.
    pub(crate) recalls: RecallBounds,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            tail_rows_max: 2_048,
            tail_bytes_max: 8 << 20,
            tail_rows_close: 256,
            slice: 256,
            checkpoint_edits: 4_096,
            pending_nodes_max: 40_000,
            recalls: RecallBounds::default(),
        }
    }
}

/// The name of the number of edits since the last checkpoint.
const SINCE_CHECKPOINT: &str = "edits since checkpoint";

impl Thresholds {
    /// Whether the tail of `state` is long enough to be flushed.
    pub(crate) fn want_flush(&self, state: &State) -> bool {
        state.tail.len() >= self.tail_rows_max || state.tail_bytes >= self.tail_bytes_max
    }
}

impl Core {
    /// Flushes the whole tail, then writes a checkpoint if one is due. Who waits to write lands
    /// between two slices.
    pub(crate) fn flush(self: &Arc<Self>) -> Result<()> {
        while self.flush_slice()? {
            self.land_waiting();
        }
        let due = self.state().edits_since_checkpoint >= self.thresholds.checkpoint_edits;
        if due {
            self.checkpoint()?;
        }
        self.forget_background_failure();
        Ok(())
    }

    /// Flushes on close, if there is enough to flush; recalls in any case.
    pub(crate) fn flush_on_close(self: &Arc<Self>) {
        self.flush_recalls_behind();
        let due = {
            let state = self.state();
            state.tail.len() >= self.thresholds.tail_rows_close
                || state.tail_bytes >= self.thresholds.tail_bytes_max
        };
        if due && let Err(error) = self.flush() {
            self.note_background_failure(error);
        }
    }

    /// Flushes the oldest rows of the tail; `false` once there are none.
    fn flush_slice(&self) -> Result<bool> {
        let _right = self.queue.writing();
        let writer = self.storage.write(self.wait)?;
        self.refresh()?;
        // Another process may have flushed meanwhile.
        let reached = match self.storage.read()?.meta(WATERMARK)? {
            Some(bytes) => codec::decode("the watermark", &bytes)?,
            None => 0,
        };
        self.state_mut().drop_flushed(reached);
        let rows: Vec<Arc<Summary>> =
            self.state().tail.iter().take(self.thresholds.slice).cloned().collect();
        let Some(last) = rows.last() else { return Ok(false) };
        let watermark = last.sequence;
        write_rows(&writer, &rows)?;
        writer.set_meta(WATERMARK, &codec::encode(&watermark))?;
        if let Some(operation) = rows.iter().rev().find_map(|row| row.operation_id()) {
            writer.set_meta(LAST_OPERATION, &codec::encode(&Some(operation)))?;
        }
        let since = self.state().edits_since_checkpoint as u64;
        writer.set_meta(SINCE_CHECKPOINT, &codec::encode(&since))?;
        writer.commit()?;
        self.state_mut().drop_flushed(watermark);
        Ok(true)
    }

    /// Writes the trees of the heads that moved since the last checkpoint.
    fn checkpoint(self: &Arc<Self>) -> Result<()> {
        let (heads, sequence) = {
            let state = self.state();
            let heads: Vec<_> = state.refs.values().map(|state| state.commit).collect();
            (heads, state.last)
        };
        for head in heads {
            let commit = self.commit(head)?;
            if self.storage.read()?.has_node(&commit.tree().object())? {
                continue;
            }
            let tree = self.tree(&commit)?;
            let nodes = self.nodes.unstored(&tree)?;
            self.write_nodes(&nodes)?;
            let _right = self.queue.writing();
            let writer = self.storage.write(self.wait)?;
            let root = tree.id();
            let name = [&sequence.to_be_bytes()[..], root.as_bytes()].concat();
            writer.set_derived([(Shelf::Bases, name.as_slice(), Some(&b""[..]))])?;
            writer.set_meta(SINCE_CHECKPOINT, &codec::encode(&0_u64))?;
            writer.commit()?;
        }
        let mut state = self.state_mut();
        state.edits_since_checkpoint = 0;
        let heads: Vec<_> = state.refs.values().map(|state| state.commit).collect();
        drop(state);
        let roots = heads
            .into_iter()
            .map(|head| Ok(self.commit(head)?.tree()))
            .collect::<Result<Vec<_>>>()?;
        self.nodes.trim(&roots);
        Ok(())
    }

    /// Writes nodes, children before parents: a root is stored only once its whole tree is.
    fn write_nodes(self: &Arc<Self>, nodes: &[(ObjectId, Vec<u8>)]) -> Result<()> {
        for slice in nodes.chunks(self.thresholds.slice) {
            let right = self.queue.writing();
            let writer = self.storage.write(self.wait)?;
            writer.add_nodes(slice.iter().map(|(id, bytes)| (id, bytes.as_slice())))?;
            writer.commit()?;
            self.nodes.mark_stored(slice.iter().map(|(id, _)| *id));
            drop(right);
            self.land_waiting();
        }
        Ok(())
    }

    /// Keeps the failure of work that nobody waits for, and tells other processes of it.
    pub(crate) fn note_background_failure(&self, error: Error) {
        if let Some(holder) = self.holder.get() {
            holder.note(Some(&error));
        }
        self.state_mut().background_failure = Some(error);
    }

    pub(crate) fn forget_background_failure(&self) {
        if self.state_mut().background_failure.take().is_some()
            && let Some(holder) = self.holder.get()
        {
            holder.note(None);
        }
    }
}

/// Writes all that is derived from `rows`.
pub(crate) fn write_rows(writer: &Writer, rows: &[impl Borrow<Summary>]) -> Result<()> {
    let rows = || rows.iter().map(Borrow::borrow);
    let mut objects: Vec<_> = rows().flat_map(|row| row.objects.iter().copied()).collect();
    writer.add_to_index(&mut objects)?;
    for row in rows() {
        let mut values: Vec<(Shelf, Vec<u8>, Option<Vec<u8>>)> = Vec::new();
        if let Some(exists) = row.store_change() {
            let name = row.store.as_str().as_bytes().to_vec();
            values.push((Shelf::Stores, name, exists.then(Vec::new)));
            if !exists {
                let all = ref_name(&row.store, "");
                writer.remove_derived_under(Shelf::Sessions, &all)?;
                writer.remove_derived_under(Shelf::Digests, &all)?;
            }
        }
        for (at, step) in row.moves() {
            let name = ref_name(&step.store, step.name.as_str());
            let value = step.to.map(|to| codec::encode(&(step.kind, to)));
            values.push((Shelf::Refs, name.clone(), value));
            let moved = move_name(&name, row.sequence);
            values.push((Shelf::Moves, moved, Some(codec::encode(&(at, step.to)))));
        }
        for (session, object) in &row.sessions {
            let name = ref_name(&row.store, session);
            values.push((Shelf::Sessions, name, Some(object.as_bytes().to_vec())));
        }
        for (memory, key) in &row.homes {
            let name = [memory.as_bytes(), key.as_str().as_bytes()].concat();
            values.push((Shelf::Homes, name, Some(Vec::new())));
        }
        // Neighbours go in faster one after the other; of one name, the last counts.
        values.sort_by(|a, b| (a.0 as u8, &a.1).cmp(&(b.0 as u8, &b.1)));
        writer.set_derived(
            values.iter().map(|(shelf, name, value)| (*shelf, name.as_slice(), value.as_deref())),
        )?;
    }
    Ok(())
}

/// The name of one move of a ref.
pub(crate) fn move_name(full: &[u8], sequence: u64) -> Vec<u8> {
    [full, &[0], &sequence.to_be_bytes()].concat()
}

/// The edits since the last checkpoint, as the last flush wrote them.
pub(crate) fn load_since_checkpoint(reader: &crate::storage::Reader) -> Result<usize> {
    match reader.meta(SINCE_CHECKPOINT)? {
        Some(bytes) => Ok(codec::decode::<u64>("the edits since the checkpoint", &bytes)? as usize),
        None => Ok(0),
    }
}
