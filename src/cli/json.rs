//! The shapes of `--json`: full ids, ISO times, stable field names.

use serde_json::{Value, json};
use undream::{
    Author, Cause, Commit, Entry, Evidence, Key, Operation, OperationKind, Record, RefKind,
    SessionFacts, Store, Suspect,
};

use super::exit::Outcome;

pub(crate) fn author(author: &Author) -> Value {
    json!({"name": author.name(), "kind": author.kind().name()})
}

pub(crate) fn commit(commit: &Commit) -> Value {
    json!({
        "id": commit.id().to_string(),
        "tree": commit.tree().to_string(),
        "parents": texts(commit.parents()),
        "author": author(commit.author()),
        "committed": commit.committed().to_string(),
        "authored": commit.authored().to_string(),
        "session": commit.session(),
        "message": commit.message(),
        "cause": cause(commit),
    })
}

fn cause(commit: &Commit) -> Value {
    let kind = commit.cause().name();
    match commit.cause() {
        Cause::Proposal(part) => json!({
            "kind": kind,
            "dream": part.dream,
            "proposal": part.number,
            "about": part.kind.name(),
            "confidence": f64::from(part.confidence) / 1000.0,
            "rationale": commit.rationale(),
        }),
        Cause::Pick { dream, proposal, source, amended } => json!({
            "kind": kind,
            "dream": dream,
            "proposal": proposal,
            "source": source.to_string(),
            "amended": amended,
        }),
        Cause::Review { dream, decisions } => {
            let reasons = commit.reasons();
            let reason = |proposal| {
                reasons.iter().find(|(number, _)| *number == proposal).map(|(_, text)| *text)
            };
            let decisions: Vec<Value> = decisions
                .iter()
                .map(|made| {
                    json!({
                        "proposal": made.proposal,
                        "decision": made.verb.name(),
                        "reason": reason(made.proposal),
                    })
                })
                .collect();
            json!({"kind": kind, "dream": dream, "decisions": decisions})
        }
        Cause::Revert { commits } => json!({"kind": kind, "commits": texts(commits)}),
        Cause::Restore { to } => json!({"kind": kind, "to": to.to_string()}),
        Cause::Import { origin } => json!({"kind": kind, "origin": origin}),
        Cause::Withdrawal { suspect: Suspect::Session(id) } => json!({"kind": kind, "session": id}),
        Cause::Withdrawal { suspect: Suspect::Author(who) } => {
            json!({"kind": kind, "author": author(who)})
        }
        _ => json!({"kind": kind}),
    }
}

/// A memory as one wrote it.
pub(crate) fn entry(entry: &Entry) -> Value {
    json!({
        "kind": entry.kind.as_str(),
        "title": entry.title,
        "text": entry.text,
        "labels": entry.labels,
        "context": entry.context,
        "attributes": entry.attributes,
    })
}

/// A memory with all that is known of it; without words where they were erased.
pub(crate) fn memory(store: &Store, key: &Key, record: &Record) -> Outcome<Value> {
    let (from, endorsements) = (record.provenance(), store.endorsements()?);
    let mut value = json!({
        "key": key.as_str(),
        "record": record.id().to_string(),
        "memory": record.memory().to_string(),
        "erased": record.is_erased(),
        "trust": endorsements.trust(record)?.name(),
        "endorsed": endorsements.of(record)?.map(|held| json!({
            "by": author(&held.by),
            "at": held.at.to_string(),
            "reason": held.reason,
        })),
        "taint": record.taint().sources().map(undream::Source::name).collect::<Vec<_>>(),
        "previous": texts(record.previous()),
        "provenance": {
            "source": from.source.name(),
            "author": author(&from.author),
            "session": from.session,
            "dream": from.dream.map(|(dream, _)| dream),
            "proposal": from.dream.map(|(_, proposal)| proposal),
            "evidence": evidence(store, &from.evidence)?,
            "inputs": texts(&from.inputs),
        },
    });
    if !record.is_erased() {
        extend(&mut value, entry(&record.to_entry()?));
    }
    Ok(value)
}

/// Evidence with the ids that its sessions were imported under.
pub(crate) fn evidence(store: &Store, evidence: &[Evidence]) -> Outcome<Value> {
    let mut values = Vec::with_capacity(evidence.len());
    for item in evidence {
        let session = store.session_object(item.session)?;
        values.push(json!({"session": session.id(), "events": [item.first, item.last]}));
    }
    Ok(Value::Array(values))
}

pub(crate) fn operation(operation: &Operation) -> Value {
    let undone = match operation.kind() {
        OperationKind::Undo(id) => Some(id.to_string()),
        _ => None,
    };
    json!({
        "id": operation.id().to_string(),
        "previous": operation.previous().map(|id| id.to_string()),
        "at": operation.at().to_string(),
        "author": author(operation.author()),
        "kind": operation.kind().name(),
        "undone": undone,
        "store": operation.store().as_str(),
        "message": operation.message(),
        "moves": operation.moves().iter().map(ref_move).collect::<Vec<_>>(),
        "sessions": operation.sessions().len(),
    })
}

pub(crate) fn ref_move(step: &undream::RefMove) -> Value {
    json!({
        "name": step.name.as_str(),
        "kind": ref_kind(step.kind),
        "from": step.from.map(|id| id.to_string()),
        "to": step.to.map(|id| id.to_string()),
    })
}

pub(crate) fn ref_kind(kind: RefKind) -> &'static str {
    match kind {
        RefKind::Branch => "branch",
        RefKind::Tag => "tag",
    }
}

pub(crate) fn session(facts: &SessionFacts, events: u32) -> Value {
    json!({
        "id": facts.id,
        "source": facts.source,
        "agent": facts.agent,
        "model": facts.model,
        "task": facts.task,
        "user": facts.user,
        "project": facts.project,
        "labels": facts.labels,
        "outcome": facts.outcome.map(undream::Outcome::name),
        "reward": facts.reward_milli.map(|milli| milli as f64 / 1000.0),
        "started": facts.started.map(|time| time.to_string()),
        "events": events,
    })
}

/// Adds the fields of `more` to `value`.
pub(crate) fn extend(value: &mut Value, more: Value) {
    if let (Value::Object(fields), Value::Object(more)) = (value, more) {
        fields.extend(more);
    }
}

fn texts<T: ToString>(ids: &[T]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}
