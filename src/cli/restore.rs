//! `restore`: makes a branch, prefix or key equal to an earlier state.

use clap::Args;
use serde_json::json;

use super::arguments::Writing;
use super::call::{Access, Call};
use super::change;
use super::exit::Outcome;

#[derive(Args, Debug)]
pub(crate) struct Restore {
    /// The earlier state: any revision, such as main~3 or main@{yesterday}
    #[arg(long, value_name = "REV")]
    to: String,
    /// Only the memory at this key
    #[arg(long, conflicts_with = "prefix")]
    key: Option<String>,
    /// Only what stands at and under this key
    #[arg(long, value_name = "KEY")]
    prefix: Option<String>,
    /// Show what would change; write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    writing: Writing,
}

impl Restore {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let access = if self.dry_run { Access::Read } else { Access::Write };
        let store = call.store(access)?;
        let branch = call.branch(&store, &self.writing.branch)?;
        let to = call.resolve(&store, &self.to)?;
        let place = self.key.as_deref().or(self.prefix.as_deref()).unwrap_or("");
        let short = store.database().abbreviations()?.of(to.object())?;
        let what = if place.is_empty() { branch.name().as_str() } else { place };
        let message =
            call.message(&store, &self.writing.saying, &format!("Restore {what} to {short}"))?;
        let restore = branch.restore(to, place)?;
        let changes = restore.changes().to_vec();
        let commit =
            if self.dry_run || changes.is_empty() { None } else { Some(restore.commit(message)?) };
        let read = |id| store.record(id)?.to_entry();
        if call.json() {
            return call.print_json(&json!({"restore": {
                "branch": branch.name().as_str(),
                "to": to.to_string(),
                "commit": commit.map(|id| id.to_string()),
                "dry_run": self.dry_run,
                "changes": change::list_json(&changes, &read)?,
            }}));
        }
        let eye = call.eye(&store)?;
        let mut page = call.long_page();
        for found in &changes {
            if self.dry_run {
                change::write(&mut page, &eye, found, &read)?;
            } else {
                change::write_header(&mut page, &eye, found)?;
            }
        }
        page.finish()?;
        let summary = change::summary(&changes);
        match commit {
            Some(commit) => {
                let made = eye.short.of(commit.object())?;
                call.note(format!("Commit {made} on {}: {summary}.", branch.name()));
            }
            None if self.dry_run => {
                call.note(format!("Would make: {summary}. Nothing is written."));
            }
            None => call.note(format!("It is as it was at {short} already.")),
        }
        Ok(())
    }
}
