//! Floor 7, a face: the command line.
//!
//! One file per verb holds its arguments and what it does. Beneath them: `arguments` (the grammar),
//! `call` (one call of the program: which database, which author), `page` and `paint` (how results
//! reach the terminal), `exit` (what failures say and which code they end with), `bar` (progress),
//! `interrupt` (Ctrl-C), `json` (the shapes
//! of `--json`), `change` and `join` (how changes and conflicts are shown).
//!
//! Results go to stdout, everything else to stderr. Imports: the crate's public API.

#![expect(
    clippy::format_push_string,
    reason = "answers are short, and `write!` to a string has a result to throw away"
)]

mod account;
mod agenda;
mod arguments;
mod bar;
mod bisect;
mod blame;
mod brief;
mod call;
mod change;
mod completions;
mod connect;
mod curator;
mod daemon;
mod decide;
mod demo;
mod diff;
mod doctor;
mod dream;
mod drift;
mod edit;
mod editor;
mod endorse;
mod exit;
mod export;
mod fallen;
mod feedback;
mod get;
mod graph;
mod held;
mod hook;
mod import;
mod init;
mod interrupt;
mod join;
mod json;
mod keys;
mod lineup;
mod list;
mod log;
mod manual;
mod mcp;
mod memory_tool;
mod merge;
mod nearest;
mod next;
mod operation;
mod order;
mod page;
mod paint;
mod pending;
mod plan;
mod policy;
mod probe;
mod probes;
mod proposal;
mod proposals;
mod put;
mod ranks;
mod recall;
mod reference;
mod restore;
mod revert;
mod review;
mod run;
mod schedule;
mod screen;
mod search;
mod session;
mod session_search;
mod shifts;
mod show;
mod sitting;
mod status;
mod store;
mod time;
mod transcripts;
mod undo;
mod verify;
mod waiting;
mod why;
mod width;
mod withdraw;
mod withdrawn;
mod words;

pub(crate) use run::run;
