//! `connect`: Undream in the configuration of the programs that agents run in.
//!
//! - `command`: the verb; `list`: which clients there are, and how they stand.
//! - `clients`: the clients that are known, and where each keeps its configuration.
//! - `places`: the directories that configurations lie in, the one place that asks the environment.
//! - `link`: what is written into a configuration, and how it is known again.
//! - `config`: one file of a configuration: what it says, with Undream in it and without.
//! - `jsonc`, `toml`: edits that leave everything else as it stands, to the comment.
//! - `file`: reading a file whole, replacing it at once, and the copy beside it.
//!
//! What is not Undream's is never touched; what cannot be understood is left alone, with an error.

mod clients;
mod command;
mod config;
mod file;
mod jsonc;
mod link;
mod list;
mod places;
mod toml;

pub(super) use command::Connect;
pub(super) use list::{Standing, State, survey};
