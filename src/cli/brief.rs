//! `brief`: what an agent should know, within a budget of bytes.

use std::cmp::Reverse;
use std::io::Write;

use clap::Args;
use serde_json::json;
use undream::{Endorsements, Key, Kind, Record, RecordId, Search, Snapshot, Store, Trust};

use super::arguments::{Asking, Reading, Trusting};
use super::call::Call;
use super::exit::Outcome;
use super::paint::counted;

/// How many hits a query brings at most.
const HITS_MAX: usize = 200;

#[derive(Args, Debug)]
pub(crate) struct Brief {
    /// Only what stands at and under this key
    #[arg(long, value_name = "KEY")]
    prefix: Option<String>,
    /// Only what this search finds, the best first within each trust
    #[arg(long, value_name = "QUERY")]
    query: Option<String>,
    /// How long the answer may be, in bytes
    #[arg(long, value_name = "N", default_value = "8000")]
    max_bytes: usize,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    trusting: Trusting,
    #[command(flatten)]
    reading: Reading,
}

/// What of a memory decides how early it comes.
struct Candidate {
    key: Key,
    record: RecordId,
    trust: Trust,
    rule: bool,
    place: u64,
}

impl Candidate {
    /// Most trusted first, then rules, then what was written last.
    fn rank(&self) -> impl Ord + use<'_> {
        (Reverse(self.trust), Reverse(self.rule), Reverse(self.place), &self.key)
    }
}

impl Brief {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.asked_store(&self.asking)?;
        let snapshot = call.snapshot(&store, self.reading.at.as_deref())?;
        let candidates = match &self.query {
            Some(query) => self.found(&store, &snapshot, query)?,
            None => self.all(&store, &snapshot)?,
        };
        let short = store.database().abbreviations()?;
        let (mut text, mut lines, mut left_out) = (String::new(), Vec::new(), 0);
        let mut given = Vec::new();
        for candidate in &candidates {
            let record = snapshot.record(candidate.record)?;
            let item = item(&candidate.key, &short.of(record.id().object())?, &record)?;
            if text.len() + item.len() > self.max_bytes {
                left_out += 1;
                continue;
            }
            text += &item;
            lines.push(json!({
                "key": candidate.key.as_str(),
                "record": record.id().to_string(),
                "kind": record.kind().as_str(),
                "trust": candidate.trust.name(),
                "text": record.text()?,
            }));
            given.push((&candidate.key, record));
        }
        if let Some(session) = &self.asking.session {
            let given = given.iter().map(|(key, record)| (*key, record));
            let query = self.query.as_deref().unwrap_or_default();
            snapshot.for_session(session)?.note_brief(query, given)?;
        }
        if call.json() {
            return call.print_json(&json!({"brief": {
                "text": text,
                "bytes": text.len(),
                "left_out": left_out,
                "memories": lines,
            }}));
        }
        let mut page = call.page();
        write!(page, "{}", call.paint.text(&text))?;
        page.finish()?;
        if left_out > 0 {
            let count = counted(left_out, "memory", "memories");
            call.note(format!("{count} did not fit; --max-bytes gives more room."));
        }
        Ok(())
    }
}

impl Brief {
    /// Everything: most trusted first, then rules, then what was written last.
    fn all(&self, store: &Store, snapshot: &Snapshot) -> Outcome<Vec<Candidate>> {
        let (mut candidates, endorsements) = (Vec::new(), store.endorsements()?);
        for entry in snapshot.entries(self.prefix.as_deref().unwrap_or("")) {
            let (key, record) = entry?;
            candidates.extend(self.candidate(store, &endorsements, key, &record)?);
        }
        candidates.sort_by(|a, b| a.rank().cmp(&b.rank()));
        Ok(candidates)
    }

    /// What a search finds: most trusted first, then as well as it fits.
    fn found(&self, store: &Store, snapshot: &Snapshot, query: &str) -> Outcome<Vec<Candidate>> {
        let mut search = Search::open(store.database())?.at(snapshot).query(query).limit(HITS_MAX);
        if let Some(prefix) = &self.prefix {
            search = search.prefix(prefix);
        }
        search = search.trusted(self.trusting.filter());
        let (mut candidates, endorsements) = (Vec::new(), store.endorsements()?);
        for hit in search.run()? {
            let hit = hit?;
            let record = snapshot.record(hit.record)?;
            candidates.extend(self.candidate(store, &endorsements, hit.key, &record)?);
        }
        candidates.sort_by_key(|candidate| Reverse(candidate.trust));
        Ok(candidates)
    }

    /// The memory as a candidate; `None` if its text was erased or is not trusted enough.
    fn candidate(
        &self,
        store: &Store,
        endorsements: &Endorsements,
        key: Key,
        record: &Record,
    ) -> Outcome<Option<Candidate>> {
        if record.is_erased() || !self.trusting.filter().admits(record, endorsements)? {
            return Ok(None);
        }
        Ok(Some(Candidate {
            key,
            record: record.id(),
            trust: endorsements.trust(record)?,
            rule: *record.kind() == Kind::RULE,
            place: store.place_of(record.id())?,
        }))
    }
}

/// One item of a Markdown list; further lines of the text are indented beneath it.
fn item(key: &Key, short: &str, record: &Record) -> Outcome<String> {
    let text = record.text()?.trim();
    let text = match record.title()? {
        Some(title) => format!("**{title}** {text}"),
        None => text.to_owned(),
    };
    let mut out = format!("- `{key}` [{short}] ");
    for (number, line) in text.lines().enumerate() {
        if number > 0 && !line.is_empty() {
            out += "  ";
        }
        out += line;
        out.push('\n');
    }
    Ok(out)
}
