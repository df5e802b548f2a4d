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

pub(crate) use ask::Asking;
pub use gate::{Gate, JudgedChange, JudgedProposal, Question};
pub(crate) use guard::Clearance;
pub(crate) use judge::judge;
pub use recheck::PolicyCheck;
pub(crate) use source::policy_author;
pub(crate) use standing::{KEY, Standing};
pub use terms::{Policy, PolicyMode};
