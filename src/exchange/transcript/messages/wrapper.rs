//! What stands around the messages: an API's request or response, or a line of training data.

use super::message::is_message;
use crate::clock::Time;
use crate::exchange::transcript::neutral::time;
use crate::exchange::transcript::raw::{self, RawObject};
use crate::object::SessionFacts;

/// Under which names lists of messages stand, in the order in which they are read.
pub(super) const LISTS: [&str; 5] = ["messages", "input", "output", "items", "data"];
/// Under which names a conversation says which one it is, best first.
const IDS: [&str; 4] = ["session_id", "conversation_id", "thread_id", "conversation"];
/// Under which names it says which one it is among others of its file or kind, best first.
const PLACES: [&str; 2] = ["id", "custom_id"];
/// Under which names it says when it began.
const TIMES: [&str; 3] = ["created_at", "created", "timestamp"];
/// The latest second that is taken for one: a larger number counts something smaller.
const SECOND_MAX: i64 = 32_503_680_000;

/// The fields around the messages, and the messages themselves.
#[derive(Debug, Default)]
pub(super) struct Wrapper<'a> {
    pub(super) fields: RawObject<'a>,
    pub(super) messages: Vec<&'a str>,
}

impl<'a> Wrapper<'a> {
    /// A wrapper of nothing but messages.
    pub(super) fn bare(messages: Vec<&'a str>) -> Self {
        Self { messages, ..Self::default() }
    }

    /// `fields` as a wrapper, if there are messages in it.
    pub(super) fn of(mut fields: RawObject<'a>) -> Option<Self> {
        // A batch's line holds the request one step deeper.
        if let Some(body) =
            fields.take_if("body", |raw| RawObject::parse(raw).ok().and_then(Self::of))
        {
            let mut whole = body;
            whole.fields.add_missing(fields);
            return Some(whole);
        }
        let mut messages = Vec::new();
        for name in LISTS {
            let list = |raw| raw::array(raw).filter(|list| is_list(name, list));
            if let Some(list) = fields.take_if(name, list) {
                messages.extend(list);
            } else if name == "input" && fields.has("output") {
                let said = |raw: &'a str| raw.starts_with('"').then_some(raw);
                messages.extend(fields.take_if(name, said));
            }
        }
        (!messages.is_empty()).then_some(Self { fields, messages })
    }

    /// Takes out which conversation it says it is, and whether that is for sure.
    pub(super) fn take_id(&mut self) -> Option<(String, bool)> {
        let names =
            IDS.map(|name| (name, true)).into_iter().chain(PLACES.map(|name| (name, false)));
        for (name, sure) in names {
            let text =
                |raw| raw::string(raw).or_else(|| Some(raw.parse::<u64>().ok()?.to_string()));
            let nested = |raw| RawObject::parse(raw).ok()?.get("id").and_then(raw::string);
            let id = self.fields.take_if(name, |raw| text(raw).or_else(|| nested(raw)));
            if let Some(id) = id.filter(|id| !id.is_empty()) {
                return Some((id, sure));
            }
        }
        None
    }

    /// Takes out what is known of the conversation as a whole, but for its id.
    pub(super) fn take_facts(&mut self) -> SessionFacts {
        let fields = &mut self.fields;
        let known = |raw| RawObject::parse(raw).ok()?.get("user_id").and_then(raw::string);
        SessionFacts {
            model: fields.take_string("model").unwrap_or_default(),
            agent: fields.take_string("agent").unwrap_or_default(),
            user: fields.take_string("user").or_else(|| fields.get("metadata").and_then(known)),
            project: fields.take_string("project"),
            started: TIMES.iter().find_map(|name| fields.take_if(name, instant)),
            ..SessionFacts::default()
        }
    }
}

fn is_list(name: &str, list: &[&str]) -> bool {
    let object = |raw: &&str| RawObject::parse(raw).is_ok_and(|object| is_message(&object));
    list.iter().any(object) || (name == "messages" && !list.is_empty())
}

/// An instant as text, or in seconds since 1970.
fn instant(raw: &str) -> Option<Time> {
    let seconds = || raw.parse::<i64>().ok().filter(|seconds| (1..=SECOND_MAX).contains(seconds));
    time(raw).or_else(|| Some(Time::from_micros(seconds()? * 1_000_000)))
}
