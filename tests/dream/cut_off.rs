//! Dreams whose process is killed while they run.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use undream::{
    Author, Curator, CuratorInput, Database, Dream, DreamStatus, Entry, Key, ProposalKind, Result,
    Store, SuggestedChange, Suggestion,
};

use crate::small::{failing_session, importer};

const DIRECTORY: &str = "UNDREAM_TEST_DREAMER_DIRECTORY";

/// Proposes one thing, says so, and then thinks for ever.
struct Ponderer {
    directory: PathBuf,
}

impl Curator for Ponderer {
    fn name(&self) -> String {
        "ponderer".to_owned()
    }

    fn version(&self) -> String {
        "1".to_owned()
    }

    fn propose(
        &self,
        _input: &CuratorInput<'_>,
        suggest: &mut dyn FnMut(Suggestion) -> Result<()>,
    ) -> Result<()> {
        suggest(Suggestion {
            kind: ProposalKind::Other,
            title: "A first thought".to_owned(),
            changes: vec![SuggestedChange::Put(Key::new("a/b")?, Entry::new("Thought."))],
            rationale: "It came to mind.".to_owned(),
            confidence: 500,
            cites: Vec::new(),
            inputs: Vec::new(),
        })?;
        std::fs::write(self.directory.join("thinking"), "")?;
        loop {
            std::thread::sleep(Duration::from_secs(60));
        }
    }
}

/// The other process: dreams until it is killed.
#[test]
fn the_dreaming_process() -> Result<()> {
    let Some(directory) = std::env::var_os(DIRECTORY).map(PathBuf::from) else { return Ok(()) };
    let db = Database::open(directory.join("db"))?;
    let main = db.store("default")?.branch("main")?;
    Dream::on(&main).curator(Ponderer { directory }).run().map(drop)
}

/// The other process; killed at the end of a test, however that ends.
struct Dreamer(Child);

impl Dreamer {
    fn kill(&mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Dreamer {
    fn drop(&mut self) {
        self.kill().expect("the other process can be killed");
    }
}

/// A database with three sessions over which another process dreams, that process, and the
/// dream.
fn dreaming(directory: &Path) -> Result<(Store, Dreamer, Dream)> {
    let store = Database::open(directory.join("db"))?.store("default")?;
    let sessions: Vec<_> = (0..3).map(failing_session).collect();
    store.import_sessions(&sessions, &importer())?;
    let child = Command::new(std::env::current_exe()?)
        .args(["cut_off::the_dreaming_process", "--exact"])
        .env(DIRECTORY, directory)
        .spawn()
        .map(Dreamer)?;
    let looks = (0..6_000).find(|_| {
        std::thread::sleep(Duration::from_millis(10));
        directory.join("thinking").exists()
    });
    assert!(looks.is_some(), "the other process did not begin to dream");
    let dream = Dream::open(&store, 1)?;
    Ok((store, child, dream))
}

fn written(store: &Store) -> Result<String> {
    let record = store.branch("meta")?.snapshot()?.get("dreams/00000001/manifest")?;
    Ok(record.expect("it is there").text()?.to_owned())
}

#[test]
fn a_dream_whose_process_was_killed_has_failed_and_one_that_runs_elsewhere_has_not() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let (store, mut child, dream) = dreaming(directory.path())?;
    let main = store.branch("main")?;
    assert_eq!(dream.manifest()?.status, DreamStatus::Running);
    let beside = Dream::on(&main).run()?;
    assert_eq!((beside.number(), beside.manifest()?.sessions_read), (2, 3));
    assert_eq!(dream.manifest()?.status, DreamStatus::Running);
    assert!(written(&store)?.contains("\"running\""));

    child.kill()?;
    let manifest = dream.manifest()?;
    assert_eq!((manifest.status, manifest.proposals), (DreamStatus::Failed, 1));
    assert!(manifest.failure.is_some_and(|why| why.contains("cut off")));
    assert_eq!(manifest.ended, None);
    assert!(written(&store)?.contains("\"running\""), "looking writes nothing");
    Dream::on(&main).run()?;
    assert!(written(&store)?.contains("\"failed\""), "the next dream writes it down");

    let mut review = dream.review_as(Author::person("ana"))?;
    review.approve_numbers(&[1], None)?;
    review.merge()?.commit("It was worth something")?;
    assert_eq!(dream.manifest()?.status, DreamStatus::Merged);
    assert!(main.snapshot()?.get("a/b")?.is_some());
    Ok(())
}

#[test]
fn sessions_of_a_dream_that_was_cut_off_are_still_new() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let (store, mut child, dream) = dreaming(directory.path())?;
    child.kill()?;
    let mut review = dream.review_as(Author::person("ana"))?;
    review.approve_numbers(&[1], None)?;
    review.merge()?.commit("What it got to")?;
    let next = Dream::on(&store.branch("main")?).run()?;
    assert_eq!(next.manifest()?.sessions_read, 3);
    Ok(())
}
