//! What becomes of open proposals when a newer dream proposes the same, when the branch comes to say
//! it, and of a dream that is taken back.

use std::collections::{BTreeMap, BTreeSet};

use undream::{
    ChangeKind, Dream, DreamStatus, Entry, ErrorKind, Overtaken, Proposal, Reply, Result, Sessions,
    Store, SuggestedChange,
};

use crate::answers::{Scripted, ana, dream, put, store};

fn three(store: &Store) -> Result<Dream> {
    let texts = [("a/one", "One."), ("a/two", "Two."), ("a/three", "Three.")];
    dream(store, texts.iter().map(|(key, text)| vec![put(key, text)]).collect())
}

fn approve(dream: &Dream, numbers: &[u32]) -> Result<()> {
    dream.review_as(ana())?.approve_numbers(numbers, None).map(drop)
}

fn merge(dream: &Dream) -> Result<()> {
    dream.review_as(ana())?.merge()?.commit("Merge").map(drop)
}

fn overtaken(dream: &Dream) -> Result<Vec<Option<Overtaken>>> {
    Ok(dream.proposals()?.iter().map(Proposal::overtaken).collect())
}

fn anew(dream: u64, proposal: u32) -> Overtaken {
    Overtaken::ByProposal { dream, proposal }
}

fn status(dream: &Dream) -> Result<DreamStatus> {
    Ok(dream.manifest()?.status)
}

#[test]
fn an_open_proposal_that_is_made_anew_gives_way_to_the_newest_and_the_rest_stays_open() -> Result<()>
{
    let store = store()?;
    let first = three(&store)?;
    approve(&first, &[1])?;
    merge(&first)?;
    let changes = vec![vec![put("b/new", "New.")], vec![put("a/two", "Two, and more.")]];
    let second = dream(&store, changes)?;
    assert_eq!(overtaken(&first)?, [None, Some(anew(2, 2)), None]);
    assert_eq!(second.manifest()?.supersedes, BTreeMap::from([(2, vec![(1, 2)])]));
    let open: Vec<bool> = first.proposals()?.iter().map(Proposal::is_open).collect();
    assert_eq!(open, [false, false, true]);
    assert_eq!(status(&first)?, DreamStatus::PartlyMerged);

    let mut review = first.review_as(ana())?;
    let refused = review.approve_numbers(&[2], None).expect_err("it was made anew");
    assert_eq!(refused.kind(), ErrorKind::Stale);
    assert!(refused.to_string().contains("proposal 2 of dream 2"), "{refused}");
    let answers = BTreeMap::from([(2, Reply::Reject { reason: None })]);
    assert_eq!(review.answer(&answers).expect_err("likewise").kind(), ErrorKind::Stale);

    let third =
        dream(&store, vec![vec![put("a/two", "Two, at last.")], vec![put("a/three", "3.")]])?;
    assert_eq!(
        overtaken(&first)?,
        [None, Some(anew(3, 1)), Some(anew(3, 2))],
        "the newest is named"
    );
    assert_eq!(overtaken(&second)?, [None, Some(anew(3, 1))]);
    assert_eq!(status(&first)?, DreamStatus::Merged, "nothing of it waits any more");
    for dream in [&second, &third] {
        dream.review_as(ana())?.approve(|_| true)?;
        let merge = dream.review_as(ana())?.merge()?;
        assert!(merge.conflicts().is_empty());
        let kinds: BTreeSet<_> = merge.changes()?.iter().map(|change| change.kind.name()).collect();
        assert_eq!(kinds, BTreeSet::from([ChangeKind::Added.name()]));
        merge.commit("Merge")?;
    }
    Ok(())
}

#[test]
fn what_needs_a_proposal_that_was_made_anew_is_not_taken_and_the_rest_is() -> Result<()> {
    let store = store()?;
    let both = vec![put("a/two", "Two, changed."), put("a/three", "Three.")];
    let first = dream(
        &store,
        vec![vec![put("a/one", "One.")], vec![put("a/two", "Two.")], both, vec![put("a/x", "X.")]],
    )?;
    dream(&store, vec![vec![put("a/two", "Two, and more.")]])?;
    assert_eq!(overtaken(&first)?, [None, Some(anew(2, 1)), None, None]);
    assert_eq!(first.proposals()?[2].depends_on(), &BTreeSet::from([2]));

    let mut review = first.review_as(ana())?;
    let take = || Reply::Approve { reason: None };
    let amend = Reply::Amend { text: "3.".to_owned(), reason: None };
    for refused in [
        review.approve_numbers(&[1, 3], None),
        review.answer(&BTreeMap::from([(1, take()), (3, take())])),
        review.answer(&BTreeMap::from([(4, amend), (3, take())])),
    ] {
        let refused = refused.expect_err("what it needs was made anew");
        assert_eq!(refused.kind(), ErrorKind::Conflict);
        assert!(refused.to_string().contains("proposal 1 of dream 2"), "{refused}");
    }
    let own = review.approve_numbers(&[2, 3], None).expect_err("it was made anew");
    assert_eq!(own.kind(), ErrorKind::Stale);
    assert!(first.proposals()?.iter().all(|one| one.choice().is_none()), "all or none");
    assert_eq!(review.approve(|_| true)?, [1, 4]);
    assert_eq!(review.reject_numbers(&[3], None)?, [3]);
    Ok(())
}

#[test]
fn a_dream_of_which_all_is_made_anew_is_superseded() -> Result<()> {
    let store = store()?;
    let first = three(&store)?;
    first.review_as(ana())?.reject_numbers(&[1], None)?;
    assert_eq!(status(&first)?, DreamStatus::Waiting);
    dream(&store, vec![vec![put("a/two", "2.")], vec![put("a/three", "3.")]])?;
    assert_eq!(status(&first)?, DreamStatus::Superseded);
    Ok(())
}

#[test]
fn what_is_approved_of_a_superseded_dream_after_all_waits_to_be_merged() -> Result<()> {
    let store = store()?;
    let main = store.branch("main")?;
    let first = three(&store)?;
    first.review_as(ana())?.reject_numbers(&[1], None)?;
    dream(&store, vec![vec![put("a/two", "2.")], vec![put("a/three", "3.")]])?;
    assert_eq!(status(&first)?, DreamStatus::Superseded);
    approve(&first, &[1])?;
    assert_eq!(status(&first)?, DreamStatus::Waiting, "its other proposals were made anew");
    merge(&first)?;
    assert_eq!(status(&first)?, DreamStatus::Merged);

    // One that a newer dream covers as a whole.
    let old = dream(&store, vec![vec![put("c/one", "1.")], vec![put("c/two", "2.")]])?;
    let new = Scripted(vec![vec![put("c/new", "New.")]]);
    Dream::on(&main).sessions(Sessions::All).curator(new).run()?;
    assert_eq!(status(&old)?, DreamStatus::Superseded);
    approve(&old, &[1])?;
    assert_eq!(status(&old)?, DreamStatus::Waiting);
    old.review_as(ana())?.reject_numbers(&[1], None)?;
    assert_eq!(status(&old)?, DreamStatus::Superseded, "again nothing of it is wanted");
    approve(&old, &[1])?;
    merge(&old)?;
    assert_eq!(status(&old)?, DreamStatus::PartlyMerged);
    Ok(())
}

#[test]
fn what_is_approved_and_not_merged_is_not_proposed_anew() -> Result<()> {
    let store = store()?;
    let first = three(&store)?;
    approve(&first, &[2])?;
    let second = dream(&store, vec![vec![put("a/two", "Two, and more.")]])?;
    let manifest = second.manifest()?;
    assert_eq!((manifest.proposals, manifest.status), (0, DreamStatus::Nothing));
    let reasons: Vec<&String> = manifest.dropped.keys().collect();
    assert_eq!(reasons, ["approved in dream 1, not merged yet"]);
    assert_eq!(overtaken(&first)?, [None, None, None]);
    merge(&first)?;
    let third = dream(&store, vec![vec![put("a/two", "Two, and more.")]])?;
    assert_eq!(third.proposals()?[0].changes()[0].kind, ChangeKind::Modified);
    Ok(())
}

#[test]
fn a_dream_of_which_something_is_approved_is_not_superseded_as_a_whole() -> Result<()> {
    let store = store()?;
    let main = store.branch("main")?;
    let first = three(&store)?;
    approve(&first, &[2])?;
    let all = |key: &str| {
        let curator = Scripted(vec![vec![put(key, "New.")]]);
        Dream::on(&main).sessions(Sessions::All).curator(curator).run()
    };
    let second = all("b/new")?;
    assert_eq!(status(&first)?, DreamStatus::Waiting, "what is approved waits to be merged");
    all("b/newer")?;
    assert_eq!(status(&second)?, DreamStatus::Superseded);
    Ok(())
}

#[test]
fn what_needs_a_proposal_that_the_branch_says_already_lacks_nothing() -> Result<()> {
    let store = store()?;
    let changes = vec![vec![put("a/one", "One.")], vec![put("a/one", "One, and more.")]];
    let dream = dream(&store, changes)?;
    let rules = || -> Result<Vec<(u32, String)>> {
        let verdicts = dream.policy_verdicts(&[])?;
        let refusals = verdicts.iter().flat_map(|verdict| {
            verdict.refusals().map(|finding| (verdict.number, finding.rule.clone()))
        });
        Ok(refusals.collect())
    };
    let depends = (2, "depends".to_owned());
    assert!(rules()?.contains(&depends), "{:?}", rules()?);
    let main = store.branch("main")?;
    main.update(ana().message("By hand"), |tx| tx.put("a/one", Entry::new("One.")))?;
    assert!(rules()?.iter().all(|(number, rule)| *number == 2 && rule != "depends"));
    Ok(())
}

#[test]
fn what_the_branch_says_already_waits_for_nobody_and_changes_nothing_when_merged() -> Result<()> {
    let store = store()?;
    let main = store.branch("main")?;
    let dream = dream(&store, vec![vec![put("a/one", "One.")], vec![put("a/two", "Two.")]])?;
    main.update(ana().message("By hand"), |tx| tx.put("a/one", Entry::new("One.")))?;
    let record = main.snapshot()?.get_id("a/one")?;
    assert_eq!(overtaken(&dream)?, [Some(Overtaken::ByBranch), None]);
    assert_eq!(status(&dream)?, DreamStatus::Waiting);
    assert_eq!(dream.review_as(ana())?.approve(|_| true)?, [2]);
    approve(&dream, &[1])?;
    merge(&dream)?;
    assert_eq!(main.snapshot()?.get_id("a/one")?, record, "the memory that was there stays");
    let proposals = dream.proposals()?;
    let fates: Vec<_> = proposals
        .iter()
        .filter_map(Proposal::choice)
        .map(|choice| (choice.merged, choice.unchanged, choice.reverted))
        .collect();
    assert_eq!(fates, [(true, true, false), (true, false, false)]);
    assert_eq!(status(&dream)?, DreamStatus::Merged);
    let nothing = dream.review_as(ana())?.merge().expect_err("all is merged");
    assert_eq!(nothing.kind(), ErrorKind::Conflict);
    dream.revert(None)?.commit(ana().message("Back"))?;
    assert_eq!(main.snapshot()?.get_id("a/one")?, record, "what it did not bring stays");
    assert!(main.snapshot()?.get_id("a/two")?.is_none());
    Ok(())
}

#[test]
fn a_dream_says_what_of_it_was_taken_back_and_by_which_commit() -> Result<()> {
    let store = store()?;
    let main = store.branch("main")?;
    let dream = three(&store)?;
    approve(&dream, &[1, 2])?;
    merge(&dream)?;
    assert!(dream.taken_back()?.is_empty());
    let one = dream.revert(Some(1))?.commit(ana().message("Not one"))?;
    assert_eq!(status(&dream)?, DreamStatus::PartlyTakenBack);
    assert_eq!(dream.taken_back()?, [(one, BTreeSet::from([1]))]);
    let two = dream.revert(None)?.commit(ana().message("None"))?;
    assert_eq!(status(&dream)?, DreamStatus::TakenBack);
    let by = BTreeSet::from([(one, BTreeSet::from([1])), (two, BTreeSet::from([2]))]);
    assert_eq!(dream.taken_back()?.into_iter().collect::<BTreeSet<_>>(), by);
    main.revert(two)?.commit(ana().message("Two after all"))?;
    assert_eq!(status(&dream)?, DreamStatus::PartlyTakenBack);
    main.revert(one)?.commit(ana().message("One after all"))?;
    assert_eq!(status(&dream)?, DreamStatus::PartlyMerged, "the third waits");
    Ok(())
}

#[test]
fn what_a_restore_takes_away_is_taken_back_unless_it_comes_again() -> Result<()> {
    let store = store()?;
    let main = store.branch("main")?;
    let before = main.head()?.expect("it has commits");
    let dream = three(&store)?;
    approve(&dream, &[1, 2, 3])?;
    merge(&dream)?;
    let merged = main.head()?.expect("it has commits");
    let restored = main.restore(before, "a")?.commit(ana().message("Back to then"))?;
    assert_eq!(status(&dream)?, DreamStatus::TakenBack);
    assert_eq!(dream.taken_back()?, [(restored, BTreeSet::from([1, 2, 3]))]);
    main.restore(merged, "a")?.commit(ana().message("And forth"))?;
    assert_eq!(status(&dream)?, DreamStatus::Merged);
    Ok(())
}

#[test]
fn a_change_that_removes_gives_way_only_to_one_at_the_same_keys() -> Result<()> {
    let store = store()?;
    let remove = |key: &str| SuggestedChange::Remove(undream::Key::new(key).expect("a key"));
    let first = dream(&store, vec![vec![remove("facts/drink")]])?;
    let both = vec![remove("facts/drink"), put("facts/city", "As dreamt.")];
    dream(&store, vec![both])?;
    assert_eq!(overtaken(&first)?, [None]);
    dream(&store, vec![vec![put("facts/drink", "The team drinks tea.")]])?;
    assert_eq!(overtaken(&first)?, [Some(anew(3, 1))]);
    Ok(())
}
