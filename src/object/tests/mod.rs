//! Stored bytes against the golden vectors in `tests/format/objects`.
