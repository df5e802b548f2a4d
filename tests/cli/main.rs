//! The command line as its users see it: the binary is run under a fixed clock and seed, and what
//! it prints is compared with snapshots. Ids are shown by the order in which they first appear.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of `#[test]` functions")]

mod audit;
mod call_out;
mod coverage;
mod desk;
mod dreams;
mod exits;
mod inout;
mod memories;
mod memory_tool;
mod operator;
mod policy;
#[path = "../press/mod.rs"]
mod press;
mod recall;
mod review;
mod schedules;
mod terminal;
mod trust;
mod wrong;
