//! What two sides changed since their base, side by side.

use std::cmp::Ordering;

use super::diff::{Change, Diff};
use crate::error::Result;
use crate::object::Key;
use crate::storage::RecordId;

/// A key at which one side or both differ from the base, with what all three hold there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Triple {
    pub(crate) key: Key,
    pub(crate) base: Option<RecordId>,
    pub(crate) ours: Option<RecordId>,
    pub(crate) theirs: Option<RecordId>,
}

/// The keys at which a side differs from the base, in ascending order: the two diffs, joined.
/// After an error the iterator is at its end.
pub(crate) struct Merge {
    ours: Side,
    theirs: Side,
}

/// A diff against the base and its next change, once that is known.
struct Side {
    changes: Diff,
    next: Option<Change>,
    done: bool,
}

impl Side {
    fn new(changes: Diff) -> Self {
        Self { changes, next: None, done: false }
    }

    fn fill(&mut self) -> Result<()> {
        if self.next.is_none() && !self.done {
            self.next = self.changes.next().transpose()?;
            self.done = self.next.is_none();
        }
        Ok(())
    }
}

impl Merge {
    pub(super) fn new(ours: Diff, theirs: Diff) -> Self {
        Self { ours: Side::new(ours), theirs: Side::new(theirs) }
    }

    fn step(&mut self) -> Result<Option<Triple>> {
        self.ours.fill()?;
        self.theirs.fill()?;
        let order = match (&self.ours.next, &self.theirs.next) {
            (None, None) => return Ok(None),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(ours), Some(theirs)) => ours.key.cmp(&theirs.key),
        };
        let ours = if order.is_le() { self.ours.next.take() } else { None };
        let theirs = if order.is_ge() { self.theirs.next.take() } else { None };
        Ok(join(ours, theirs))
    }
}

/// A side without a change at the key holds what the base holds.
fn join(ours: Option<Change>, theirs: Option<Change>) -> Option<Triple> {
    let (ours_id, theirs_id) = (ours.as_ref().map(|c| c.after), theirs.as_ref().map(|c| c.after));
    let Change { key, before: base, .. } = ours.or(theirs)?;
    Some(Triple { key, base, ours: ours_id.unwrap_or(base), theirs: theirs_id.unwrap_or(base) })
}

impl Iterator for Merge {
    type Item = Result<Triple>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_err() {
            for side in [&mut self.ours, &mut self.theirs] {
                side.next = None;
                side.done = true;
            }
        }
        step.transpose()
    }
}
