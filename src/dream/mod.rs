//! Floor 6, a wing: dreams read past sessions and propose changes to memory.
//!
//! A dream writes only its own branch, `dreams/<n>`, one commit per proposal, and what is known of
//! it (manifest, sessions read, decisions) as records of kind `system` on the branch `meta`.
//! Trust, taint and provenance are stamped here from what a proposal cites, never by a curator.
//!
//! Imports: the engine and the floors below it. It knows nothing of search and exchange.

mod account;
mod alarm;
mod command;
mod curator;
mod danger;
mod derived;
#[expect(clippy::module_inception, reason = "the file holds the noun the wing is named after")]
mod dream;
mod drift;
mod earlier;
mod feedback;
mod footing;
mod gated;
#[cfg(feature = "llm")]
mod llm;
mod manifest;
mod mine;
mod order;
mod overtaken;
mod pass;
mod program;
mod proposal;
mod protocol;
mod quote;
mod recalls;
mod reliance;
mod reply;
mod revert;
mod revert_since;
mod review;
mod reviewer;
mod run;
mod schedule;
mod selection;
mod signal;
mod sources;
mod standing;
mod taken_back;
mod why;
mod withdrawal;

pub use account::{Account, Call, Shown, Workings};
pub use command::CommandCurator;
pub use curator::{
    Citation, Curator, CuratorInput, Recalled, SessionReader, SuggestedChange, Suggestion,
};
pub use danger::{Danger, Effect};
pub use derived::{Derived, Tie};
pub use dream::Dream;
pub use drift::{Churn, Drift, Period, Rewritten, Swing, Unfounded};
pub use feedback::{Feedback, Opinion};
pub use gated::ProposalVerdict;
#[cfg(feature = "llm")]
pub use llm::Llm;
pub use manifest::{Choice, DreamStatus, Manifest};
pub use mine::Mine;
pub use order::{Order, Orders};
pub use overtaken::Overtaken;
pub use proposal::{Evident, Proposal};
pub use reply::Reply;
pub use revert::DreamRevert;
pub use revert_since::DreamsRevert;
pub use review::{Review, ReviewMerge};
pub use run::{DreamRun, Sessions};
pub use schedule::{
    Missed, Notice, Occasion, Outlook, RunBegun, RunEnded, Schedule, ScheduleState, ScheduleTurn,
    Scheduled, ScheduledRun, Schedules, Trigger,
};
pub use signal::Signal;
pub use sources::ProposalSources;
pub use taken_back::TakenBack;
pub use why::{Approval, Cite, Relation, Why, WhyStep};
pub use withdrawal::{Consequence, Fate, KeepRule, Remaining, Withdrawal};
