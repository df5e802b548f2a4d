//! Undream: an embedded database for the memory of AI agents.
//!
//! Memory entries are immutable, content-addressed records; every change is a commit; every dream,
//! a pass over past sessions that rewrites memory, is a branch that is searched, reviewed change by
//! change with its evidence, merged, and taken back without losing what came after.
//!
//! ```
//! use undream::{Author, Database, Dream, Entry, Mine, Resolution, Search, Sessions};
//!
//! let db = Database::in_memory()?;
//! let memory = db.store("default")?;
//! let main = memory.branch("main")?;
//! let scribe = Author::agent("scribe");
//!
//! let mut tx = main.write()?;
//! tx.put("facts/city", Entry::fact("The office is in Lisbon."))?;
//! tx.put("facts/drink", Entry::fact("The team drinks oolong."))?;
//! let met = tx.commit(scribe.message("First facts").session("chat-812"))?;
//!
//! let trial = memory.create_branch("trial", met)?;
//! let mut tx = trial.write()?;
//! tx.put("facts/drink", Entry::fact("The team drinks coffee."))?;
//! tx.commit(scribe.message("Try coffee"))?;
//! for change in memory.diff(&main, &trial)? {
//!     println!("{}", change?);
//! }
//! let mut merge = main.merge(&trial)?;
//! merge.resolve(|_conflict| Resolution::Theirs)?;
//! let merged = merge.commit(scribe.message("Merge trial"))?;
//! main.revert(merged)?.commit(scribe.message("Back to oolong"))?;
//!
//! let search = Search::open(&db)?;
//! let hits = search.at(&main).query("office lisbon").limit(5).run()?;
//! assert_eq!(hits.len(), 1);
//!
//! let dream = Dream::on(&main).sessions(Sessions::New).curator(Mine::default()).run()?;
//! let mut review = dream.review_as(Author::person("reviewer"))?;
//! if !review.approve(|proposal| proposal.sources().sessions >= 5)?.is_empty() {
//!     review.merge()?.commit("What five sessions agree on")?;
//! }
//! assert_eq!(main.snapshot()?.get("facts/drink")?.unwrap().text()?, "The team drinks oolong.");
//! println!("{}", main.blame("facts/city")?);
//! # Ok::<(), undream::Error>(())
//! ```

mod clock;
mod dream;
mod engine;
mod entropy;
mod error;
mod exchange;
mod history;
pub mod limits;
mod memory_tool;
mod object;
mod parallel;
mod progress;
mod search;
mod storage;
mod tree;

pub use clock::{Clock, FixedClock, SystemClock, Time};
#[cfg(feature = "llm")]
pub use dream::Llm;
pub use dream::{
    Account, Approval, Call, Choice, Churn, Citation, Cite, CommandCurator, Consequence, Curator,
    CuratorInput, Danger, Derived, Dream, DreamRevert, DreamRun, DreamStatus, DreamsRevert, Drift,
    Effect, Evident, Fate, Feedback, KeepRule, Manifest, Mine, Missed, Notice, Occasion, Opinion,
    Order, Orders, Outlook, Overtaken, Period, Proposal, ProposalSources, ProposalVerdict,
    Recalled, Relation, Remaining, Reply, Review, ReviewMerge, Rewritten, RunBegun, RunEnded,
    Schedule, ScheduleState, ScheduleTurn, Scheduled, ScheduledRun, Schedules, SessionReader,
    Sessions, Shown, Signal, SuggestedChange, Suggestion, Swing, TakenBack, Tie, Trigger,
    Unfounded, Why, WhyStep, Withdrawal, Workings,
};
pub use engine::{
    Abbreviations, Answer, AsSnapshot, Bisection, Blame, BlamedLine, Branch, Change, ChangeKind,
    Conflict, ConflictKind, Database, Diff, Endorsement, Endorsements, Entries, Expect,
    Expectation, Feed, FeedEdit, FeedRow, Finding, Forget, Gate, GateQuestion, Given, Grounds,
    HolderInfo, JudgedChange, JudgedProposal, Keys, Listed, LogFilter, Measured, Merge, NewProbe,
    NewSession, Options, Policy, PolicyCheck, PolicyMode, Probe, ProbeAsker, ProbeTally,
    Quarantine, Question, Recall, RecallKind, RecallSize, RecallUse, Recaller, Recalls, RefInfo,
    Resolution, Resolved, Restore, Snapshot, Store, Taken, Transaction, TrustFilter, Verified,
    VerifyReport,
};
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};
pub use error::{Error, ErrorKind, Result};
pub use exchange::{
    ContentExport, ContentReport, DamagedLine, GitImport, GitImportReport, HistoryExport,
    HistoryFate, HistoryImport, MarkdownImport, ReadingReport, SessionImport, SessionImportReport,
    SkippedFile, Transcript, TranscriptFormat,
};
pub use history::{Revision, Test};
pub use memory_tool::{MemoryCommand, MemoryReply, MemoryTool};
pub use object::{
    Author, AuthorKind, Bound, Cause, Commit, DatabaseId, Decision, Entry, Event, Evidence, Key,
    Kind, Message, Operation, OperationKind, Outcome, ProposalKind, ProposalPart, Provenance,
    Record, RefKind, RefMove, RefName, Role, RuleFinding, Ruling, Session, SessionFacts, Source,
    StoreName, Suspect, Taint, Tombstone, ToolCall, Trust, Verb, Verdict, is_hiding,
    is_unprintable,
};
pub use progress::{Progress, Step};
pub use search::{
    Brief, Briefed, Briefing, Comparison, FallenProbe, Hit, Hits, NearProtected, NoWorseProbe,
    ProbeAnswer, ProbeChange, ProbeRank, ProbeShift, ProbeSuggestion, RankChange, Search,
    SearchQuery, SessionHit, SessionSearch, Snippet,
};
pub use storage::{
    ChunkId, CommitId, MemoryId, ObjectId, OperationId, Prefix, RecordId, SessionObjectId, TextId,
    TombstoneId, TreeId,
};
