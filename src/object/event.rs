//! One event of a session.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::error::Result;
use crate::object::Source;
use crate::storage::{TextId, codec};

/// Who speaks in an event.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Role {
    /// The instructions the harness gave the model.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// A tool call with its result, as one event.
    ToolCall,
    /// Text that the harness put in the user's mouth: command output, reminders, summaries.
    Meta,
}

impl Role {
    /// The role's name in the neutral form.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::ToolCall => "tool_call",
            Self::Meta => "meta",
        }
    }

    /// The role with this name in the neutral form.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::System, Self::User, Self::Assistant, Self::ToolCall, Self::Meta]
            .into_iter()
            .find(|role| role.name() == name)
    }
}

/// A tool call and what came back.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ToolCall {
    /// The tool's name.
    pub tool: String,
    /// The arguments, as JSON text.
    pub args: String,
    /// The result, as text; empty if none was recorded.
    pub result: String,
    /// Whether the harness marked the result as an error.
    pub is_error: bool,
    /// The harness's id of the call.
    pub call_id: Option<String>,
}

/// One event of a session: something said, or a tool call.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Event {
    /// Who speaks.
    pub role: Role,
    /// When, if the transcript says.
    pub at: Option<Time>,
    /// What was said. Empty for a tool call.
    pub content: String,
    /// The call, where `role` is [`Role::ToolCall`].
    pub call: Option<ToolCall>,
    /// Fields that the reader did not know, as the JSON text of one object.
    pub extra: Option<String>,
}

impl Event {
    /// An event in which `role` says `content`.
    pub fn said(role: Role, content: impl Into<String>) -> Self {
        Self { role, at: None, content: content.into(), call: None, extra: None }
    }

    /// A tool call event.
    pub fn called(call: ToolCall) -> Self {
        Self {
            role: Role::ToolCall,
            at: None,
            content: String::new(),
            call: Some(call),
            extra: None,
        }
    }

    /// Where the event's words come from, which decides how far they are trusted.
    pub fn source(&self) -> Source {
        match (self.role, &self.call) {
            (Role::User, _) => Source::User,
            (Role::Assistant, _) => Source::Agent,
            (Role::System | Role::Meta, _) => Source::Harness,
            (Role::ToolCall, Some(call)) if reads_the_web(&call.tool) => Source::Web,
            (Role::ToolCall, _) => Source::Tool,
        }
    }

    /// Everything the event says, for search and quotes: the content, or the call's arguments and
    /// result.
    pub fn text(&self) -> String {
        match &self.call {
            Some(call) => format!("{}\n{}\n{}", call.tool, call.args, call.result),
            None => self.content.clone(),
        }
    }

    /// The bytes of text the event holds.
    pub fn bytes(&self) -> usize {
        let call = self.call.as_ref().map_or(0, |c| c.tool.len() + c.args.len() + c.result.len());
        self.content.len() + call + self.extra.as_ref().map_or(0, String::len)
    }
}

/// Whether a tool of this name brings text from the web: its words hold `web`, `fetch`, `browser`,
/// `http` or `url`.
fn reads_the_web(tool: &str) -> bool {
    let name = tool.to_lowercase();
    ["web", "fetch", "browse", "http", "url"].iter().any(|word| name.contains(word))
}

/// What of an event is hashed: all but its words, which `text` names.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct EventHeader {
    pub(crate) role: Role,
    pub(crate) source: Source,
    pub(crate) at: Option<Time>,
    pub(crate) is_error: bool,
    pub(crate) text: TextId,
}

/// The erasable words of an event.
#[derive(Deserialize, Serialize)]
struct EventPayload {
    content: String,
    tool: Option<(String, String, String, Option<String>)>,
    extra: Option<String>,
}

/// The canonical payload of an event's words.
pub(crate) fn encode_payload(event: &Event) -> Vec<u8> {
    codec::encode(&EventPayload {
        content: event.content.clone(),
        tool: event.call.clone().map(|call| (call.tool, call.args, call.result, call.call_id)),
        extra: event.extra.clone(),
    })
}

/// The event that `header` and its payload make.
pub(crate) fn decode_payload(header: &EventHeader, payload: &[u8]) -> Result<Event> {
    let words: EventPayload = codec::decode("the words of an event", payload)?;
    let call = words.tool.map(|(tool, args, result, call_id)| ToolCall {
        tool,
        args,
        result,
        is_error: header.is_error,
        call_id,
    });
    Ok(Event { role: header.role, at: header.at, content: words.content, call, extra: words.extra })
}
