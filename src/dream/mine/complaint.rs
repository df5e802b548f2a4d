//! Results that read like errors where the harness does not mark them: what they open with, what a
//! JSON object says of itself, and what a short answer complains of.

use serde_json::{Map, Value};

use crate::dream::mine::failure::cut;

/// Beginnings that mark a result as an error.
const OPENINGS: [&str; 11] = [
    "error",
    "err!",
    "traceback (most recent call last)",
    "exception:",
    "fatal:",
    "panic:",
    "failed:",
    "failure:",
    "command failed",
    "uncaught ",
    "unhandled ",
];
/// Beginnings of short answers that say that something could not be done.
const REFUSALS: [&str; 19] = [
    "failed to",
    "unable to",
    "cannot ",
    "can't ",
    "could not",
    "couldn't",
    "permission denied",
    "access denied",
    "timed out",
    "timeout",
    "unauthorized",
    "forbidden",
    "bad request",
    "not found",
    "no such ",
    "unknown ",
    "invalid ",
    "missing ",
    "exception",
];
/// What a short answer of a tool says somewhere when something could not be done.
const COMPLAINTS: [&str; 14] = [
    "not found",
    "does not exist",
    "doesn't exist",
    "no such ",
    "has not been ",
    "hasn't been ",
    "is not allowed",
    "not permitted",
    "permission denied",
    "is required",
    "timed out",
    "already exists",
    "could not be",
    "cannot be",
];
/// Ends of lines with which programs of a shell complain.
const SHELL_ENDS: [&str; 4] =
    ["command not found", "no such file or directory", "permission denied", ": not found"];
/// The longest answer that is a complaint rather than contents, in bytes and in lines.
const SHORT_BYTES: usize = 400;
const SHORT_LINES: usize = 3;
/// The longest JSON that is read.
const JSON_BYTES_MAX: usize = 64 << 10;
/// Names under which a JSON object says what is wrong, the most telling first.
const MESSAGES: [&str; 9] = [
    "message",
    "error_message",
    "errorMessage",
    "error",
    "errors",
    "detail",
    "details",
    "reason",
    "msg",
];

/// Whether a result says outright that it is an error.
pub(super) fn is_error(text: &str) -> bool {
    opens_like_error(&cut(text, 300).to_ascii_lowercase()) || told(text).is_some()
}

fn opens_like_error(head: &str) -> bool {
    // `<tool_error>` and the like.
    let tag = head.strip_prefix('<').and_then(|rest| Some(&rest[..rest.find('>')?]));
    if tag.is_some_and(|tag| !tag.contains(' ') && tag.contains("error")) {
        return true;
    }
    let head = head.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let opening = OPENINGS.iter().find(|opening| head.starts_with(**opening));
    // `errors: 0` and words such as `errorless` are no errors.
    opening.is_some_and(|opening| {
        *opening != "error"
            || head[opening.len()..].starts_with([':', ' ', '!', ',', '>', ']'])
                && !head.starts_with("error rate")
    })
}

/// Whether a short result, of a harness that marks no errors, complains.
pub(super) fn is_complaint(text: &str, shell: bool) -> bool {
    if text.len() > SHORT_BYTES || text.lines().count() > SHORT_LINES {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    let head = lower.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    if REFUSALS.iter().any(|opening| head.starts_with(opening)) {
        return true;
    }
    if shell {
        // What a shell prints may be any file's words; what a program complains of ends its line.
        return lower.lines().any(|line| SHELL_ENDS.iter().any(|end| line.trim().ends_with(end)));
    }
    !lower.starts_with(['{', '[']) && COMPLAINTS.iter().any(|cue| lower.contains(cue))
}

/// What a JSON object that says it is an error tells of it.
pub(super) fn told(text: &str) -> Option<String> {
    let text = text.trim();
    let keys = ["rror", "\"success\"", "\"ok\"", "\"status", "OperationOutcome"];
    let may = text.starts_with('{') && text.len() <= JSON_BYTES_MAX;
    if !may || !keys.iter().any(|key| text.contains(key)) {
        return None;
    }
    let object: Map<String, Value> = serde_json::from_str(text).ok()?;
    let message = MESSAGES.iter().find_map(|name| words(object.get(*name)?));
    let issue = ["issue", "issues"].iter().find_map(|name| severe(object.get(*name)?));
    if says_error(&object, message.is_some()) {
        return Some(message.or(issue).unwrap_or_else(|| text.to_owned()));
    }
    issue
}

fn says_error(object: &Map<String, Value>, explained: bool) -> bool {
    let is = |name: &str, wanted: bool| object.get(name).and_then(Value::as_bool) == Some(wanted);
    let named = ["error", "errors", "error_message", "errorMessage"];
    let code = |name: &str| object.get(name).and_then(Value::as_u64);
    let status = object.get("status").and_then(Value::as_str).unwrap_or("").to_ascii_lowercase();
    is("success", false)
        || is("ok", false)
        || is("isError", true)
        || is("is_error", true)
        || is("error", true)
        || code("error").is_some_and(|code| code != 0)
        || named.iter().any(|name| object.get(*name).is_some_and(|held| words(held).is_some()))
        || ["status", "statusCode", "status_code"]
            .iter()
            .any(|name| code(name).is_some_and(|code| (400..600).contains(&code)))
        // A status alone may be that of the thing that was asked for.
        || explained && ["error", "failed", "failure", "fail"].contains(&status.as_str())
}

/// The words of a value: itself, or those of its own message.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Value::Array(all) => all.first().and_then(words),
        Value::Object(object) => {
            let names = MESSAGES.iter().chain(&["text", "diagnostics"]);
            names.filter_map(|name| object.get(*name)).find_map(words)
        }
        _ => None,
    }
}

/// What the first severe one of a list of issues says.
fn severe(issues: &Value) -> Option<String> {
    let severe = |issue: &&Value| {
        let severity = issue.get("severity").and_then(Value::as_str);
        severity.is_some_and(|held| ["error", "fatal"].contains(&held))
    };
    let issue = issues.as_array()?.iter().find(severe)?;
    ["diagnostics", "message", "details"].iter().find_map(|name| words(issue.get(*name)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_objects_tell_what_is_wrong_if_anything_is() {
        for (text, said) in [
            (r#"{"success": false, "message": "the lift is stuck"}"#, "the lift is stuck"),
            (r#"{ "ok": false, "reason": "no key" }"#, "no key"),
            (r#"{"error": {"code": 7, "message": "no such shelf"}}"#, "no such shelf"),
            (r#"{"data": null, "errors": [{"message": "field gone"}]}"#, "field gone"),
            (r#"{"status": 404, "detail": "nobody lives there"}"#, "nobody lives there"),
            (r#"{"status": "failed", "reason": "out of paint"}"#, "out of paint"),
            (
                r#"{"kind": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": "bad id"}]}"#,
                "bad id",
            ),
        ] {
            assert_eq!(told(text).as_deref(), Some(said), "{text}");
        }
        for good in [
            r#"{"error": null, "data": 1}"#,
            r#"{"errors": [], "success": true}"#,
            r#"{"id": 4, "status": "failed"}"#,
            r#"{"status": 200}"#,
            r#"{"error": "#,
            "[]",
        ] {
            assert_eq!(told(good), None, "{good}");
        }
    }

    #[test]
    fn short_answers_complain_and_contents_do_not() {
        for bad in ["Failed to open the door", "The shelf does not exist.", "[Unknown tool: saw]"] {
            assert!(is_complaint(bad, false), "{bad}");
        }
        assert!(is_complaint("sh: 1: saw: command not found", true));
        assert!(!is_complaint("notes.txt: the shelf does not exist, says Ana", true));
        assert!(!is_complaint(&"All is well. It is not found wanting.\n".repeat(9), false));
        assert!(!is_complaint("12 shelves", false));
    }
}
