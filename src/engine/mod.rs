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
mod bisect;
mod blame;
mod branch;
mod chain;
mod change;
mod conflict;
mod core;
mod database;
mod decide;
mod digests;
mod endorse;
mod feed;
mod fields;
mod filter;
mod finish;
mod flush;
mod given;
mod graft;
mod grounds;
mod holder;
mod landing;
mod lease;
mod log;
mod merge;
mod new_commit;
mod nodes;
mod options;
mod overlay;
mod plan;
mod policy;
mod prepared;
mod probe;
mod provenances;
mod quarantine;
mod queue;
mod recall;
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
mod undo;
mod verify;
mod view;

#[cfg(test)]
mod tests;

pub use abbreviate::Abbreviations;
pub use bisect::Bisection;
pub use blame::{Blame, BlamedLine};
pub use branch::Branch;
pub(crate) use chain::{Chain, Link};
pub use change::{Change, ChangeKind, Diff};
pub use conflict::{Conflict, ConflictKind, Resolution};
pub use database::Database;
pub use endorse::{Endorsement, Endorsements, TrustFilter};
pub(crate) use feed::WholeRow;
pub use feed::{Feed, FeedEdit, FeedRow};
pub(crate) use fields::{Joined, join};
pub use filter::LogFilter;
pub(crate) use given::{GivenLog, GivenRow};
pub(crate) use graft::{Graft, Grafted};
pub use grounds::Grounds;
pub use holder::HolderInfo;
pub(crate) use lease::Lease;
pub use merge::Merge;
pub use options::Options;
pub use policy::{
    Gate, GateQuestion, JudgedChange, JudgedProposal, Measured, Policy, PolicyCheck, PolicyMode,
};
pub(crate) use policy::{NEAR_PROTECTED, NO_WORSE_PROBE, policy_author};
pub use prepared::Expect;
pub use probe::{Expectation, NewProbe, Probe, ProbeAsker, ProbeTally};
pub(crate) use provenances::Provenances;
pub use quarantine::Quarantine;
pub(crate) use quarantine::{keep_out, rely_on_kept_out};
pub(crate) use recall::RecallUses;
pub use recall::{
    Answer, Forget, Given, Question, Recall, RecallKind, RecallSize, RecallUse, Recaller, Recalls,
};
pub use resolve::Resolved;
pub use restore::Restore;
pub(crate) use row::RowEdit;
pub use sessions::{NewSession, Taken};
pub use snapshot::{AsSnapshot, Entries, Keys, Listed, Snapshot};
pub use store::{RefInfo, Store};
pub use transaction::Transaction;
pub use verify::{Finding, Verified, VerifyReport};
