//! Applying the decisions about a join's conflicts.

use std::collections::BTreeMap;

use crate::engine::conflict::{Conflict, ConflictName, Place, Resolution};
use crate::engine::nodes::PinnedTree;
use crate::engine::plan::Records;
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Entry, Key, Taint};
use crate::storage::{MemoryId, RecordId};

/// The edits with all decisions applied.
pub(crate) fn resolved(
    ours: &PinnedTree,
    joined: &BTreeMap<Key, Option<RecordId>>,
    conflicts: &[Conflict],
    resolutions: &BTreeMap<ConflictName, Resolution>,
    records: &mut Records<'_>,
) -> Result<BTreeMap<Key, Option<RecordId>>> {
    let mut edits = joined.clone();
    let mut coming: Vec<Place> = Vec::new();
    // First all leave, then all come: the decisions of several conflicts may swap memories.
    for conflict in conflicts {
        let Some(resolution) = resolutions.get(&conflict.name()) else { continue };
        let chosen = match resolution {
            Resolution::Ours => {
                coming.extend(conflict.ours.clone());
                continue;
            }
            Resolution::Theirs => conflict.theirs.clone(),
            Resolution::Base => conflict.base.clone(),
            Resolution::Remove => {
                let homes = homes_of_theirs(conflict, ours, &edits, records)?;
                edits.extend(homes.into_iter().map(|key| (key, None)));
                None
            }
            Resolution::Text(text) => Some(write(conflict, text, records)?),
        };
        edits.extend(conflict.ours.iter().map(|(key, _)| (key.clone(), None)));
        if chosen.is_some() && matches!(resolution, Resolution::Theirs | Resolution::Text(_)) {
            edits.extend(conflict.in_the_way.iter().map(|key| (key.clone(), None)));
        }
        coming.extend(chosen);
    }
    if coming.is_empty() {
        return Ok(edits);
    }
    for (key, record) in coming {
        let standing = match edits.get(&key) {
            Some(edit) => *edit,
            None => ours.get(key.as_str())?,
        };
        match standing {
            Some(other) if records.memory(other)? != records.memory(record)? => {
                return Err(excluded(&key));
            }
            // Ours stays as it is, or as it was joined.
            Some(other) if joined.get(&key) == Some(&Some(other)) => {}
            _ => drop(edits.insert(key, Some(record))),
        }
    }
    check_memories(&edits, records)?;
    Ok(edits)
}

/// Drops the edits by which nothing would change: where the branch has a memory that says the same,
/// that one stays.
pub(crate) fn keep_what_is_said(
    edits: &mut BTreeMap<Key, Option<RecordId>>,
    current: &PinnedTree,
    records: &Records<'_>,
) -> Result<()> {
    let mut said = Vec::new();
    for (key, after) in &*edits {
        let held = current.get(key.as_str())?;
        let same = match (held, *after) {
            (Some(held), Some(after)) if held != after => {
                records.memory(held)? != records.memory(after)?
                    && records.get(held)?.says_the_same(&*records.get(after)?)
            }
            (held, after) => held == after,
        };
        if same {
            said.push(key.clone());
        }
    }
    for key in said {
        edits.remove(&key);
    }
    Ok(())
}

/// Where the memory that their side brings stands on ours: it may be at another key than the one it
/// cannot come to.
fn homes_of_theirs(
    conflict: &Conflict,
    ours: &PinnedTree,
    edits: &BTreeMap<Key, Option<RecordId>>,
    records: &Records<'_>,
) -> Result<Vec<Key>> {
    let Some(their) = conflict.theirs() else { return Ok(Vec::new()) };
    let memory = records.memory(their)?;
    let mut homes = Vec::new();
    for key in &conflict.in_the_way {
        let standing = match edits.get(key) {
            Some(edit) => *edit,
            None => ours.get(key.as_str())?,
        };
        if let Some(standing) = standing
            && records.memory(standing)? == memory
        {
            homes.push(key.clone());
        }
    }
    Ok(homes)
}

/// Two conflicts may be about one memory, and their decisions bring it to different keys.
fn check_memories(edits: &BTreeMap<Key, Option<RecordId>>, records: &Records<'_>) -> Result<()> {
    let mut homes: BTreeMap<MemoryId, &Key> = BTreeMap::new();
    for (key, record) in edits {
        let Some(record) = record else { continue };
        if let Some(other) = homes.insert(records.memory(*record)?, key) {
            let message = format!(
                "the decisions exclude each other: one memory would stand at `{other}` and `{key}`"
            );
            return Err(Error::new(ErrorKind::Conflict, message)
                .with_candidates([other.to_string(), key.to_string()]));
        }
    }
    Ok(())
}

fn excluded(key: &Key) -> Error {
    let message = format!("the decisions exclude each other: two memories would stand at `{key}`");
    Error::new(ErrorKind::Conflict, message).with_candidates([key.to_string()])
}

/// A new version with the text that the resolver wrote, at the conflict's key.
pub(crate) fn write(
    conflict: &Conflict,
    text: &str,
    records: &mut Records<'_>,
) -> Result<(Key, RecordId)> {
    let sides = [conflict.ours(), conflict.theirs(), conflict.base()];
    let known = sides.into_iter().flatten().next();
    let record = records.get(known.expect("BUG: a conflict without a record"))?;
    let entry = match record.to_entry() {
        Ok(entry) => Entry { text: text.to_owned(), ..entry },
        Err(_) => Entry::new(text),
    };
    let mut previous: Vec<RecordId> = Vec::new();
    for side in sides[..2].iter().flatten() {
        if records.memory(*side)? == record.memory() && !previous.contains(side) {
            previous.push(*side);
        }
    }
    // Whoever resolves writes these words; what they rest on is what the sides rest on.
    let mut taint = Taint::default();
    for id in &previous {
        taint = taint.union(records.get(*id)?.taint());
    }
    let id = match records.drafted(record.memory(), &entry, &previous) {
        Some(id) => id,
        None => records.draft(record.memory(), entry, &previous, (None, taint))?,
    };
    Ok((conflict.key.clone(), id))
}
