//! The neutral form: one session per line, as one JSON object with its events in order.
//!
//! Reading and writing stand side by side: `read(write(t)) == t` for every transcript whose times
//! lie within the years that ISO 8601 can spell. Two fields exist only for that: `args_text` for
//! arguments that are no JSON, `extra_text` for extra fields that would hide known ones.

use serde_json::value::RawValue;

use super::bounds::Transcript;
use super::raw::{self, RawObject, push_field, quote};
use super::report::ReadingReport;
use crate::clock::Time;
use crate::error::{Error, Result};
use crate::object::{Event, Outcome, Role, SessionFacts, ToolCall};

/// The field that holds extra fields verbatim.
const EXTRA_TEXT: &str = "extra_text";
/// The fields of a session, as far as the form knows them.
const SESSION_FIELDS: [&str; 14] = [
    "session_id",
    "source",
    "agent",
    "model",
    "task_id",
    "user",
    "project",
    "labels",
    "outcome",
    "reward",
    "started_at",
    "n_events",
    "events",
    EXTRA_TEXT,
];
/// The fields of every event.
const EVENT_FIELDS: [&str; 4] = ["role", "ts", "content", EXTRA_TEXT];
/// The fields that a tool call has besides.
const CALL_FIELDS: [&str; 6] = ["tool", "args", "args_text", "result", "is_error", "call_id"];
/// The largest reward, either way, whose thousandths a JSON number holds exactly.
const REWARD_MAX: f64 = 9e12;

/// Reads the session that `text` holds, and counts in `report` what it did not know.
///
/// # Errors
/// `Invalid` if the text is no JSON object with a `session_id` and a list of `events`.
pub(super) fn read(text: &str, report: &mut ReadingReport) -> Result<Transcript> {
    let mut object = RawObject::parse(text)
        .map_err(|error| Error::invalid(format!("not a JSON object: {error}")))?;
    let id = object.take_string("session_id").filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| Error::invalid("the session has no `session_id`"))?;
    let events = object.take_if("events", raw::array);
    let events = events.ok_or_else(|| Error::invalid("the session has no list of `events`"))?;
    object.forget(&["n_events"]);
    let unknown = || "unknown".to_owned();
    let facts = SessionFacts {
        id,
        source: object.take_string("source").unwrap_or_else(unknown),
        agent: object.take_string("agent").unwrap_or_else(unknown),
        model: object.take_string("model").unwrap_or_else(unknown),
        task: object.take_string("task_id"),
        user: object.take_string("user"),
        project: object.take_string("project"),
        labels: object.take_if("labels", strings).unwrap_or_default(),
        outcome: object.take_if("outcome", outcome),
        reward_milli: object.take_if("reward", milli),
        started: object.take_if("started_at", time),
    };
    let extra = extra("session", object, report);
    let events = events.into_iter().map(|raw| read_event(raw, report)).collect();
    Ok(Transcript { facts: facts.in_order(), extra, events })
}

fn read_event(raw: &str, report: &mut ReadingReport) -> Event {
    let Ok(mut object) = RawObject::parse(raw) else {
        report.unknown_field("event that is no object");
        let extra = Some(format!("{{\"event\":{}}}", raw::one_line(raw)));
        return Event { extra, ..Event::said(Role::Meta, "") };
    };
    // A role that is not known stays among the extra fields, and the event counts as meta.
    let role = object.take_if("role", |raw| Role::from_name(&raw::string(raw)?));
    let at = object.take_if("ts", time);
    let content = object.take_if("content", text).unwrap_or_default();
    let call = (role == Some(Role::ToolCall)).then(|| read_call(&mut object));
    let extra = extra("event", object, report);
    Event { role: role.unwrap_or(Role::Meta), at, content, call, extra }
}

fn read_call(object: &mut RawObject<'_>) -> ToolCall {
    let verbatim = object.take_string("args_text");
    let args = verbatim.or_else(|| object.take("args").map(raw::one_line));
    ToolCall {
        tool: object.take_string("tool").unwrap_or_else(|| "unknown".to_owned()),
        args: args.unwrap_or_default(),
        result: object.take_if("result", text).unwrap_or_default(),
        is_error: object.take_bool("is_error").unwrap_or(false),
        call_id: object.take_string("call_id"),
    }
}

/// The fields that nobody took, counted and kept.
fn extra(scope: &str, mut object: RawObject<'_>, report: &mut ReadingReport) -> Option<String> {
    if object.names().eq([EXTRA_TEXT])
        && let Some(verbatim) = object.take_string(EXTRA_TEXT)
    {
        return Some(verbatim);
    }
    for name in object.names() {
        match object.get("role").filter(|_| scope == "event" && name == "role") {
            Some(role) => report.unknown_field(&format!("{scope}.role={role}")),
            None => report.unknown_field(&format!("{scope}.{name}")),
        }
    }
    object.rest()
}

/// A string, or whatever else stands where a text should, as JSON.
fn text(raw: &str) -> Option<String> {
    raw::string(raw).or_else(|| Some(raw::one_line(raw)))
}

fn strings(raw: &str) -> Option<Vec<String>> {
    raw::array(raw)?.into_iter().map(raw::string).collect()
}

fn outcome(raw: &str) -> Option<Outcome> {
    match raw {
        "\"success\"" | "true" => Some(Outcome::Success),
        "\"failure\"" | "false" => Some(Outcome::Failure),
        _ => None,
    }
}

fn milli(raw: &str) -> Option<i64> {
    let reward: f64 = raw.parse().ok()?;
    (reward.abs() < REWARD_MAX).then(|| (reward * 1_000.0).round() as i64)
}

pub(super) fn time(raw: &str) -> Option<Time> {
    Time::parse(&raw::string(raw)?).ok()
}

impl Transcript {
    /// Writes the transcript in the neutral form: one JSON object on one line, without a line end.
    pub fn to_json_line(&self) -> String {
        let facts = &self.facts;
        let mut out = String::new();
        push_field(&mut out, "session_id", &quote(&facts.id));
        push_field(&mut out, "source", &quote(&facts.source));
        push_field(&mut out, "agent", &quote(&facts.agent));
        push_field(&mut out, "model", &quote(&facts.model));
        push_text(&mut out, "task_id", facts.task.as_deref());
        push_text(&mut out, "user", facts.user.as_deref());
        push_text(&mut out, "project", facts.project.as_deref());
        if !facts.labels.is_empty() {
            let labels: Vec<String> = facts.labels.iter().map(|label| quote(label)).collect();
            push_field(&mut out, "labels", &format!("[{}]", labels.join(",")));
        }
        push_text(&mut out, "outcome", facts.outcome.map(Outcome::name));
        if let Some(milli) = facts.reward_milli {
            push_field(&mut out, "reward", &decimal(milli));
        }
        push_text(&mut out, "started_at", facts.started.map(|at| at.to_string()).as_deref());
        push_extra(&mut out, self.extra.as_deref(), |name| SESSION_FIELDS.contains(&name));
        push_field(&mut out, "n_events", &self.events.len().to_string());
        let events: Vec<String> = self.events.iter().map(write_event).collect();
        // The events are long, and hold no line ends: they are not searched for any.
        out.push_str(",\"events\":[");
        out.push_str(&events.join(","));
        format!("{{{out}]}}")
    }
}

fn write_event(event: &Event) -> String {
    let mut out = String::new();
    if !has_foreign_role(event) {
        push_field(&mut out, "role", &quote(event.role.name()));
    }
    push_text(&mut out, "ts", event.at.map(|at| at.to_string()).as_deref());
    if event.call.is_none() || !event.content.is_empty() {
        push_field(&mut out, "content", &quote(&event.content));
    }
    if let Some(call) = &event.call {
        push_field(&mut out, "tool", &quote(&call.tool));
        if is_json_line(&call.args) {
            push_field(&mut out, "args", &call.args);
        } else if !call.args.is_empty() {
            push_field(&mut out, "args_text", &quote(&call.args));
        }
        push_field(&mut out, "result", &quote(&call.result));
        push_field(&mut out, "is_error", if call.is_error { "true" } else { "false" });
        push_text(&mut out, "call_id", call.call_id.as_deref());
    }
    push_extra(&mut out, event.extra.as_deref(), |name| {
        let foreign = name == "role" && has_foreign_role(event);
        let of_call = event.call.is_some() && CALL_FIELDS.contains(&name);
        !foreign && (EVENT_FIELDS.contains(&name) || of_call)
    });
    format!("{{{out}}}")
}

/// Whether the event came with a role that is not ours: it goes out with that role again.
fn has_foreign_role(event: &Event) -> bool {
    let Some(Ok(extra)) = event.extra.as_deref().map(RawObject::parse) else { return false };
    let known =
        |raw| raw == "null" || raw::string(raw).is_some_and(|r| Role::from_name(&r).is_some());
    let foreign = extra.get("role").is_some_and(|raw| !known(raw));
    foreign && event.role == Role::Meta && extra.rest() == event.extra && !extra.has(EXTRA_TEXT)
}

fn push_text(out: &mut String, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        push_field(out, name, &quote(text));
    }
}

/// Appends the fields of `extra`, or all of it as one text if they would not come back the same.
fn push_extra(out: &mut String, extra: Option<&str>, is_known: impl Fn(&str) -> bool) {
    let Some(extra) = extra else { return };
    match RawObject::parse(extra) {
        Ok(object) if object.rest().as_deref() == Some(extra) && !object.names().any(is_known) => {
            object.write(out);
        }
        _ => push_field(out, EXTRA_TEXT, &quote(extra)),
    }
}

/// Whether `text` comes back as it is when it is written as raw JSON.
fn is_json_line(text: &str) -> bool {
    let parsed: Result<&RawValue, _> = serde_json::from_str(text);
    text != "null" && !text.contains(['\n', '\r']) && parsed.is_ok_and(|raw| raw.get() == text)
}

/// `milli` thousandths as a decimal number.
fn decimal(milli: i64) -> String {
    let sign = if milli < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", milli.unsigned_abs() / 1_000, milli.unsigned_abs() % 1_000)
}
