//! Floor 5: the engine. Databases, stores, branches, snapshots, transactions, merges, the feed.
//!
//! The log is the truth: a commit is one durable row, and refs, index, tree nodes and search are
//! derived from rows. Invariants: derived data is never ahead of the log; heads in memory are
//! never ahead of what is durable; edits of a row are sorted, minimal and equal to the diff of the
//! commit's first parent and the commit.
//!
//! Imports: history, tree, object, storage and the ground.

mod abbreviate;
mod base;
mod blame;
mod branch;
mod chain;
mod change;
mod conflict;
mod core;
mod database;
mod decide;
mod feed;
mod fields;
mod flush;
mod given;
mod graft;
mod holder;
mod landing;
mod log;
mod merge;
mod new_commit;
mod nodes;
mod overlay;
mod plan;
mod policy;
mod prepared;
mod queue;
mod replay;
mod resolve;
mod restore;
mod rewrite;
mod row;
mod sessions;
mod snapshot;
mod state;
mod store;
mod transaction;
mod verify;

#[cfg(test)]
mod tests;

pub use abbreviate::Abbreviations;
pub use blame::{Blame, BlamedLine};
pub use branch::Branch;
pub(crate) use chain::{Chain, Link};
pub use change::{Change, ChangeKind, Diff};
pub use conflict::{Conflict, ConflictKind, Resolution};
pub use database::{Database, Options};
pub use feed::{Feed, FeedEdit, FeedRow};
pub(crate) use given::{GivenLog, GivenRow};
pub(crate) use graft::{Graft, Grafted};
pub use holder::HolderInfo;
pub use log::LogFilter;
pub use merge::Merge;
pub use policy::{
    Gate, JudgedChange, JudgedProposal, Measured, Policy, PolicyCheck, PolicyMode, Question,
};
pub(crate) use policy::{NEAR_PROTECTED, policy_author};
pub use resolve::Resolved;
pub use restore::Restore;
pub(crate) use row::RowEdit;
pub use sessions::{NewSession, Taken};
pub use snapshot::{AsSnapshot, Entries, Keys, Listed, Snapshot};
pub use store::{RefInfo, Store};
pub(crate) use transaction::Provenances;
pub use transaction::{Expect, Transaction};
pub use verify::{Finding, VerifyReport};
