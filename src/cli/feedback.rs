//! `feedback`: says whether a memory helped or is wrong, for later dreams to count.

use std::io::Write;

use clap::{Args, ValueEnum};
use serde_json::json;
use undream::{ErrorKind, Feedback as Said, Opinion};

use super::call::{Access, Call};
use super::exit::{Hinted, Outcome};
use super::paint::escape;

#[derive(Args, Debug)]
pub(crate) struct Feedback {
    /// The memory
    key: String,
    /// What to say of it
    opinion: Word,
    /// The branch that holds it
    #[arg(long, value_name = "BRANCH", default_value = "main")]
    branch: String,
}

/// What to say of a memory.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Word {
    /// It helped.
    Helpful,
    /// It is not so.
    Wrong,
}

impl Feedback {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Write)?;
        let snapshot = call.branch(&store, &self.branch)?.snapshot()?;
        let opinion = match self.opinion {
            Word::Helpful => Opinion::Helpful,
            Word::Wrong => Opinion::Wrong,
        };
        let said = Said::give(&snapshot, &self.key, opinion, &call.author()?);
        let said = said.hint_for(ErrorKind::NotFound, || "undream ls".to_owned())?;
        let (helpful, wrong) = (said.helpful, said.wrong);
        if call.json() {
            return call.print_json(&json!({"key": said.key, "helpful": helpful, "wrong": wrong}));
        }
        let mut page = call.page();
        writeln!(page, "{}: helpful {helpful}, wrong {wrong}.", escape(&said.key))?;
        Ok(page.finish()?)
    }
}
