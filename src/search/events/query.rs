//! One search of the sessions of a store.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::clock::Time;
use crate::engine::Store;
use crate::error::{Error, Result};
use crate::limits;
use crate::object::{Role, Session};
use crate::search::collect::{Scored, collect};
use crate::search::events::hit::SessionHit;
use crate::search::events::index::Events;
use crate::search::events::live::{Live, event_at};
use crate::search::fields::{Facet, Filter};
use crate::search::front::{LIMIT, LIMIT_MAX};
use crate::search::index::Fault;
use crate::search::parse::{Clause, parse};
use crate::search::plan::Plan;
use crate::search::snippet::Snippet;
use crate::search::words::analyser;

/// One search of the events of a store's sessions, as they stand now.
///
/// Queries are those of [`SearchQuery`](crate::SearchQuery); all that an event says is its `text`.
#[must_use = "a search does nothing until it is run"]
pub struct SessionSearch {
    events: Arc<Events>,
    store: Store,
    query: String,
    limit: usize,
    roles: Vec<Role>,
    tools: Vec<String>,
    user: Option<String>,
    project: Option<String>,
    since: Option<Time>,
}

impl SessionSearch {
    pub(in crate::search) fn new(events: Arc<Events>, store: &Store) -> Self {
        Self {
            events,
            store: store.clone(),
            query: String::new(),
            limit: LIMIT,
            roles: Vec::new(),
            tools: Vec::new(),
            user: None,
            project: None,
            since: None,
        }
    }

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

    /// Only what this role says; given several times, any of them.
    pub fn role(mut self, role: Role) -> Self {
        self.roles.push(role);
        self
    }

    /// Only calls of this tool, in whatever case; given several times, of any of them.
    pub fn tool(mut self, tool: impl AsRef<str>) -> Self {
        self.tools.push(tool.as_ref().to_lowercase());
        self
    }

    /// Only sessions of this user.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Only sessions of this project.
    pub fn project(mut self, project: impl Into<String>) -> Self {
        self.project = Some(project.into());
        self
    }

    /// Only sessions that began at this time or later; one that does not say when it began did not.
    pub fn since(mut self, since: Time) -> Self {
        self.since = Some(since);
        self
    }

    /// Searches: the best hits first, equal ones by session and number. Filters do not change
    /// scores. Erased events are not found; every session that was taken in is searched, whether
    /// or not it is indexed already.
    ///
    /// # Errors
    /// `Invalid` if the query is empty; `Limit` as for a search of memories; `Corrupt` if a session
    /// is damaged.
    pub fn run(self) -> Result<Vec<SessionHit>> {
        limits::check("the search", self.limit, LIMIT_MAX, "hits")?;
        if self.query.trim().is_empty() {
            return Err(Error::invalid("the query is empty"));
        }
        let mut analyser = analyser();
        let clause = parse(&self.query, &mut analyser)?;
        let Some(clause) = clause.filter(|_| self.limit > 0) else { return Ok(Vec::new()) };
        let mut words = Vec::new();
        clause.wanted_words(&mut words);
        let words: HashSet<String> = words.into_iter().collect();
        let mut wanted = self.limit;
        loop {
            let (scored, live) = self.guarded(&clause, wanted)?;
            let exhausted = scored.len() < wanted;
            let mut hits = Vec::with_capacity(scored.len());
            for scored in &scored {
                if hits.len() == self.limit {
                    break;
                }
                let found = self.read(&live, scored)?;
                hits.extend(found.map(|(mut hit, text)| {
                    hit.snippet = Snippet::of(&text, &words, &mut analyser);
                    hit
                }));
            }
            // What was erased after it was indexed leaves its place to the next.
            if hits.len() == self.limit || exhausted {
                return Ok(hits);
            }
            wanted *= 2;
        }
    }

    /// The event behind a score and its text; `None` if it was erased.
    fn read(&self, live: &Live, scored: &Scored) -> Result<Option<(SessionHit, String)>> {
        let gone = || Error::corrupt("the index of events holds what no session does");
        let (id, number) = event_at(&scored.key).ok_or_else(gone)?;
        let session = live.session(id).ok_or_else(gone)?;
        let events = self.store.events(session, number..=number)?;
        let (_, _, event) = events.into_iter().next().ok_or_else(gone)?;
        Ok(event.map(|event| (SessionHit::new((id, number), &event, scored.score), event.text())))
    }

    /// Searches, and once more without the index if it turns out to be damaged.
    fn guarded(&self, clause: &Clause, limit: usize) -> Result<(Vec<Scored>, Arc<Live>)> {
        match catch_unwind(AssertUnwindSafe(|| self.scored(clause, limit))) {
            Ok(Ok(scored)) => return Ok(scored),
            Ok(Err(Fault::Database(error))) => return Err(error),
            // tantivy checks no sums as it reads: damaged files give errors, or panics.
            Ok(Err(Fault::Index(_))) | Err(_) => {}
        }
        self.events.discard()?;
        Ok(self.scored(clause, limit)?)
    }

    fn scored(&self, clause: &Clause, limit: usize) -> Result<(Vec<Scored>, Arc<Live>), Fault> {
        let live = self.events.live(&self.store)?;
        if live.set.documents == 0 {
            return Ok((Vec::new(), live));
        }
        let fields = &self.events.fields;
        let plan = Plan::new(clause, fields, &live.set)?;
        let narrow = self.user.is_some() || self.project.is_some() || self.since.is_some();
        let narrowed = narrow.then(|| live.narrowed(|session| self.wants(session)));
        let set = narrowed.as_ref().unwrap_or(&live.set);
        let scored = collect(&plan, set, fields, &self.filter(), limit)?;
        Ok((scored, live))
    }

    fn wants(&self, session: &Session) -> bool {
        let facts = session.facts();
        let since = |since| facts.started.is_some_and(|started| started >= since);
        (self.user.is_none() || self.user == facts.user)
            && (self.project.is_none() || self.project == facts.project)
            && self.since.is_none_or(since)
    }

    fn filter(&self) -> Filter {
        let roles = self.roles.iter().copied().map(Facet::Role).collect();
        let tools = self.tools.iter().cloned().map(Facet::Tool).collect();
        let mut facets: Vec<Vec<Facet>> = vec![roles, tools];
        facets.retain(|any| !any.is_empty());
        Filter { under: None, facets }
    }
}

impl std::fmt::Debug for SessionSearch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SessionSearch({:?}, {:?})", self.store, self.query)
    }
}
