//! Session transcripts: what an agent's harness wrote down, read into one shape.
//!
//! - `bounds`: a transcript, and the bounds it must keep; `cut`: how overlong events keep them.
//! - `neutral`: the neutral JSON Lines form, read and written; `read(write(t)) == t`.
//! - `claude_code`: the transcripts that Claude Code writes, one file per session or subagent.
//! - `read`: files and directories of either, with a report of all that was not understood.
//! - `raw`: JSON objects whose fields stay raw until somebody wants them.
//! - `lines`: lines of plain or gzip files, one at a time, bounded.
//! - `import`: transcripts taken into a store.
//! - `report`: what a reading found, kept raw, cut or could not read.

mod bounds;
mod claude_code;
mod cut;
mod import;
mod lines;
mod neutral;
mod raw;
mod read;
mod report;
#[cfg(test)]
mod tests;

pub use bounds::Transcript;
pub use import::{SessionImport, SessionImportReport};
pub use read::TranscriptFormat;
pub use report::{DamagedLine, ReadingReport};
