//! Dreams over real sessions. Skipped where `UNDREAM_DATA` is not set.

use std::collections::BTreeSet;
use std::path::PathBuf;

use undream::{
    Author, Dream, DreamStatus, NewSession, Proposal, Result, SessionImport, SessionObjectId,
    Store, TranscriptFormat,
};

use crate::small::{content, database, importer, small};

fn data() -> Option<PathBuf> {
    let path = std::env::var_os("UNDREAM_DATA").map(PathBuf::from);
    if path.is_none() {
        eprintln!("skipped: UNDREAM_DATA is not set");
    }
    path
}

fn import(store: &Store, file: &std::path::Path) -> Result<()> {
    let report = SessionImport::new(TranscriptFormat::Auto).run(store, file, &importer())?;
    assert!(report.new > 0 && report.reading.damaged.is_empty());
    Ok(())
}

/// Dreams over a file of sessions three times, and merges and takes back what comes of it, which is
/// at `least` so many proposals.
fn check_file(name: &str, least: usize) -> Result<()> {
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
    assert!(proposals.len() >= least, "{} proposals", proposals.len());
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
    check_file("entire-cli.jsonl.gz", 30)
}

#[test]
fn a_dream_over_miniswe_is_deterministic_and_can_be_taken_back() -> Result<()> {
    check_file("miniswe_gemini3.jsonl.gz", 15)
}

#[test]
fn a_dream_over_tau_airline_is_deterministic_and_can_be_taken_back() -> Result<()> {
    check_file("tau_airline_gpt4o.jsonl.gz", 10)
}

#[test]
fn a_dream_over_each_medagent_file_is_deterministic_and_can_be_taken_back() -> Result<()> {
    for model in ["g35f", "haiku", "sonnet5"] {
        check_file(&format!("medagent_{model}.jsonl.gz"), 2)?;
    }
    Ok(())
}

/// The sessions of a store without the events that a proposal cites.
fn without_cited(store: &Store, proposal: &Proposal) -> Result<Vec<NewSession>> {
    let cited: BTreeSet<(SessionObjectId, u32)> = proposal
        .evidence()
        .iter()
        .flat_map(|cite| (cite.first..=cite.last).map(move |event| (cite.session, event)))
        .collect();
    let mut sessions = Vec::new();
    for (_, object) in store.session_ids()? {
        let session = store.session_object(object)?;
        let events = store.events(&session, 0..=u32::MAX)?.into_iter();
        let kept = events.filter(|(number, _, _)| !cited.contains(&(object, *number)));
        sessions.push(NewSession {
            facts: session.facts().clone(),
            events: kept.map(|(_, _, event)| event.expect("nothing was erased")).collect(),
            extra: None,
        });
    }
    Ok(sessions)
}

/// Dreams again without what `proposal` cites: what comes of it then, in words, and whether that is
/// less.
fn weakened(store: &Store, proposal: &Proposal) -> Result<(bool, String)> {
    let db = database(10)?;
    let other = db.store("default")?;
    other.import_sessions(&without_cited(store, proposal)?, &importer())?;
    let again = Dream::on(&other.branch("main")?).run()?.proposals()?;
    let after = again.iter().find(|found| found.key() == proposal.key());
    let strength = |held: &Proposal| (held.sources().sessions, held.confidence());
    let before = strength(proposal);
    let less = |after: (u32, u16)| after.0 < before.0 || after.1 < before.1;
    let after = after.map(strength);
    let key = proposal.key().map(ToString::to_string).unwrap_or_default();
    Ok((after.is_none_or(less), format!("{key}: (sessions, confidence) {before:?} -> {after:?}")))
}

/// Checks it for the best ten proposals of a file, or in the short form for one in `every`.
fn check_dropping(name: &str, every: usize) -> Result<()> {
    let Some(data) = data() else { return Ok(()) };
    let every = if std::env::var_os("UNDREAM_LONG").is_some() { 1 } else { every };
    let db = database(1)?;
    let store = db.store("default")?;
    import(&store, &data.join("sessions").join(name))?;
    let proposals = Dream::on(&store.branch("main")?).run()?.proposals()?;
    assert!(proposals.len() >= 10);
    let mut stubborn = Vec::new();
    for proposal in proposals.iter().take(10).step_by(every) {
        let (less, words) = weakened(&store, proposal)?;
        println!("{words}");
        if !less {
            stubborn.push(words);
        }
    }
    assert!(stubborn.is_empty(), "as strong as before: {stubborn:#?}");
    Ok(())
}

#[test]
fn dropping_what_a_proposal_over_entire_cli_cites_removes_or_weakens_it() -> Result<()> {
    check_dropping("entire-cli.jsonl.gz", 10)
}

#[test]
fn dropping_what_a_proposal_over_miniswe_cites_removes_or_weakens_it() -> Result<()> {
    check_dropping("miniswe_gemini3.jsonl.gz", 10)
}

#[test]
fn dropping_what_a_proposal_over_tau_airline_cites_removes_or_weakens_it() -> Result<()> {
    check_dropping("tau_airline_gpt4o.jsonl.gz", 4)
}

#[test]
fn dropping_what_a_proposal_over_small_sessions_cites_removes_or_weakens_it() -> Result<()> {
    let (_db, store) = small(6)?;
    for proposal in Dream::on(&store.branch("main")?).run()?.proposals()? {
        let (less, words) = weakened(&store, &proposal)?;
        assert!(less, "{words}");
    }
    Ok(())
}
