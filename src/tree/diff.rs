//! What two trees hold differently, found without reading what they share.

use std::cmp::Ordering;
use std::vec;

use super::cursor::Cursor;
use super::range::Span;
use crate::error::Result;
use crate::object::Key;
use crate::storage::RecordId;

/// A key that two trees give different records, or only one of them has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Change {
    pub(crate) key: Key,
    pub(crate) before: Option<RecordId>,
    pub(crate) after: Option<RecordId>,
}

/// The changes between two trees in ascending order of keys, found as they are asked for. It owns
/// both snapshots; after an error it is at its end.
///
/// Two cursors move in step. Where both stand on subtrees of one level with equal ids, both pass;
/// else the higher one, or both, go down. Subtrees that begin at different keys but meet again
/// at a boundary are thus met at it, so the work is O(changes x log n).
pub(crate) struct Diff {
    before: Cursor,
    after: Cursor,
    spans: vec::IntoIter<Span>,
    span: Option<Span>,
}

impl Diff {
    pub(super) fn new(before: Cursor, after: Cursor, spans: Vec<Span>) -> Self {
        Self { before, after, spans: spans.into_iter(), span: None }
    }

    fn step(&mut self) -> Result<Option<Change>> {
        loop {
            if let Some(span) = &self.span
                && let Some(change) = step(&mut self.before, &mut self.after, span.end.as_deref())?
            {
                return Ok(Some(change));
            }
            self.span = self.spans.next();
            let Some(span) = &self.span else { return Ok(None) };
            // A diff of everything starts at the roots, so that whole subtrees can be passed.
            if !span.start.is_empty() {
                self.before.seek(&span.start, 0)?;
                self.after.seek(&span.start, 0)?;
            }
        }
    }
}

/// The next change whose key is less than `end`.
fn step(before: &mut Cursor, after: &mut Cursor, end: Option<&str>) -> Result<Option<Change>> {
    loop {
        match (before.is_before(end), after.is_before(end)) {
            (false, false) => return Ok(None),
            (true, false) if before.level() == 0 => return Ok(Some(removed(before))),
            (true, false) => before.descend()?,
            (false, true) if after.level() == 0 => return Ok(Some(added(after))),
            (false, true) => after.descend()?,
            (true, true) => match before.level().cmp(&after.level()) {
                Ordering::Greater => before.descend()?,
                Ordering::Less => after.descend()?,
                Ordering::Equal if before.level() == 0 => {
                    if let Some(change) = compare(before, after) {
                        return Ok(Some(change));
                    }
                }
                Ordering::Equal if before.id() == after.id() => {
                    before.advance();
                    after.advance();
                }
                Ordering::Equal => {
                    before.descend()?;
                    after.descend()?;
                }
            },
        }
    }
}

/// Compares two leaf entries and passes the lesser, or both if their keys are equal.
fn compare(before: &mut Cursor, after: &mut Cursor) -> Option<Change> {
    match before.key().cmp(after.key()) {
        Ordering::Less => Some(removed(before)),
        Ordering::Greater => Some(added(after)),
        Ordering::Equal => {
            let (old, new) = (before.id(), after.id());
            let change = (old != new).then(|| Change {
                key: Key::from_checked(before.key()),
                before: Some(old.into()),
                after: Some(new.into()),
            });
            before.advance();
            after.advance();
            change
        }
    }
}

fn removed(cursor: &mut Cursor) -> Change {
    let (key, id) = take(cursor);
    Change { key, before: Some(id), after: None }
}

fn added(cursor: &mut Cursor) -> Change {
    let (key, id) = take(cursor);
    Change { key, before: None, after: Some(id) }
}

fn take(cursor: &mut Cursor) -> (Key, RecordId) {
    let entry = (Key::from_checked(cursor.key()), cursor.id().into());
    cursor.advance();
    entry
}

impl Iterator for Diff {
    type Item = Result<Change>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_err() {
            self.spans = Vec::new().into_iter();
            self.span = None;
        }
        step.transpose()
    }
}
