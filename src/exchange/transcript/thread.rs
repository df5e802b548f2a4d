//! A conversation under construction: what was said and called, in order.

use std::collections::HashMap;

use super::pending::Pending;
use super::raw::{self, RawObject};
use super::report::ReadingReport;
use super::speaker;
use crate::clock::Time;
use crate::limits;
use crate::object::{Event, Role, ToolCall};

/// The longest picture or document that is kept as it stands, in bytes: a link to it, not itself.
const LINK_BYTES_MAX: usize = 4 << 10;

/// Events in order, the calls among them that wait for a result, and what is still to be kept with
/// the next event. It knows the content blocks that Claude Code and the Messages API share.
#[derive(Debug, Default)]
pub(super) struct Thread {
    events: Vec<Event>,
    /// Where the call of each id stands in `events`.
    calls: HashMap<String, usize>,
    pub(super) pending: Pending,
    bytes: usize,
}

impl Thread {
    /// The events. What no event followed is kept with the last one.
    pub(super) fn finish(mut self) -> Vec<Event> {
        self.end_of_turn();
        if let Some(last) = self.events.last_mut() {
            self.pending.attach(last);
        }
        self.events
    }

    /// Whether it holds more than a session may; it grows no further.
    pub(super) fn is_full(&self) -> bool {
        self.bytes > limits::SESSION_BYTES_MAX
    }

    /// Takes the content of a message: one text, or a list of blocks.
    pub(super) fn take_content(
        &mut self,
        role: Role,
        at: Option<Time>,
        content: &str,
        report: &mut ReadingReport,
    ) {
        if let Some(text) = raw::string(content) {
            return self.say(role, at, &text);
        }
        let Some(blocks) = raw::array(content) else {
            if content != "null" {
                self.pending.block("that is no list", content, report);
            }
            return;
        };
        for raw in blocks {
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
            "text" | "input_text" | "output_text" => {
                let text = block.take_string("text").unwrap_or_default();
                self.keep_rest(block, report);
                self.say(role, at, &text);
            }
            "thinking" | "redacted_thinking" => self.pending.thinking(raw, report),
            "tool_use" | "server_tool_use" | "mcp_tool_use" => {
                let call = ToolCall {
                    tool: block.take_string("name").unwrap_or_else(|| "unknown".to_owned()),
                    args: block.take("input").map(raw::one_line).unwrap_or_default(),
                    call_id: block.take_string("id"),
                    ..ToolCall::default()
                };
                self.keep_rest(block, report);
                self.call(at, call);
            }
            _ if kind.ends_with("tool_result") => {
                let id = block.take_string("tool_use_id");
                let is_error = block.take_bool("is_error").unwrap_or(false);
                let result = self.flatten(block.take("content").unwrap_or("null"), report);
                self.keep_rest(block, report);
                self.answer(at, id, result, is_error);
            }
            "refusal" => {
                self.pending.field("refusal", "true");
                self.say(role, at, &block.take_string("refusal").unwrap_or_default());
            }
            _ if is_picture(&kind) => self.picture(role, at, &kind, raw, report),
            _ => self.pending.block(&kind, raw, report),
        }
    }

    /// Keeps the fields of a block that nobody took with the event that it becomes.
    pub(super) fn keep_rest(&mut self, mut block: RawObject<'_>, report: &mut ReadingReport) {
        block.forget_nulls();
        self.pending.unknown("block", &block, report);
    }

    /// Notes that there was a picture or document. The bytes themselves are left out.
    fn picture(
        &mut self,
        role: Role,
        at: Option<Time>,
        kind: &str,
        raw: &str,
        report: &mut ReadingReport,
    ) {
        self.keep_link(kind, raw, report);
        self.push(at, Event::said(role, format!("[{kind}]")));
    }

    fn keep_link(&mut self, kind: &str, raw: &str, report: &mut ReadingReport) {
        if raw.len() <= LINK_BYTES_MAX {
            self.pending.block(kind, raw, report);
        } else {
            report.unknown_field(&format!("block.{kind}"));
        }
    }

    /// Takes words. Those of the harness in the user's place count as the harness's.
    pub(super) fn say(&mut self, role: Role, at: Option<Time>, text: &str) {
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

    /// Takes a call, whose result may follow.
    pub(super) fn call(&mut self, at: Option<Time>, call: ToolCall) {
        if let Some(id) = &call.call_id {
            self.calls.insert(id.clone(), self.events.len());
        }
        self.push(at, Event::called(call));
    }

    /// Puts a result to its call; a result whose call was not recorded is an event of its own.
    pub(super) fn answer(
        &mut self,
        at: Option<Time>,
        id: Option<String>,
        result: String,
        is_error: bool,
    ) {
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
    pub(super) fn flatten(&mut self, content: &str, report: &mut ReadingReport) -> String {
        let Some(blocks) = raw::array(content) else {
            let other = if content == "null" { String::new() } else { raw::one_line(content) };
            return raw::string(content).unwrap_or(other);
        };
        let mut lines = Vec::new();
        for raw in blocks {
            let mut block = RawObject::parse(raw).unwrap_or_default();
            let kind = block.take_string("type").unwrap_or_default();
            match (kind.as_str(), block.take_string("text")) {
                ("text" | "input_text" | "output_text", Some(text)) => lines.push(text),
                _ if is_picture(&kind) => {
                    self.keep_link(&kind, raw, report);
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

    /// Gives thoughts that no word or call followed an event of their own.
    pub(super) fn end_of_turn(&mut self) {
        if self.pending.has_thinking() {
            self.push(None, Event::said(Role::Assistant, ""));
        }
    }

    pub(super) fn push(&mut self, at: Option<Time>, mut event: Event) {
        event.at = at;
        self.pending.attach(&mut event);
        if !self.is_full() {
            self.bytes += event.bytes();
            self.events.push(event);
        }
    }
}

/// Whether a block of this kind holds what is no text: a picture, a sound, a file.
fn is_picture(kind: &str) -> bool {
    let plain = kind.strip_prefix("input_").unwrap_or(kind);
    matches!(plain, "image" | "image_url" | "document" | "audio" | "file")
}
