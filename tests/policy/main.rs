//! What the policy lets through, what it holds, and that nothing goes around it.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of `#[test]` functions")]

mod dreams;
mod endorsed;
mod meanwhile;
mod moves;
mod races;
mod room;
mod writes;
