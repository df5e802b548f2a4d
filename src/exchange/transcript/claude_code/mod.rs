//! The transcripts that Claude Code writes: `<session>.jsonl`, and one file per subagent, either
//! `<session>/subagents/agent-<id>.jsonl` or `agent-<id>.jsonl` beside it. Older versions wrote the
//! subagents' lines between those of their parent.
//!
//! - `file`: one file's lines, sorted into conversations.
//! - `conversation`: one conversation, growing line by line into a transcript.
//!
//! Known fields that only address a line or repeat a result are left out; thinking, unknown fields
//! and unknown blocks are kept raw with the event they belong to, lines that are no conversation in
//! the header, up to a bound; all of them are counted.

mod conversation;
mod file;

pub(super) use file::File;
