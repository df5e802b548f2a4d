//! What a commit holds, as the model sees it, and what a join of two such contents may give.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::Snapshot;
use crate::error::Result;
use crate::storage::{MemoryId, RecordId};

/// One memory in a commit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Held {
    pub(super) memory: MemoryId,
    pub(super) record: RecordId,
    pub(super) text: String,
}

/// A whole commit, by key.
pub(super) type Content = BTreeMap<String, Held>;

/// What a snapshot reads as, by its iterator, checked against single reads.
pub(super) fn read(snapshot: &Snapshot) -> Result<Content> {
    let mut content = Content::new();
    for entry in snapshot.entries("") {
        let (key, record) = entry?;
        assert_eq!(snapshot.get_id(key.as_str())?, Some(record.id()), "{key} read alone");
        let (memory, text) = (record.memory(), record.text()?.to_owned());
        content.insert(key.to_string(), Held { memory, record: record.id(), text });
    }
    assert_eq!(snapshot.count("")?, content.len() as u64);
    Ok(content)
}

/// Panics unless `content` is a possible tree.
pub(super) fn assert_possible(content: &Content, what: &str) {
    let mut standing = BTreeMap::new();
    for (key, held) in content {
        if let Some(other) = standing.insert(held.memory, key) {
            panic!("{what}: one memory at `{other}` and `{key}`");
        }
        for (end, _) in key.match_indices('/') {
            assert!(!content.contains_key(&key[..end]), "{what}: `{key}` under a memory");
        }
    }
}

/// The keys whose records differ: key, before, after.
pub(super) fn differences(
    before: &Content,
    after: &Content,
) -> Vec<(String, Option<RecordId>, Option<RecordId>)> {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .filter_map(|key| {
            let record = |content: &Content| content.get(key).map(|held| held.record);
            let (old, new) = (record(before), record(after));
            (old != new).then(|| (key.clone(), old, new))
        })
        .collect()
}

/// Where a memory stands and what it says.
type Standing = BTreeMap<MemoryId, (String, String)>;

pub(super) fn standing(content: &Content) -> Standing {
    let place = |(key, held): (&String, &Held)| (held.memory, (key.clone(), held.text.clone()));
    content.iter().map(place).collect()
}

/// Panics unless all that changed from `base` to `ours` and to `theirs` is in `result`, or belongs
/// to one of the memories in `excused`, which have a conflict listed.
pub(super) fn assert_nothing_dropped(
    [base, ours, theirs]: [&Content; 3],
    result: &Content,
    excused: &BTreeSet<MemoryId>,
    what: &str,
) {
    let (b, o, t) = (standing(base), standing(ours), standing(theirs));
    let r = standing(result);
    let all: BTreeSet<MemoryId> = [&b, &o, &t, &r].iter().flat_map(|s| s.keys().copied()).collect();
    for memory in all {
        if excused.contains(&memory) {
            continue;
        }
        let sides = [b.get(&memory), o.get(&memory), t.get(&memory)];
        let found = r.get(&memory);
        let fits = match sides {
            [b, o, t] if t == b || o == t => found == o,
            [b, o, t] if o == b => found == t,
            [b, Some(o), Some(t)] => found.is_some_and(|found| joins(b, o, t, found)),
            _ => false,
        };
        // Two memories that say the same at the same key are one afterwards.
        let wanted = [sides[1], sides[2]].into_iter().flatten();
        let doubled = found.is_none()
            && wanted.clone().count() > 0
            && wanted.clone().any(|(key, text)| {
                result.get(key).is_some_and(|held| held.text == *text && held.memory != memory)
            });
        assert!(
            fits || doubled,
            "{what}: memory {memory}\n base {:?}\n ours {:?}\n theirs {:?}\n result {found:?}",
            sides[0],
            sides[1],
            sides[2]
        );
    }
}

/// Whether `found` holds what both sides did to one memory, by key and by line of text. Lines of
/// the model's texts are unique.
fn joins(
    base: Option<&(String, String)>,
    ours: &(String, String),
    theirs: &(String, String),
    found: &(String, String),
) -> bool {
    let Some(base) = base else { return ours.1 == theirs.1 && found.1 == ours.1 };
    let key = if theirs.0 == base.0 { &ours.0 } else { &theirs.0 };
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (b, o, t) = (lines(&base.1), lines(&ours.1), lines(&theirs.1));
    let all: BTreeSet<String> = b.iter().chain(&o).chain(&t).cloned().collect();
    let kept = |line: &&String| {
        if b.contains(*line) == o.contains(*line) { t.contains(*line) } else { o.contains(*line) }
    };
    let expected: BTreeSet<String> = all.iter().filter(kept).cloned().collect();
    found.0 == *key && lines(&found.1) == expected
}
