//! How a memory has drifted: what changed how often, what went back and forth, what rests on
//! nothing, and who wrote it.
//!
//! Invariants: only the commits since the given one are read, along first parents, so that a review
//! counts as what it brought; what is counted is what the branch got to see.

mod measure;
mod memories;
mod periods;

pub use measure::{Churn, Drift, Unfounded};
pub use memories::{Rewritten, Swing};
pub use periods::Period;
