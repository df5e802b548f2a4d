//! What lies directly under a prefix: entries, and folders with their counts.

use std::vec;

use super::cursor::Cursor;
use super::range::Span;
use crate::error::Result;
use crate::object::Key;
use crate::storage::RecordId;

/// One line of a listing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Listing {
    /// A key no deeper than was asked for.
    Entry(Key, RecordId),
    /// A path that has `count` entries beneath it, all deeper than was asked for.
    Folder { path: String, count: u64 },
}

/// Lists a prefix down to a depth, in ascending order. A folder is counted, not read: its inside
/// is skipped by the counts in inner nodes. After an error the iterator is at its end.
pub(crate) struct Listings {
    cursor: Cursor,
    spans: vec::IntoIter<Span>,
    span: Option<Span>,
    /// The most segments a listed path has.
    segments: usize,
}

impl Listings {
    pub(super) fn new(cursor: Cursor, prefix: &str, depth: usize) -> Self {
        let prefix = prefix.trim_end_matches('/');
        let above = if prefix.is_empty() { 0 } else { prefix.split('/').count() };
        let spans = Span::under(prefix).into_iter();
        Self { cursor, spans, span: None, segments: above.saturating_add(depth.max(1)) }
    }

    fn step(&mut self) -> Result<Option<Listing>> {
        loop {
            if let Some(span) = &self.span {
                self.cursor.descend_to(0)?;
                if self.cursor.is_before(span.end.as_deref()) {
                    return self.take().map(Some);
                }
            }
            self.span = self.spans.next();
            let Some(span) = &self.span else { return Ok(None) };
            self.cursor.seek(&span.start, 0)?;
        }
    }

    /// Takes the line that begins at the cursor's entry.
    fn take(&mut self) -> Result<Listing> {
        let key = self.cursor.key();
        let Some((end, _)) = key.match_indices('/').nth(self.segments - 1) else {
            let entry = Listing::Entry(Key::from_checked(key), self.cursor.id().into());
            self.cursor.advance();
            return Ok(entry);
        };
        let path = key[..end].to_owned();
        let first = self.cursor.position();
        let Span { end, .. } = Span::beneath(&path);
        let end = end.expect("BUG: a folder's span has no end");
        self.cursor.seek(&end, 0)?;
        Ok(Listing::Folder { path, count: self.cursor.position() - first })
    }
}

impl Iterator for Listings {
    type Item = Result<Listing>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_err() {
            self.spans = Vec::new().into_iter();
            self.span = None;
        }
        step.transpose()
    }
}
