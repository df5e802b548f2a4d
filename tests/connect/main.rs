//! Connecting: configurations of clients keep all that is not Undream's, hooks do their work and
//! never stand in the way, and what is wrong is said. Every test has an empty home of its own.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of `#[test]` functions")]

mod doctor;
mod files;
mod home;
mod hooks;
mod random;
mod wrong;
