//! Dreams of a branch that was deleted since.

use std::panic::{AssertUnwindSafe, catch_unwind};

use undream::{
    Branch, Curator, CuratorInput, Database, Dream, DreamStatus, Result, Store, Suggestion,
};

use crate::answers::{Scripted, ana, dream, filled, put, store};

/// Is gone as if its process had been killed.
struct Doomed;

impl Curator for Doomed {
    fn name(&self) -> String {
        "doomed".to_owned()
    }

    fn version(&self) -> String {
        "1".to_owned()
    }

    fn propose(
        &self,
        _input: &CuratorInput<'_>,
        _suggest: &mut dyn FnMut(Suggestion) -> Result<()>,
    ) -> Result<()> {
        panic!("the end of a process, as a test makes it");
    }
}

fn trial(store: &Store) -> Result<Branch> {
    let head = store.branch("main")?.head()?.expect("it has commits");
    store.create_branch("trial", head)
}

fn delete(store: &Store, branch: &Branch) -> Result<()> {
    let head = branch.head()?.expect("it has commits");
    store.delete_ref(branch.name().as_str(), head, &ana())
}

#[test]
fn dreams_of_a_deleted_branch_can_be_read_and_nothing_of_them_stands() -> Result<()> {
    let store = store()?;
    let trial = trial(&store)?;
    let texts =
        ["One.", "Two.", "Three."].map(|text| vec![put(&format!("a/{}", text.len()), text)]);
    let dreamt = Dream::on(&trial).curator(Scripted(texts.to_vec())).run()?;
    let mut review = dreamt.review_as(ana())?;
    review.approve_numbers(&[1], None)?;
    review.merge()?.commit("Merge")?;
    review.reject_numbers(&[2], None)?;
    assert_eq!(dreamt.manifest()?.status, DreamStatus::PartlyMerged);
    delete(&store, &trial)?;

    assert_eq!(Dream::open(&store, 1)?.manifest()?.status, DreamStatus::Waiting);
    let proposals = dreamt.proposals()?;
    let merged: Vec<_> =
        proposals.iter().map(|one| one.choice().map(|choice| choice.merged)).collect();
    assert_eq!(merged, [Some(false), Some(false), None]);
    assert!(proposals.iter().all(|one| one.overtaken().is_none()));
    assert!(dreamt.taken_back()?.is_empty());
    Ok(())
}

#[test]
fn a_dream_cut_off_on_a_branch_that_was_deleted_keeps_nobody_from_dreaming() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let store = filled(&Database::open(directory.path().join("db"))?)?;
    let trial = trial(&store)?;
    let run = Dream::on(&trial).curator(Doomed);
    catch_unwind(AssertUnwindSafe(|| run.run())).expect_err("it was cut off");
    delete(&store, &trial)?;
    let next = dream(&store, vec![vec![put("a/one", "One.")]])?;
    assert_eq!(next.manifest()?.status, DreamStatus::Waiting);
    assert_eq!(Dream::open(&store, 1)?.manifest()?.status, DreamStatus::Failed);
    Ok(())
}
