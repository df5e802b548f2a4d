//! The mining core of the built-in curator: sessions in, findings out.
//!
//! It is pure: no input or output, no clock, no chance; the same sessions in the same order give the
//! same findings. A session is boiled down to small sightings as it is read, and its transcript is
//! not kept.
//!
//! Reading: `failure` and `complaint` (is it an error, and which line says so), `form` (what two errors have in
//! common), `command` and
//! `shell_line` (shell lines), `cue` (short texts that tell on themselves), `speech` (what users say), `read` and
//! `shell` (one session into sightings), `ledger` (those of one session), `sums` (all of them). Mining: `mistake`, `sequence`, `habit`, `outcome`, `preference`, `drift`
//! each turn sightings into candidates; `scope` says where they hold; `rank` makes findings of them,
//! best first. `census` counts
//! what is frequent and `shelf` keeps what a session adds, so that it is read once. `memory` looks over what is remembered already.
//!
//! Invariants: only events of `Role::User` count as the user's words, compaction summaries and other
//! harness text never do; every session that supports a finding is cited; a candidate's key comes
//! from tool names and words, never from counts.

mod census;
mod command;
mod complaint;
mod cue;
mod curator;
mod drift;
mod failure;
mod finding;
mod form;
mod habit;
mod ledger;
mod memory;
mod miner;
mod mistake;
mod outcome;
mod preference;
mod rank;
mod read;
mod scope;
mod sequence;
mod shelf;
mod shell;
mod shell_line;
mod speech;
mod sums;
mod support;
#[cfg(test)]
mod tests;

pub use curator::Mine;

pub(crate) use memory::near_duplicates;
pub(crate) use shelf::{EventName, kept_names};

pub(crate) use finding::{Finding, FindingKind};
pub(crate) use miner::{MineOptions, Miner};
