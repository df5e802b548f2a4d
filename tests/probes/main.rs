//! Probes: what they follow, what a review and the policy see of them, and who made one fall.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of `#[test]` functions")]

mod follow;
mod foresee;
mod hold;
mod room;
