//! `add`, `update`, `forget`: changes of memory, each one commit.

use serde_json::json;
use undream::{CommitId, Entry, ErrorKind, Expect, Key, Kind, RecordId, Transaction};

use super::answer::{Hinted, Outcome, Refusal};
use super::asked::Asked;
use super::reading::missing;
use super::scope::Scope;

/// What to do where somebody else was faster.
const AGAIN: &str = "it changed since you read it and nothing was written: read it again with get, \
                     decide anew, and call once more with its present `record`";

/// Writes a memory where none stands.
pub(crate) fn add(scope: &Scope, asked: &Asked<'_>) -> Outcome {
    let key = Key::new(asked.needed("key")?)?;
    let mut entry = Entry::new(asked.needed("text")?);
    change(&mut entry, asked)?;
    let mut tx = scope.branch.write()?;
    if tx.get(key.as_str())?.is_some() {
        return Err(taken(&key));
    }
    tx.require(&key, Expect::Absent)?;
    tx.put(&key, entry)?;
    let commit = match tx.commit(scope.message(asked.text("why").unwrap_or(&format!("Add {key}"))))
    {
        Err(error) if error.kind() == ErrorKind::Stale => return Err(taken(&key)),
        other => other?,
    };
    written(scope, &key, commit, true)
}

fn taken(key: &Key) -> Refusal {
    let message = format!("there is a memory at `{key}` already; nothing was written");
    Refusal::new(ErrorKind::Stale, message)
        .hint("read it with get, then change it with update, or add under another key")
}

/// Writes a new version of a memory, if the version that was read still stands.
pub(crate) fn update(scope: &Scope, asked: &Asked<'_>) -> Outcome {
    let key = Key::new(asked.needed("key")?)?;
    let mut tx = scope.branch.write()?;
    let old = expected(&mut tx, &key, asked)?;
    let mut entry = old.clone();
    if let Some(text) = asked.text("text") {
        text.clone_into(&mut entry.text);
    }
    change(&mut entry, asked)?;
    let changed = entry != old;
    tx.put(&key, entry)?;
    let text = format!("Update {key}");
    let commit = tx
        .commit(scope.message(asked.text("why").unwrap_or(&text)))
        .hint_for(ErrorKind::Stale, || AGAIN.to_owned())?;
    written(scope, &key, commit, changed)
}

/// Removes a memory, if the version that was read still stands. History keeps it.
pub(crate) fn forget(scope: &Scope, asked: &Asked<'_>) -> Outcome {
    let key = Key::new(asked.needed("key")?)?;
    let mut tx = scope.branch.write()?;
    // What was erased can be removed too: it has a record, but no words.
    expect(&mut tx, &key, asked)?;
    tx.remove(&key)?;
    let text = format!("Forget {key}");
    let commit = tx
        .commit(scope.message(asked.text("why").unwrap_or(&text)))
        .hint_for(ErrorKind::Stale, || AGAIN.to_owned())?;
    Ok(json!({"key": key.as_str(), "commit": commit.to_string(), "changed": true}))
}

/// What stands at the key, if it is what the caller has read.
fn expected(tx: &mut Transaction, key: &Key, asked: &Asked<'_>) -> Outcome<Entry> {
    expect(tx, key, asked)?;
    tx.get(key.as_str())?.ok_or_else(|| missing(key))
}

/// Has the transaction land only on the record that the caller has read.
fn expect(tx: &mut Transaction, key: &Key, asked: &Asked<'_>) -> Outcome<()> {
    let record: RecordId = asked.needed("record")?.parse().map_err(|_| {
        Refusal::invalid("`record` is no record id")
            .hint("give the `record` that recall, get or list showed, all 64 digits")
    })?;
    match tx.base().get_id(key.as_str())? {
        None => return Err(missing(key)),
        Some(standing) if standing != record => {
            let message = format!("another version stands at `{key}` by now: {standing}");
            return Err(Refusal::new(ErrorKind::Stale, message).hint(AGAIN));
        }
        Some(_) => {}
    }
    Ok(tx.require(key, Expect::Record(record))?)
}

/// Takes over what else was given; what was not given stays.
fn change(entry: &mut Entry, asked: &Asked<'_>) -> Outcome<()> {
    if let Some(kind) = asked.text("kind") {
        entry.kind = Kind::new(kind)?;
    }
    if let Some(title) = asked.text("title") {
        entry.title = Some(title.to_owned()).filter(|title| !title.is_empty());
    }
    if let Some(context) = asked.text("context") {
        entry.context = Some(context.to_owned()).filter(|context| !context.is_empty());
    }
    if let Some(labels) = asked.texts("labels") {
        entry.labels.clear();
        *entry = labels.into_iter().fold(entry.clone(), Entry::label);
    }
    Ok(())
}

fn written(scope: &Scope, key: &Key, commit: CommitId, changed: bool) -> Outcome {
    let record = scope.store.snapshot(commit)?.get(key.as_str())?;
    let record = record.ok_or_else(|| missing(key))?;
    Ok(json!({
        "key": key.as_str(),
        "id": record.memory().to_string(),
        "record": record.id().to_string(),
        "trust": record.trust().name(),
        "commit": commit.to_string(),
        "changed": changed,
    }))
}
