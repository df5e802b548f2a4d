//! The policy of a store: what a change to a guarded branch must keep to, who asks, and what is
//! answered.
//!
//! The policy is a record on the branch `meta`. Whoever moves a guarded branch asks first, against
//! the head it moves from, and [`guard`] refuses where refs move what nobody asked about. Rules
//! that need more than the engine has (search, probes) are handed in as a [`Gate`].

mod ask;
mod gate;
mod guard;
mod judge;
mod recheck;
mod rules;
mod secrets;
mod source;
mod standing;
mod terms;
mod text;
mod write;

pub(crate) use ask::{Asking, judged_changes, leave_to_move, raw_changes};
pub use gate::{Gate, GateQuestion, JudgedChange, JudgedProposal, Measured};
pub(crate) use guard::Clearance;
pub(crate) use judge::{NEAR_PROTECTED, NO_WORSE_PROBE};
pub use recheck::PolicyCheck;
pub(crate) use source::policy_author;
pub(crate) use standing::Standings;
pub use terms::{Policy, PolicyMode};
pub(crate) use write::Leave;
