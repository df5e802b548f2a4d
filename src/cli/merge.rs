//! `merge`: joins a branch or revision into a branch.

use clap::Args;
use undream::{Cause, Commit, ErrorKind, RefName};

use super::arguments::Saying;
use super::call::{Access, Call};
use super::exit::{Failure, Outcome};
use super::join::{Deciding, Join};
use super::paint::quoted;

#[derive(Args, Debug)]
pub(crate) struct Merge {
    /// What to merge: a branch, or any revision
    from: String,
    /// The branch to merge into
    #[arg(long, value_name = "BRANCH", default_value = "main")]
    into: String,
    #[command(flatten)]
    deciding: Deciding,
    #[command(flatten)]
    saying: Saying,
}

impl Merge {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let access = if self.deciding.dry_run { Access::Read } else { Access::Write };
        let store = call.store(access)?;
        let branch = call.branch(&store, &self.into)?;
        let theirs = call.resolve(&store, &self.from)?;
        self.refuse_proposals(&*store.commit(theirs)?)?;
        let mut command = format!("undream merge {}", quoted(&self.from));
        let mut text = format!("Merge {}", self.from);
        if self.into != "main" {
            command += &format!(" --into {}", quoted(&self.into));
            text += &format!(" into {}", self.into);
        }
        let message = call.message(&store, &self.saying, &text)?;
        let merge = branch.merge_commit(theirs)?;
        let deciding = &self.deciding;
        let join = Join { call, store: &store, branch: &branch, verb: "merge", command, deciding };
        join.finish(merge, |merge| merge.commit(message))
    }

    /// What a dream proposes comes to a branch by its review only.
    fn refuse_proposals(&self, theirs: &Commit) -> Outcome {
        let named = RefName::new(&self.from).ok().and_then(|name| name.dream_number());
        let dream = match theirs.cause() {
            Cause::Proposal(part) => Some(part.dream),
            _ => named,
        };
        let Some(dream) = dream else { return Ok(()) };
        let message = format!(
            "`{}` belongs to a dream: it is merged proposal by proposal, by its review",
            self.from
        );
        let failure = Failure::new(ErrorKind::Blocked, message);
        Err(failure.hint(format!("undream dream show {dream}, then undream dream merge {dream}")))
    }
}
