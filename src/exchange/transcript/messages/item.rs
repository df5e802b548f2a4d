//! One item of the Responses API that is no message.

use super::conversation::{Conversation, Form};
use super::message::arguments;
use crate::exchange::transcript::raw::{self, RawObject};
use crate::exchange::transcript::report::ReadingReport;
use crate::object::ToolCall;

impl Conversation {
    pub(super) fn take_item(
        &mut self,
        kind: &str,
        raw: &str,
        mut item: RawObject<'_>,
        report: &mut ReadingReport,
    ) {
        self.sign(Form::OpenAi);
        item.forget(&["type", "status"]);
        let calls = kind.strip_suffix("_call");
        match (kind, calls) {
            ("reasoning", _) => self.thread.pending.thinking(raw, report),
            (_, _) if kind.ends_with("_call_output") => {
                let id = item.take_string("call_id");
                let result = self.thread.flatten(item.take("output").unwrap_or("null"), report);
                self.keep_item(item, report);
                self.thread.answer(None, id, result, false);
            }
            ("function_call" | "custom_tool_call" | "mcp_call", _) => {
                self.take_named_call(item, report);
            }
            (_, Some(tool)) => self.take_built_in(tool, item),
            _ => self.thread.pending.block(kind, raw, report),
        }
    }

    fn take_named_call(&mut self, mut item: RawObject<'_>, report: &mut ReadingReport) {
        let tool = item.take_string("name").unwrap_or_else(|| "unknown".to_owned());
        let args = arguments(&mut item);
        let id = item.take_string("call_id").or_else(|| item.take_string("id"));
        // A remote tool's result stands in its call.
        let (output, error) = (item.take("output"), item.take("error"));
        let result = self.thread.flatten(error.or(output).unwrap_or("null"), report);
        let is_error = error.is_some();
        self.keep_item(item, report);
        self.thread.call(None, ToolCall { tool, args, result, is_error, call_id: id });
    }

    /// A tool of the API's own, such as a web search: all that its item says is what it was asked.
    fn take_built_in(&mut self, tool: &str, mut item: RawObject<'_>) {
        let id = item.take_string("call_id").or_else(|| item.get("id").and_then(raw::string));
        item.forget(&["id"]);
        let args = item.rest().unwrap_or_default();
        let call = ToolCall { tool: tool.to_owned(), args, call_id: id, ..ToolCall::default() };
        self.thread.call(None, call);
    }

    fn keep_item(&mut self, mut item: RawObject<'_>, report: &mut ReadingReport) {
        item.forget(&["id"]);
        item.forget_nulls();
        self.thread.pending.unknown("item", &item, report);
    }
}
