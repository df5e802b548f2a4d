//! `rm` and `mv`: removes memories, moves a memory.

use clap::Args;
use serde_json::json;
use undream::{CommitId, Error, ErrorKind, Store, Transaction};

use super::arguments::Writing;
use super::call::{Access, Call};
use super::exit::{Failure, Outcome};
use super::nearest::nearest_keys;
use super::paint::{escape, quoted};

#[derive(Args, Debug)]
pub(crate) struct Remove {
    /// The memories; all of them are removed, or none
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
    #[command(flatten)]
    writing: Writing,
}

#[derive(Args, Debug)]
pub(crate) struct Move {
    /// Where the memory stands
    from: String,
    /// Where it shall stand
    to: String,
    #[command(flatten)]
    writing: Writing,
}

impl Remove {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let mut keys = self.keys.clone();
        keys.sort();
        keys.dedup();
        let default = match keys.as_slice() {
            [key] => format!("Remove {key}"),
            several => format!("Remove {} memories", several.len()),
        };
        let edit = |tx: &mut Transaction| keys.iter().try_for_each(|key| tx.remove(key));
        let (store, commit) = write(call, &self.writing, &default, &self.keys, edit)?;
        if call.json() {
            let commit = commit.to_string();
            return call.print_json(&json!({"removed": {"keys": keys, "commit": commit}}));
        }
        let eye = call.eye(&store)?;
        let short = eye.short.of(commit.object())?;
        call.note(format!("Removed {} in commit {short}.", escape(&keys.join(", "))));
        Ok(())
    }
}

impl Move {
    /// Says what helps where another memory stands at the new key.
    fn taken(&self, call: &Call, failure: Failure) -> Outcome<Failure> {
        if failure.kind() != ErrorKind::Invalid {
            return Ok(failure);
        }
        let branch = call.branch(&call.store(Access::Read)?, &self.writing.branch)?;
        Ok(match branch.snapshot()?.get_id(&self.to) {
            Ok(Some(_)) => {
                let to = quoted(&self.to);
                failure.hint(format!("name another key, or first: undream rm {to}"))
            }
            // The keys themselves are wrong.
            _ => failure,
        })
    }

    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let default = format!("Move {} to {}", self.from, self.to);
        let edit = |tx: &mut Transaction| tx.rename(&self.from, &self.to);
        let keys = std::slice::from_ref(&self.from);
        let written = write(call, &self.writing, &default, keys, edit);
        let (store, commit) = match written {
            Err(failure) => return Err(self.taken(call, failure)?),
            Ok(written) => written,
        };
        if call.json() {
            let commit = commit.to_string();
            let moved = json!({"from": self.from, "to": self.to, "commit": commit});
            return call.print_json(&json!({"moved": moved}));
        }
        let eye = call.eye(&store)?;
        let short = eye.short.of(commit.object())?;
        call.note(format!("Moved {} in commit {short}.", escape(&default[5..])));
        Ok(())
    }
}

/// Commits what `edit` does; where it misses one of `keys`, the nearest ones are named.
fn write(
    call: &Call,
    writing: &Writing,
    default: &str,
    keys: &[String],
    edit: impl FnMut(&mut Transaction) -> Result<(), Error>,
) -> Outcome<(Store, CommitId)> {
    let store = call.store(Access::Write)?;
    let branch = call.branch(&store, &writing.branch)?;
    let message = call.message(&store, &writing.saying, default)?;
    let commit = match branch.update(message, edit) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let snapshot = branch.snapshot()?;
            let mut nearest = Vec::new();
            for key in keys {
                if snapshot.get_id(key)?.is_none() {
                    nearest.extend(nearest_keys(&snapshot, key)?);
                }
            }
            return Err(Failure::from(error).candidates(nearest).hint("undream ls"));
        }
        other => other?,
    };
    Ok((store, commit))
}
