//! Which keys lie under a prefix, and walking through them.

use std::vec;

use super::cursor::Cursor;
use crate::error::Result;
use crate::object::Key;
use crate::storage::RecordId;

/// The keys from `start` up to, not including, `end`; to the last one without `end`.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) start: String,
    pub(super) end: Option<String>,
}

impl Span {
    pub(super) fn all() -> Self {
        Self { start: String::new(), end: None }
    }

    /// The keys beneath the path `folder`, not `folder` itself. `0` follows `/` in ASCII.
    pub(super) fn beneath(folder: &str) -> Self {
        Self { start: format!("{folder}/"), end: Some(format!("{folder}0")) }
    }

    /// The spans of a prefix in ascending order. They are two: in byte order, `team-x` stands
    /// between `team` and `team/style`.
    pub(super) fn under(prefix: &str) -> Vec<Self> {
        let prefix = prefix.trim_end_matches('/');
        if prefix.is_empty() {
            return vec![Self::all()];
        }
        // No key holds a zero byte, so nothing but the prefix lies in the first span.
        let itself = Self { start: prefix.to_owned(), end: Some(format!("{prefix}\0")) };
        vec![itself, Self::beneath(prefix)]
    }
}

/// The entries of a tree in ascending order of keys, read as they are asked for. It owns its
/// snapshot; after an error it is at its end.
pub(crate) struct Range {
    cursor: Cursor,
    spans: vec::IntoIter<Span>,
    /// The span that the cursor is in.
    span: Option<Span>,
}

impl Range {
    /// The entries in `spans` whose keys are not less than `start`.
    pub(super) fn new(cursor: Cursor, mut spans: Vec<Span>, start: &str) -> Self {
        spans.retain(|span| span.end.as_deref().is_none_or(|end| start < end));
        if let Some(first) = spans.first_mut().filter(|first| first.start.as_str() < start) {
            start.clone_into(&mut first.start);
        }
        Self { cursor, spans: spans.into_iter(), span: None }
    }

    fn step(&mut self) -> Result<Option<(Key, RecordId)>> {
        loop {
            if let Some(span) = &self.span {
                self.cursor.descend_to(0)?;
                if self.cursor.is_before(span.end.as_deref()) {
                    let entry = (Key::from_checked(self.cursor.key()), self.cursor.id().into());
                    self.cursor.advance();
                    return Ok(Some(entry));
                }
            }
            self.span = self.spans.next();
            let Some(span) = &self.span else { return Ok(None) };
            self.cursor.seek(&span.start, 0)?;
        }
    }
}

impl Iterator for Range {
    type Item = Result<(Key, RecordId)>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_err() {
            self.spans = Vec::new().into_iter();
            self.span = None;
        }
        step.transpose()
    }
}
