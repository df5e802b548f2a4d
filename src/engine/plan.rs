//! Joining two trees that come from a third: memory by memory, wherever each stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::engine::base::DISPUTED;
use crate::engine::conflict::{Conflict, ConflictKind, Place};
use crate::engine::core::Core;
use crate::engine::fields::{Joined, join};
use crate::engine::nodes::PinnedTree;
use crate::entropy::Seed;
use crate::error::Result;
use crate::object::{Author, Entry, Key, Origin, Provenance, Record, Source, Taint, Trust};
use crate::storage::{MemoryId, Reader, RecordId};
use crate::tree::Tree;

/// A record that a merge makes. It has a provisional id until its author is known.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) memory: MemoryId,
    pub(crate) entry: Entry,
    pub(crate) previous: Vec<RecordId>,
    /// `None`: that of whoever commits the merge.
    pub(crate) trust: Option<Trust>,
    pub(crate) taint: Taint,
    /// The record under its provisional id.
    pub(crate) record: Arc<Record>,
}

/// Reads stored records and drafts alike.
pub(crate) struct Records<'a> {
    core: &'a Core,
    view: Arc<Reader>,
    pub(crate) drafts: BTreeMap<RecordId, Draft>,
    seed: Seed,
}

impl<'a> Records<'a> {
    pub(crate) fn new(core: &'a Core) -> Result<Self> {
        let (view, seed) = (core.view()?, core.seed()?);
        Ok(Self { core, view, drafts: BTreeMap::new(), seed })
    }

    pub(crate) fn get(&self, id: RecordId) -> Result<Arc<Record>> {
        match self.drafts.get(&id) {
            Some(draft) => Ok(Arc::clone(&draft.record)),
            None => self.core.record(&self.view, id).map(Arc::new),
        }
    }

    pub(crate) fn memory(&self, id: RecordId) -> Result<MemoryId> {
        match self.drafts.get(&id) {
            Some(draft) => Ok(draft.memory),
            None => self.core.memory(&self.view, id),
        }
    }

    /// The draft that says `entry` as a version of `memory` after `previous`, if there is one.
    pub(crate) fn drafted(
        &self,
        memory: MemoryId,
        entry: &Entry,
        previous: &[RecordId],
    ) -> Option<RecordId> {
        let same = |draft: &Draft| {
            draft.memory == memory && draft.entry == *entry && draft.previous == previous
        };
        self.drafts.iter().find(|(_, draft)| same(draft)).map(|(id, _)| *id)
    }

    /// Drafts a version of `memory` made from `previous`.
    pub(crate) fn draft(
        &mut self,
        memory: MemoryId,
        entry: Entry,
        previous: &[RecordId],
        (trust, taint): (Option<Trust>, Taint),
    ) -> Result<RecordId> {
        let before = previous.iter().map(|id| self.get(*id)).collect::<Result<Vec<_>>>()?;
        let before: Vec<&Record> = before.iter().map(|record| &**record).collect();
        let number = self.drafts.len() as u64;
        let origin = Origin {
            provenance: Provenance {
                source: Source::Agent,
                author: Author::program("merge"),
                session: None,
                dream: None,
                evidence: Vec::new(),
                inputs: Vec::new(),
            },
            trust: trust.unwrap_or_default(),
            taint,
        };
        let record = Record::make(memory, entry.clone(), &before, origin, &self.seed, number)?;
        let id = record.id();
        let record = Arc::new(record);
        let previous = previous.to_vec();
        self.drafts.insert(id, Draft { memory, entry, previous, trust, taint, record });
        Ok(id)
    }
}

/// What joining gives: edits of our tree, and what needs a decision.
#[derive(Clone, Default)]
pub(crate) struct Plan {
    /// Relative to our tree, sorted. Conflicts leave our side as it is.
    pub(crate) edits: BTreeMap<Key, Option<RecordId>>,
    pub(crate) conflicts: Vec<Conflict>,
}

/// Where the memories that either side changed stand in the three trees.
#[derive(Default)]
struct Standing {
    base: BTreeMap<MemoryId, Place>,
    ours: BTreeMap<MemoryId, Place>,
    theirs: BTreeMap<MemoryId, Place>,
}

impl Standing {
    fn read(base: &Tree, ours: &Tree, theirs: &Tree, records: &Records<'_>) -> Result<Self> {
        let mut standing = Self::default();
        for triple in base.merge(ours, theirs) {
            let triple = triple?;
            let sides = [
                (triple.base, &mut standing.base),
                (triple.ours, &mut standing.ours),
                (triple.theirs, &mut standing.theirs),
            ];
            // Most keys changed on one side only: the other two hold the same record.
            let mut known: Option<(RecordId, MemoryId)> = None;
            for (record, side) in sides {
                let Some(record) = record else { continue };
                let memory = match known {
                    Some((id, memory)) if id == record => memory,
                    _ => records.memory(record)?,
                };
                known = Some((record, memory));
                side.insert(memory, (triple.key.clone(), record));
            }
        }
        Ok(standing)
    }

    fn memories(&self) -> BTreeSet<MemoryId> {
        let sides = [&self.base, &self.ours, &self.theirs];
        sides.into_iter().flat_map(|side| side.keys().copied()).collect()
    }
}

/// What becomes of one memory.
enum Fate {
    Stays,
    Becomes(Option<Place>),
    Conflict(ConflictKind),
}

/// A memory on its way to a key.
#[derive(Clone)]
struct Arrival {
    key: Key,
    memory: MemoryId,
    record: RecordId,
}

/// Joins `ours` and `theirs`, which both come from `base`.
///
/// # Errors
/// `Corrupt` if a node or record is damaged.
pub(crate) fn plan(
    base: &PinnedTree,
    ours: &PinnedTree,
    theirs: &PinnedTree,
    records: &mut Records<'_>,
) -> Result<Plan> {
    let standing = Standing::read(base, ours, theirs, records)?;
    let mut joining = Joining { ours, standing: &standing, plan: Plan::default() };
    let mut arrivals = Vec::new();
    for memory in standing.memories() {
        let b = standing.base.get(&memory);
        let o = standing.ours.get(&memory);
        let t = standing.theirs.get(&memory);
        match fate(memory, b, o, t, records)? {
            Fate::Stays => {}
            Fate::Becomes(place) => {
                if let Some((key, _)) = o
                    && place.as_ref().is_none_or(|(new, _)| new != key)
                {
                    joining.plan.edits.insert(key.clone(), None);
                }
                arrivals.extend(place.map(|(key, record)| Arrival { key, memory, record }));
            }
            Fate::Conflict(kind) => {
                let found = conflict(kind, b.cloned(), o.cloned(), t.cloned());
                joining.plan.conflicts.push(found);
            }
        }
    }
    joining.settle(arrivals, records)?;
    joining.list_what_is_in_the_way(records)?;
    let mut plan = joining.plan;
    for conflict in &mut plan.conflicts {
        // Makers of a common base who disagree leave nothing to go back to.
        let disputed = |place: &mut Place| {
            records.drafts.get(&place.1).is_some_and(|draft| draft.entry.text == DISPUTED)
        };
        drop(conflict.base.take_if(disputed));
    }
    plan.conflicts.sort_by(|a, b| (&a.key, a.theirs()).cmp(&(&b.key, b.theirs())));
    plan.conflicts.dedup_by(|a, b| a.key == b.key && a.theirs == b.theirs);
    Ok(plan)
}

fn fate(
    memory: MemoryId,
    base: Option<&Place>,
    ours: Option<&Place>,
    theirs: Option<&Place>,
    records: &mut Records<'_>,
) -> Result<Fate> {
    if theirs == base || ours == theirs {
        return Ok(Fate::Stays);
    }
    if ours == base {
        return Ok(Fate::Becomes(theirs.cloned()));
    }
    let (Some((our_key, our)), Some((their_key, their))) = (ours, theirs) else {
        return Ok(Fate::Conflict(ConflictKind::RemovedAndEdited));
    };
    let base_key = base.map(|place| &place.0);
    let key = if our_key == their_key || base_key == Some(their_key) {
        our_key
    } else if base_key == Some(our_key) {
        their_key
    } else {
        return Ok(Fate::Conflict(ConflictKind::MovedApart));
    };
    let base_record = base.map(|place| place.1);
    let record = if our == their || base_record == Some(*their) {
        *our
    } else if base_record == Some(*our) {
        *their
    } else {
        let old = base_record.map(|id| records.get(id)).transpose()?;
        let (ours, theirs) = (records.get(*our)?, records.get(*their)?);
        match join(old.as_deref(), &ours, &theirs) {
            Joined::Record(id) => id,
            Joined::Entry(entry, trust, taint) => {
                records.draft(memory, entry, &[*our, *their], (Some(trust), taint))?
            }
            Joined::Conflict => return Ok(Fate::Conflict(ConflictKind::Edited)),
        }
    };
    Ok(Fate::Becomes(Some((key.clone(), record))))
}

fn conflict(
    kind: ConflictKind,
    base: Option<Place>,
    ours: Option<Place>,
    theirs: Option<Place>,
) -> Conflict {
    let known = ours.as_ref().or(theirs.as_ref()).or(base.as_ref());
    let key = known.expect("BUG: a conflict without a place").0.clone();
    Conflict { key, kind, base, ours, theirs, in_the_way: Vec::new() }
}

/// A plan in the making. Departures are in it already; arrivals settle one by one.
struct Joining<'a> {
    ours: &'a PinnedTree,
    standing: &'a Standing,
    plan: Plan,
}

impl Joining<'_> {
    /// Puts the arriving memories where they belong, unless something else stays there.
    fn settle(&mut self, mut arrivals: Vec<Arrival>, records: &Records<'_>) -> Result<()> {
        let mut settled: BTreeMap<Key, Arrival> = BTreeMap::new();
        while let Some(arrival) = arrivals.pop() {
            match self.obstacle(&arrival, records)? {
                None => {
                    let edit = (arrival.key.clone(), Some(arrival.record));
                    self.plan.edits.extend([edit]);
                    settled.insert(arrival.key.clone(), arrival);
                }
                Some(Obstacle::SameWords(chosen)) => {
                    let edit = (arrival.key.clone(), Some(chosen));
                    self.plan.edits.extend([edit]);
                }
                Some(Obstacle::Conflict(mut conflict)) => {
                    // The memory does not come, so it must not leave where it is either.
                    let home = self.standing.ours.get(&arrival.memory);
                    if let Some((home, record)) = home.filter(|(key, _)| *key != arrival.key) {
                        conflict.in_the_way.push(home.clone());
                        arrivals.extend(self.unsettle(&mut settled, home));
                        self.plan.edits.insert(home.clone(), Some(*record));
                    }
                    self.plan.conflicts.push(conflict);
                }
            }
        }
        Ok(())
    }

    /// Takes back the arrivals that cannot stay if a memory stays at `home`.
    fn unsettle(&mut self, settled: &mut BTreeMap<Key, Arrival>, home: &Key) -> Vec<Arrival> {
        let clash = |key: &Key| key.is_under(home.as_str()) || home.is_under(key.as_str());
        let back: Vec<Key> = settled.keys().filter(|key| clash(key)).cloned().collect();
        for key in &back {
            self.plan.edits.remove(key);
        }
        back.iter().filter_map(|key| settled.remove(key)).collect()
    }

    /// Notes for each conflict the other memories of ours that would have to go if their side were
    /// taken.
    fn list_what_is_in_the_way(&mut self, records: &Records<'_>) -> Result<()> {
        let mut conflicts = std::mem::take(&mut self.plan.conflicts);
        for conflict in &mut conflicts {
            let Some((key, record)) = &conflict.theirs else { continue };
            let mut found = self.around(key)?;
            if let Some(here) = self.stays(key.as_str())?
                && records.memory(here)? != records.memory(*record)?
            {
                found.push(key.clone());
            }
            let own = conflict.ours.as_ref().map(|place| &place.0);
            found.retain(|other| Some(other) != own);
            conflict.in_the_way.extend(found);
            conflict.in_the_way.sort();
            conflict.in_the_way.dedup();
        }
        self.plan.conflicts = conflicts;
        Ok(())
    }

    /// The keys above and beneath `key` where something stays.
    fn around(&self, key: &Key) -> Result<Vec<Key>> {
        let mut found = Vec::new();
        for ancestor in key.ancestors() {
            if self.stays(ancestor)?.is_some() {
                found.push(Key::new(ancestor)?);
            }
        }
        for entry in self.ours.range(key.as_str(), &format!("{key}/")) {
            let (other, _) = entry?;
            if self.stays(other.as_str())?.is_some() {
                found.push(other);
            }
        }
        let added = self.plan.edits.iter().filter(|(_, record)| record.is_some());
        found.extend(
            added
                .map(|(other, _)| other)
                .filter(|other| *other != key && other.is_under(key.as_str()))
                .cloned(),
        );
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// What stands where `arrival` wants to go.
    fn obstacle(&self, arrival: &Arrival, records: &Records<'_>) -> Result<Option<Obstacle>> {
        let key = &arrival.key;
        if let Some(here) = self.stays(key.as_str())?
            && records.memory(here)? != arrival.memory
        {
            if records.get(here)?.says_the_same(&*records.get(arrival.record)?) {
                return Ok(Some(Obstacle::SameWords(here.min(arrival.record))));
            }
            let base = self.standing.base.get(&records.memory(here)?).cloned();
            let (ours, theirs) = ((key.clone(), here), (key.clone(), arrival.record));
            let found = conflict(ConflictKind::SameKey, base, Some(ours), Some(theirs));
            return Ok(Some(Obstacle::Conflict(found)));
        }
        let others = self.around(key)?;
        if others.is_empty() {
            return Ok(None);
        }
        let theirs = Some((key.clone(), arrival.record));
        let mut found = conflict(ConflictKind::FolderAndMemory, None, None, theirs);
        found.in_the_way = others;
        Ok(Some(Obstacle::Conflict(found)))
    }

    /// The record at `key` in our tree with the edits made so far.
    fn stays(&self, key: &str) -> Result<Option<RecordId>> {
        match self.plan.edits.get(key) {
            Some(edit) => Ok(*edit),
            None => self.ours.get(key),
        }
    }
}

/// Why a memory cannot simply come to a key.
enum Obstacle {
    /// Another memory there says the same; this record of the two stays.
    SameWords(RecordId),
    Conflict(Conflict),
}
