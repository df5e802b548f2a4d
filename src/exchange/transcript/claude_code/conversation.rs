//! One conversation, growing line by line into a transcript.

use crate::clock::Time;
use crate::error::{Error, Result};
use crate::exchange::transcript::bounds::Transcript;
use crate::exchange::transcript::neutral::time;
use crate::exchange::transcript::raw::{self, RawObject, push_field, quote};
use crate::exchange::transcript::report::ReadingReport;
use crate::exchange::transcript::thread::Thread;
use crate::limits;
use crate::object::{Event, Role, SessionFacts};

/// The most bytes of lines outside the conversation that are kept raw.
const KEPT_BYTES_MAX: usize = 64 << 10;
/// Fields of a line that are read, only address the line, or repeat a result.
const LINE_FIELDS: [&str; 24] = [
    "agentId",
    "cwd",
    "entrypoint",
    "gitBranch",
    "isCompactSummary",
    "isMeta",
    "isSidechain",
    "isVisibleInTranscriptOnly",
    "logicalParentUuid",
    "message",
    "parentUuid",
    "promptId",
    "requestId",
    "sessionId",
    "session_id",
    "slug",
    "sourceToolAssistantUUID",
    "sourceToolUseID",
    "timestamp",
    "toolUseResult",
    "type",
    "userType",
    "uuid",
    "version",
];
/// Fields of a message that are read, or only count tokens.
const MESSAGE_FIELDS: [&str; 8] =
    ["content", "id", "model", "role", "stop_reason", "stop_sequence", "type", "usage"];
/// The model name under which the harness itself speaks.
const SYNTHETIC_MODEL: &str = "<synthetic>";

/// A conversation under construction: the main one of a file, or that of one subagent.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    facts: SessionFacts,
    version: Option<String>,
    git_branch: Option<String>,
    /// Whether an agent, not a person, speaks in the user's place.
    is_subagent: bool,
    thread: Thread,
    kept: String,
    kept_lines: u64,
    left_out_lines: u64,
}

impl Conversation {
    pub(super) fn new(is_subagent: bool) -> Self {
        Self { is_subagent, ..Self::default() }
    }

    /// Takes one line of type `kind`, given both as text and as its fields.
    pub(super) fn take(
        &mut self,
        kind: &str,
        line: &str,
        mut object: RawObject<'_>,
        report: &mut ReadingReport,
    ) {
        let at = object.get("timestamp").and_then(time);
        self.note_context(&object, at);
        let meta = ["isMeta", "isCompactSummary", "isVisibleInTranscriptOnly"]
            .iter()
            .any(|name| object.get(name) == Some("true"));
        let message = object.get("message").and_then(|raw| RawObject::parse(raw).ok());
        match (kind, message) {
            ("user", Some(message)) => {
                self.thread.end_of_turn();
                let role = if meta || self.is_subagent { Role::Meta } else { Role::User };
                self.take_message(role, at, object, message, report);
            }
            ("assistant", Some(message)) => {
                self.take_message(Role::Assistant, at, object, message, report);
            }
            ("system", _) => self.take_system(at, object),
            ("attachment", _) => match queued_prompt(&object) {
                Some(prompt) => {
                    self.thread.end_of_turn();
                    object.forget(&LINE_FIELDS);
                    self.thread.pending.field("queued", "true");
                    let role = if meta || self.is_subagent { Role::Meta } else { Role::User };
                    self.thread.take_content(role, at, prompt, report);
                }
                None => self.keep(kind, line, report),
            },
            _ => self.keep(kind, line, report),
        }
    }

    /// The transcript under this id; `None` if nothing was said.
    ///
    /// # Errors
    /// `Limit` if it holds more than a session may, and was not taken whole.
    pub(super) fn finish(mut self, id: String) -> Option<Result<Transcript>> {
        let (is_full, events) = (self.thread.is_full(), self.thread.finish());
        if is_full {
            let max = limits::SESSION_BYTES_MAX;
            return Some(Err(Error::limit(format!("the session {id} is over {max} bytes"))));
        }
        if events.is_empty() {
            return None;
        }
        let mut extra = String::new();
        for (name, text) in [("version", &self.version), ("git_branch", &self.git_branch)] {
            if let Some(text) = text {
                push_field(&mut extra, name, &quote(text));
            }
        }
        if self.kept_lines > 0 {
            push_field(&mut extra, "lines", &format!("[{}]", self.kept));
        }
        if self.left_out_lines > 0 {
            push_field(&mut extra, "lines_left_out", &self.left_out_lines.to_string());
        }
        self.facts.id = id;
        "claude-code".clone_into(&mut self.facts.source);
        "Claude Code".clone_into(&mut self.facts.agent);
        if self.facts.model.is_empty() {
            "unknown".clone_into(&mut self.facts.model);
        }
        let extra = (!extra.is_empty()).then(|| format!("{{{extra}}}"));
        Some(Ok(Transcript { facts: self.facts, extra, events }))
    }

    fn note_context(&mut self, object: &RawObject<'_>, at: Option<Time>) {
        let string = |name: &str| object.get(name).and_then(raw::string);
        self.facts.started = self.facts.started.or(at);
        self.facts.project = self.facts.project.take().or_else(|| string("cwd"));
        self.version = self.version.take().or_else(|| string("version"));
        self.git_branch = self.git_branch.take().or_else(|| string("gitBranch"));
    }

    fn take_message(
        &mut self,
        role: Role,
        at: Option<Time>,
        mut line: RawObject<'_>,
        mut message: RawObject<'_>,
        report: &mut ReadingReport,
    ) {
        let model = message.take_string("model").unwrap_or_default();
        let synthetic = model == SYNTHETIC_MODEL;
        if self.facts.model.is_empty() && !synthetic {
            self.facts.model = model;
        }
        let content = message.take("content").unwrap_or("null");
        if let Some(agent) = subagent(&line) {
            self.thread.pending.field("agentId", agent);
        }
        message.forget(&MESSAGE_FIELDS);
        line.forget(&LINE_FIELDS);
        self.thread.pending.unknown("message", &message, report);
        self.thread.pending.unknown("line", &line, report);
        self.thread.take_content(if synthetic { Role::Meta } else { role }, at, content, report);
    }

    fn take_system(&mut self, at: Option<Time>, mut object: RawObject<'_>) {
        self.thread.end_of_turn();
        let content = object.take_string("content");
        let subtype = object.get("subtype").and_then(raw::string);
        object.forget(&LINE_FIELDS);
        for name in object.names().collect::<Vec<_>>() {
            self.thread.pending.field(name, object.get(name).unwrap_or("null"));
        }
        self.thread.push(at, Event::said(Role::Meta, content.or(subtype).unwrap_or_default()));
    }

    /// Keeps a line that is no part of the conversation in the header, as long as there is room.
    fn keep(&mut self, kind: &str, line: &str, report: &mut ReadingReport) {
        report.unknown_line(kind);
        if self.kept.len() + line.len() + 1 > KEPT_BYTES_MAX {
            self.left_out_lines += 1;
            return;
        }
        if self.kept_lines > 0 {
            self.kept.push(',');
        }
        self.kept.push_str(&raw::one_line(line));
        self.kept_lines += 1;
    }
}

/// The id of the subagent that a tool's structured result names, raw.
fn subagent<'a>(line: &RawObject<'a>) -> Option<&'a str> {
    let result = line.get("toolUseResult").filter(|raw| raw.contains("\"agentId\""))?;
    RawObject::parse(result).ok()?.get("agentId")
}

/// What a person typed while the agent was busy, raw; `None` if `line` attaches anything else.
fn queued_prompt<'a>(line: &RawObject<'a>) -> Option<&'a str> {
    let attachment = RawObject::parse(line.get("attachment")?).ok()?;
    let is = |name: &str, value: &str| attachment.get(name) == Some(value);
    let typed = !attachment.has("commandMode") || is("commandMode", "\"prompt\"");
    if !is("type", "\"queued_command\"") || !typed || is("isMeta", "true") {
        return None;
    }
    attachment.get("prompt")
}
