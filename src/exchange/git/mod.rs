//! Histories in git repositories, as `git fast-export` writes them out.
//!
//! - `stream`: the stream's commands, one at a time.
//! - `command`: what the commands say, and how the parts of their lines are spelt.
//! - `path`: paths in the stream, which may be quoted.
//! - `export`: runs git and reads its stream.

mod command;
mod export;
mod path;
mod stream;
#[cfg(test)]
mod tests;

pub(crate) use command::{Command, DataRef, FileChange, Ident};
pub(crate) use export::export;
pub(crate) use stream::Stream;
