//! `session search`: finds what was said and done in sessions.

use std::io::Write;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use undream::{Role, Search, SessionHit, Store};

use super::arguments::at_least_one;
use super::call::{Call, Eye};
use super::exit::Outcome;
use super::page::Page;
use super::paint::escape;
use super::search::{highlighted, now};

/// So slow a search makes it worth indexing what is not indexed yet.
const SEARCH_TIME_MAX: Duration = Duration::from_millis(500);

#[derive(Args, Debug)]
pub(crate) struct Finding {
    /// Words, each wanted; +word requires, -word excludes, "two words" is a phrase
    #[arg(required = true, value_name = "QUERY")]
    query: Vec<String>,
    /// How many hits to show at most
    #[arg(short, long, value_name = "N", default_value = "10", value_parser = at_least_one)]
    number: usize,
    /// Only what this role says; given several times, any of them
    #[arg(long, value_name = "system|user|assistant|tool_call|meta", value_parser = role)]
    role: Vec<Role>,
    /// Only calls of this tool; given several times, of any of them
    #[arg(long, value_name = "NAME")]
    tool: Vec<String>,
    /// Only sessions of this user
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Only sessions of this project
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Only sessions that began at this time or later: 2026-03-01, yesterday, '3 days ago', ...
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
}

fn role(name: &str) -> Result<Role, String> {
    Role::from_name(name)
        .ok_or_else(|| "a role is one of system, user, assistant, tool_call, meta".to_owned())
}

impl Finding {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.keeping_store()?;
        let index = Search::open(store.database())?;
        let begun = now();
        let hits = self.hits(&index, &store)?;
        self.answer(call, &store, &hits)?;
        keep_up(call, &index, begun);
        Ok(())
    }

    fn hits(&self, index: &Search, store: &Store) -> Outcome<Vec<SessionHit>> {
        let mut search = index.sessions(store).query(self.query.join(" ")).limit(self.number);
        search = self.role.iter().copied().fold(search, undream::SessionSearch::role);
        search = self.tool.iter().fold(search, undream::SessionSearch::tool);
        if let Some(user) = &self.user {
            search = search.user(user);
        }
        if let Some(project) = &self.project {
            search = search.project(project);
        }
        if let Some(since) = &self.since {
            search = search.since(store.database().since(since)?);
        }
        Ok(search.run()?)
    }

    fn answer(&self, call: &Call, store: &Store, hits: &[SessionHit]) -> Outcome {
        if call.json() {
            let hits: Vec<_> = hits.iter().map(hit_json).collect();
            return call.print_json(&json!({"hits": hits}));
        }
        if hits.is_empty() {
            call.note(format!("Nothing found for \"{}\".", escape(&self.query.join(" "))));
        }
        let eye = call.eye(store)?;
        let mut page = call.long_page();
        for hit in hits {
            write_hit(&mut page, &eye, hit)?;
        }
        Ok(page.finish()?)
    }
}

/// Indexes what this search had to index in memory, if that took long.
fn keep_up(call: &Call, index: &Search, begun: Instant) {
    if begun.elapsed() > SEARCH_TIME_MAX
        && let Err(error) = index.catch_up_sessions()
    {
        call.note(format!("The index of sessions is not up to date yet: {error}."));
    }
}

fn write_hit(page: &mut Page, eye: &Eye, hit: &SessionHit) -> Outcome {
    let name = eye.paint.name(&format!("{}#{}", hit.session, hit.number));
    let mut line = format!("{name}  {}", hit.role.name());
    if let Some(tool) = &hit.tool {
        line += &format!("  {}", escape(tool));
    }
    if let Some(at) = hit.at {
        line += &eye.paint.dim(format!("  {at}"));
    }
    if hit.is_context() {
        line += &eye.paint.dim("  (context, never evidence)");
    }
    writeln!(page, "{line}")?;
    writeln!(page, "    {}", highlighted(eye, &hit.snippet))?;
    Ok(())
}

fn hit_json(hit: &SessionHit) -> Value {
    let highlights: Vec<_> =
        hit.snippet.highlights.iter().map(|range| [range.start, range.end]).collect();
    json!({
        "session": hit.session,
        "event": hit.number,
        "role": hit.role.name(),
        "source": hit.source.name(),
        "tool": hit.tool,
        "at": hit.at.map(|at| at.to_string()),
        "context": hit.is_context(),
        "score": hit.score,
        "snippet": hit.snippet.text,
        "highlights": highlights,
    })
}
