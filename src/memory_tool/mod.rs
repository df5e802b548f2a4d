//! Floor 6, a wing: the memory tool that models are trained on, on a branch of a store.
//!
//! A model that was given the tool `memory_20250818` sends commands on files under `/memories`;
//! here the files are memories: `/memories/team/style.md` is the key `team/style.md`, beneath a
//! prefix where one is set. Each command that changes something is one commit, and one that is
//! refused changes nothing. What a command is answered stands in one result, errors too.
//!
//! `path` reads paths, `command` reads commands, `folder` tells files from directories and lists
//! them, `lines` numbers and edits texts, `tool` puts them together.
//!
//! Imports: the engine and the floors below it.

mod command;
mod folder;
mod lines;
mod path;
mod reply;
mod tool;

pub use command::MemoryCommand;
pub use reply::MemoryReply;
pub use tool::MemoryTool;
