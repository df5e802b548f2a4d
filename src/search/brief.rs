//! A brief: what an agent should know, as Markdown within a budget of bytes.

use std::cmp::Reverse;

use crate::engine::{AsSnapshot, Endorsements, Snapshot, TrustFilter};
use crate::error::Result;
use crate::object::{Key, Kind, Record, Trust};
use crate::search::front::Search;
use crate::storage::RecordId;

/// How long a brief may be unless told otherwise, in bytes.
const BYTES_MAX: usize = 8_000;
/// How many hits a query brings at most.
const HITS_MAX: usize = 200;

/// A brief to be made: the memories that an agent should know, those that are trusted most first,
/// within a budget of bytes.
///
/// ```
/// use undream::{Author, Brief, Database, Entry};
///
/// let db = Database::in_memory()?;
/// let main = db.store("default")?.branch("main")?;
/// let mut tx = main.write()?;
/// tx.put("facts/city", Entry::fact("The office is in Lisbon."))?;
/// tx.commit(Author::agent("scribe").message("First facts"))?;
///
/// let briefing = Brief::of(&main).max_bytes(2_000).for_session("chat-812").make()?;
/// assert!(briefing.text.ends_with("The office is in Lisbon.\n"));
/// # Ok::<(), undream::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a brief is not made until `make` is called"]
pub struct Brief {
    snapshot: Result<Snapshot>,
    query: Option<(Search, String)>,
    prefix: Option<String>,
    bytes_max: usize,
    trusted: TrustFilter,
    session: Option<String>,
}

/// A brief that was made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Briefing {
    /// The brief: an item of a Markdown list per memory.
    pub text: String,
    /// The memories it holds, in order.
    pub memories: Vec<Briefed>,
    /// How many memories there was no room for.
    pub left_out: u64,
}

/// A memory that stands in a brief.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Briefed {
    /// Where it stands.
    pub key: Key,
    /// The version that the brief holds.
    pub record: Record,
    /// How far it is trusted; most, where a person endorsed it.
    pub trust: Trust,
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
    /// Begins a brief of the content of `source` as it is now: the most trusted first, then rules,
    /// then what was written last.
    pub fn of(source: &impl AsSnapshot) -> Self {
        Self {
            snapshot: source.as_snapshot(),
            query: None,
            prefix: None,
            bytes_max: BYTES_MAX,
            trusted: TrustFilter::new(),
            session: None,
        }
    }

    /// Only what a search for `query` finds, at most 200 memories, the best first within each
    /// trust.
    pub fn query(mut self, search: &Search, query: impl Into<String>) -> Self {
        self.query = Some((search.clone(), query.into()));
        self
    }

    /// Only memories at and under this key.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// At most so many bytes of text; 8,000 unless given. A memory that does not fit whole is left
    /// out, and the next one is tried.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.bytes_max = bytes;
        self
    }

    /// Only memories that pass `filter`.
    pub fn trusted(mut self, filter: TrustFilter) -> Self {
        self.trusted = filter;
        self
    }

    /// Makes the brief on behalf of a session: what it holds is noted in the recall log.
    pub fn for_session(mut self, session: impl Into<String>) -> Self {
        self.session = Some(session.into());
        self
    }

    /// Makes the brief. Memories whose text was erased are not in it.
    ///
    /// # Errors
    /// As [`SearchQuery::run`](crate::SearchQuery::run) if there is a query; `Invalid` or `Limit`
    /// if the session can be none; what kept the snapshot from being read.
    pub fn make(self) -> Result<Briefing> {
        let snapshot = self.snapshot?;
        let asked = Self { snapshot: Ok(snapshot.clone()), ..self };
        asked.make_of(&snapshot)
    }

    fn make_of(&self, snapshot: &Snapshot) -> Result<Briefing> {
        let candidates = match &self.query {
            Some((search, query)) => self.found(snapshot, search, query)?,
            None => self.all(snapshot)?,
        };
        let short = snapshot.store().database().abbreviations()?;
        let mut briefing = Briefing { text: String::new(), memories: Vec::new(), left_out: 0 };
        for candidate in candidates {
            let record = snapshot.record(candidate.record)?;
            let item = item(&candidate.key, &short.of(record.id().object())?, &record)?;
            if briefing.text.len() + item.len() > self.bytes_max {
                briefing.left_out += 1;
                continue;
            }
            briefing.text += &item;
            let Candidate { key, trust, .. } = candidate;
            briefing.memories.push(Briefed { key, record, trust });
        }
        if let Some(session) = &self.session {
            let given = briefing.memories.iter().map(|held| (&held.key, &held.record));
            let query = self.query.as_ref().map_or("", |(_, query)| query);
            snapshot.for_session(session)?.note_brief(query, given)?;
        }
        Ok(briefing)
    }

    /// Everything: most trusted first, then rules, then what was written last.
    fn all(&self, snapshot: &Snapshot) -> Result<Vec<Candidate>> {
        let (mut candidates, endorsements) = (Vec::new(), snapshot.store().endorsements()?);
        for entry in snapshot.entries(self.prefix.as_deref().unwrap_or("")) {
            let (key, record) = entry?;
            candidates.extend(self.candidate(snapshot, &endorsements, key, &record)?);
        }
        candidates.sort_by(|a, b| a.rank().cmp(&b.rank()));
        Ok(candidates)
    }

    /// What a search finds: most trusted first, then as well as it fits.
    fn found(&self, snapshot: &Snapshot, search: &Search, query: &str) -> Result<Vec<Candidate>> {
        let mut search = search.at(snapshot).query(query).limit(HITS_MAX).trusted(self.trusted);
        if let Some(prefix) = &self.prefix {
            search = search.prefix(prefix);
        }
        let (mut candidates, endorsements) = (Vec::new(), snapshot.store().endorsements()?);
        for hit in search.run()? {
            let hit = hit?;
            let record = snapshot.record(hit.record)?;
            candidates.extend(self.candidate(snapshot, &endorsements, hit.key, &record)?);
        }
        candidates.sort_by_key(|candidate| Reverse(candidate.trust));
        Ok(candidates)
    }

    /// The memory as a candidate; `None` if its text was erased or is not trusted enough.
    fn candidate(
        &self,
        snapshot: &Snapshot,
        endorsements: &Endorsements,
        key: Key,
        record: &Record,
    ) -> Result<Option<Candidate>> {
        if record.is_erased() || !self.trusted.admits(record, endorsements)? {
            return Ok(None);
        }
        Ok(Some(Candidate {
            key,
            record: record.id(),
            trust: endorsements.trust(record)?,
            rule: *record.kind() == Kind::RULE,
            place: snapshot.store().place_of(record.id())?,
        }))
    }
}

/// One item of a Markdown list; further lines of the text are indented beneath it.
fn item(key: &Key, short: &str, record: &Record) -> Result<String> {
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
