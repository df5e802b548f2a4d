//! `log`: lists commits.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};
use undream::{CommitId, Key, LogFilter, Store};

use super::call::{Access, Call};
use super::exit::Outcome;
use super::json as shape;
use super::paint::escape;
use super::time::ago;

#[derive(Args, Debug)]
pub(crate) struct Log {
    /// The newest commit to list; else that of main
    #[arg(value_name = "REV")]
    revision: Option<String>,
    /// Only commits that changed this key
    #[arg(long)]
    key: Option<String>,
    /// How many commits to list at most
    #[arg(short, long, value_name = "N")]
    number: Option<usize>,
    /// Also the single proposals beneath each review
    #[arg(long)]
    picks: bool,
}

impl Log {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Read)?;
        let key = self.key.as_deref().map(Key::new).transpose()?;
        let from = match &self.revision {
            Some(revision) => Some(call.resolve(&store, revision)?),
            None => store.branch("main")?.head()?,
        };
        let Some(from) = from else {
            if call.json() {
                return call.print_json(&json!({"commits": []}));
            }
            call.note("There are no commits yet.");
            return Ok(());
        };
        self.list(call, &store, from, LogFilter { key, picks: self.picks })
    }

    fn list(&self, call: &Call, store: &Store, from: CommitId, filter: LogFilter) -> Outcome {
        let commits = store.log(from, filter)?.take(self.number.unwrap_or(usize::MAX));
        if call.json() {
            let values = commits.map(|commit| Ok(shape::commit(&*commit?)));
            let values = values.collect::<Outcome<Vec<Value>>>()?;
            return call.print_json(&json!({"commits": values}));
        }
        let eye = call.eye(store)?;
        let mut page = call.long_page();
        for commit in commits {
            let commit = commit?;
            let when = ago(commit.authored(), eye.now);
            let author = escape(&commit.author().to_string()).into_owned();
            writeln!(
                page,
                "{}  {when:<10}  {}  {}",
                eye.id(commit.id().object())?,
                eye.paint.dim(author),
                escape(commit.summary()),
            )?;
        }
        Ok(page.finish()?)
    }
}
