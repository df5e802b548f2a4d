//! `store`: lists, creates and deletes stores.

use std::io::Write;

use clap::{Args, Subcommand};
use serde_json::json;
use undream::ErrorKind;

use super::call::{Access, Call};
use super::exit::{Hinted, Outcome};
use super::paint::{counted, escape};

#[derive(Debug, Subcommand)]
pub(crate) enum Store {
    /// List the stores
    List,
    /// Create a store
    Create(Named),
    /// Delete a store with its branches, tags and sessions; undo brings it back
    Delete(Named),
}

#[derive(Args, Debug)]
pub(crate) struct Named {
    /// The store's name
    name: String,
}

impl Store {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        match self {
            Self::List => list(call),
            Self::Create(named) => create(call, &named.name),
            Self::Delete(named) => delete(call, &named.name),
        }
    }
}

fn list(call: &Call) -> Outcome {
    let database = call.database(Access::Read)?;
    let mut stores = Vec::new();
    for name in database.stores()? {
        let main = database.store(name.as_str())?.branch("main")?.snapshot()?;
        stores.push((name, main.id(), main.count("")?));
    }
    if call.json() {
        let values = stores.iter().map(|(name, head, memories)| {
            let head = head.map(|id| id.to_string());
            json!({"name": name.as_str(), "head": head, "memories": memories})
        });
        return call.print_json(&json!({"stores": values.collect::<Vec<_>>()}));
    }
    let mut page = call.page();
    for (name, _, memories) in &stores {
        writeln!(
            page,
            "{}  {}",
            call.paint.name(name.as_str()),
            counted(*memories, "memory", "memories")
        )?;
    }
    Ok(page.finish()?)
}

fn create(call: &Call, name: &str) -> Outcome {
    let database = call.database(Access::Write)?;
    let store = database.create_store(name, &call.author()?);
    store.hint_for(ErrorKind::Invalid, list_hint)?;
    if call.json() {
        return call.print_json(&json!({"store": {"name": name}}));
    }
    call.note(format!("Created store {}.", escape(name)));
    call.note(format!("Next: undream --store {name} put notes/first \"...\""));
    Ok(())
}

fn delete(call: &Call, name: &str) -> Outcome {
    let database = call.database(Access::Write)?;
    let deleted = database.delete_store(name, &call.author()?);
    let operation = deleted.hint_for(ErrorKind::NotFound, list_hint)?;
    if call.json() {
        let operation = operation.to_string();
        return call.print_json(&json!({"deleted": {"name": name, "operation": operation}}));
    }
    let digits = database.abbreviations()?.of(operation.object())?;
    call.note(format!("Deleted store {}.", escape(name)));
    call.note(format!("To have it again: undream undo {digits}"));
    Ok(())
}

fn list_hint() -> String {
    "undream store list".to_owned()
}
