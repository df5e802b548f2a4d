//! The front door: a search index over a database, and one query at one snapshot.

use std::fmt;
use std::sync::Arc;

use crate::engine::{AsSnapshot, Database, Given, RecallKind, Snapshot, Store, TrustFilter};
use crate::error::{Error, Result};
use crate::limits;
use crate::object::Kind;
use crate::search::background::Background;
use crate::search::edits::Edits;
use crate::search::events::{Events, SessionSearch};
use crate::search::fields::{Facet, Filter};
use crate::search::hit::Hits;
use crate::search::parse::parse;
use crate::search::run::Run;
use crate::search::shared::Shared;
use crate::search::words::analyser;

/// How many hits a query gives unless told otherwise.
pub(super) const LIMIT: usize = 10;
/// The most hits of one query.
pub(super) const LIMIT_MAX: usize = 10_000;

/// Search over every version of every memory of a database, at any snapshot. Cheap to clone and
/// usable from many threads; it keeps the database open.
///
/// Ids, order and scores are those of a fresh index of just the searched snapshot. The index is
/// derived: it is kept up to date in the background, lies in the folder `search` of the database,
/// and is built anew when it is missing or damaged.
///
/// ```
/// use undream::{Author, Database, Entry, Options, Search};
///
/// let db = Options::new().in_memory()?;
/// let main = db.store("default")?.branch("main")?;
/// let mut tx = main.write()?;
/// tx.put("facts/city", Entry::fact("The office is in Lisbon."))?;
/// tx.put("facts/drink", Entry::fact("The team drinks oolong tea."))?;
/// tx.commit(Author::agent("scribe").message("First facts"))?;
///
/// let search = Search::open(&db)?;
/// let hits: Vec<_> = search.at(&main).query("office tea").run()?.collect::<Result<_, _>>()?;
/// assert_eq!(hits.len(), 2);
/// # Ok::<(), undream::Error>(())
/// ```
#[derive(Clone)]
pub struct Search {
    inner: Arc<Inner>,
}

/// Fields are dropped in order: the thread ends before the database closes.
struct Inner {
    _background: Option<Background>,
    shared: Arc<Shared>,
    events: Arc<Events>,
}

impl Search {
    /// Opens the index of `database`. What it lacks is indexed in the background, or in memory by
    /// the searches that need it; a database that is open read-only is searched just the same.
    ///
    /// # Errors
    /// `Io` if no thread can be started.
    pub fn open(database: &Database) -> Result<Self> {
        let shared = Arc::new(Shared::open(database)?);
        let writes = !database.is_read_only();
        let events = Arc::new(Events::open(database)?);
        let background = if writes { Some(Background::start(&shared, &events)?) } else { None };
        Ok(Self { inner: Arc::new(Inner { _background: background, shared, events }) })
    }

    /// Begins a search in the content of `source` as it is now.
    pub fn at(&self, source: &impl AsSnapshot) -> SearchQuery {
        SearchQuery {
            search: self.clone(),
            snapshot: source.as_snapshot(),
            query: String::new(),
            limit: LIMIT,
            prefix: None,
            kinds: Vec::new(),
            labels: Vec::new(),
            trusted: TrustFilter::new(),
            session: None,
        }
    }

    /// Begins a search in the events of the sessions of `store`.
    ///
    /// ```
    /// use undream::{Author, Database, Event, NewSession, Role, Search, SessionFacts};
    ///
    /// let db = Database::in_memory()?;
    /// let memory = db.store("default")?;
    /// let facts = SessionFacts { id: "chat-812".to_owned(), ..SessionFacts::default() };
    /// let events = vec![Event::said(Role::User, "The printer queue is locked again.")];
    /// let session = NewSession { facts, events, extra: None };
    /// memory.import_sessions(&[session], &Author::person("ana"))?;
    ///
    /// let hits = Search::open(&db)?.sessions(&memory).query("printer").run()?;
    /// assert_eq!((hits[0].session.as_str(), hits[0].number), ("chat-812", 0));
    /// # Ok::<(), undream::Error>(())
    /// ```
    pub fn sessions(&self, store: &Store) -> SessionSearch {
        SessionSearch::new(Arc::clone(&self.inner.events), store)
    }

    /// Indexes the events of all sessions, now: worth calling after a large import. Searches see
    /// them all the same.
    ///
    /// # Errors
    /// As [`Search::catch_up`], without waiting.
    pub fn catch_up_sessions(&self) -> Result<()> {
        self.inner.events.catch_up(|| false)
    }

    /// Indexes all memories that were written so far, now: worth calling after an import.
    ///
    /// # Errors
    /// `Locked` if another process has been indexing for two seconds; `Invalid` if the database is
    /// open read-only; what else keeps the index from being written.
    pub fn catch_up(&self) -> Result<()> {
        self.inner.shared.catch_up_now()
    }

    /// How many rows of the log are not in the index yet. Searches see them all the same.
    ///
    /// # Errors
    /// `Io` or `Corrupt` if the log cannot be read.
    pub fn lag(&self) -> Result<u64> {
        self.inner.shared.lag()
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }

    /// What went wrong in the background since this was last asked, if anything did. Searches stay
    /// exact, but may be slower.
    pub fn take_failure(&self) -> Option<Error> {
        self.inner.shared.take_failure().or_else(|| self.inner.events.take_failure())
    }
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Search({:?})", self.inner.shared.database)
    }
}

/// One search at one snapshot.
///
/// A query is words, each of them wanted: `office tea`. `+word` requires, `-word` excludes,
/// `"two words"` is a phrase, `title:word` looks in one field (text, title, key, labels, kind,
/// context), `AND`, `OR`, `NOT`, parentheses and `word^2` do what they do elsewhere, and `*` finds
/// everything. What has no meaning is taken as words.
#[derive(Debug)]
#[must_use = "a search does nothing until it is run"]
pub struct SearchQuery {
    search: Search,
    snapshot: Result<Snapshot>,
    query: String,
    limit: usize,
    prefix: Option<String>,
    kinds: Vec<Kind>,
    labels: Vec<String>,
    trusted: TrustFilter,
    session: Option<String>,
}

impl SearchQuery {
    /// What to look for.
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = query.into();
        self
    }

    /// At most this many hits; 10 unless given.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Only memories at and under this key.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// Only memories of this kind; given several times, of any of them.
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kinds.push(kind);
        self
    }

    /// Only memories with this label; given several times, with all of them.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.labels.push(label.into());
        self
    }

    /// Only memories that pass `filter`. Trust is not in the index: memories are read, the best
    /// first, until enough of them pass.
    pub fn trusted(mut self, filter: TrustFilter) -> Self {
        self.trusted = filter;
        self
    }

    /// Searches on behalf of a session: what is found is noted in the recall log. A comparison with
    /// another revision is not.
    pub fn for_session(mut self, session: impl Into<String>) -> Self {
        self.session = Some(session.into());
        self
    }

    /// Searches. Filters do not change scores. A query that excludes words but wants none, or has
    /// nothing but stop words, finds nothing. Memories whose text was erased are not found.
    ///
    /// # Errors
    /// `Invalid` if the query is empty; `Limit` if it is longer than 1 KiB, nested more than 16
    /// deep, has more than 128 words, or asks for more than 10,000 hits; either of them if the
    /// session can be none; what kept the snapshot from being read.
    pub fn run(self) -> Result<Hits> {
        limits::check("the search", self.limit, LIMIT_MAX, "hits")?;
        if self.query.trim().is_empty() {
            return Err(Error::invalid("the query is empty"));
        }
        let shared = Arc::clone(&self.search.inner.shared);
        let mut analyser = analyser();
        let clause = parse(&self.query, &mut analyser)?;
        let (mut found, mut words) = (Vec::new(), Vec::new());
        let (filter, limit, snapshot) = (self.filter(), self.limit, self.snapshot?);
        let session = self.session.as_deref();
        let recaller = session.map(|session| snapshot.for_session(session)).transpose()?;
        if let Some(clause) = clause.filter(|_| limit > 0) {
            clause.wanted_words(&mut words);
            let trusted = match self.trusted {
                open if open.is_open() => None,
                filter => Some((filter, snapshot.store().endorsements()?)),
            };
            let edits = Edits::default();
            let run = Run { shared: &shared, filter, snapshot, edits: &edits, clause, trusted };
            found = run.first(limit)?;
        }
        if let Some(recaller) = recaller {
            let given = found.iter().flatten().map(|found| Given::of(&found.key, &found.record));
            recaller.note(RecallKind::Search, &self.query, given.collect());
        }
        Ok(Hits::new(found, words.into_iter().collect(), analyser))
    }

    /// The snapshot it searches, and the search.
    pub(super) fn opened(self) -> Result<(Snapshot, Self)> {
        let snapshot = self.snapshot?;
        Ok((snapshot.clone(), Self { snapshot: Ok(snapshot), ..self }))
    }

    /// How many hits are wanted.
    pub(super) fn wanted(&self) -> usize {
        self.limit
    }

    /// The same search at another snapshot.
    pub(super) fn anew(&self, snapshot: &Snapshot) -> Self {
        Self {
            search: self.search.clone(),
            snapshot: Ok(snapshot.clone()),
            query: self.query.clone(),
            limit: self.limit,
            prefix: self.prefix.clone(),
            kinds: self.kinds.clone(),
            labels: self.labels.clone(),
            trusted: self.trusted,
            session: None,
        }
    }

    fn filter(&self) -> Filter {
        let prefix = self.prefix.as_deref().map(|prefix| prefix.trim_end_matches('/'));
        let under = prefix.filter(|prefix| !prefix.is_empty()).map(str::to_owned);
        let kinds = self.kinds.iter().cloned().map(Facet::Kind).collect();
        let labels = self.labels.iter().map(|label| vec![Facet::Label(label.clone())]);
        let mut facets: Vec<Vec<Facet>> = std::iter::once(kinds).chain(labels).collect();
        facets.retain(|any| !any.is_empty());
        Filter { under, facets }
    }
}
