//! One message.

use super::conversation::{Conversation, Form};
use crate::exchange::transcript::neutral::time;
use crate::exchange::transcript::raw::{self, RawObject};
use crate::exchange::transcript::report::ReadingReport;
use crate::object::{Role, ToolCall};

/// Kinds of content that only the Messages API has.
const ANTHROPIC_BLOCKS: [&str; 5] = [
    "\"tool_use\"",
    "\"tool_result\"",
    "\"thinking\"",
    "\"redacted_thinking\"",
    "\"cache_control\"",
];
/// Kinds of content that only OpenAI's APIs have.
const OPENAI_PARTS: [&str; 6] = [
    "\"image_url\"",
    "\"input_text\"",
    "\"output_text\"",
    "\"input_image\"",
    "\"input_audio\"",
    "\"refusal\"",
];

/// Whether `object` is a message, or an item of the Responses API.
pub(super) fn is_message(object: &RawObject<'_>) -> bool {
    let has = |name| object.has(name);
    let speaks = has("role") && (has("content") || has("tool_calls") || has("function_call"));
    let kind = object.get("type").and_then(raw::string).unwrap_or_default();
    let calls = kind.ends_with("_call") || kind.ends_with("_call_output");
    speaks || (calls && (has("call_id") || has("id"))) || (kind == "reasoning" && has("summary"))
}

impl Conversation {
    /// Takes one message or item; what is neither is kept raw.
    pub(super) fn take(&mut self, raw: &str, report: &mut ReadingReport) {
        let Ok(mut object) = RawObject::parse(raw) else {
            // The Responses API takes a text for a list of one message.
            if let Some(text) = raw::string(raw) {
                return self.thread.say(Role::User, None, &text);
            }
            return self.thread.pending.block("that is no message", raw, report);
        };
        let kind = object.get("type").and_then(raw::string).unwrap_or_default();
        if kind.is_empty() || kind == "message" {
            object.forget(&["type"]);
            self.take_message(object, report);
        } else {
            self.take_item(&kind, raw, object, report);
        }
    }

    fn take_message(&mut self, mut message: RawObject<'_>, report: &mut ReadingReport) {
        let name = message.take_string("role");
        let role = match name.as_deref() {
            Some("system" | "developer") => Role::System,
            Some("user" | "human") => Role::User,
            Some("assistant" | "model") => Role::Assistant,
            Some("tool" | "function") => return self.take_result(message, report),
            _ => Role::Meta,
        };
        if role == Role::Meta {
            let name = raw::quote(&name.unwrap_or_default());
            report.unknown_field(&format!("message.role={name}"));
            self.thread.pending.field("role", &name);
        }
        if role != Role::Assistant {
            self.thread.end_of_turn();
        }
        let model = message.take_string("model").unwrap_or_default();
        if self.model.is_empty() {
            self.model = model;
        }
        let at = message.take_if("timestamp", time);
        let content = message.take("content").unwrap_or("null");
        let calls = message.take_if("tool_calls", raw::array).unwrap_or_default();
        let legacy = message.take("function_call");
        let refusal = message.take_string("refusal");
        self.tell_form(content, !calls.is_empty() || legacy.is_some() || refusal.is_some());
        self.keep_rest(message, report);
        self.thread.take_content(role, at, content, report);
        if let Some(refusal) = refusal {
            self.thread.pending.field("refusal", "true");
            self.thread.say(role, at, &refusal);
        }
        for call in calls {
            self.take_call(call, report);
        }
        if let Some(call) = legacy.and_then(|raw| RawObject::parse(raw).ok()) {
            self.take_function(call, None, report);
        }
    }

    fn tell_form(&mut self, content: &str, calls: bool) {
        let stands = |signs: &[&str]| {
            content.starts_with('[') && signs.iter().any(|sign| content.contains(sign))
        };
        if calls || stands(&OPENAI_PARTS) {
            self.sign(Form::OpenAi);
        } else if stands(&ANTHROPIC_BLOCKS) {
            self.sign(Form::Anthropic);
        }
    }

    /// Takes what a tool answered. Of the oldest form, which knows no ids, the function's name
    /// tells to which call.
    fn take_result(&mut self, mut message: RawObject<'_>, report: &mut ReadingReport) {
        self.sign(Form::OpenAi);
        let named = |name: String| format!("function {name}");
        let id = message
            .take_string("tool_call_id")
            .or_else(|| message.get("name").and_then(raw::string).map(named));
        let at = message.take_if("timestamp", time);
        let content = message.take("content").unwrap_or("null");
        let result = self.thread.flatten(content, report);
        self.keep_rest(message, report);
        self.thread.answer(at, id, result, false);
    }

    fn take_call(&mut self, raw: &str, report: &mut ReadingReport) {
        let Ok(mut call) = RawObject::parse(raw) else {
            return self.thread.pending.block("tool_call that is no object", raw, report);
        };
        let id = call.take_string("id");
        let function = call.take_if("function", |raw| RawObject::parse(raw).ok());
        let function =
            function.or_else(|| call.take_if("custom", |raw| RawObject::parse(raw).ok()));
        call.forget(&["type", "index"]);
        self.thread.keep_rest(call, report);
        match function {
            Some(function) => self.take_function(function, id, report),
            None => self.thread.pending.block("tool_call without a function", raw, report),
        }
    }

    fn take_function(
        &mut self,
        mut function: RawObject<'_>,
        id: Option<String>,
        report: &mut ReadingReport,
    ) {
        let tool = function.take_string("name").unwrap_or_else(|| "unknown".to_owned());
        let args = arguments(&mut function);
        self.thread.keep_rest(function, report);
        let legacy = id.is_none().then(|| format!("function {tool}"));
        let call = ToolCall { tool, args, call_id: id.or(legacy), ..ToolCall::default() };
        self.thread.call(None, call);
    }

    /// Keeps the fields of a message that nobody took.
    pub(super) fn keep_rest(&mut self, mut message: RawObject<'_>, report: &mut ReadingReport) {
        message.forget_nulls();
        self.thread.pending.unknown("message", &message, report);
    }
}

/// The arguments of a call: JSON, mostly as a text within JSON; what a custom tool is given is any
/// text, and stays a JSON string.
pub(super) fn arguments(call: &mut RawObject<'_>) -> String {
    match call.take("arguments") {
        Some(raw) => raw::string(raw).unwrap_or_else(|| raw::one_line(raw)),
        None => call.take("input").map(raw::one_line).unwrap_or_default(),
    }
}
