//! Histories in git repositories, as `git fast-export` writes them out.
//!
//! - `stream`: the stream's commands, one at a time.
//! - `command`: what the commands say, and how the parts of their lines are spelt.
//! - `path`: paths in the stream, which may be quoted.
//! - `export`: runs git and reads its stream.
//! - `import`: replays the stream; `blobs`, `paths`, `stage`, `refs` are the contents, keys, edits
//!   and names it deals with.

mod blobs;
mod command;
mod export;
mod import;
mod path;
mod paths;
mod refs;
mod stage;
mod stream;
#[cfg(test)]
mod tests;

pub use blobs::SkippedFile;
pub use import::{GitImport, GitImportReport};

#[cfg(test)]
use command::{Command, DataRef, FileChange, Ident};
#[cfg(test)]
use export::export;
#[cfg(test)]
use stream::Stream;
