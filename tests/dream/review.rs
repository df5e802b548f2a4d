//! Reviewing and merging, on small sessions.

use undream::{
    Author, Dream, DreamStatus, Entry, ErrorKind, Event, LogFilter, Resolution, Result, Role,
    Sessions, Taken,
};

use crate::small::{content, failing_session, importer, small};

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
