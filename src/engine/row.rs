//! A row of the log: one commit with its edits and new records, or another operation, whole.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::error::{Error, Result};
use crate::object::{
    Commit, Key, ObjectKind, Operation, OperationKind, RefMove, Session, StoreName, Stored,
};
use crate::parallel;
use crate::storage::{
    CommitId, Location, MemoryId, ObjectId, OperationId, Reader, RecordId, SessionObjectId, codec,
};

/// One key of a commit: what stood there before, and after.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct RowEdit {
    pub(crate) key: Key,
    pub(crate) before: Option<RecordId>,
    pub(crate) after: Option<RecordId>,
}

/// The head of a row. The objects themselves follow in the body, in the order of `objects`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct RowHead {
    pub(crate) store: StoreName,
    /// Kind and length of each object.
    pub(crate) objects: Vec<(u8, u32)>,
    /// Sorted by key, minimal, equal to the diff of the first parent and the commit.
    pub(crate) edits: Vec<RowEdit>,
    /// Memories that stand at a key for the first time, by the index of the edit.
    pub(crate) homes: Vec<(MemoryId, u32)>,
}

/// A row about to be appended.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) store: StoreName,
    pub(crate) commit: Option<Arc<Commit>>,
    pub(crate) operation: Option<Arc<Operation>>,
    /// Records, session chunks and session headers.
    pub(crate) objects: Vec<(ObjectId, Stored)>,
    pub(crate) edits: Vec<RowEdit>,
    pub(crate) homes: Vec<(MemoryId, u32)>,
    pub(crate) sessions: Vec<(String, SessionObjectId)>,
}

impl Row {
    /// A row of `store` with nothing in it yet.
    pub(crate) fn new(store: StoreName) -> Self {
        Self {
            store,
            commit: None,
            operation: None,
            objects: Vec::new(),
            edits: Vec::new(),
            homes: Vec::new(),
            sessions: Vec::new(),
        }
    }

    /// The row's head and body as bytes, and what the engine keeps in mind of it.
    pub(crate) fn encode(self, sequence: u64) -> Result<(Vec<u8>, Vec<u8>, Summary)> {
        let commit = self.commit.iter().map(|commit| (commit.id().object(), commit.stored()));
        let operation = self.operation.iter().map(|op| (op.id().object(), op.stored()));
        let mut packed = vec![pack(commit.chain(operation))?];
        // Each thread frees what it has packed: on one that would take as long as the packing.
        packed.extend(parallel::try_map_shares(self.objects, |share| {
            pack(share.iter().map(|(id, stored)| (*id, stored)))
        })?);
        let (bodies, spans): (Vec<_>, Vec<_>) = packed.into_iter().unzip();
        let (body, spans) = (bodies.concat(), spans.concat());
        let parts = RowHead {
            store: self.store,
            objects: spans.iter().map(|(_, kind, length)| (*kind, *length)).collect(),
            edits: self.edits,
            homes: self.homes,
        };
        let keys = parts.edits.iter().map(|edit| edit.key.as_str().len()).sum::<usize>();
        let ids = 72 * parts.edits.len() + 24 * parts.homes.len() + 8 * parts.objects.len();
        let head = codec::encode_about(&parts, keys + ids + 64);
        let mut offset = Reader::body_offset(head.len());
        let locate = |(id, kind, length)| {
            let location = Location { kind, sequence, offset, length };
            // A row that is too long for this is refused when it is framed.
            offset = u32::saturating_add(offset, length);
            (id, location)
        };
        let summary = Summary {
            sequence,
            bytes: (head.len() + body.len()) as u64,
            edits: parts.edits.len(),
            homes: homes_of(&parts.edits, &parts.homes)?,
            store: parts.store,
            commit: self.commit.as_ref().map(|commit| commit.id()),
            objects: spans.into_iter().map(locate).collect(),
            operation: self.operation,
            sessions: self.sessions,
        };
        Ok((head, body, summary))
    }
}

/// Id, kind and length of an object in the body of a row.
type Packed = (ObjectId, u8, u32);

/// Objects one after the other as they lie in the body of a row.
fn pack<'a>(
    objects: impl Iterator<Item = (ObjectId, &'a Stored)> + Clone,
) -> Result<(Vec<u8>, Vec<Packed>)> {
    let bytes = objects.clone().map(|(_, stored)| stored.encoded_len()).sum();
    let mut body = Vec::with_capacity(bytes);
    let mut spans = Vec::with_capacity(objects.size_hint().0);
    for (id, stored) in objects {
        let start = body.len();
        stored.encode_into(&mut body);
        spans.push((id, stored.kind()? as u8, (body.len() - start) as u32));
    }
    Ok((body, spans))
}

fn homes_of(edits: &[RowEdit], homes: &[(MemoryId, u32)]) -> Result<Vec<(MemoryId, Key)>> {
    let missing = || Error::corrupt("a row names an edit it does not have");
    homes
        .iter()
        .map(|(memory, edit)| {
            let edit = edits.get(*edit as usize).ok_or_else(missing)?;
            Ok((*memory, edit.key.clone()))
        })
        .collect()
}

/// What the engine keeps in mind of a row that is not flushed yet.
#[derive(Clone, Debug)]
pub(crate) struct Summary {
    pub(crate) sequence: u64,
    pub(crate) bytes: u64,
    pub(crate) store: StoreName,
    pub(crate) commit: Option<CommitId>,
    pub(crate) objects: Vec<(ObjectId, Location)>,
    pub(crate) operation: Option<Arc<Operation>>,
    pub(crate) edits: usize,
    pub(crate) sessions: Vec<(String, SessionObjectId)>,
    pub(crate) homes: Vec<(MemoryId, Key)>,
}

impl Summary {
    /// The ref moves of the row, with their time.
    pub(crate) fn moves(&self) -> impl Iterator<Item = (Time, &RefMove)> {
        self.operation.iter().flat_map(|op| op.moves().iter().map(|step| (op.at(), step)))
    }

    /// The id of the row's operation.
    pub(crate) fn operation_id(&self) -> Option<OperationId> {
        self.operation.as_ref().map(|operation| operation.id())
    }

    /// The store that the row creates (`true`) or deletes.
    pub(crate) fn store_change(&self) -> Option<bool> {
        match self.operation.as_ref()?.kind() {
            OperationKind::CreateStore => Some(true),
            OperationKind::DeleteStore => Some(false),
            _ => None,
        }
    }
}

/// A row read back from the log, every object of it checked against its checksum.
pub(crate) struct ReadRow {
    pub(crate) head: RowHead,
    pub(crate) objects: Vec<(ObjectId, Stored)>,
    pub(crate) summary: Summary,
}

/// The head that `bytes` of the row `sequence` hold.
fn decode_head(sequence: u64, bytes: &[u8]) -> Result<RowHead> {
    let head: RowHead = codec::decode(format_args!("row {sequence} of the log"), bytes)?;
    let ascend = head.edits.is_sorted_by(|a, b| a.key < b.key);
    if !ascend || head.edits.iter().any(|edit| edit.before == edit.after) {
        return Err(Error::corrupt(format!("the edits of row {sequence} of the log are damaged")));
    }
    Ok(head)
}

/// The head of the row `sequence`.
pub(crate) fn read_head(reader: &Reader, sequence: u64) -> Result<Option<RowHead>> {
    let Some(raw) = reader.row_head(sequence)? else { return Ok(None) };
    decode_head(sequence, &raw.bytes).map(Some)
}

/// The whole row `sequence`; `None` if the log does not reach so far.
pub(crate) fn read_row(reader: &Reader, sequence: u64) -> Result<Option<ReadRow>> {
    let Some(raw) = reader.row_head(sequence)? else { return Ok(None) };
    let head = decode_head(sequence, &raw.bytes)?;
    let body = reader.row_body(sequence)?;
    let mut summary = Summary {
        sequence,
        bytes: raw.row_bytes,
        store: head.store.clone(),
        commit: None,
        objects: Vec::with_capacity(head.objects.len()),
        operation: None,
        edits: head.edits.len(),
        sessions: Vec::new(),
        homes: homes_of(&head.edits, &head.homes)?,
    };
    let mut spans = Vec::with_capacity(head.objects.len());
    let mut start = 0_usize;
    for (kind, length) in &head.objects {
        spans.push((*kind, start, *length));
        start += *length as usize;
    }
    let objects: Vec<_> = parallel::try_map(spans.clone(), |(kind, start, length)| {
        let short = || Error::corrupt(format!("row {sequence} of the log lists more than it has"));
        let bytes = body.get(start..start + length as usize).ok_or_else(short)?;
        let stored = Stored::decode(bytes)?;
        if stored.kind()? as u8 != kind {
            return Err(Error::corrupt(format!("row {sequence} of the log mistakes a kind")));
        }
        Ok((stored.id(), stored))
    })?
    .collect();
    if start != body.len() {
        return Err(Error::corrupt(format!("row {sequence} of the log has more than it lists")));
    }
    for ((kind, start, length), (id, stored)) in spans.into_iter().zip(&objects) {
        let offset = raw.body_offset + start as u32;
        summary.objects.push((*id, Location { kind, sequence, offset, length }));
        note(&mut summary, stored)?;
    }
    Ok(Some(ReadRow { head, objects, summary }))
}

fn note(summary: &mut Summary, stored: &Stored) -> Result<()> {
    match stored.kind()? {
        ObjectKind::Commit => summary.commit = Some(stored.id().into()),
        ObjectKind::Operation => {
            summary.operation = Some(Arc::new(Operation::open(stored.clone())?));
        }
        ObjectKind::Session => {
            let session = Session::open(stored)?;
            summary.sessions.push((session.id().to_owned(), session.object_id()));
        }
        _ => {}
    }
    Ok(())
}
