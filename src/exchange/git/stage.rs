//! What one commit of the repository makes of the keys of its first parent.

use std::collections::{BTreeMap, HashMap};

use super::blobs::{Blobs, Content};
use crate::engine::Graft;
use crate::error::{Error, Result};
use crate::object::{Author, Entry, Key, Origin, Provenance, Taint};
use crate::storage::{CommitId, MemoryId, RecordId};

/// What stands at a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slot {
    /// Nothing any more.
    Gone,
    /// A record of a memory.
    Stands(MemoryId, RecordId),
    /// Another text of a memory that stands there, after this record.
    Says(MemoryId, RecordId, Content),
    /// Words of which it is not known yet whose they are.
    New(Content),
}

/// The memories of the history so far.
#[derive(Default)]
pub(super) struct Memories {
    of: HashMap<RecordId, MemoryId>,
    /// One record per memory and content.
    says: HashMap<(MemoryId, Content), RecordId>,
    /// Every key that a memory has stood at.
    homes: HashMap<MemoryId, Vec<Key>>,
}

impl Memories {
    /// Whose version a record is.
    pub(super) fn of(&mut self, record: RecordId, graft: &Graft) -> Result<MemoryId> {
        if let Some(memory) = self.of.get(&record) {
            return Ok(*memory);
        }
        let memory = graft.record(record)?.memory();
        self.of.insert(record, memory);
        Ok(memory)
    }

    pub(super) fn note(&mut self, memory: MemoryId, content: Content, record: RecordId) {
        self.of.insert(record, memory);
        self.says.insert((memory, content), record);
    }

    pub(super) fn note_home(&mut self, memory: MemoryId, key: &Key) {
        let homes = self.homes.entry(memory).or_default();
        if !homes.contains(key) {
            homes.push(key.clone());
        }
    }
}

/// The keys that a commit touches, on top of its first parent.
pub(super) struct Stage<'a> {
    pub(super) graft: &'a mut Graft,
    pub(super) memories: &'a mut Memories,
    pub(super) blobs: &'a mut Blobs,
    parents: &'a [CommitId],
    slots: BTreeMap<Key, Slot>,
}

/// What a commit comes to.
pub(super) struct Staged {
    pub(super) edits: Vec<(Key, Option<RecordId>)>,
    pub(super) homes: Vec<(MemoryId, Key)>,
}

impl<'a> Stage<'a> {
    pub(super) fn on(
        parents: &'a [CommitId],
        graft: &'a mut Graft,
        memories: &'a mut Memories,
        blobs: &'a mut Blobs,
    ) -> Self {
        Self { graft, memories, blobs, parents, slots: BTreeMap::new() }
    }

    /// What a parent has at `key`.
    fn parent(&mut self, number: usize, key: &Key) -> Result<Slot> {
        let Some(parent) = self.parents.get(number) else { return Ok(Slot::Gone) };
        let Some(record) = self.graft.tree(Some(*parent))?.get(key.as_str())? else {
            return Ok(Slot::Gone);
        };
        Ok(Slot::Stands(self.memories.of(record, self.graft)?, record))
    }

    fn get(&mut self, key: &Key) -> Result<Slot> {
        match self.slots.get(key) {
            Some(slot) => Ok(*slot),
            None => self.parent(0, key),
        }
    }

    /// Writes a content at `key`.
    pub(super) fn write(&mut self, key: Key, content: Content) -> Result<()> {
        let slot = match self.get(&key)? {
            Slot::Stands(memory, record) | Slot::Says(memory, record, _) => {
                Slot::Says(memory, record, content)
            }
            Slot::Gone | Slot::New(_) => Slot::New(content),
        };
        self.slots.insert(key, slot);
        Ok(())
    }

    pub(super) fn remove(&mut self, key: Key) -> Result<()> {
        if !matches!(self.get(&key)?, Slot::Gone) {
            self.slots.insert(key, Slot::Gone);
        }
        Ok(())
    }

    /// Takes what stands at `key` away, to be put elsewhere.
    pub(super) fn lift(&mut self, key: Key) -> Result<Slot> {
        let slot = self.get(&key)?;
        self.remove(key)?;
        Ok(slot)
    }

    pub(super) fn put(&mut self, key: Key, slot: Slot) {
        self.slots.insert(key, slot);
    }

    /// The words that stand at `key`, without the memory that says them.
    pub(super) fn copy(&mut self, key: &Key) -> Result<Option<Content>> {
        Ok(match self.get(key)? {
            Slot::Gone => None,
            Slot::New(content) | Slot::Says(_, _, content) => Some(content),
            Slot::Stands(_, record) => {
                let content = Content::of(self.graft.record(record)?.text()?.as_bytes());
                self.blobs.recorded(content, record);
                Some(content)
            }
        })
    }

    /// Removes every key of the first parent.
    pub(super) fn clear(&mut self) -> Result<()> {
        let tree = self.graft.tree(self.parents.first().copied())?;
        for entry in tree.range("", "") {
            self.slots.insert(entry?.0, Slot::Gone);
        }
        Ok(())
    }

    /// Makes the records, by `author`.
    pub(super) fn finish(mut self, author: &Author) -> Result<Staged> {
        let mut staged = Staged { edits: Vec::new(), homes: Vec::new() };
        let keys: Vec<Key> = self.slots.keys().cloned().collect();
        for key in keys {
            let record = match self.slots[&key] {
                Slot::Gone => None,
                Slot::Stands(memory, record) => Some((memory, record)),
                Slot::Says(memory, before, content) => {
                    Some((memory, self.version(&key, memory, Some(before), content, author)?))
                }
                Slot::New(content) => {
                    let (memory, before) = self.newcomer(&key)?;
                    Some((memory, self.version(&key, memory, before, content, author)?))
                }
            };
            if let Some((memory, record)) = record {
                self.slots.insert(key.clone(), Slot::Stands(memory, record));
                self.memories.note_home(memory, &key);
                staged.homes.push((memory, key.clone()));
            }
            staged.edits.push((key, record.map(|(_, record)| record)));
        }
        Ok(staged)
    }

    /// Which memory comes to `key`: in a merge that of another parent, unless it stands elsewhere.
    fn newcomer(&mut self, key: &Key) -> Result<(MemoryId, Option<RecordId>)> {
        for number in 1..self.parents.len() {
            if let Slot::Stands(memory, record) = self.parent(number, key)?
                && !self.stands(memory)?
            {
                return Ok((memory, Some(record)));
            }
        }
        Ok((self.graft.memory(), None))
    }

    fn stands(&mut self, memory: MemoryId) -> Result<bool> {
        let homes = self.memories.homes.get(&memory).cloned().unwrap_or_default();
        for key in homes {
            match self.get(&key)? {
                Slot::Stands(other, _) | Slot::Says(other, _, _) if other == memory => {
                    return Ok(true);
                }
                _ => {}
            }
        }
        Ok(false)
    }

    /// The record in which `memory` says `content`.
    fn version(
        &mut self,
        key: &Key,
        memory: MemoryId,
        before: Option<RecordId>,
        content: Content,
        author: &Author,
    ) -> Result<RecordId> {
        if let Some(record) = self.memories.says.get(&(memory, content)) {
            return Ok(*record);
        }
        let mut previous: Vec<RecordId> = before.into_iter().collect();
        for number in 1..self.parents.len() {
            if let Slot::Stands(other, record) = self.parent(number, key)?
                && other == memory
                && !previous.contains(&record)
                && previous.len() < 2
            {
                previous.push(record);
            }
        }
        let text = match self.blobs.find(content) {
            Ok(text) => text.to_owned(),
            Err(Some(record)) => self.graft.record(record)?.text()?.to_owned(),
            Err(None) => return Err(Error::invalid(format!("the stream has no data for `{key}`"))),
        };
        let source = author.source();
        let provenance = Provenance {
            source,
            author: author.clone(),
            session: None,
            dream: None,
            evidence: Vec::new(),
            inputs: Vec::new(),
        };
        let origin = Origin { provenance, trust: source.trust(), taint: Taint::of(source) };
        let record = self.graft.make_record(memory, Entry::new(text), &previous, origin)?;
        self.blobs.recorded(content, record);
        self.memories.note(memory, content, record);
        Ok(record)
    }
}
