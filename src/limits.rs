//! Every bound in one place. Each is checked before a write and named in the error.

use crate::error::{Error, Result};

/// The longest key, in bytes of UTF-8.
pub const KEY_BYTES_MAX: usize = 1_024;
/// The most segments a key may have.
pub const KEY_SEGMENTS_MAX: usize = 32;
/// The longest text of an entry, in bytes.
pub const TEXT_BYTES_MAX: usize = 1 << 20;
/// The longest title of an entry, in bytes.
pub const TITLE_BYTES_MAX: usize = 1_024;
/// The longest context of an entry, in bytes.
pub const CONTEXT_BYTES_MAX: usize = 16 << 10;
/// The most attribute pairs of an entry.
pub const ATTRIBUTES_MAX: usize = 16;
/// The longest attribute name, in bytes.
pub const ATTRIBUTE_NAME_BYTES_MAX: usize = 64;
/// The longest attribute value, in bytes.
pub const ATTRIBUTE_VALUE_BYTES_MAX: usize = 4 << 10;
/// The most labels of an entry or a session.
pub const LABELS_MAX: usize = 32;
/// The longest label, in bytes.
pub const LABEL_BYTES_MAX: usize = 64;
/// The longest kind name, in bytes.
pub const KIND_BYTES_MAX: usize = 32;
/// The longest message, reason, rationale or instruction, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 16 << 10;
/// The longest text of one session event, in bytes; a longer one is cut and counted.
pub const EVENT_BYTES_MAX: usize = 1 << 20;
/// The largest session, in bytes of event text.
pub const SESSION_BYTES_MAX: usize = 64 << 20;
/// The largest chunk of session events, in bytes; a longer single event is a chunk of its own.
pub const CHUNK_BYTES_MAX: usize = 64 << 10;
/// The longest author, store, branch, tag or session name, in bytes.
pub const NAME_BYTES_MAX: usize = 255;
/// The most parents of a commit.
pub const PARENTS_MAX: usize = 16;
/// The most evidence items of one proposal.
pub const EVIDENCE_MAX: usize = 65_536;
/// The most events one evidence item may span.
pub const EVIDENCE_EVENTS_MAX: usize = 64;
/// The most edits in one transaction.
pub const EDITS_MAX: usize = 4_000_000;
/// The largest row of the log, in bytes.
pub const ROW_BYTES_MAX: usize = u32::MAX as usize;

/// The longest query, in bytes.
pub const QUERY_BYTES_MAX: usize = 1 << 10;
/// The most rows of the recall log; the oldest go first.
pub const RECALLS_MAX: u64 = 1_000_000;
/// The most bytes of the recall log; the oldest rows go first.
pub const RECALLS_BYTES_MAX: u64 = 64 << 20;
/// The age in days beyond which rows of the recall log go.
pub const RECALLS_DAYS_MAX: i64 = 400;

/// The longest command of the memory tool, in bytes of JSON: two texts of the greatest length, each
/// byte of them escaped.
pub const MEMORY_COMMAND_BYTES_MAX: usize = 16 << 20;

/// The most erasable texts of one object.
pub const OBJECT_TEXTS_MAX: usize = u16::MAX as usize;

/// Checks that `what`, measured in `unit`, is not over `max`.
pub(crate) fn check(what: &str, actual: usize, max: usize, unit: &str) -> Result<()> {
    if actual > max {
        return Err(Error::limit(format!("{what} has {actual} {unit}; the limit is {max}")));
    }
    Ok(())
}
