//! Row by row through the log.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::clock::Time;
use crate::engine::core::Core;
use crate::engine::row::{self, ReadRow};
use crate::engine::state::{FullRef, RefState, WATERMARK, move_ref};
use crate::engine::verify::VerifyReport;
use crate::engine::verify::erased::Erasures;
use crate::engine::verify::trees::Trees;
use crate::error::Result;
use crate::object::{
    Commit, Key, ObjectKind, Operation, Record, Session, StoreName, Stored, Tombstone, open_chunk,
};
use crate::progress::Work;
use crate::storage::{
    CommitId, Location, MemoryId, ObjectId, OperationId, Reader, RecordId, SessionObjectId, codec,
};

/// A verification under way: what the rows read so far say the derived tables should hold.
pub(super) struct Walk<'a> {
    pub(super) core: &'a Arc<Core>,
    pub(super) reader: Reader,
    pub(super) report: VerifyReport,
    pub(super) last: u64,
    pub(super) watermark: u64,
    pub(super) trees: Trees,
    pub(super) erasures: Erasures,
    /// Refs as of the row read last, and as of the watermark.
    pub(super) refs: BTreeMap<FullRef, RefState>,
    pub(super) flushed_refs: BTreeMap<FullRef, RefState>,
    pub(super) stores: BTreeSet<StoreName>,
    pub(super) flushed_stores: BTreeSet<StoreName>,
    /// Up to the watermark.
    pub(super) moves: BTreeMap<(FullRef, u64), (Time, Option<CommitId>)>,
    /// Up to the watermark.
    pub(super) sessions: BTreeMap<(StoreName, String), SessionObjectId>,
    /// Where the memories of all rows have stood, and whether that row is flushed.
    pub(super) homes: BTreeMap<(MemoryId, Key), bool>,
    pub(super) memories: HashMap<RecordId, MemoryId>,
    previous: Option<OperationId>,
}

impl<'a> Walk<'a> {
    pub(super) fn begin(core: &'a Arc<Core>) -> Result<Self> {
        let reader = core.storage.read()?;
        let last = reader.last_sequence()?;
        let mut report = VerifyReport::default();
        let watermark = match reader.meta(WATERMARK)? {
            Some(bytes) => codec::decode("the watermark", &bytes).unwrap_or_else(|error| {
                report.find("watermark", error);
                0
            }),
            None => 0,
        };
        if watermark > last {
            let what = format!("is at row {watermark}, but the log ends at row {last}");
            report.find("watermark", what);
        }
        Ok(Self {
            core,
            reader,
            report,
            last,
            watermark,
            trees: Trees::new(core.shape()),
            erasures: Erasures::default(),
            refs: BTreeMap::new(),
            flushed_refs: BTreeMap::new(),
            stores: BTreeSet::new(),
            flushed_stores: BTreeSet::new(),
            moves: BTreeMap::new(),
            sessions: BTreeMap::new(),
            homes: BTreeMap::new(),
            memories: HashMap::new(),
            previous: None,
        })
    }

    /// Reads every row once.
    pub(super) fn read_rows(&mut self, work: &Work) {
        for sequence in 1..=self.last {
            work.advance();
            self.report.rows += 1;
            match row::read_row(&self.reader, sequence) {
                Ok(Some(row)) => self.read_row(sequence, &row),
                Ok(None) => self.report.find(row_name(sequence), "is missing"),
                Err(error) => self.report.find(row_name(sequence), error),
            }
            if sequence == self.watermark {
                self.flushed_refs.clone_from(&self.refs);
                self.flushed_stores.clone_from(&self.stores);
            }
        }
    }

    fn read_row(&mut self, sequence: u64, row: &ReadRow) {
        let mut commit = None;
        for ((id, stored), (_, location)) in row.objects.iter().zip(&row.summary.objects) {
            self.report.objects += 1;
            match self.open(*id, stored) {
                Ok(found) => commit = found.or(commit),
                Err(error) => self.report.find(format!("object {id}"), error),
            }
            if sequence <= self.watermark {
                self.check_indexed(*id, *location);
            }
        }
        self.note_homes(sequence, row);
        match &commit {
            Some(commit) => self.read_commit(sequence, commit, row),
            None if !row.head.edits.is_empty() => {
                self.report.find(row_name(sequence), "has edits and no commit");
            }
            None => {}
        }
        if let Some(operation) = &row.summary.operation {
            self.read_operation(sequence, operation, row);
        }
        let heads = self.refs.values().map(|state| state.commit);
        if let Err(error) = self.trees.trim(heads) {
            self.report.find(row_name(sequence), error);
        }
    }

    /// Opens an object, which checks its texts; gives the commit if it is one.
    fn open(&mut self, id: ObjectId, stored: &Stored) -> Result<Option<Commit>> {
        self.erasures.note(stored);
        match stored.kind()? {
            ObjectKind::Commit => return Commit::open(stored.clone()).map(Some),
            ObjectKind::Record => {
                let record = Record::open(stored.clone())?;
                self.memories.insert(id.into(), record.memory());
            }
            ObjectKind::Operation => drop(Operation::open(stored.clone())?),
            ObjectKind::Session => drop(Session::open(stored)?),
            ObjectKind::EventChunk => drop(open_chunk(stored)?),
            ObjectKind::Tombstone => self.erasures.bury(&Tombstone::open(stored)?),
            kind @ (ObjectKind::Genesis | ObjectKind::Node) => {
                self.report.find(format!("object {id}"), format!("a {} in the log", kind.name()));
            }
        }
        Ok(None)
    }

    /// The index must lead to the object, here or where else it stands.
    fn check_indexed(&mut self, id: ObjectId, here: Location) {
        let name = || format!("index entry {id}");
        match self.reader.location(&id) {
            Ok(Some(found)) if found == here => {}
            Ok(Some(found)) => {
                let read = self.reader.object(found).and_then(|bytes| Stored::decode(&bytes));
                if !read.is_ok_and(|stored| stored.id() == id && found.kind == here.kind) {
                    self.report.find(name(), "leads to something else");
                }
            }
            Ok(None) => self.report.find(name(), "is missing"),
            Err(error) => self.report.find(name(), error),
        }
    }

    fn note_homes(&mut self, sequence: u64, row: &ReadRow) {
        let flushed = sequence <= self.watermark;
        for home in &row.summary.homes {
            let known = self.homes.entry(home.clone()).or_default();
            *known |= flushed;
        }
    }

    fn read_commit(&mut self, sequence: u64, commit: &Commit, row: &ReadRow) {
        let place = format!("commit {} in {}", commit.id(), row_name(sequence));
        for edit in &row.head.edits {
            self.report.edits += 1;
            let Some(after) = edit.after else { continue };
            match self.memories.get(&after).copied() {
                None => self.report.find(
                    &place,
                    format!("puts record {after} at `{}`, which no row up to it holds", edit.key),
                ),
                Some(memory) => {
                    if !self.homes.contains_key(&(memory, edit.key.clone())) {
                        let what = format!("brings memory {memory} to `{}` unnoted", edit.key);
                        self.report.find(&place, what);
                    }
                }
            }
        }
        match self.trees.apply(&self.reader, commit, &row.head.edits, sequence) {
            Ok(wrong) => {
                self.report.commits += 1;
                for what in wrong {
                    self.report.find(&place, what);
                }
            }
            Err(error) => {
                self.report.unchecked += 1;
                self.report.find(&place, format!("cannot be checked: {error}"));
                if let Err(error) = self.trees.adopt(self.core, commit) {
                    self.report.find(place, error);
                }
            }
        }
    }

    fn read_operation(&mut self, sequence: u64, operation: &Operation, row: &ReadRow) {
        self.report.operations += 1;
        let place = format!("operation {} in {}", operation.id(), row_name(sequence));
        if operation.previous() != self.previous {
            self.report.find(&place, "does not name the operation before it");
        }
        self.previous = Some(operation.id());
        match row.summary.store_change() {
            Some(true) => drop(self.stores.insert(row.head.store.clone())),
            Some(false) => {
                self.stores.remove(&row.head.store);
                if sequence <= self.watermark {
                    self.sessions.retain(|(store, _), _| *store != row.head.store);
                }
            }
            None => {}
        }
        for step in operation.moves() {
            let full = (step.store.clone(), step.name.clone());
            if self.refs.get(&full).map(|state| state.commit) != step.from {
                let what = format!("moves `{}` from where it was not", step.name);
                self.report.find(&place, what);
            }
            if let Some(to) = step.to.filter(|to| !self.trees.knows(*to)) {
                let what = format!("moves `{}` to {to}, which no row up to it holds", step.name);
                self.report.find(&place, what);
            }
            move_ref(&mut self.refs, step);
            if sequence <= self.watermark {
                self.moves.insert((full, sequence), (operation.at(), step.to));
            }
        }
        if sequence <= self.watermark {
            let store = &row.head.store;
            let found = row.summary.sessions.iter();
            self.sessions.extend(found.map(|(id, object)| ((store.clone(), id.clone()), *object)));
        }
    }
}

pub(super) fn row_name(sequence: u64) -> String {
    format!("row {sequence}")
}
