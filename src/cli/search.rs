//! `search`: finds memories by their words.

use std::io::Write;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use undream::{Hit, Kind, Search as Index, Snapshot, Snippet, Store};

use super::arguments::{Asking, Reading, Trusting, at_least_one};
use super::call::{Call, Eye};
use super::exit::Outcome;
use super::page::Page;
use super::paint::escape;
use super::ranks;

/// So many rows behind, or so slow a search, make it worth indexing what is not indexed yet.
const LAG_ROWS_MAX: u64 = 64;
const SEARCH_TIME_MAX: Duration = Duration::from_millis(200);

#[derive(Args, Debug)]
pub(crate) struct Search {
    /// Words, each wanted; +word requires, -word excludes, "two words" is a phrase
    #[arg(required = true, value_name = "QUERY")]
    query: Vec<String>,
    /// How many hits to show at most
    #[arg(short, long, value_name = "N", default_value = "10", value_parser = at_least_one)]
    number: usize,
    /// Only what stands at and under this key
    #[arg(long, value_name = "KEY")]
    prefix: Option<String>,
    /// Only memories of this kind; given several times, of any of them
    #[arg(long)]
    kind: Vec<String>,
    /// Only memories with this label; given several times, with all of them
    #[arg(long)]
    label: Vec<String>,
    /// Show which ranks the memories had at this revision, and what changed them since
    #[arg(long, value_name = "REV")]
    against: Option<String>,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    trusting: Trusting,
    #[command(flatten)]
    reading: Reading,
}

impl Search {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let kinds = self.kind.iter().map(Kind::new).collect::<Result<Vec<_>, _>>()?;
        let store = call.keeping_store()?;
        let snapshot = call.snapshot(&store, self.reading.at.as_deref())?;
        let index = Index::open(store.database())?;
        let begun = now();
        let mut search = index.at(&snapshot).query(self.query.join(" ")).limit(self.number);
        if let Some(prefix) = &self.prefix {
            search = search.prefix(prefix);
        }
        if let Some(session) = &self.asking.session {
            search = search.for_session(session);
        }
        search = search.trusted(self.trusting.filter());
        search = kinds.into_iter().fold(search, undream::SearchQuery::kind);
        search = self.label.iter().fold(search, undream::SearchQuery::label);
        if let Some(then) = &self.against {
            let then = call.snapshot(&store, Some(then))?;
            ranks::answer(call, &store, &snapshot, &search.against(&then)?)?;
        } else {
            let hits = search.run()?.collect::<Result<Vec<Hit>, _>>()?;
            self.answer(call, &store, &snapshot, &hits)?;
        }
        keep_up(call, &index, begun.elapsed())
    }

    fn answer(&self, call: &Call, store: &Store, snapshot: &Snapshot, hits: &[Hit]) -> Outcome {
        if call.json() {
            let commit = snapshot.id().map(|id| id.to_string());
            let hits: Vec<_> = hits.iter().map(hit_json).collect();
            return call.print_json(&json!({"commit": commit, "hits": hits}));
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

#[expect(clippy::disallowed_methods, reason = "a face measures how long its user waited")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Indexes what searches would otherwise read again and again. Who is indexing already is left to
/// it; searches are exact in any case.
fn keep_up(call: &Call, index: &Index, took: Duration) -> Outcome {
    let lag = index.lag()?;
    if lag >= LAG_ROWS_MAX || (lag > 0 && took > SEARCH_TIME_MAX) {
        catch_up(call, index);
    }
    Ok(())
}

/// Indexes what was written so far; what keeps it from doing so is said and no failure.
pub(crate) fn catch_up(call: &Call, index: &Index) {
    if let Err(error) = index.catch_up() {
        call.note(format!("The search index is not up to date yet: {error}."));
    }
}

fn write_hit(page: &mut Page, eye: &Eye, hit: &Hit) -> Outcome {
    let title = hit.title.as_ref().map_or_else(String::new, |title| format!("  {}", escape(title)));
    writeln!(
        page,
        "{}  {}  {}{title}",
        eye.paint.name(hit.key.as_str()),
        eye.id(hit.record.object())?,
        eye.paint.dim(&hit.kind),
    )?;
    writeln!(page, "    {}", highlighted(eye, &hit.snippet))?;
    Ok(())
}

/// The snippet on one line, with the words that were found in colour.
pub(crate) fn highlighted(eye: &Eye, snippet: &Snippet) -> String {
    let line = |text: &str| escape(&text.replace(['\n', '\r', '\t'], " ")).into_owned();
    let (text, mut end, mut out) = (&snippet.text, 0, String::new());
    for range in &snippet.highlights {
        out += &line(&text[end..range.start]);
        out += &eye.paint.found(line(&text[range.clone()]));
        end = range.end;
    }
    out + &line(&text[end..])
}

fn hit_json(hit: &Hit) -> Value {
    let highlights: Vec<_> =
        hit.snippet.highlights.iter().map(|range| [range.start, range.end]).collect();
    json!({
        "key": hit.key.as_str(),
        "record": hit.record.to_string(),
        "kind": hit.kind.as_str(),
        "title": hit.title,
        "score": hit.score,
        "snippet": hit.snippet.text,
        "highlights": highlights,
    })
}
