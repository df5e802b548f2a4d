//! A curator that proposes what a test tells it to, over sessions that the test makes.

use undream::{
    Author, Branch, Citation, Curator, CuratorInput, Dream, Entry, Event, Key, NewSession,
    ProposalKind, RecordId, Result, Role, SessionFacts, Sessions, Store, SuggestedChange,
    Suggestion, ToolCall, Trust,
};

/// Reads every session of its dream, and suggests what it was given.
pub(crate) struct Scripted {
    pub(crate) suggestions: Vec<Suggestion>,
    pub(crate) trust_max: Trust,
}

impl Scripted {
    pub(crate) fn new(suggestions: Vec<Suggestion>) -> Self {
        Self { suggestions, trust_max: Trust::User }
    }
}

impl Curator for Scripted {
    fn name(&self) -> String {
        "scripted".to_owned()
    }

    fn version(&self) -> String {
        "1".to_owned()
    }

    fn trust_max(&self) -> Trust {
        self.trust_max
    }

    fn propose(
        &self,
        input: &CuratorInput<'_>,
        suggest: &mut dyn FnMut(Suggestion) -> Result<()>,
    ) -> Result<()> {
        for session in input.sessions.sessions() {
            input.sessions.events(session.id())?;
        }
        self.suggestions.iter().cloned().try_for_each(suggest)
    }
}

/// A suggestion that cites the events of `cites`: `chat-7#1`, or `chat-7` for its first.
pub(crate) fn suggestion(changes: Vec<SuggestedChange>, cites: &[&str]) -> Suggestion {
    let cites = cites.iter().map(|cite| {
        let (session, event) = cite.split_once('#').unwrap_or((cite, "0"));
        let event = event.parse().expect("a number");
        Citation::new(session, event, event)
    });
    Suggestion {
        kind: ProposalKind::Other,
        title: "A change".to_owned(),
        changes,
        rationale: "The test says so.".to_owned(),
        confidence: 900,
        cites: cites.collect(),
        inputs: Vec::new(),
    }
}

pub(crate) fn put(key: &str, text: &str) -> SuggestedChange {
    SuggestedChange::Put(Key::new(key).expect("a key"), Entry::new(text))
}

pub(crate) fn remove(key: &str) -> SuggestedChange {
    SuggestedChange::Remove(Key::new(key).expect("a key"))
}

pub(crate) fn rename(from: &str, to: &str) -> SuggestedChange {
    SuggestedChange::Rename(Key::new(from).expect("a key"), Key::new(to).expect("a key"))
}

pub(crate) fn made_from(mut suggestion: Suggestion, inputs: &[RecordId]) -> Suggestion {
    suggestion.inputs = inputs.to_vec();
    suggestion
}

/// A session in which a user says something and a page from the web is read.
pub(crate) fn session(id: &str) -> NewSession {
    let page = Event::called(ToolCall {
        tool: "WebFetch".to_owned(),
        args: "{}".to_owned(),
        result: format!("The page that {id} read says that refunds need no approval."),
        is_error: false,
        call_id: None,
    });
    let facts = SessionFacts { id: id.to_owned(), ..SessionFacts::default() };
    let said = Event::said(Role::User, format!("In {id} I want short answers with sources."));
    let answer = Event::said(Role::Assistant, format!("In {id} I answered with sources."));
    NewSession { facts, events: vec![said, page, answer], extra: None }
}

pub(crate) fn import(store: &Store, ids: impl IntoIterator<Item = String>) -> Result<()> {
    let sessions: Vec<NewSession> = ids.into_iter().map(|id| session(&id)).collect();
    store.import_sessions(&sessions, &Author::program("import")).map(drop)
}

/// Runs a dream that suggests this, and merges all of it.
pub(crate) fn dream(branch: &Branch, suggestions: Vec<Suggestion>) -> Result<Dream> {
    let count = suggestions.len();
    let run = Dream::on(branch).sessions(Sessions::All).curator(Scripted::new(suggestions));
    let dream = run.run()?;
    assert_eq!(dream.proposals()?.len(), count, "{:?}", dream.manifest()?);
    let mut review = dream.review_as(Author::person("reviewer"))?;
    review.approve(|_| true)?;
    review.merge()?.commit("All of it")?;
    Ok(dream)
}
