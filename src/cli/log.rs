//! `log`: lists commits.

use std::collections::HashSet;
use std::io::Write;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use undream::{Commit, CommitId, Key, LogFilter, Store};

use super::call::{Access, Call, Eye};
use super::exit::Outcome;
use super::graph::{Graph, shown_parents};
use super::json as shape;
use super::page::Page;
use super::paint::escape;
use super::time::ago;

/// The branch that only the engine writes; its commits are accounts of dreams.
const ACCOUNTS: &str = "meta";

#[derive(Args, Debug)]
#[command(after_help = "With --author AUTHOR, only commits by that author are listed.")]
pub(crate) struct Log {
    /// The newest commit to list; else that of main
    #[arg(value_name = "REV")]
    revision: Option<String>,
    /// Begin at all branches and tags, dreams included
    #[arg(long, conflicts_with = "revision")]
    all: bool,
    /// Only commits that changed this key
    #[arg(long)]
    key: Option<String>,
    /// Only commits that changed something at or under this key
    #[arg(long)]
    prefix: Option<String>,
    /// Only what this dream brought, and what took that back
    #[arg(long, value_name = "N")]
    dream: Option<u64>,
    /// Only commits made in this session, or that rest on its events
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Only commits from this time on: 2026-03-01, yesterday, '3 days ago', ...
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only commits up to this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only commits whose message matches this regular expression, whatever the case
    #[arg(long, value_name = "REGEX")]
    grep: Option<String>,
    /// How many commits to list at most
    #[arg(short, long, value_name = "N")]
    number: Option<usize>,
    /// Also the single proposals beneath each review
    #[arg(long)]
    picks: bool,
    /// Draw how the commits hang together
    #[arg(long, conflicts_with = "json")]
    graph: bool,
}

impl Log {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Read)?;
        let filter = self.filter(call, &store)?;
        let from = self.starts(call, &store)?;
        if from.is_empty() && !call.json() {
            call.note("There are no commits yet.");
        }
        let commits = store.log_of(&from, filter.clone())?;
        let commits = commits.take(self.number.unwrap_or(usize::MAX));
        if call.json() {
            let values = commits.map(|commit| Ok(shape::commit(&*commit?)));
            let values = values.collect::<Outcome<Vec<Value>>>()?;
            return call.print_json(&json!({"commits": values}));
        }
        let eye = call.eye(&store)?;
        let mut page = call.long_page();
        if self.graph {
            let commits = commits.collect::<Result<Vec<_>, _>>()?;
            draw(&mut page, &eye, &store, &from, &filter, &commits)?;
        } else {
            let mut none = !from.is_empty();
            for commit in commits {
                none = false;
                write_commit(&mut page, &eye, &*commit?)?;
            }
            if none {
                call.note("There are no such commits.");
            }
        }
        Ok(page.finish()?)
    }

    fn filter(&self, call: &Call, store: &Store) -> Outcome<LogFilter> {
        let database = store.database();
        Ok(LogFilter {
            key: self.key.as_deref().map(Key::new).transpose()?,
            prefix: self.prefix.clone(),
            picks: self.picks,
            dream: self.dream,
            author: call.globals.author.clone().filter(|_| call.globals.author_given),
            session: self.session.clone(),
            since: self.since.as_deref().map(|text| database.since(text)).transpose()?,
            until: self.until.as_deref().map(|text| database.until(text)).transpose()?,
            grep: self.grep.clone(),
        })
    }

    fn starts(&self, call: &Call, store: &Store) -> Outcome<Vec<CommitId>> {
        if self.all {
            let mut refs = store.refs()?;
            refs.retain(|found| found.name.as_str() != ACCOUNTS);
            return Ok(refs.into_iter().map(|found| found.commit).collect());
        }
        Ok(match &self.revision {
            Some(revision) => vec![call.resolve(store, revision)?],
            None => store.branch("main")?.head()?.into_iter().collect(),
        })
    }
}

fn line(eye: &Eye, commit: &Commit) -> Outcome<String> {
    let when = ago(commit.authored(), eye.now);
    let author = escape(&commit.author().to_string()).into_owned();
    Ok(format!(
        "{}  {when:<10}  {}  {}",
        eye.id(commit.id().object())?,
        eye.paint.dim(author),
        escape(commit.summary()),
    ))
}

fn write_commit(page: &mut Page, eye: &Eye, commit: &Commit) -> Outcome {
    writeln!(page, "{}", line(eye, commit)?)?;
    Ok(())
}

fn draw(
    page: &mut Page,
    eye: &Eye,
    store: &Store,
    from: &[CommitId],
    filter: &LogFilter,
    commits: &[Arc<Commit>],
) -> Outcome {
    let picks = filter.picks || filter.key.is_some();
    let all = store.log_of(from, LogFilter { picks, ..LogFilter::default() })?;
    let all = all.collect::<Result<Vec<_>, _>>()?;
    let shown: HashSet<CommitId> = commits.iter().map(|commit| commit.id()).collect();
    let parents = shown_parents(&all, &shown);
    let mut graph = Graph::default();
    for commit in commits {
        let row = graph.draw(commit.id(), parents.get(&commit.id()).map_or(&[], Vec::as_slice));
        for line in &row.above {
            writeln!(page, "{line}")?;
        }
        writeln!(page, "{}{}", row.commit, line(eye, commit)?)?;
        for line in &row.below {
            writeln!(page, "{line}")?;
        }
    }
    Ok(())
}
