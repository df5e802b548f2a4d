//! Cuts texts to the bounds they must keep, at character boundaries and with a marker.

use crate::limits;
use crate::object::Event;

/// Cuts the texts of `event` until it holds at most [`limits::EVENT_BYTES_MAX`] bytes, and tells
/// whether it had to. Arguments and extra fields stay JSON, and give way before what was said.
pub(super) fn cut(event: &mut Event) -> bool {
    let whole = event.bytes();
    if let Some(call) = &mut event.call {
        if call.call_id.as_ref().is_some_and(|id| id.len() > limits::NAME_BYTES_MAX) {
            call.call_id = call.call_id.as_deref().map(|id| shorten(id, limits::NAME_BYTES_MAX));
        }
        call.tool = shorten_owned(std::mem::take(&mut call.tool), limits::NAME_BYTES_MAX);
    }
    if whole <= limits::EVENT_BYTES_MAX {
        return event.bytes() != whole;
    }
    if let Some(extra) = &mut event.extra
        && extra.len() > limits::EVENT_BYTES_MAX / 4
    {
        *extra = format!("{{\"cut_bytes\":{}}}", extra.len());
    }
    let mut room = limits::EVENT_BYTES_MAX - event.extra.as_ref().map_or(0, String::len);
    if let Some(call) = &mut event.call {
        room -= call.tool.len();
        if call.args.len() > room / 2 {
            call.args = serde_json::Value::from(shorten(&call.args, room / 8)).to_string();
        }
        room -= call.args.len();
        call.result = shorten_owned(std::mem::take(&mut call.result), room);
        room -= call.result.len();
    }
    event.content = shorten_owned(std::mem::take(&mut event.content), room);
    true
}

fn shorten_owned(text: String, bytes_max: usize) -> String {
    if text.len() <= bytes_max { text } else { shorten(&text, bytes_max) }
}

/// At most `bytes_max` bytes of `text`: its beginning, a marker, and its end, where a failing tool
/// says why.
fn shorten(text: &str, bytes_max: usize) -> String {
    let marker_bytes = "...[cut:  bytes]...".len() + 20;
    if text.len() <= bytes_max || bytes_max < marker_bytes {
        return head(text, bytes_max).to_owned();
    }
    let room = bytes_max - marker_bytes;
    let head = head(text, room / 4 * 3);
    let tail = tail(text, room / 4);
    format!("{head}...[cut: {} bytes]...{tail}", text.len() - head.len() - tail.len())
}

/// The longest beginning of `text` of at most `bytes_max` bytes.
pub(super) fn head(text: &str, bytes_max: usize) -> &str {
    let mut end = bytes_max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The longest end of `text` of at most `bytes_max` bytes.
fn tail(text: &str, bytes_max: usize) -> &str {
    let mut start = text.len().saturating_sub(bytes_max);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}
