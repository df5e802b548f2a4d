//! Undream: an embedded database for the memory of AI agents.

mod clock;
mod dream;
mod engine;
mod entropy;
mod error;
mod exchange;
mod history;
pub mod limits;
mod object;
mod search;
mod storage;
mod tree;

pub use clock::{Clock, FixedClock, SystemClock, Time};
pub use dream::{
    Choice, Citation, CommandCurator, Curator, CuratorInput, Dream, DreamRevert, DreamRun,
    DreamStatus, Evident, Manifest, Mine, Proposal, ProposalSources, Review, ReviewMerge,
    SessionReader, Sessions, SuggestedChange, Suggestion,
};
pub use engine::{
    Abbreviations, AsSnapshot, Blame, BlamedLine, Branch, Change, ChangeKind, Conflict,
    ConflictKind, Database, Diff, Entries, Expect, Feed, FeedEdit, FeedRow, Finding, HolderInfo,
    Keys, Listed, LogFilter, Merge, NewSession, Options, RefInfo, Resolution, Resolved, Restore,
    Snapshot, Store, Taken, Transaction, VerifyReport,
};
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};
pub use error::{Error, ErrorKind, Result};
pub use exchange::{
    ContentExport, ContentReport, DamagedLine, GitImport, GitImportReport, HistoryExport,
    HistoryFate, HistoryImport, MarkdownImport, ReadingReport, SessionImport, SessionImportReport,
    SkippedFile, Transcript, TranscriptFormat, TranscriptHeader,
};
pub use history::Revision;
pub use object::{
    Author, AuthorKind, Cause, Commit, DatabaseId, Decision, Entry, Event, Evidence, Key, Kind,
    Message, Operation, OperationKind, Outcome, ProposalKind, ProposalPart, Provenance, Record,
    RefKind, RefMove, RefName, Role, Session, SessionFacts, Source, StoreName, Taint, ToolCall,
    Trust, Verb, is_unprintable,
};
pub use search::{Hit, Hits, Search, SearchQuery, Snippet};
pub use storage::{
    ChunkId, CommitId, MemoryId, ObjectId, OperationId, Prefix, RecordId, SessionObjectId, TextId,
    TombstoneId, TreeId,
};
