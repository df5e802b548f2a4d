//! A dream's account says what the branch has, whatever happened to the branch.

use undream::{
    Author, Branch, Cause, Choice, CommitId, Database, Decision, Dream, DreamStatus, Entry,
    Operation, OperationKind, Result, Sessions, Store, Verb,
};

use crate::small::small;

fn ana() -> Author {
    Author::person("ana")
}

/// The newest operation of this kind.
fn newest(store: &Store, kind: OperationKind) -> Result<Operation> {
    let mut operations = store.operations()?;
    let wanted = |found: &Result<Operation>| found.as_ref().is_ok_and(|held| held.kind() == kind);
    operations.find(wanted).expect("there is such an operation")
}

fn undo(store: &Store, kind: OperationKind) -> Result<()> {
    store.undo(newest(store, kind)?.id(), &ana()).map(drop)
}

/// The decision on proposal 1.
fn choice(dream: &Dream) -> Result<Choice> {
    Ok(dream.proposals()?[0].choice().expect("it is decided").clone())
}

/// A dream of which proposal 1 is merged and the others rejected.
fn merged(store: &Store) -> Result<(Branch, Dream, CommitId)> {
    let main = store.branch("main")?;
    let dream = Dream::on(&main).run()?;
    let mut review = dream.review_as(ana())?;
    review.approve_numbers(&[1], None)?;
    let others: Vec<u32> = (2..=dream.proposals()?.len() as u32).collect();
    review.reject_numbers(&others, Some("not now"))?;
    let commit = review.merge()?.commit("First")?;
    assert_eq!(dream.manifest()?.status, DreamStatus::Merged);
    Ok((main, dream, commit))
}

fn decisions(store: &Store, review: CommitId) -> Result<Vec<Decision>> {
    let Cause::Review { decisions, .. } = store.commit(review)?.cause().clone() else {
        panic!("{review} closes no review")
    };
    Ok(decisions)
}

fn told(store: &Store, review: CommitId) -> Result<Vec<(u32, Verb)>> {
    Ok(decisions(store, review)?.iter().map(|told| (told.proposal, told.verb)).collect())
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

#[test]
fn a_rejection_is_told_by_the_next_review_commit_and_only_by_that() -> Result<()> {
    let (_db, store) = small(6)?;
    let dream = Dream::on(&store.branch("main")?).run()?;
    let mut review = dream.review_as(ana())?;
    review.approve_numbers(&[1], None)?;
    review.reject_numbers(&[2], Some("not ours"))?;
    assert!(!dream.proposals()?[1].choice().expect("it is decided").recorded);
    let first = review.merge()?.commit("First round")?;
    assert_eq!(told(&store, first)?, [(1, Verb::Approve), (2, Verb::Reject)]);
    assert!(dream.proposals()?[1].choice().expect("it is decided").recorded);

    let mut review = dream.review_as(ana())?;
    review.approve_numbers(&[3], None)?;
    let second = review.merge()?.commit("Second round")?;
    assert_eq!(told(&store, second)?, [(3, Verb::Approve)]);

    // Undone, the rounds tell of nothing: one that closes both tells of all.
    undo(&store, OperationKind::Review)?;
    let first_round = store.operations()?.filter_map(Result::ok);
    let mut reviews = first_round.filter(|held| held.kind() == OperationKind::Review).skip(1);
    store.undo(reviews.next().expect("the first round").id(), &ana())?;
    assert!(!dream.proposals()?[1].choice().expect("it is decided").recorded);
    let both = dream.review_as(ana())?.merge()?.commit("Both rounds")?;
    let all = [(1, Verb::Approve), (2, Verb::Reject), (3, Verb::Approve)];
    assert_eq!(told(&store, both)?, all);
    Ok(())
}

#[test]
fn a_rejection_that_changed_its_mind_is_told_as_it_is_now() -> Result<()> {
    let (_db, store) = small(6)?;
    let dream = Dream::on(&store.branch("main")?).run()?;
    let mut review = dream.review_as(ana())?;
    review.approve_numbers(&[1], None)?;
    review.reject_numbers(&[2], None)?;
    review.merge()?.commit("First round")?;
    let mut review = dream.review_as(ana())?;
    review.approve_numbers(&[2], None)?;
    let second = review.merge()?.commit("Second round")?;
    assert_eq!(told(&store, second)?, [(2, Verb::Approve)]);
    Ok(())
}

#[test]
fn a_review_can_be_merged_into_a_branch_that_lost_its_only_commit() -> Result<()> {
    let (db, store) = small(6)?;
    let main = store.branch("main")?;
    let dream = Dream::on(&main).run()?;
    let operations = store.operations()?.collect::<Result<Vec<_>>>()?;
    let begins = |held: &&Operation| held.moves().iter().any(|step| step.name.as_str() == "main");
    store.undo(operations.iter().find(begins).expect("main began").id(), &ana())?;
    assert_eq!(main.head()?, None);

    let mut review = dream.review_as(ana())?;
    review.approve(|_| true)?;
    let closing = review.merge()?.commit("Into nothing")?;
    assert_eq!(main.head()?, Some(closing));
    let commit = store.commit(closing)?;
    assert_eq!(commit.parents().len(), 2, "the branch, and the chain's end");
    assert_eq!(main.snapshot()?.count("")?, u64::from(dream.manifest()?.proposals));
    assert_eq!(dream.manifest()?.status, DreamStatus::Merged);
    let report = db.verify()?;
    assert!(report.is_sound(), "{:#?}", report.findings);
    dream.revert(None)?.commit(ana().message("Back"))?;
    assert_eq!(main.snapshot()?.count("")?, 0);
    Ok(())
}

#[test]
fn taking_back_and_its_note_land_together() -> Result<()> {
    let (_db, store) = small(6)?;
    let (_main, dream, _) = merged(&store)?;
    dream.revert(None)?.commit(ana().message("Back"))?;
    let newest: Vec<Operation> = store.operations()?.take(2).collect::<Result<_>>()?;
    let moved: Vec<&str> =
        newest.iter().flat_map(Operation::moves).map(|step| step.name.as_str()).collect();
    assert_eq!(moved, ["meta", "main"]);
    // The clock moves with every look at it, and is looked at once for what lands together.
    assert_eq!(newest[0].at(), newest[1].at());
    assert!(choice(&dream)?.reverted);
    Ok(())
}

#[test]
fn an_undone_revert_leaves_the_proposals_merged() -> Result<()> {
    let (_db, store) = small(6)?;
    let (main, dream, _) = merged(&store)?;
    let before = main.snapshot()?.tree_id()?;
    dream.revert(None)?.commit(ana().message("Back"))?;
    assert!(choice(&dream)?.reverted && dream.revert(None).is_err());
    undo(&store, OperationKind::Revert)?;
    assert_eq!(main.snapshot()?.tree_id()?, before);
    assert!(choice(&dream)?.merged && !choice(&dream)?.reverted);
    assert_eq!(dream.manifest()?.status, DreamStatus::Merged);
    dream.revert(None)?.commit(ana().message("Back after all"))?;
    assert!(choice(&dream)?.reverted);
    assert_eq!(main.snapshot()?.count("")?, 0);
    Ok(())
}

#[test]
fn a_revert_that_is_reverted_leaves_the_proposals_merged() -> Result<()> {
    let (_db, store) = small(6)?;
    let (main, dream, _) = merged(&store)?;
    let back = dream.revert(None)?.commit(ana().message("Back"))?;
    main.revert(back)?.commit(ana().message("And forth"))?;
    assert!(choice(&dream)?.merged && !choice(&dream)?.reverted);
    assert_eq!(main.snapshot()?.count("")?, 1);
    dream.revert(None)?.commit(ana().message("Back after all"))?;
    assert_eq!(main.snapshot()?.count("")?, 0);
    Ok(())
}

#[test]
fn a_review_commit_that_is_reverted_turns_its_proposals_down() -> Result<()> {
    let (_db, store) = small(6)?;
    let (main, dream, review) = merged(&store)?;
    main.revert(review)?.commit(ana().message("Not this round"))?;
    assert!(choice(&dream)?.reverted && dream.revert(None).is_err());
    let again = Dream::on(&main).sessions(Sessions::All).run()?.manifest()?;
    let turned_down = again.dropped.iter().filter(|(reason, _)| reason.contains("turned down"));
    let turned_down: u64 = turned_down.map(|(_, count)| count).sum();
    assert_eq!(turned_down, u64::from(dream.manifest()?.proposals));
    Ok(())
}

#[test]
fn what_was_removed_by_hand_can_still_be_taken_back_and_is_noted() -> Result<()> {
    let (_db, store) = small(6)?;
    let (main, dream, _) = merged(&store)?;
    let mut tx = main.write()?;
    tx.remove(dream.proposals()?[0].key().expect("a key"))?;
    let by_hand = tx.commit(ana().message("By hand"))?;
    let back = dream.revert(None)?.commit(ana().message("Back"))?;
    assert_ne!(back, by_hand, "the branch tells that it was taken back");
    assert!(choice(&dream)?.reverted);
    Ok(())
}

#[test]
fn an_undone_review_leaves_the_dream_waiting() -> Result<()> {
    let (_db, store) = small(6)?;
    let main = store.branch("main")?;
    let dream = Dream::on(&main).run()?;
    let mut review = dream.review_as(ana())?;
    review.approve(|_| true)?;
    review.merge()?.commit("All")?;
    assert_eq!(dream.manifest()?.status, DreamStatus::Merged);
    undo(&store, OperationKind::Review)?;
    assert_eq!(dream.manifest()?.status, DreamStatus::Waiting);
    assert!(!choice(&dream)?.merged);
    Ok(())
}

#[test]
fn the_signal_counts_what_is_alike_and_what_nobody_was_given() -> Result<()> {
    let store = Database::in_memory()?.store("default")?;
    let main = store.branch("main")?;
    let mut tx = main.write()?;
    let told = "The printer queue of the press is locked on every Monday until the proofs are in";
    tx.put("a/one", Entry::new(format!("{told}.")))?;
    tx.put("a/two", Entry::new(format!("{told}, says Ben.")))?;
    tx.put("a/three", Entry::new("Something else altogether."))?;
    tx.commit(Author::person("ana").message("Put"))?;
    let before = Dream::on(&main).run()?.manifest()?.before;
    assert_eq!((before.entries, before.near_duplicates, before.never_recalled), (3, 1, None));
    main.snapshot()?.for_session("chat-1")?.get("a/three")?;
    let before = Dream::on(&main).run()?.manifest()?.before;
    assert_eq!(before.never_recalled, Some(2));
    Ok(())
}
