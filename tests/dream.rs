//! Dreams over real sessions, and over small ones written here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use undream::{
    Author, CommandCurator, Database, Dream, DreamStatus, Entry, ErrorKind, Event, FixedClock,
    LogFilter, Mine, NewSession, OperationKind, Options, Resolution, Result, Role, SeededEntropy,
    SessionFacts, SessionImport, Sessions, Store, Taken, Time, ToolCall, TranscriptFormat,
};

fn data() -> Option<PathBuf> {
    let path = std::env::var_os("UNDREAM_DATA").map(PathBuf::from);
    if path.is_none() {
        eprintln!("skipped: UNDREAM_DATA is not set");
    }
    path
}

fn database(seed: u64) -> Result<Database> {
    let clock = FixedClock::new(Time::parse("2026-11-22T12:00:00Z")?, 1_000_000);
    Options::new().clock(clock).entropy(SeededEntropy::new(seed)).in_memory()
}

fn importer() -> Author {
    Author::program("import")
}

fn import(store: &Store, file: &std::path::Path) -> Result<()> {
    let report = SessionImport::new(TranscriptFormat::Auto).run(store, file, &importer())?;
    assert!(report.new > 0 && report.reading.damaged.is_empty());
    Ok(())
}

/// Keys, texts and evidence of a dream's proposals, without ids.
fn content(dream: &Dream) -> Result<Vec<(String, String, String)>> {
    let mut all = Vec::new();
    for proposal in dream.proposals()? {
        let evidence = proposal.evident(usize::MAX)?;
        let key = proposal.key().map(ToString::to_string).unwrap_or_default();
        all.push((key, proposal.text().unwrap_or_default().to_owned(), format!("{evidence:?}")));
    }
    Ok(all)
}

fn check_file(name: &str) -> Result<()> {
    let Some(data) = data() else { return Ok(()) };
    let mut dreams = Vec::new();
    for seed in [1, 1, 2] {
        let db = database(seed)?;
        let store = db.store("default")?;
        import(&store, &data.join("sessions").join(name))?;
        let main = store.branch("main")?;
        let dream = Dream::on(&main).run()?;
        dreams.push((db, store, main, dream));
    }
    let head = |at: usize| dreams[at].3.branch().head();
    assert_eq!(head(0)?, head(1)?, "equal entropy gives equal ids");
    assert_ne!(head(0)?, head(2)?);
    assert_eq!(content(&dreams[0].3)?, content(&dreams[2].3)?, "other entropy, other content");

    let (_, store, main, dream) = &dreams[0];
    let manifest = dream.manifest()?;
    assert_eq!(manifest.status, DreamStatus::Waiting, "{manifest:?}");
    let proposals = dream.proposals()?;
    assert!(proposals.len() >= 3, "{} proposals", proposals.len());
    for proposal in &proposals {
        assert!(!proposal.evidence().is_empty());
        for evident in proposal.evident(50)? {
            let session = store.session(&evident.session)?.expect("a cited session exists");
            let events = store.events(&session, evident.first..=evident.last)?;
            let quote = evident.quote.expect("nothing was erased");
            assert!(
                events.iter().any(|(_, _, event)| event
                    .as_ref()
                    .is_some_and(|event| { event.text().contains(&quote) })),
                "{quote:?}"
            );
        }
    }
    let before = main.snapshot()?.tree_id()?;
    let mut review = dream.review_as(Author::person("reviewer"))?;
    review.approve(|_| true)?;
    review.merge()?.commit("All of it")?;
    assert_eq!(dream.manifest()?.status, DreamStatus::Merged);
    assert_ne!(main.snapshot()?.tree_id()?, before);
    dream.revert(None)?.commit(Author::person("operator").message("Take it back"))?;
    assert_eq!(main.snapshot()?.tree_id()?, before);
    Ok(())
}

#[test]
fn a_dream_over_entire_cli_is_deterministic_and_can_be_taken_back() -> Result<()> {
    check_file("entire-cli.jsonl.gz")
}

#[test]
fn a_dream_over_miniswe_is_deterministic_and_can_be_taken_back() -> Result<()> {
    check_file("miniswe_gemini3.jsonl.gz")
}

#[test]
fn a_dream_over_tau_airline_is_deterministic_and_can_be_taken_back() -> Result<()> {
    check_file("tau_airline_gpt4o.jsonl.gz")
}

#[test]
fn a_dream_over_medagent_is_deterministic_and_can_be_taken_back() -> Result<()> {
    check_file("medagent_haiku.jsonl.gz")
}

/// A small session in which a tool fails in a recognisable way, and then works.
fn failing_session(number: usize) -> NewSession {
    let call = |args: &str, result: &str, is_error| {
        Event::called(ToolCall {
            tool: "Bash".to_owned(),
            args: format!("{{\"command\": \"{args}\"}}"),
            result: result.to_owned(),
            is_error,
            call_id: None,
        })
    };
    NewSession {
        facts: SessionFacts {
            id: format!("small:{number}"),
            source: "small".to_owned(),
            agent: "agent".to_owned(),
            model: "model".to_owned(),
            started: Some(Time::from_seconds(1_700_000_000 + 86_400 * number as i64)),
            ..SessionFacts::default()
        },
        events: vec![
            Event::said(Role::User, format!("Please run the checks of part {number}.")),
            call("zig build verify", "error: no step named verify in build.zig", true),
            call("zig build check", "all fine", false),
            Event::said(Role::Assistant, "Done."),
        ],
        extra: None,
    }
}

fn small(sessions: usize) -> Result<(Database, Store)> {
    let db = database(9)?;
    let store = db.store("default")?;
    let sessions: Vec<_> = (0..sessions).map(failing_session).collect();
    store.import_sessions(&sessions, &importer())?;
    Ok((db, store))
}

#[test]
fn rounds_of_a_review_bring_what_they_approve_and_rejected_proposals_are_no_ancestors() -> Result<()>
{
    let (_db, store) = small(6)?;
    let main = store.branch("main")?;
    let dream = Dream::on(&main).run()?;
    let proposals = dream.proposals()?;
    assert!(proposals.len() >= 3, "{:?}", content(&dream)?);
    let keys: Vec<String> = proposals.iter().map(|p| p.key().expect("a key").to_string()).collect();
    let mut review = dream.review_as(Author::person("ana"))?;
    review.approve_numbers(&[1, 3], Some("seen it myself"))?;
    review.reject_numbers(&[2], Some("not yet"))?;
    let first = review.merge()?.commit("First round")?;
    let holds = |key: &str| main.snapshot().and_then(|now| Ok(now.get(key)?.is_some()));
    assert!(holds(&keys[0])? && !holds(&keys[1])? && holds(&keys[2])?);
    let ancestors: Vec<_> = store
        .log(first, LogFilter { picks: true, ..LogFilter::default() })?
        .collect::<Result<Vec<_>>>()?;
    assert!(ancestors.iter().all(|commit| commit.id() != proposals[1].commit()));

    let mut tx = main.write()?;
    tx.put("facts/live", Entry::fact("Written while the dream waited."))?;
    tx.commit(Author::agent("scribe").message("A live write"))?;

    let mut review = dream.review_as(Author::person("ana"))?;
    review.approve_numbers(&[2], None)?;
    review.merge()?.commit("Second round")?;
    assert!(holds(&keys[1])? && holds("facts/live")?);

    dream.revert(Some(3))?.commit(Author::person("ana").message("Not that one"))?;
    assert!(holds(&keys[0])? && holds(&keys[1])? && !holds(&keys[2])? && holds("facts/live")?);
    dream.revert(None)?.commit(Author::person("ana").message("None of it"))?;
    assert!(!holds(&keys[0])? && !holds(&keys[1])? && holds("facts/live")?);
    assert_eq!(main.snapshot()?.count("")?, 1);
    Ok(())
}

#[test]
fn an_amended_text_is_what_comes_to_the_branch() -> Result<()> {
    let (_db, store) = small(6)?;
    let main = store.branch("main")?;
    let dream = Dream::on(&main).run()?;
    let key = dream.proposals()?[0].key().expect("a key").to_string();
    let mut review = dream.review_as(Author::person("ana"))?;
    review.amend(1, "Use `zig build check`.", Some("shorter"))?;
    review.merge()?.commit("Amended")?;
    let record = main.snapshot()?.get(&key)?.expect("merged");
    assert_eq!(record.text()?, "Use `zig build check`.");
    assert_eq!(record.previous().len(), 1);
    Ok(())
}

#[test]
fn a_rejected_proposal_comes_again_only_when_its_evidence_grew() -> Result<()> {
    let (_db, store) = small(6)?;
    let main = store.branch("main")?;
    let dream = Dream::on(&main).run()?;
    let key = dream.proposals()?[0].key().expect("a key").to_string();
    dream.review_as(Author::person("ana"))?.reject_numbers(&[1], Some("no"))?;
    let again = Dream::on(&main).sessions(Sessions::All).run()?;
    let keys = |dream: &Dream| -> Result<Vec<String>> {
        Ok(content(dream)?.into_iter().map(|(key, _, _)| key).collect())
    };
    assert!(!keys(&again)?.contains(&key));
    assert!(again.manifest()?.dropped.keys().any(|reason| reason.contains("turned down")));
    let more: Vec<_> = (6..9).map(failing_session).collect();
    store.import_sessions(&more, &importer())?;
    let grown = Dream::on(&main).sessions(Sessions::All).run()?;
    let proposals = grown.proposals()?;
    let back = proposals.iter().find(|p| p.key().is_some_and(|held| held.as_str() == key));
    let rationale = back.expect("it is back").rationale().unwrap_or_default().to_owned();
    assert!(rationale.contains("Turned down in dream 1"), "{rationale}");
    Ok(())
}

#[test]
fn only_new_sessions_are_read_and_a_dream_that_found_nothing_says_so() -> Result<()> {
    let (_db, store) = small(6)?;
    let main = store.branch("main")?;
    assert_eq!(Dream::on(&main).run()?.manifest()?.sessions_read, 6);
    let second = Dream::on(&main).run()?.manifest()?;
    assert_eq!((second.sessions_read, second.status), (0, DreamStatus::Nothing));
    let mut hidden = failing_session(99);
    hidden.facts.labels = vec!["dream: no".to_owned()];
    store.import_sessions(&[hidden], &importer())?;
    assert_eq!(Dream::on(&main).run()?.manifest()?.sessions_read, 0);
    Ok(())
}

#[test]
fn a_session_is_taken_in_once_and_a_grown_one_shares_its_past() -> Result<()> {
    let (_db, store) = small(1)?;
    let mut session = failing_session(0);
    assert_eq!(store.import_sessions(&[session.clone()], &importer())?, [Taken::Known]);
    session.events.push(Event::said(Role::User, "Thanks."));
    assert_eq!(store.import_sessions(&[session], &importer())?, [Taken::Changed]);
    assert_eq!(store.session("small:0")?.expect("it is there").events(), 5);
    Ok(())
}

#[test]
fn a_conflict_with_a_live_write_is_shown_and_resolved() -> Result<()> {
    let (_db, store) = small(6)?;
    let main = store.branch("main")?;
    let dream = Dream::on(&main).run()?;
    let key = dream.proposals()?[0].key().expect("a key").to_string();
    let mut tx = main.write()?;
    tx.put(&key, Entry::new("Somebody else wrote here."))?;
    tx.commit(Author::agent("scribe").message("live"))?;
    let mut review = dream.review_as(Author::person("ana"))?;
    review.approve_numbers(&[1], None)?;
    let merge = review.merge()?;
    assert_eq!(merge.conflicts().len(), 1);
    let refused = merge.commit("too early").expect_err("a conflict is open");
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    let mut merge = review.merge()?;
    merge.resolve(|_| Resolution::Theirs)?;
    merge.commit("decided")?;
    let text = main.snapshot()?.get(&key)?.expect("there").text()?.to_owned();
    assert_ne!(text, "Somebody else wrote here.");
    Ok(())
}

fn with_program(program: &str) -> Result<(Dream, Store, Database)> {
    let (db, store) = small(3)?;
    let main = store.branch("main")?;
    let curator = CommandCurator::new(program).time_max(std::time::Duration::from_secs(2));
    let dream = Dream::on(&main).curator(curator).run()?;
    Ok((dream, store, db))
}

#[test]
fn a_program_can_propose_and_its_word_counts_as_an_agents() -> Result<()> {
    let proposal = r#"{"kind":"preference","title":"T","rationale":"R","confidence":0.5,"changes":[{"put":{"key":"a/b","text":"Said by a program."}}],"evidence":[{"session":"small:1","events":[0,0]}]}"#;
    let (dream, _store, _db) = with_program(&format!("cat > /dev/null; echo '{proposal}'"))?;
    let manifest = dream.manifest()?;
    assert_eq!(manifest.status, DreamStatus::Waiting, "{manifest:?}");
    let proposals = dream.proposals()?;
    assert_eq!(proposals[0].text(), Some("Said by a program."));
    assert_eq!(proposals[0].trust(), undream::Trust::Agent);
    Ok(())
}

#[test]
fn a_program_that_fails_hangs_or_talks_nonsense_fails_its_dream_and_nothing_else() -> Result<()> {
    let cases = BTreeMap::from([
        ("echo sorry >&2; exit 3", "sorry"),
        ("sleep 60", "did not finish"),
        ("echo nonsense", "no proposal"),
        ("printf '\\377\\n'", "no UTF-8"),
    ]);
    for (program, why) in cases {
        let (dream, store, _db) = with_program(program)?;
        let manifest = dream.manifest()?;
        assert_eq!(manifest.status, DreamStatus::Failed, "{program}");
        assert!(manifest.failure.as_deref().unwrap_or_default().contains(why), "{manifest:?}");
        assert!(dream.branch().head()?.is_some(), "the branch is kept");
        assert_eq!(store.branch("main")?.snapshot()?.count("")?, 0);
    }
    Ok(())
}

#[test]
fn a_citation_of_events_that_do_not_exist_is_dropped_and_counted() -> Result<()> {
    let proposal = r#"{"title":"T","rationale":"R","changes":[{"put":{"key":"a","text":"x"}}],"evidence":[{"session":"small:1","events":[7,9]}]}"#;
    let (dream, _store, _db) = with_program(&format!("cat > /dev/null; echo '{proposal}'"))?;
    let manifest = dream.manifest()?;
    assert_eq!(manifest.status, DreamStatus::Nothing);
    assert_eq!(manifest.dropped.values().sum::<u64>(), 1);
    Ok(())
}

#[test]
fn dropping_what_a_proposal_cites_removes_or_weakens_it() -> Result<()> {
    let (_db, store) = small(6)?;
    let main = store.branch("main")?;
    let dream = Dream::on(&main).curator(Mine::default()).run()?;
    let first = &dream.proposals()?[0];
    let (key, before) = (first.key().expect("a key").to_string(), first.sources().sessions);
    let cited: Vec<(String, u32, u32)> =
        first.evident(usize::MAX)?.into_iter().map(|e| (e.session, e.first, e.last)).collect();
    let db = database(10)?;
    let other = db.store("default")?;
    let mut sessions: Vec<_> = (0..6).map(failing_session).collect();
    for session in &mut sessions {
        let id = session.facts.id.clone();
        let gone = |at: u32| {
            cited.iter().any(|(s, first, last)| *s == id && (*first..=*last).contains(&at))
        };
        let mut at = 0;
        session.events.retain(|_| {
            at += 1;
            !gone(at - 1)
        });
    }
    other.import_sessions(&sessions, &importer())?;
    let weaker = Dream::on(&other.branch("main")?).run()?;
    let proposals = weaker.proposals()?;
    let after = proposals.iter().find(|p| p.key().is_some_and(|held| held.as_str() == key));
    assert!(after.is_none_or(|p| p.sources().sessions < before));
    Ok(())
}

#[test]
fn a_review_that_was_undone_can_be_merged_again() -> Result<()> {
    let (_db, store) = small(6)?;
    let main = store.branch("main")?;
    let dream = Dream::on(&main).run()?;
    let before = main.head()?;
    let ana = Author::person("ana");
    let mut review = dream.review_as(ana.clone())?;
    review.approve_numbers(&[1], None)?;
    review.merge()?.commit("First")?;
    let merged = main.snapshot()?.tree_id()?;
    let operation = store
        .operations()?
        .find(|found| found.as_ref().is_ok_and(|held| held.kind() == OperationKind::Review))
        .expect("the review is in the log")?;
    store.undo(operation.id(), &ana)?;
    assert_eq!(main.head()?, before);
    assert!(dream.revert(None).is_err(), "nothing of it is on the branch");
    dream.review_as(ana.clone())?.merge()?.commit("Again")?;
    assert_eq!(main.snapshot()?.tree_id()?, merged);
    dream.revert(None)?.commit(ana.message("Back"))?;
    assert_eq!(main.snapshot()?.count("")?, 0);
    Ok(())
}
