//! `revert`: takes a commit back, or what rests on a session, an author or dreams.

use clap::Args;
use undream::{Branch, Dream, ErrorKind, Message, Store, Suspect};

use super::call::{Access, Call};
use super::dream::open;
use super::exit::{Failure, Hinted, Outcome};
use super::join::{Deciding, Join};
use super::paint::quoted;
use super::withdraw::withdraw;

#[derive(Args, Debug)]
pub(crate) struct Revert {
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    deciding: Deciding,
    /// With --dreams: 2026-03-01, yesterday, 'last tuesday', '3 days ago', ...
    #[arg(long, value_name = "TIME", requires = "dreams")]
    since: Option<String>,
    /// The branch to write to
    #[arg(long, value_name = "BRANCH", default_value = "main")]
    branch: String,
    /// Why, for the log
    #[arg(long, short, value_name = "MSG")]
    message: Option<String>,
}

/// What is taken back: one of these.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct What {
    /// The commit to take back
    #[arg(value_name = "REV")]
    revision: Option<String>,
    /// What rests on this session; what other evidence carries stays, what people edited is listed
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// What this author wrote: NAME, agent:NAME or program:NAME
    #[arg(long, value_name = "AUTHOR")]
    by: Option<String>,
    /// All that was merged of this dream
    #[arg(long, value_name = "N")]
    dream: Option<u64>,
    /// All that was merged of any dream since a time; direct writes stay
    #[arg(long, requires = "since")]
    dreams: bool,
}

impl Revert {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let access = if self.deciding.dry_run { Access::Read } else { Access::Write };
        let store = call.store(access)?;
        let branch = call.branch(&store, &self.branch)?;
        let suspect = match (&self.what.session, &self.what.by) {
            (Some(id), _) => Some(Suspect::Session(id.clone())),
            (None, Some(author)) => Some(Suspect::Author(author.parse()?)),
            (None, None) => None,
        };
        if let Some(suspect) = suspect {
            if self.deciding.decides() {
                let text = "there are no conflicts to decide where a session or an author is \
                            taken back";
                return Err(Failure::usage(text).hint("edit what is left for you by hand"));
            }
            let how = (self.message.as_deref(), self.deciding.dry_run);
            return withdraw(call, (&store, &branch), suspect, how);
        }
        match (&self.what.revision, self.what.dream, &self.since) {
            (Some(revision), ..) => self.commit(call, &store, &branch, revision),
            (None, Some(number), _) => self.dream(call, &store, number),
            (None, None, Some(since)) => self.dreams(call, &store, &branch, since),
            (None, None, None) => Err(Failure::usage("there is nothing to take back")),
        }
    }

    fn message(&self, call: &Call, default: &str) -> Outcome<Message> {
        Ok(call.author()?.message(self.message.as_deref().unwrap_or(default)))
    }

    fn commit(&self, call: &Call, store: &Store, branch: &Branch, revision: &str) -> Outcome {
        let commit = store.commit(call.resolve(store, revision)?)?;
        let message = self.message(call, &format!("Revert \"{}\"", commit.summary()))?;
        let merge = branch
            .revert(commit.id())
            .hint_for(ErrorKind::Invalid, || format!("undream log {}", branch.name()))?;
        let join = self.join(call, store, branch, &quoted(revision));
        join.finish(merge, |merge| merge.commit(message))
    }

    fn dream(&self, call: &Call, store: &Store, number: u64) -> Outcome {
        let dream = open(store, number)?;
        let branch = dream.base_branch()?;
        let message = self.message(call, &format!("Take back dream {number}"))?;
        let revert = dream
            .revert(None)
            .hint_for(ErrorKind::NotFound, || format!("undream dream show {number}"))?;
        let join = self.join(call, store, &branch, &format!("--dream {number}"));
        join.finish(revert, |revert| revert.commit(message))
    }

    fn dreams(&self, call: &Call, store: &Store, branch: &Branch, since: &str) -> Outcome {
        let instant = store.database().since(since)?;
        let revert = Dream::revert_since(branch, instant)
            .hint_for(ErrorKind::NotFound, || "undream dream list".to_owned())?;
        let numbers: Vec<String> = revert.proposals().keys().map(ToString::to_string).collect();
        let names = numbers.join(", ");
        call.note(format!("Since {instant} were merged: dream {names}"));
        let message =
            self.message(call, &format!("Take back all dreams since {instant}: {names}"))?;
        let join = self.join(call, store, branch, &format!("--dreams --since {}", quoted(since)));
        join.finish(revert, |revert| revert.commit(message))
    }

    fn join<'a>(
        &'a self,
        call: &'a Call,
        store: &'a Store,
        branch: &'a Branch,
        what: &str,
    ) -> Join<'a> {
        let mut command = format!("undream revert {what}");
        if self.branch != "main" {
            command += &format!(" --branch {}", quoted(&self.branch));
        }
        Join { call, store, branch, verb: "revert", command, deciding: &self.deciding }
    }
}
