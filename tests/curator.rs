//! The built-in curator over sessions that come in bit by bit, and over memory itself.

use std::collections::BTreeSet;

use undream::{
    Author, Citation, Curator, CuratorInput, Database, Dream, DreamStatus, Entry, Event, Feedback,
    FixedClock, Key, MemoryId, NewSession, Opinion, Options, Outcome, Proposal, ProposalKind,
    Recalled, Result, Role, SeededEntropy, SessionFacts, Sessions, Store, SuggestedChange,
    Suggestion, Taken, Time, ToolCall,
};

fn options() -> Result<Options> {
    let clock = FixedClock::new(Time::parse("2026-11-22T12:00:00Z")?, 1_000_000);
    Ok(Options::new().clock(clock).entropy(SeededEntropy::new(7)))
}

fn importer() -> Author {
    Author::program("import")
}

/// A session that opens a stuck drawer, looks, and opens it again.
fn drawer(number: usize) -> NewSession {
    let call = |tool: &str, result: &str| {
        let (tool, result) = (tool.into(), result.into());
        Event::called(ToolCall { tool, args: "{}".into(), result, ..ToolCall::default() })
    };
    let events = vec![
        Event::said(Role::User, "tidy up"),
        call("open", &format!("Error: drawer {number} is stuck behind {}", number * 7)),
        call("look", "a wedge"),
        call("open", "done"),
    ];
    let facts = SessionFacts { id: format!("s{number:03}"), ..SessionFacts::default() };
    NewSession { facts, events, extra: None }
}

fn take(store: &Store, numbers: std::ops::Range<usize>) -> Result<()> {
    let sessions: Vec<NewSession> = numbers.map(drawer).collect();
    store.import_sessions(&sessions, &importer()).map(drop)
}

const STUCK: &str = "mistakes/open/drawer-is-stuck-behind";

fn at_key(dream: &Dream, key: &str) -> Result<Option<Proposal>> {
    let named = |proposal: &Proposal| proposal.key().is_some_and(|held| held.as_str() == key);
    Ok(dream.proposals()?.into_iter().find(named))
}

fn told(dream: &Dream) -> Result<Vec<String>> {
    let one = |proposal: &Proposal| {
        let evidence = proposal.evident(usize::MAX)?;
        Ok(format!("{:?} {:?} {evidence:?}", proposal.key(), proposal.text()))
    };
    dream.proposals()?.iter().map(one).collect()
}

#[test]
fn a_dream_of_new_sessions_reads_these_and_counts_the_earlier_ones() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    for db in [options()?.in_memory()?, options()?.create(folder.path())?] {
        let store = db.store("default")?;
        let main = store.branch("main")?;
        take(&store, 0..6)?;
        let first = Dream::on(&main).run()?;
        take(&store, 6..9)?;
        let second = Dream::on(&main).run()?;
        let manifest = second.manifest()?;
        assert_eq!((manifest.sessions_read, manifest.events_read), (3, 12));
        let proposal = at_key(&second, STUCK)?.unwrap();
        assert_eq!(proposal.sources().sessions, 9);
        assert!(proposal.text().unwrap().contains("9 of 9 sessions"));
        assert_eq!(first.manifest()?.status, DreamStatus::Superseded);

        let third = Dream::on(&main).run()?;
        assert_eq!(third.manifest()?.status, DreamStatus::Nothing, "nothing is new");
    }
    Ok(())
}

#[test]
fn what_is_kept_of_sessions_gives_what_reading_them_again_gives() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let db = options()?.create(folder.path())?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    take(&store, 0..8)?;
    let dream = || told(&Dream::on(&main).sessions(Sessions::All).run()?);
    let read = dream()?;
    assert!(!read.is_empty());
    assert_eq!(dream()?, read);
    store.forget_digests()?;
    assert_eq!(dream()?, read);

    // Left out, a session no longer counts.
    let ids = (0..5).map(|number| format!("s{number:03}")).collect();
    let fewer = Dream::on(&main).sessions(Sessions::Ids(ids)).run()?;
    assert_eq!(at_key(&fewer, STUCK)?.unwrap().sources().sessions, 5);
    assert!(db.verify()?.is_sound());
    Ok(())
}

#[test]
fn a_mark_survives_the_next_import_and_is_counted() -> Result<()> {
    let store = Database::in_memory()?.store("default")?;
    take(&store, 0..6)?;
    let ana = Author::person("ana");
    for number in 0..6 {
        let id = format!("s{number:03}");
        assert_eq!(store.mark_session(&id, Some(Outcome::Failure), &ana)?, Taken::Changed);
        assert_eq!(store.mark_session(&id, Some(Outcome::Failure), &ana)?, Taken::Known);
    }
    assert_eq!(store.import_sessions(&[drawer(0)], &importer())?, [Taken::Known]);
    let session = store.session("s000")?.unwrap();
    assert_eq!((session.facts().outcome, session.events()), (Some(Outcome::Failure), 4));
    assert!(store.mark_session("nobody", None, &ana).is_err());
    let dream = Dream::on(&store.branch("main")?).run()?;
    assert_eq!(at_key(&dream, STUCK)?.unwrap().sources().failures, 6);
    Ok(())
}

#[test]
fn what_readers_call_wrong_is_to_go_and_is_claimed_with_less_confidence() -> Result<()> {
    let store = Database::in_memory()?.store("default")?;
    let main = store.branch("main")?;
    take(&store, 0..6)?;
    let sure = at_key(&Dream::on(&main).run()?, STUCK)?.unwrap().confidence();
    let ana = Author::person("ana");
    let mut tx = main.write()?;
    tx.put(STUCK, Entry::new("Kick the drawer."))?;
    tx.commit(ana.message("A bad idea"))?;
    for _ in 0..2 {
        Feedback::give(&main.snapshot()?, STUCK, Opinion::Wrong, &ana)?;
    }
    let said = Feedback::all(&store)?;
    assert_eq!((said.len(), said[0].wrong, said[0].helpful), (1, 2, 0));
    let dream = Dream::on(&main).sessions(Sessions::All).run()?;
    let other = |proposal: &&Proposal| proposal.kind() == ProposalKind::Other;
    assert!(dream.proposals()?.iter().any(|proposal| other(&proposal)));

    let mut tx = main.write()?;
    tx.remove(STUCK)?;
    tx.commit(ana.message("Gone"))?;
    let again = Dream::on(&main).sessions(Sessions::All).run()?;
    assert!(at_key(&again, STUCK)?.unwrap().confidence() * 2 < sure);
    Ok(())
}

#[derive(Debug)]
struct Log {
    since: Time,
    used: BTreeSet<MemoryId>,
}

impl Recalled for Log {
    fn since(&self) -> Result<Option<Time>> {
        Ok(Some(self.since))
    }

    fn recalled(&self, memory: MemoryId) -> Result<(u64, Option<Time>)> {
        Ok(if self.used.contains(&memory) { (1, Some(self.since)) } else { (0, None) })
    }
}

#[test]
fn memories_unused_for_long_are_stale() -> Result<()> {
    // Each look at this clock is a day later.
    let clock = FixedClock::new(Time::parse("2026-01-01T12:00:00Z")?, 24 * 3_600 * 1_000_000);
    let db = Options::new().clock(clock).in_memory()?;
    let main = db.store("default")?.branch("main")?;
    let mut tx = main.write()?;
    tx.put("facts/city", Entry::fact("The office is in Lisbon."))?;
    tx.commit(importer().message("City"))?;
    let since = db.now();
    let stale = |since| {
        let dream = Dream::on(&main).recalls(Log { since, used: BTreeSet::new() }).run()?;
        Ok(dream.proposals()?.iter().filter(|held| held.kind() == ProposalKind::Stale).count())
    };
    let count: Result<usize> = stale(since);
    assert_eq!(count?, 0, "the log is too young");
    for _ in 0..70 {
        db.now();
    }
    let count: Result<usize> = stale(since);
    assert_eq!(count?, 1);
    Ok(())
}

#[test]
fn a_fold_that_was_rejected_comes_again_only_when_a_memory_changed() -> Result<()> {
    let store = Database::in_memory()?.store("default")?;
    let main = store.branch("main")?;
    let ana = Author::person("ana");
    let put = |key: &str, text: &str| -> Result<()> {
        let mut tx = main.write()?;
        tx.put(key, Entry::new(text))?;
        tx.commit(ana.message("Tea")).map(drop)
    };
    let tea = "Brew the tea for four minutes at ninety degrees before the guests come in.";
    put("a/tea", tea)?;
    put("b/tea", tea)?;
    let first = Dream::on(&main).run()?;
    assert_eq!(first.proposals()?[0].kind(), ProposalKind::Duplicate);
    first.review_as(ana.clone())?.reject_numbers(&[1], Some("both are needed"))?;
    let second = Dream::on(&main).run()?;
    assert!(second.proposals()?.is_empty());
    assert!(second.manifest()?.dropped.keys().any(|why| why.contains("turned down in dream 1")));
    put("a/tea", &format!("{tea} Then pour."))?;
    let third = Dream::on(&main).run()?;
    assert!(third.proposals()?[0].rationale().unwrap().contains("changed since"));
    Ok(())
}

/// Reads one session and cites another.
struct Guesser;

impl Curator for Guesser {
    fn name(&self) -> String {
        "guesser".to_owned()
    }

    fn version(&self) -> String {
        "1".to_owned()
    }

    fn propose(
        &self,
        input: &CuratorInput<'_>,
        suggest: &mut dyn FnMut(Suggestion) -> Result<()>,
    ) -> Result<()> {
        input.sessions.events("s000")?;
        for session in ["s000", "s001"] {
            suggest(Suggestion {
                kind: ProposalKind::Other,
                title: format!("What {session} says"),
                changes: vec![SuggestedChange::Put(
                    Key::new(format!("said/{session}"))?,
                    Entry::new("Tidy up."),
                )],
                rationale: "It was said.".to_owned(),
                confidence: 500,
                cites: vec![Citation::new(session, 1, 2)],
                inputs: Vec::new(),
            })?;
        }
        Ok(())
    }
}

#[test]
fn only_a_session_that_was_read_can_be_cited_and_it_alone_is_no_longer_new() -> Result<()> {
    let store = options()?.in_memory()?.store("default")?;
    let main = store.branch("main")?;
    take(&store, 0..3)?;
    // That the built-in curator has read them all makes no difference to another one.
    Dream::on(&main).sessions(Sessions::All).run()?;
    let dream = Dream::on(&main).sessions(Sessions::All).curator(Guesser).run()?;
    let proposals = dream.proposals()?;
    assert_eq!(proposals.len(), 1);
    let cited = &proposals[0].evidence()[0];
    let session = store.session("s000")?.expect("it was taken in");
    let texts: Vec<_> = store.events(&session, 1..=2)?.iter().map(|event| event.1).collect();
    assert_eq!((cited.session, &cited.texts), (session.object_id(), &texts));
    let manifest = dream.manifest()?;
    assert_eq!((manifest.sessions_read, manifest.events_read), (1, 4));
    let why: Vec<_> = manifest.dropped.keys().collect();
    assert!(why.len() == 1 && why[0].contains("`s001`, which it did not read"), "{why:?}");
    Ok(())
}
