//! Session transcripts: what an agent's harness wrote down, read into one shape.
//!
//! - `bounds`: a transcript, and the bounds it must keep; `cut`: how overlong events keep them.
//! - `neutral`: the neutral JSON Lines form, read and written; `read(write(t)) == t`.
//! - `claude_code`: the transcripts that Claude Code writes, one file per session or subagent.
//! - `messages`: the message arrays of model APIs, in requests, logs and training files.
//! - `thread`: a conversation under construction; `speaker`: whether a user's words are the
//!   person's or the harness's; `pending`: what a message holds beyond its words.
//! - `read`: files and directories of either, with a report of all that was not understood.
//! - `raw`: JSON objects whose fields stay raw until somebody wants them.
//! - `lines`: lines of plain or gzip files, one at a time, bounded.
//! - `import`: transcripts taken into a store; `names`: the ids of those that have none.
//! - `report`: what a reading found, kept raw, cut or could not read.

mod bounds;
mod claude_code;
mod cut;
mod import;
mod lines;
mod messages;
mod names;
mod neutral;
mod pending;
mod raw;
mod read;
mod report;
mod speaker;
#[cfg(test)]
mod tests;
mod thread;

pub use bounds::Transcript;
pub use import::{SessionImport, SessionImportReport};
pub use read::TranscriptFormat;
pub use report::{DamagedLine, ReadingReport};
