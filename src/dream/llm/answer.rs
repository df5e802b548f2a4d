//! What the model answers: read strictly, and each claim held against what was shown.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::dream::curator::{Citation, SuggestedChange, Suggestion};
use crate::dream::llm::question::{Asked, Question};
use crate::error::Result;
use crate::object::{Entry, Key, Kind, ProposalKind};

/// The most claims of one answer.
const CLAIMS_MAX: usize = 64;
/// A shorter quote stands in almost any event.
const QUOTE_CHARS_MIN: usize = 16;

/// What the model says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    proposals: Vec<Claim>,
}

/// One proposal as the model says it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claim {
    action: Action,
    key: String,
    title: String,
    text: String,
    kind: String,
    rationale: String,
    confidence: f64,
    evidence: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Action {
    Write,
    Remove,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Piece {
    session: String,
    event: u32,
    quote: String,
}

/// The form of an answer, as a JSON schema.
pub(super) fn schema() -> Value {
    let text = || json!({"type": "string"});
    let kinds = KINDS.map(ProposalKind::name);
    let evidence =
        object(json!({"session": text(), "event": {"type": "integer"}, "quote": text()}));
    let claim = object(json!({
        "action": {"type": "string", "enum": ["write", "remove"]},
        "key": text(), "title": text(), "text": text(),
        "kind": {"type": "string", "enum": kinds},
        "rationale": text(), "confidence": {"type": "number"},
        "evidence": {"type": "array", "items": evidence},
    }));
    object(json!({"proposals": {"type": "array", "items": claim}}))
}

const KINDS: [ProposalKind; 7] = [
    ProposalKind::Mistake,
    ProposalKind::Workflow,
    ProposalKind::Preference,
    ProposalKind::Supersession,
    ProposalKind::Duplicate,
    ProposalKind::Stale,
    ProposalKind::Other,
];

fn object(properties: Value) -> Value {
    let names: Vec<String> =
        properties.as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default();
    json!({"type": "object", "properties": properties, "required": names,
        "additionalProperties": false})
}

/// The claims of an answer; or what of its form is wrong, in words that the model can act on.
pub(super) fn read(answer: &str) -> std::result::Result<Vec<Claim>, String> {
    let answer: Answer =
        serde_json::from_str(unfenced(answer)).map_err(|error| error.to_string())?;
    let claims = answer.proposals;
    if claims.len() > CLAIMS_MAX {
        return Err(format!("there are {} proposals; {CLAIMS_MAX} are allowed", claims.len()));
    }
    for claim in &claims {
        if !(0.0..=1.0).contains(&claim.confidence) {
            return Err(format!("a confidence of {} is not from 0 to 1", claim.confidence));
        }
        if !KINDS.iter().any(|kind| kind.name() == claim.kind) {
            return Err("a kind is none of those named".to_owned());
        }
    }
    Ok(claims)
}

/// Models like to put JSON between fences.
fn unfenced(answer: &str) -> &str {
    let answer = answer.trim();
    let inner = answer.strip_prefix("```json").or_else(|| answer.strip_prefix("```"));
    inner.and_then(|inner| inner.strip_suffix("```")).unwrap_or(answer).trim()
}

impl Claim {
    /// The suggestion that a claim makes; or why it makes none. `is_held` tells whether there is a
    /// memory at a key.
    pub(super) fn weigh(
        self,
        question: &Question,
        is_held: impl Fn(&Key) -> Result<bool>,
    ) -> Result<std::result::Result<Suggestion, &'static str>> {
        let mut cites = Vec::with_capacity(self.evidence.len());
        for piece in &self.evidence {
            match piece.found(question) {
                Ok(cite) => cites.push(cite),
                Err(why) => return Ok(Err(why)),
            }
        }
        if cites.is_empty() {
            return Ok(Err("gives no evidence"));
        }
        if let Ok(key) = Key::new(&self.key) {
            // What it was not shown whole it cannot have judged.
            let seen = question.memories.get(key.as_str()) == Some(&true);
            if !seen && is_held(&key)? {
                return Ok(Err("replaces a memory that it was not shown whole"));
            }
        }
        let malformed = |error: crate::error::Error| SuggestedChange::Malformed(error.to_string());
        Ok(Ok(Suggestion {
            kind: ProposalKind::from_name(&self.kind).unwrap_or(ProposalKind::Other),
            confidence: (self.confidence * 1_000.0).round() as u16,
            cites,
            inputs: Vec::new(),
            changes: vec![self.change().unwrap_or_else(malformed)],
            title: self.title,
            rationale: self.rationale,
        }))
    }

    fn change(&self) -> Result<SuggestedChange> {
        let key = Key::new(&self.key)?;
        if self.action == Action::Remove {
            return Ok(SuggestedChange::Remove(key));
        }
        let kind = match self.kind.as_str() {
            "mistake" => Kind::MISTAKE,
            "workflow" => Kind::PROCEDURE,
            "preference" => Kind::PREFERENCE,
            _ => Kind::NOTE,
        };
        let entry = Entry::new(&self.text).title(&self.title).kind(kind);
        Ok(SuggestedChange::Put(key, entry.checked()?))
    }
}

impl Piece {
    /// The citation, if its event was shown and its quote stands in what was shown of it.
    fn found(&self, question: &Question) -> std::result::Result<Citation, &'static str> {
        let session =
            question.sessions.get(&self.session).ok_or("cites a session that it was not shown")?;
        let line = session.line(self.event).ok_or("cites an event that it was not shown")?;
        let quote = self.quote.trim();
        let whole = line.parts.iter().any(|part| part.trim() == quote);
        let long = quote.chars().count() >= QUOTE_CHARS_MIN;
        let stands = line.parts.iter().any(|part| part.contains(quote));
        if quote.is_empty() || !(whole || (long && stands)) {
            return Err("gives a quote that is not in the event");
        }
        Ok(Citation::new(&session.id, self.event, self.event).quoting(quote))
    }
}

impl Asked {
    fn line(&self, event: u32) -> Option<&super::condense::Line> {
        self.lines.iter().find(|line| line.event == event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(more: &str) -> String {
        format!(
            r#"{{"proposals":[{{"action":"write","key":"a","title":"T","text":"x","kind":"mistake","rationale":"R","confidence":0.5,"evidence":[]{more}}}]}}"#
        )
    }

    #[test]
    fn an_answer_of_another_form_is_told_what_is_wrong() {
        assert_eq!(read(&claim("")).unwrap().len(), 1);
        assert_eq!(read(&format!("```json\n{}\n```", claim(""))).unwrap().len(), 1);
        assert!(read(&claim(r#","trust":"user""#)).unwrap_err().contains("unknown field `trust`"));
        assert!(read("Sure! Here you go.").unwrap_err().contains("expected"));
        assert!(read(r#"{"proposals":[{}]}"#).unwrap_err().contains("missing field"));
        let sure = claim("").replace("0.5", "7");
        assert!(read(&sure).unwrap_err().contains("not from 0 to 1"));
        let odd = claim("").replace("mistake", "gossip");
        assert!(read(&odd).unwrap_err().contains("kind"));
        let (first, tail) = (r#"{"proposals":["#, r#"]}"#);
        let one = claim("");
        let one = &one[first.len()..one.len() - tail.len()];
        let many = vec![one; CLAIMS_MAX + 1].join(",");
        assert!(read(&format!("{first}{many}{tail}")).unwrap_err().contains("allowed"));
    }
}
