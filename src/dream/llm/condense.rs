//! A session, shortened to a budget of bytes: whole events are left out before any is unreadable.

use serde_json::json;

use crate::object::{Event, Role};

/// How much is shown of what the user said.
const USER_BYTES: usize = 800;
/// How much of what the model said.
const AGENT_BYTES: usize = 320;
/// How much of a call's arguments.
const ARGS_BYTES: usize = 240;
/// How much of a call's result.
const RESULT_BYTES: usize = 240;
/// How much of a call's result that is an error.
const ERROR_BYTES: usize = 600;
/// What stands where something was left out.
const GAP: &str = " [...] ";

/// An event as it is shown.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Its number in the session.
    pub(super) event: u32,
    /// The JSON object that shows it.
    pub(super) json: String,
    /// The parts of its words that are shown, letter by letter.
    pub(super) parts: Vec<String>,
}

/// The events that tell most of a session, in order, in at most `bytes_max` bytes of JSON. What the
/// user says and what goes wrong comes first, then what follows a failure, then the rest; what the
/// harness says is left out.
pub(super) fn condense(events: &[Event], bytes_max: usize) -> Vec<Line> {
    let mut ranked: Vec<(u8, usize)> = (0..events.len())
        .filter_map(|index| weight(events, index).map(|weight| (weight, index)))
        .collect();
    ranked.sort_by_key(|(weight, index)| (std::cmp::Reverse(*weight), *index));
    let (mut lines, mut left) = (Vec::new(), bytes_max);
    for (_, index) in ranked {
        let line = line(index as u32, &events[index]);
        // One byte for the end of the line.
        let bytes = line.json.len() + 1;
        if bytes <= left {
            left -= bytes;
            lines.push(line);
        }
    }
    lines.sort_by_key(|line| line.event);
    lines
}

/// How much an event tells; `None` if it is not shown at all.
fn weight(events: &[Event], index: usize) -> Option<u8> {
    let event = &events[index];
    let after_error = index > 0 && is_error(&events[index - 1]);
    match event.role {
        Role::System | Role::Meta => None,
        _ if event.text().trim().is_empty() => None,
        Role::User => Some(3),
        Role::ToolCall if is_error(event) => Some(3),
        Role::Assistant | Role::ToolCall => Some(if after_error { 2 } else { 1 }),
    }
}

fn is_error(event: &Event) -> bool {
    event.call.as_ref().is_some_and(|call| call.is_error)
}

fn line(number: u32, event: &Event) -> Line {
    let mut parts = Vec::new();
    let mut show = |text: &str, bytes| {
        let pieces = cut(text, bytes);
        parts.extend(pieces.iter().map(|piece| (*piece).to_owned()));
        pieces.join(GAP)
    };
    let role = event.role.name();
    let value = if let Some(call) = &event.call {
        let bytes = if call.is_error { ERROR_BYTES } else { RESULT_BYTES };
        let (args, result) = (show(&call.args, ARGS_BYTES), show(&call.result, bytes));
        json!({"event": number, "role": role, "tool": call.tool, "args": args,
            "is_error": call.is_error, "result": result})
    } else {
        let bytes = if event.role == Role::User { USER_BYTES } else { AGENT_BYTES };
        json!({"event": number, "role": role, "text": show(&event.content, bytes)})
    };
    Line { event: number, json: value.to_string(), parts }
}

/// The beginning and the end of a text that is too long: two thirds and one third.
pub(super) fn cut(text: &str, bytes_max: usize) -> Vec<&str> {
    let text = text.trim();
    if text.len() <= bytes_max {
        return vec![text];
    }
    let is_boundary = |at: &usize| text.is_char_boundary(*at);
    let head = (0..=bytes_max * 2 / 3).rev().find(is_boundary).unwrap_or(0);
    let tail = (text.len() - bytes_max / 3..text.len()).find(is_boundary).unwrap_or(text.len());
    vec![&text[..head], &text[tail..]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::ToolCall;

    fn call(result: &str, is_error: bool) -> Event {
        Event::called(ToolCall {
            tool: "Bash".into(),
            args: "{}".into(),
            result: result.into(),
            is_error,
            ..ToolCall::default()
        })
    }

    #[test]
    fn what_users_say_and_what_fails_is_kept_when_little_fits() {
        let mut events: Vec<Event> =
            (0..50).map(|number| call(&format!("fine {number}"), false)).collect();
        events.push(call("no such file", true));
        events.push(Event::said(Role::User, "Use `make check`."));
        events.push(Event::said(Role::Meta, "a summary"));
        let lines = condense(&events, 200);
        let shown: Vec<u32> = lines.iter().map(|line| line.event).collect();
        assert_eq!(shown, [50, 51]);
        assert_eq!(condense(&events, 100_000).len(), 52, "harness text is never shown");
    }

    #[test]
    fn a_long_text_is_cut_at_characters_and_its_parts_are_its_own_words() {
        let long = format!("{}middle{}", "ä".repeat(500), "ö".repeat(500));
        let lines = condense(&[Event::said(Role::User, long.clone())], 10_000);
        assert!(lines[0].json.len() < USER_BYTES + 100);
        assert_eq!(lines[0].parts.len(), 2);
        assert!(lines[0].parts.iter().all(|part| long.contains(part)));
    }
}
