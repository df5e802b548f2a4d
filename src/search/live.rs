//! Which documents are live in a snapshot, and how many words they have.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tantivy::{DocId, Searcher, Term};

use crate::engine::Snapshot;
use crate::object::Key;
use crate::search::bits::Bits;
use crate::search::fields::{SEARCHED_COUNT, identity};
use crate::search::identities::Identities;
use crate::search::index::{Fault, View};
use crate::search::segment::Segment;
use crate::storage::{CommitId, RecordId, TreeId};

/// How many terms' live document counts are kept per snapshot.
const CACHED_TERMS_MAX: usize = 10_000;
/// Beyond this many changes, or a quarter of the documents, a set is made from scratch.
const CHANGES_MIN: u64 = 1_000;

/// Which documents are live in a snapshot, and how many words they have.
pub(super) struct LiveSet {
    /// The tree of the snapshot; `None` where it is of sessions.
    pub(super) tree: Option<TreeId>,
    pub(super) commit: Option<CommitId>,
    pub(super) searcher: Searcher,
    /// The index's segments, then those of the tail; each with its live documents.
    pub(super) segments: Vec<(Arc<Segment>, Bits)>,
    pub(super) documents: u64,
    pub(super) words: [u64; SEARCHED_COUNT],
    frequencies: Mutex<HashMap<Term, u64>>,
}

/// A live set under construction, and the entries that no segment holds.
pub(super) struct Draft {
    set: LiveSet,
    pub(super) missing: Vec<(Key, RecordId)>,
}

impl LiveSet {
    /// Nothing of what the segments of the index and of the tail hold.
    pub(super) fn empty(view: &View, tail: &[Arc<Segment>]) -> Self {
        let segments = view.segments.iter().chain(tail);
        Self {
            tree: None,
            commit: None,
            searcher: view.searcher.clone(),
            segments: segments.map(|segment| (Arc::clone(segment), Bits::default())).collect(),
            documents: 0,
            words: [0; SEARCHED_COUNT],
            frequencies: Mutex::default(),
        }
    }

    /// The same set with only those documents whose identity is `wanted`: what it knows of words
    /// and lengths stays.
    pub(super) fn narrowed(&self, wanted: impl Fn(u64) -> bool) -> Self {
        let narrow = |(segment, live): &(Arc<Segment>, Bits)| {
            let mut kept = Bits::default();
            for doc in (0..segment.reader.max_doc()).filter(|doc| live.contains(*doc)) {
                if segment.identity(doc).is_some_and(&wanted) {
                    kept.insert(doc);
                }
            }
            (Arc::clone(segment), kept)
        };
        Self {
            tree: self.tree,
            commit: self.commit,
            searcher: self.searcher.clone(),
            segments: self.segments.iter().map(narrow).collect(),
            documents: self.documents,
            words: self.words,
            frequencies: Mutex::default(),
        }
    }

    /// Makes a document live.
    pub(super) fn enter(&mut self, at: usize, doc: DocId) {
        let (segment, live) = &mut self.segments[at];
        if live.insert(doc) {
            self.documents += 1;
            for (sum, count) in self.words.iter_mut().zip(segment.counts(doc)) {
                *sum += count;
            }
        }
    }

    /// In how many live documents a term stands.
    pub(super) fn frequency(&self, term: &Term) -> tantivy::Result<u64> {
        let held = || self.frequencies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held().get(term) {
            return Ok(*count);
        }
        let mut count = 0;
        for (segment, live) in &self.segments {
            count += segment.count_live(term, live)?;
        }
        let mut held = held();
        if held.len() >= CACHED_TERMS_MAX {
            held.clear();
        }
        held.insert(term.clone(), count);
        Ok(count)
    }

    /// Words per live document of each searched field.
    pub(super) fn averages(&self) -> [f32; SEARCHED_COUNT] {
        self.words.map(|words| words as f32 / self.documents.max(1) as f32)
    }
}

impl Draft {
    /// The live set of `snapshot`, from its tree and the columns of the segments.
    pub(super) fn scan(
        snapshot: &Snapshot,
        view: &View,
        tail: &[Arc<Segment>],
    ) -> Result<Self, Fault> {
        let mut wanted = Identities::default();
        for entry in snapshot.keys("") {
            let (key, record) = entry?;
            wanted.insert(identity(key.as_str(), record));
        }
        let mut draft = Self::start(snapshot, view, tail)?;
        for at in 0..draft.set.segments.len() {
            let segment = Arc::clone(&draft.set.segments[at].0);
            for doc in 0..segment.reader.max_doc() {
                if segment.identity(doc).is_some_and(|identity| wanted.remove(&identity)) {
                    draft.set.enter(at, doc);
                }
            }
        }
        if !wanted.is_empty() {
            for entry in snapshot.keys("") {
                let (key, record) = entry?;
                if wanted.contains(&identity(key.as_str(), record)) {
                    draft.missing.push((key, record));
                }
            }
        }
        Ok(draft)
    }

    /// The live set of `snapshot`, from another one made for the same segments and what changed;
    /// `None` if that is too much.
    pub(super) fn follow(
        base: &LiveSet,
        snapshot: &Snapshot,
        view: &View,
        tail: &[Arc<Segment>],
    ) -> Result<Option<Self>, Fault> {
        let Some(commit) = base.commit else { return Ok(None) };
        let before = snapshot.store().snapshot(commit)?;
        let mut draft = Self::start(snapshot, view, tail)?;
        for ((_, live), (_, held)) in draft.set.segments.iter_mut().zip(&base.segments) {
            held.clone_into(live);
        }
        draft.set.documents = base.documents;
        draft.set.words = base.words;
        let (mut changes, changes_max) = (0, CHANGES_MIN.max(base.documents / 4));
        for change in before.tree()?.diff(&*snapshot.tree()?) {
            let change = change?;
            changes += 1;
            if changes > changes_max {
                return Ok(None);
            }
            let key = change.key.as_str();
            if let Some(record) = change.before {
                draft.leave(key, record);
            }
            if let Some(record) = change.after
                && !draft.find(key, record)
            {
                draft.missing.push((change.key, record));
            }
        }
        Ok(Some(draft))
    }

    fn start(snapshot: &Snapshot, view: &View, tail: &[Arc<Segment>]) -> Result<Self, Fault> {
        let mut set = LiveSet::empty(view, tail);
        set.tree = Some(snapshot.tree_id()?);
        set.commit = snapshot.id();
        Ok(Self { set, missing: Vec::new() })
    }

    fn leave(&mut self, key: &str, record: RecordId) {
        for (segment, live) in &mut self.set.segments {
            if let Some(doc) = segment.find(key, record)
                && live.remove(doc)
            {
                self.set.documents -= 1;
                for (sum, count) in self.set.words.iter_mut().zip(segment.counts(doc)) {
                    *sum -= count;
                }
                return;
            }
        }
    }

    /// What `base` is without some entries, and with all documents of one more segment.
    pub(super) fn beyond(
        base: &LiveSet,
        leaving: &[(Key, RecordId)],
        arriving: Option<Arc<Segment>>,
    ) -> Arc<LiveSet> {
        let set = LiveSet {
            tree: base.tree,
            commit: base.commit,
            searcher: base.searcher.clone(),
            segments: base.segments.clone(),
            documents: base.documents,
            words: base.words,
            frequencies: Mutex::default(),
        };
        let mut draft = Self { set, missing: Vec::new() };
        for (key, record) in leaving {
            draft.leave(key.as_str(), *record);
        }
        if let Some(segment) = arriving {
            let (at, documents) = (draft.set.segments.len(), segment.reader.max_doc());
            draft.set.segments.push((segment, Bits::default()));
            (0..documents).for_each(|doc| draft.set.enter(at, doc));
        }
        Arc::new(draft.set)
    }

    /// Makes an entry live if a segment holds it.
    fn find(&mut self, key: &str, record: RecordId) -> bool {
        for at in 0..self.set.segments.len() {
            if let Some(doc) = self.set.segments[at].0.find(key, record) {
                self.set.enter(at, doc);
                return true;
            }
        }
        false
    }

    /// Takes in what the tail has indexed meanwhile and closes the set.
    pub(super) fn finish(
        mut self,
        view: &View,
        tail: &[Arc<Segment>],
        added: Vec<(usize, DocId)>,
    ) -> Arc<LiveSet> {
        let first = view.segments.len();
        for (at, chunk) in tail.iter().enumerate() {
            match self.set.segments.get_mut(first + at) {
                // The youngest chunk may have been made anew; its documents kept their numbers.
                Some(held) => held.0 = Arc::clone(chunk),
                None => self.set.segments.push((Arc::clone(chunk), Bits::default())),
            }
        }
        for (chunk, doc) in added {
            self.set.enter(first + chunk, doc);
        }
        Arc::new(self.set)
    }
}
