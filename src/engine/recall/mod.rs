//! The recall log: which query of which session was given which memories.
//!
//! Invariants: it lies beside the log of commits and in no hash, so it can be erased; writing to it
//! keeps no query waiting; it is bounded, and says from when on it is whole.

mod forget;
mod notes;
mod question;
mod reading;
mod recalls;
mod row;
mod tally;
mod unused;

pub use forget::Forget;
pub(crate) use notes::Notes;
pub use question::{Answer, Question};
pub use reading::Recaller;
pub use recalls::{RecallUse, Recalls};
pub use row::{Given, Recall, RecallKind};
pub use tally::RecallSize;
pub(crate) use tally::{RecallBounds, check as check_recalls, copy as copy_recalls};
pub(crate) use unused::RecallUses;
