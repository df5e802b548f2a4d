//! Floor 6, a wing: moves memories and sessions in and out. Foreign forms are read here and only
//! here; what leaves this wing speaks the words of the lower floors.
//!
//! Invariants: no parser panics on foreign bytes; a stream is read in bounded memory; whatever is
//! not understood is kept raw or counted, and said so in the report; damage in one line, file or
//! command never costs its whole neighbours.
//!
//! Imports: the ground and the floors below; no other wing.

mod content;
mod git;
mod jsonl;
mod markdown;
mod transcript;

pub use content::ContentReport;
pub use git::{GitImport, GitImportReport, SkippedFile};
pub use jsonl::{ContentExport, HistoryExport, HistoryFate, HistoryImport};
pub use markdown::MarkdownImport;
pub use transcript::{
    DamagedLine, ReadingReport, SessionImport, SessionImportReport, Transcript, TranscriptFormat,
};
