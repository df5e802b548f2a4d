//! One conversation, growing line by line into a transcript.

use std::collections::HashMap;

use super::pending::Pending;
use super::speaker;
use crate::clock::Time;
use crate::error::{Error, Result};
use crate::exchange::transcript::bounds::Transcript;
use crate::exchange::transcript::neutral::time;
use crate::exchange::transcript::raw::{self, RawObject, push_field, quote};
use crate::exchange::transcript::report::ReadingReport;
use crate::limits;
use crate::object::{Event, Role, SessionFacts, ToolCall};

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
    events: Vec<Event>,
    /// Where the call of each id stands in `events`.
    calls: HashMap<String, usize>,
    pending: Pending,
    kept: String,
    kept_lines: u64,
    left_out_lines: u64,
    bytes: usize,
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
                self.end_of_turn();
                let role = if meta || self.is_subagent { Role::Meta } else { Role::User };
                self.take_message(role, at, object, message, report);
            }
            ("assistant", Some(message)) => {
                self.take_message(Role::Assistant, at, object, message, report);
            }
            ("system", _) => self.take_system(at, object),
            ("attachment", _) => match queued_prompt(&object) {
                Some(prompt) => {
                    self.end_of_turn();
                    object.forget(&LINE_FIELDS);
                    self.pending.field("queued", "true");
                    let role = if meta || self.is_subagent { Role::Meta } else { Role::User };
                    self.take_content(role, at, prompt, report);
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
        self.end_of_turn();
        if let Some(last) = self.events.last_mut() {
            self.pending.attach(last);
        }
        if self.is_full() {
            let max = limits::SESSION_BYTES_MAX;
            return Some(Err(Error::limit(format!("the session {id} is over {max} bytes"))));
        }
        if self.events.is_empty() {
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
        Some(Ok(Transcript { facts: self.facts, extra, events: self.events }))
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
            self.pending.field("agentId", agent);
        }
        message.forget(&MESSAGE_FIELDS);
        line.forget(&LINE_FIELDS);
        self.pending.unknown("message", &message, report);
        self.pending.unknown("line", &line, report);
        self.take_content(if synthetic { Role::Meta } else { role }, at, content, report);
    }

    fn take_system(&mut self, at: Option<Time>, mut object: RawObject<'_>) {
        self.end_of_turn();
        let content = object.take_string("content");
        let subtype = object.get("subtype").and_then(raw::string);
        object.forget(&LINE_FIELDS);
        for name in object.names().collect::<Vec<_>>() {
            self.pending.field(name, object.get(name).unwrap_or("null"));
        }
        self.push(at, Event::said(Role::Meta, content.or(subtype).unwrap_or_default()));
    }

    /// Takes the content of a message: one text, or a list of blocks.
    fn take_content(
        &mut self,
        role: Role,
        at: Option<Time>,
        content: &str,
        report: &mut ReadingReport,
    ) {
        if let Some(text) = raw::string(content) {
            return self.say(role, at, &text);
        }
        for raw in raw::array(content).unwrap_or_default() {
            match RawObject::parse(raw) {
                Ok(block) => self.take_block(role, at, raw, block, report),
                Err(_) => self.pending.block("that is no object", raw, report),
            }
        }
    }

    fn take_block(
        &mut self,
        role: Role,
        at: Option<Time>,
        raw: &str,
        mut block: RawObject<'_>,
        report: &mut ReadingReport,
    ) {
        let kind = block.take_string("type").unwrap_or_default();
        match kind.as_str() {
            "text" => self.say(role, at, &block.take_string("text").unwrap_or_default()),
            "thinking" | "redacted_thinking" => self.pending.thinking(raw, report),
            "tool_use" | "server_tool_use" | "mcp_tool_use" => self.call(at, block),
            _ if kind.ends_with("tool_result") => self.answer(at, block, report),
            "image" | "document" => {
                report.unknown_field(&format!("block.{kind}"));
                self.push(at, Event::said(role, format!("[{kind}]")));
            }
            _ => self.pending.block(&kind, raw, report),
        }
    }

    fn say(&mut self, role: Role, at: Option<Time>, text: &str) {
        if role != Role::User {
            if !text.is_empty() {
                self.push(at, Event::said(role, text));
            }
            return;
        }
        for (harness, part) in speaker::parts(text) {
            self.push(at, Event::said(if harness { Role::Meta } else { role }, part));
        }
    }

    fn call(&mut self, at: Option<Time>, mut block: RawObject<'_>) {
        let call = ToolCall {
            tool: block.take_string("name").unwrap_or_else(|| "unknown".to_owned()),
            args: block.take("input").map(raw::one_line).unwrap_or_default(),
            call_id: block.take_string("id"),
            ..ToolCall::default()
        };
        if let Some(id) = &call.call_id {
            self.calls.insert(id.clone(), self.events.len());
        }
        self.push(at, Event::called(call));
    }

    /// Puts a result to its call; a result whose call was not recorded is an event of its own.
    fn answer(&mut self, at: Option<Time>, mut block: RawObject<'_>, report: &mut ReadingReport) {
        let id = block.take_string("tool_use_id");
        let is_error = block.take_bool("is_error").unwrap_or(false);
        let result = self.flatten(block.take("content").unwrap_or("null"), report);
        let open = id.as_ref().and_then(|id| self.calls.remove(id));
        let Some(event) = open.and_then(|at| self.events.get_mut(at)) else {
            let tool = "unknown".to_owned();
            let call = ToolCall { tool, result, is_error, call_id: id, ..ToolCall::default() };
            return self.push(at, Event::called(call));
        };
        self.bytes += result.len();
        if let Some(call) = &mut event.call {
            call.result = result;
            call.is_error = is_error;
        }
        self.pending.attach(event);
    }

    /// The text of a tool's result: a string, or blocks of which only text can be kept as text.
    fn flatten(&mut self, content: &str, report: &mut ReadingReport) -> String {
        let Some(blocks) = raw::array(content) else {
            let other = if content == "null" { String::new() } else { raw::one_line(content) };
            return raw::string(content).unwrap_or(other);
        };
        let mut lines = Vec::new();
        for raw in blocks {
            let mut block = RawObject::parse(raw).unwrap_or_default();
            let kind = block.take_string("type").unwrap_or_default();
            match (kind.as_str(), block.take_string("text")) {
                ("text", Some(text)) => lines.push(text),
                ("image" | "document", _) => {
                    report.unknown_field(&format!("block.{kind}"));
                    lines.push(format!("[{kind}]"));
                }
                _ => {
                    self.pending.block(&kind, raw, report);
                    lines.push(format!("[{kind}]"));
                }
            }
        }
        lines.join("\n")
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

    /// Gives thoughts that no word or call followed an event of their own.
    fn end_of_turn(&mut self) {
        if self.pending.has_thinking() {
            self.push(None, Event::said(Role::Assistant, ""));
        }
    }

    fn push(&mut self, at: Option<Time>, mut event: Event) {
        event.at = at;
        self.pending.attach(&mut event);
        if !self.is_full() {
            self.bytes += event.bytes();
            self.events.push(event);
        }
    }

    /// Whether the conversation holds more than a session may; it grows no further.
    fn is_full(&self) -> bool {
        self.bytes > limits::SESSION_BYTES_MAX
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
