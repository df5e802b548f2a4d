//! Dreams that are held up and ended while they run.

#![expect(clippy::disallowed_methods, reason = "how long it takes to obey is what is tested")]

use std::path::Path;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use undream::{
    Author, CommandCurator, Curator, CuratorInput, Database, Dream, DreamStatus, Entry, ErrorKind,
    Key, ProposalKind, Result, Store, SuggestedChange, Suggestion,
};

use crate::small::{failing_session, importer};

/// Longer than it takes anybody to obey.
const PATIENCE: Duration = Duration::from_secs(20);

/// Reads all, then proposes one thing after the other, for ever, and tells of each.
struct Chatterer {
    said: mpsc::SyncSender<u32>,
}

impl Curator for Chatterer {
    fn name(&self) -> String {
        "chatterer".to_owned()
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
        for number in 0.. {
            input.orders.heed()?;
            suggest(Suggestion {
                kind: ProposalKind::Other,
                title: format!("Thought {number}"),
                changes: vec![SuggestedChange::Put(
                    Key::new(format!("thoughts/{number}"))?,
                    Entry::new("Thought."),
                )],
                rationale: "It came to mind.".to_owned(),
                confidence: 500,
                cites: Vec::new(),
                inputs: Vec::new(),
            })?;
            self.said.send(number).expect("somebody listens");
        }
        Ok(())
    }
}

/// A store with sessions, as another opener of the same directory sees it.
fn store(directory: &Path) -> Result<Store> {
    Database::open(directory.join("db"))?.store("default")
}

fn dreaming(
    directory: &Path,
    curator: impl Curator + Send + 'static,
) -> Result<JoinHandle<Result<Dream>>> {
    let runner = store(directory)?;
    let sessions: Vec<_> = (0..3).map(failing_session).collect();
    runner.import_sessions(&sessions, &importer())?;
    let main = runner.branch("main")?;
    Ok(thread::spawn(move || Dream::on(&main).curator(curator).run()))
}

/// The dream as soon as it has as many proposals.
fn with_proposals(store: &Store, count: usize) -> Result<Dream> {
    let start = Instant::now();
    loop {
        if let Ok(dream) = Dream::open(store, 1)
            && dream.proposals().is_ok_and(|proposals| proposals.len() >= count)
        {
            return Ok(dream);
        }
        assert!(start.elapsed() < PATIENCE, "the dream does not begin");
        thread::sleep(Duration::from_millis(5));
    }
}

fn ana() -> Author {
    Author::person("ana")
}

#[test]
fn a_paused_dream_waits_and_goes_on_and_a_cancelled_one_keeps_what_it_has() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let (said, heard) = mpsc::sync_channel(0);
    let runner = dreaming(directory.path(), Chatterer { said })?;
    let elsewhere = store(directory.path())?;
    for _ in 0..3 {
        heard.recv_timeout(PATIENCE).expect("it begins");
    }
    let dream = with_proposals(&elsewhere, 3)?;
    dream.pause(&ana())?;
    assert_eq!(dream.manifest()?.status, DreamStatus::Paused);
    // What was on its way when it was asked may still come.
    while heard.recv_timeout(Duration::from_secs(1)).is_ok() {}
    let held = dream.proposals()?.len();
    assert!(heard.recv_timeout(Duration::from_millis(500)).is_err(), "it goes on by itself");
    assert_eq!(dream.proposals()?.len(), held);

    dream.review_as(ana())?.approve_numbers(&[1], None)?;
    assert_eq!(dream.manifest()?.status, DreamStatus::Paused, "a decision does not wake it");

    dream.resume(&ana())?;
    assert_eq!(dream.manifest()?.status, DreamStatus::Running);
    heard.recv_timeout(Duration::from_secs(1)).expect("it goes on within a second");

    let asked = Instant::now();
    dream.cancel(&ana())?;
    while heard.recv_timeout(Duration::from_secs(1)).is_ok() {}
    runner.join().expect("no panic")?;
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
    let manifest = dream.manifest()?;
    assert_eq!((manifest.status, manifest.failure.clone()), (DreamStatus::Cancelled, None));
    assert!(manifest.proposals as usize >= held && manifest.proposals >= 3, "{manifest:?}");

    dream.review_as(ana())?.merge()?.commit("What it got to")?;
    assert_eq!(dream.manifest()?.status, DreamStatus::PartlyMerged);
    let again = Dream::on(&elsewhere.branch("main")?).run()?;
    assert_eq!(again.manifest()?.sessions_read, 3, "its sessions are still new");
    let refused = dream.cancel(&ana()).expect_err("it does not run");
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    Ok(())
}

/// How far the program has counted, and whether that stands still.
fn count(file: &Path) -> u64 {
    std::fs::read_to_string(file).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

#[test]
fn the_program_behind_a_dream_is_held_up_and_killed_with_it() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("count");
    let command = format!(
        "cat > /dev/null; n=0; while :; do n=$((n+1)); echo $n > '{0}.new'; mv '{0}.new' '{0}'; \
         sleep 0.05; done",
        file.display()
    );
    let runner = dreaming(directory.path(), CommandCurator::new(command))?;
    let start = Instant::now();
    while count(&file) < 3 {
        assert!(start.elapsed() < PATIENCE, "the program does not begin");
        thread::sleep(Duration::from_millis(10));
    }
    let dream = Dream::open(&store(directory.path())?, 1)?;
    dream.pause(&ana())?;
    thread::sleep(Duration::from_secs(1));
    let held = count(&file);
    thread::sleep(Duration::from_millis(700));
    assert_eq!(count(&file), held, "the program works while its dream waits");

    dream.resume(&ana())?;
    thread::sleep(Duration::from_secs(1));
    assert!(count(&file) > held, "the program does not go on");

    dream.cancel(&ana())?;
    let asked = Instant::now();
    runner.join().expect("no panic")?;
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    assert_eq!(dream.manifest()?.status, DreamStatus::Cancelled);
    let last = count(&file);
    thread::sleep(Duration::from_millis(500));
    assert_eq!(count(&file), last, "the program outlives its dream");
    Ok(())
}
