//! `revert`: takes a commit back.

use clap::Args;
use undream::ErrorKind;

use super::arguments::Writing;
use super::call::{Access, Call};
use super::exit::{Hinted, Outcome};
use super::join::{Deciding, Join};
use super::paint::quoted;

#[derive(Args, Debug)]
pub(crate) struct Revert {
    /// The commit to take back
    #[arg(value_name = "REV")]
    revision: String,
    #[command(flatten)]
    deciding: Deciding,
    #[command(flatten)]
    writing: Writing,
}

impl Revert {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let access = if self.deciding.dry_run { Access::Read } else { Access::Write };
        let store = call.store(access)?;
        let branch = call.branch(&store, &self.writing.branch)?;
        let commit = store.commit(call.resolve(&store, &self.revision)?)?;
        let text = format!("Revert \"{}\"", commit.summary());
        let message = call.message(&self.writing.saying, &text)?;
        let merge = branch
            .revert(commit.id())
            .hint_for(ErrorKind::Invalid, || format!("undream log {}", branch.name()))?;
        let mut command = format!("undream revert {}", quoted(&self.revision));
        if self.writing.branch != "main" {
            command += &format!(" --branch {}", quoted(&self.writing.branch));
        }
        let deciding = &self.deciding;
        let join = Join { call, store: &store, branch: &branch, verb: "revert", command, deciding };
        join.finish(merge, |merge| merge.commit(message))
    }
}
