//! `op log`: the operation log.

use std::io::Write;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use undream::{Operation, RefMove};

use super::call::{Access, Call, Eye};
use super::exit::Outcome;
use super::json as shape;
use super::page::Page;
use super::paint::escape;
use super::time::ago;

#[derive(Debug, Subcommand)]
pub(crate) enum Op {
    /// List the operations on the database, newest first
    Log(OpLog),
}

#[derive(Args, Debug)]
pub(crate) struct OpLog {
    /// How many operations to list at most
    #[arg(short, long, value_name = "N")]
    number: Option<usize>,
}

impl Op {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let Self::Log(log) = self;
        let store = call.store(Access::Read)?;
        let operations = store.operations()?.take(log.number.unwrap_or(usize::MAX));
        if call.json() {
            let values = operations.map(|found| Ok(shape::operation(&found?)));
            let values = values.collect::<Outcome<Vec<Value>>>()?;
            return call.print_json(&json!({"operations": values}));
        }
        let eye = call.eye(&store)?;
        let mut page = call.long_page();
        for operation in operations {
            write_operation(&mut page, &eye, &operation?)?;
        }
        Ok(page.finish()?)
    }
}

/// One line, and one for each ref that moved.
pub(crate) fn write_operation(page: &mut Page, eye: &Eye, operation: &Operation) -> Outcome {
    let when = ago(operation.at(), eye.now);
    let author = escape(&operation.author().to_string()).into_owned();
    write!(
        page,
        "{}  {when:<10}  {}  {} in {}",
        eye.id(operation.id().object())?,
        eye.paint.dim(author),
        operation.kind().name(),
        operation.store(),
    )?;
    if let Some(message) = operation.message() {
        write!(page, ": {}", escape(message))?;
    }
    if !operation.sessions().is_empty() {
        write!(page, ": {}", operation.sessions().len())?;
    }
    writeln!(page)?;
    operation.moves().iter().try_for_each(|step| write_move(page, eye, step))
}

fn write_move(page: &mut Page, eye: &Eye, step: &RefMove) -> Outcome {
    let place = |id: Option<undream::CommitId>| match id {
        Some(id) => eye.id(id.object()),
        None => Ok("nothing".to_owned()),
    };
    let name = eye.paint.name(step.name.as_str());
    writeln!(page, "          {name}: {} -> {}", place(step.from)?, place(step.to)?)?;
    Ok(())
}
