//! `undo`: takes one operation back.

use std::io::Write;

use clap::Args;
use serde_json::json;
use undream::{ErrorKind, Operation, Store};

use super::call::{Access, Call};
use super::exit::{Failure, Hinted, Outcome};
use super::json as shape;
use super::operation::write_operation;
use super::paint::{escape, quoted};

#[derive(Args, Debug)]
pub(crate) struct Undo {
    /// The operation, by its id as op log shows it; else the newest of the store that did more than
    /// keep a dream's account
    #[arg(value_name = "OP")]
    operation: Option<String>,
    /// Show what would go back; write nothing
    #[arg(long)]
    dry_run: bool,
}

impl Undo {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let access = if self.dry_run { Access::Read } else { Access::Write };
        let store = call.store(access)?;
        let operation = self.find(&store)?;
        if !self.dry_run {
            let author = call.author()?;
            let undone = store.undo(operation.id(), &author);
            let undone = undone.hint_for(ErrorKind::Invalid, op_log);
            undone.hint_for(ErrorKind::Stale, op_log)?;
        }
        if call.json() {
            let undone = shape::operation(&operation);
            return call.print_json(&json!({"undone": undone, "dry_run": self.dry_run}));
        }
        let mut page = call.page();
        let verb = if self.dry_run { "Would take back" } else { "Took back" };
        writeln!(page, "{verb}:")?;
        write_operation(&mut page, &call.eye(&store)?, &operation)?;
        page.finish()?;
        if !self.dry_run {
            let own = operation.store();
            let named = if own == store.name() { String::new() } else { format!("--store {own} ") };
            note_sessions(call, &store, &operation)?;
            call.note(format!("To have it again: undream {named}undo"));
        }
        Ok(())
    }

    fn find(&self, store: &Store) -> Outcome<Operation> {
        if let Some(digits) = &self.operation {
            return store.operation(digits).hint_for(ErrorKind::NotFound, op_log);
        }
        for operation in store.operations()? {
            let operation = operation?;
            // What the engine notes beside a merge or a revert is not what one wants back.
            let moves = operation.moves();
            let is_note = !moves.is_empty() && moves.iter().all(|step| step.name.is_reserved());
            if operation.store() == store.name() && !is_note {
                return Ok(operation);
            }
        }
        Err(Failure::new(ErrorKind::NotFound, "there is no operation to take back"))
    }
}

/// Says what became of sessions that were kept out of dreams, or are again.
fn note_sessions(call: &Call, store: &Store, undone: &Operation) -> Outcome {
    if undone.store() != store.name() {
        return Ok(());
    }
    for commit in undone.moves().iter().flat_map(|step| step.to.into_iter().chain(step.from)) {
        let Some(session) = store.session_taken_back(commit)? else { continue };
        let id = escape(&session);
        call.note(match store.quarantine_of(&session)? {
            None => format!("Dreams read session {id} again."),
            Some(_) => {
                format!(
                    "Dreams do not read session {id}; to let them: undream session lift {}",
                    quoted(&id)
                )
            }
        });
    }
    Ok(())
}

fn op_log() -> String {
    "undream op log".to_owned()
}
