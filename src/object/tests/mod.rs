//! Stored bytes against the golden vectors in `tests/format/objects`.
//!
//! A vector is never changed once it is released: it stands for bytes that lie in databases.
//! `UNDREAM_GOLDEN=add` writes those that are made but have no file yet, and no others.

mod golden;
mod made;
mod strict;
mod vector;
