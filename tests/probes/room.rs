//! A memory to probe, and a curator that proposes what a test tells it to.

use undream::{
    Author, Branch, Citation, Curator, CuratorInput, Database, Dream, DreamRun, Entry, Event,
    FixedClock, Key, NewProbe, NewSession, Options, Probe, ProposalKind, Result, Role, Search,
    SeededEntropy, SessionFacts, Sessions, Store, SuggestedChange, Suggestion, Time,
};

pub(crate) struct Room {
    pub(crate) db: Database,
    pub(crate) store: Store,
    pub(crate) main: Branch,
    pub(crate) search: Search,
}

impl Room {
    pub(crate) fn new() -> Self {
        let clock = FixedClock::new(Time::parse("2026-11-22T12:00:00Z").unwrap(), 1_000_000);
        let options = Options::new().clock(clock).entropy(SeededEntropy::new(7));
        let db = options.in_memory().unwrap();
        let store = db.store("default").unwrap();
        let (main, search) = (store.branch("main").unwrap(), Search::open(&db).unwrap());
        let room = Self { db, store, main, search };
        room.put("support/refunds/limit", "Refunds up to a limit of 50 EUR need no approval.");
        room.put("support/refunds/form", "The form for refunds is in the drawer.");
        room.put("facts/city", "The office is in Lisbon.");
        room
    }

    pub(crate) fn put(&self, key: &str, text: &str) {
        let mut tx = self.main.write().unwrap();
        tx.put(key, Entry::new(text)).unwrap();
        tx.commit(ana().message(format!("Put {key}"))).unwrap();
    }

    /// The probe for the refund limit, of which `top` hits count.
    pub(crate) fn probe(&self, top: u32) -> Probe {
        let probe = NewProbe::new("refund limit").expects("support/refunds/limit").top(top);
        let snapshot = self.main.snapshot().unwrap();
        self.store.add_probe(probe, &snapshot, ana().message("Probe it")).unwrap()
    }

    /// A dream that proposes to write these.
    pub(crate) fn dream(&self, lines: &[(&str, &str)]) -> DreamRun {
        let number = self.store.session_ids().unwrap().len();
        let session = NewSession {
            facts: SessionFacts {
                id: format!("chat-{number}"),
                source: "room".to_owned(),
                agent: "agent".to_owned(),
                model: "model".to_owned(),
                ..SessionFacts::default()
            },
            events: vec![Event::said(Role::User, format!("What session {number} said."))],
            extra: None,
        };
        self.store.import_sessions(&[session], &ana()).unwrap();
        let lines = lines.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned()));
        let script = Script { session: format!("chat-{number}"), lines: lines.collect() };
        Dream::on(&self.main).sessions(Sessions::New).author(ana()).curator(script)
    }
}

pub(crate) fn ana() -> Author {
    Author::person("ana")
}

struct Script {
    session: String,
    lines: Vec<(String, String)>,
}

impl Curator for Script {
    fn name(&self) -> String {
        "script".to_owned()
    }

    fn version(&self) -> String {
        "1".to_owned()
    }

    fn propose(
        &self,
        input: &CuratorInput<'_>,
        suggest: &mut dyn FnMut(Suggestion) -> Result<()>,
    ) -> Result<()> {
        for session in input.sessions.sessions() {
            input.sessions.events(session.id())?;
        }
        for (key, text) in &self.lines {
            suggest(Suggestion {
                kind: ProposalKind::Other,
                title: format!("Write {key}"),
                changes: vec![SuggestedChange::Put(Key::new(key)?, Entry::new(text))],
                rationale: "It is in the script.".to_owned(),
                confidence: 900,
                cites: vec![Citation::new(&self.session, 0, 0)],
                inputs: Vec::new(),
            })?;
        }
        Ok(())
    }
}
