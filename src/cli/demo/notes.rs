//! The demo's curator: a program, as anybody could write one. It keeps what agents noted: lines
//! such as `Noted (support/limit): ...` in what they said.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use serde_json::{Value, json};

use crate::cli::exit::Outcome;

/// How an agent marks a note.
const MARK: &str = "Noted (";

/// A note and where it was made: session and events.
type Notes = BTreeMap<(String, String), Vec<(String, u64, u64)>>;

/// Reads the memory and the sessions as a curator's program does, and proposes every note.
pub(crate) fn curate(input: impl BufRead, mut output: impl Write) -> Outcome {
    let mut notes = Notes::new();
    for line in input.lines() {
        let value: Value = serde_json::from_str(&line?).map_err(std::io::Error::from)?;
        if let Some(session) = value.get("session") {
            collect(session, &mut notes);
        }
    }
    let mut ranked: Vec<_> = notes.into_iter().collect();
    ranked.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
    for ((key, text), places) in ranked {
        let count = places.len();
        let evidence: Vec<Value> = places
            .iter()
            .map(|(session, first, last)| json!({"session": session, "events": [first, last]}))
            .collect();
        let proposal = json!({
            "kind": "other", "title": format!("Keep the note on {key}"),
            "rationale": format!("Agents noted it in {count} of the sessions."),
            "confidence": 1.0 - 0.6 / (count as f64 + 0.5),
            "changes": [{"put": {"key": key, "text": text, "kind": "note"}}],
            "evidence": evidence,
        });
        writeln!(output, "{proposal}")?;
    }
    Ok(())
}

/// The notes of one session. Each rests on the event that holds it and on the one before it.
fn collect(session: &Value, notes: &mut Notes) {
    let id = session["session_id"].as_str().unwrap_or_default();
    let events = session["events"].as_array().map_or(&[][..], Vec::as_slice);
    for (number, event) in (0_u64..).zip(events) {
        if event["role"] != "assistant" {
            continue;
        }
        for line in event["content"].as_str().unwrap_or_default().lines() {
            let note = line.strip_prefix(MARK).and_then(|rest| rest.split_once("): "));
            if let Some((key, text)) = note {
                let place = (id.to_owned(), number.saturating_sub(2).max(1), number);
                notes.entry((key.to_owned(), text.to_owned())).or_default().push(place);
            }
        }
    }
}
