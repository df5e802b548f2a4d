//! Running a dream: a branch, a curator, one commit per proposal, an account of all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use crate::dream::account::{Account, Workings};
use crate::dream::curator::{Curator, Recalled, SessionReader};
use crate::dream::dream::Dream;
use crate::dream::gated::merge_what_passes;
use crate::dream::manifest::{
    DreamStatus, Manifest, Part, SessionList, load, meta, numbers, part_key, run_name, save,
};
use crate::dream::mine::Mine;
use crate::dream::order::Orders;
use crate::dream::overtaken::{note_successors, note_superseded};
use crate::dream::pass::Pass;
use crate::dream::recalls::OwnRecalls;
use crate::dream::selection::select;
use crate::dream::signal::Signal;
use crate::engine::{Branch, Expect, Gate, Lease, ProbeAsker, Snapshot, Store, Transaction};
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Author, Message, RefKind, RefName, Session, Trust};

/// Which sessions a dream reads.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sessions {
    /// Those that no completed dream of the branch has read as they are now.
    #[default]
    New,
    /// All.
    All,
    /// These, by id.
    Ids(Vec<String>),
}

/// A dream about to run.
#[must_use = "a dream does nothing until it runs"]
pub struct DreamRun {
    branch: Branch,
    sessions: Sessions,
    project: Option<String>,
    curator: Box<dyn Curator>,
    fallback: Option<Box<dyn Curator>>,
    instructions: Option<String>,
    author: Option<Author>,
    recalls: Option<Box<dyn Recalled>>,
    trust_max: Trust,
    gates: Vec<Arc<dyn Gate>>,
    probes: Option<Box<dyn ProbeAsker>>,
    stop: Arc<AtomicBool>,
}

/// What a curator works on, and who knows what was recalled.
type AtWork<'a> = (&'a Dream, &'a Orders, &'a SessionReader<'a>, Option<&'a dyn Recalled>);

impl Dream {
    /// Begins to describe a dream of `branch`.
    pub fn on(branch: &Branch) -> DreamRun {
        DreamRun {
            branch: branch.clone(),
            sessions: Sessions::New,
            project: None,
            curator: Box::new(Mine::default()),
            fallback: None,
            instructions: None,
            author: None,
            recalls: None,
            trust_max: Trust::User,
            gates: Vec::new(),
            probes: None,
            stop: Arc::default(),
        }
    }
}

impl DreamRun {
    /// Which sessions to read; the new ones unless told otherwise.
    pub fn sessions(mut self, sessions: Sessions) -> Self {
        self.sessions = sessions;
        self
    }

    /// Only sessions of this project.
    pub fn project(mut self, project: impl Into<String>) -> Self {
        self.project = Some(project.into());
        self
    }

    /// Who proposes; [`Mine`] unless told otherwise.
    pub fn curator(mut self, curator: impl Curator + 'static) -> Self {
        self.curator = Box::new(curator);
        self
    }

    /// Who proposes if the curator fails; without one the dream fails. What the curator had proposed
    /// before is kept.
    pub fn fallback(mut self, curator: impl Curator + 'static) -> Self {
        self.fallback = Some(Box::new(curator));
        self
    }

    /// What the curator should heed.
    pub fn instructions(mut self, text: impl Into<String>) -> Self {
        self.instructions = Some(text.into());
        self
    }

    /// The most that a proposal is trusted unless every quote it gives is found where it says:
    /// what a policy allows a curator, whatever the curator claims for itself.
    pub fn trust_max(mut self, most: Trust) -> Self {
        self.trust_max = most;
        self
    }

    /// On whose behalf the dream runs; the curator's unless told otherwise.
    pub fn author(mut self, author: Author) -> Self {
        self.author = Some(author);
        self
    }

    /// Asks these, too, where the policy merges without a person: without the gate that searches,
    /// for one, nothing is merged while the policy holds what is near a protected text.
    pub fn gates(mut self, gates: &[Arc<dyn Gate>]) -> Self {
        self.gates = gates.to_vec();
        self
    }

    /// Who asks the probes before and after, for the dream's account: a search.
    pub fn probes(mut self, asker: impl ProbeAsker + 'static) -> Self {
        self.probes = Some(Box::new(asker));
        self
    }

    /// Cancels the dream once `stop` is true: for who runs it in a thread and is told to end.
    pub fn stop_when(mut self, stop: Arc<AtomicBool>) -> Self {
        self.stop = stop;
        self
    }

    /// Who knows which memories were given to somebody, instead of the database's own recall log.
    pub fn recalls(mut self, recalls: impl Recalled + 'static) -> Self {
        self.recalls = Some(Box::new(recalls));
        self
    }

    /// Runs the dream to its end, or until it is cancelled. Where the policy's mode is `gated` or
    /// `auto`, what it passes is merged then. A curator that fails leaves a dream whose status says
    /// so, with what it had proposed.
    ///
    /// # Errors
    /// `Invalid` on a reserved branch; `NotFound` if a named session does not exist, `Conflict` if no
    /// dream may read it; `Locked` if another process kept writing; what the database fails with. A
    /// failing curator is no error here.
    pub fn run(self) -> Result<Dream> {
        let store = self.branch.store().clone();
        let author = Author::program(self.curator.name());
        let base = self.base(&author)?;
        let (sessions, earlier) = self.chosen(&store)?;
        let list: SessionList = sessions
            .iter()
            .map(|session| (session.id().to_owned(), session.object_id().to_string()))
            .collect();
        let own = match &self.recalls {
            Some(_) => None,
            None => Some(OwnRecalls::of(&store)?),
        };
        let (mut manifest, _lease) = self.open(&store, &base, &list)?;
        let mut covered: BTreeSet<String> =
            earlier.iter().map(|session| session.id().to_owned()).collect();
        let dream = Dream::new(store.clone(), manifest.number);
        let orders = Orders::new(&dream, Arc::clone(&self.stop));
        let reader = SessionReader::new(&store, sessions, earlier, &orders);
        let recalls = self.recalls.as_deref().or(own.as_ref().map(|own| own as &dyn Recalled));
        let account = Account::default();
        let at_work = (&dream, &orders, &reader, recalls);
        let outcome = self.propose(at_work, &mut manifest, (&base, &account));
        let (sessions_read, events_read) = reader.read();
        manifest.sessions_read = sessions_read as u64;
        manifest.events_read = events_read as u64;
        manifest.ended = Some(store.database().now().as_micros());
        manifest.after = Signal::of(&dream.branch().snapshot()?, self.probes.as_deref())?;
        manifest.status = match outcome {
            // A curator may take its end for the end of its work, or for a failure.
            _ if orders.ended() => DreamStatus::Cancelled,
            Err(error) => {
                manifest.failure = Some(describe(&error));
                DreamStatus::Failed
            }
            Ok(()) if manifest.proposals == 0 => DreamStatus::Nothing,
            Ok(()) => DreamStatus::Waiting,
        };
        let who = self.author.clone().unwrap_or(author);
        let seen = reader.read_list();
        covered.extend(seen.iter().map(|(id, _)| id.clone()));
        let workings = account.into_workings();
        Self::close(&store, &mut manifest, (&list, &seen, &covered), &workings, &who)?;
        if manifest.status == DreamStatus::Waiting {
            merge_what_passes(&dream, &self.gates)?;
        }
        Ok(dream)
    }

    /// Lets the curator propose, and if it fails the one to fall back to.
    fn propose(
        &self,
        (dream, orders, reader, recalls): AtWork<'_>,
        manifest: &mut Manifest,
        (base, account): (&Snapshot, &Account),
    ) -> Result<()> {
        let run = |curator: &dyn Curator, manifest: &mut Manifest| {
            let given = (curator, self.instructions.as_deref(), recalls);
            let author = Author::program(curator.name());
            Pass::new((given, self.trust_max), (dream, orders), reader, &author, manifest)?
                .run(base, account)
        };
        let outcome = run(&*self.curator, manifest);
        let (Err(error), Some(fallback)) = (&outcome, &self.fallback) else { return outcome };
        if orders.ended() {
            return outcome;
        }
        manifest.fallback = Some(format!("{}, because {}", fallback.name(), describe(error)));
        account.turn_over();
        run(&**fallback, manifest)
    }

    /// The snapshot to dream about. A branch without a commit gets an empty first one, so that the
    /// dream has something to stand on.
    fn base(&self, author: &Author) -> Result<Snapshot> {
        self.branch.refuse_reserved()?;
        let snapshot = self.branch.snapshot()?;
        if snapshot.commit().is_some() {
            return Ok(snapshot);
        }
        let mut first = self.branch.write()?;
        first.allow_empty();
        first.commit(author.message("Begin an empty memory"))?;
        self.branch.snapshot()
    }

    /// The sessions to read, and those that earlier dreams read where the curator remembers them.
    fn chosen(&self, store: &Store) -> Result<(Vec<Session>, Vec<Session>)> {
        let remembers = self.curator.remembers();
        select(
            store,
            self.branch.name().as_str(),
            (&self.sessions, self.project.as_deref()),
            remembers,
        )
    }

    /// Takes the next number, writes the manifest and creates the dream's branch. The lease says
    /// that the dream is being run for as long as it is.
    fn open(
        &self,
        store: &Store,
        base: &Snapshot,
        list: &SessionList,
    ) -> Result<(Manifest, Lease)> {
        let base_id = base.id().expect("BUG: a dream stands on a commit");
        let who = self.author.clone().unwrap_or_else(|| Author::program(self.curator.name()));
        loop {
            let branch = meta(store);
            let snapshot = branch.snapshot()?;
            let known = numbers(&snapshot)?;
            let (number, lease) = next_number(store, &known)?;
            let manifest = Manifest {
                number,
                branch: self.branch.name().to_string(),
                base: base_id.to_string(),
                curator: self.curator.name(),
                curator_version: self.curator.version(),
                instructions: self.instructions.clone(),
                status: DreamStatus::Running,
                started: store.database().now().as_micros(),
                ended: None,
                sessions_read: 0,
                events_read: 0,
                suggested: 0,
                proposals: 0,
                dropped: BTreeMap::new(),
                before: Signal::of(base, self.probes.as_deref())?,
                after: Signal::default(),
                failure: None,
                fallback: None,
                supersedes: BTreeMap::new(),
            };
            let mut transaction = branch.write_reserved()?;
            note_cut_off(&mut transaction, store, &known)?;
            transaction.require(part_key(number, Part::Manifest), Expect::Absent)?;
            save(&mut transaction, number, Part::Manifest, &manifest)?;
            save(&mut transaction, number, Part::Sessions, list)?;
            match transaction.commit(who.message(format!("Begin dream {number}"))) {
                Err(error) if error.kind() == ErrorKind::Stale => {}
                Err(error) => return Err(error),
                Ok(_) => {
                    store.create_ref(RefName::dream(number), RefKind::Branch, base_id, &who)?;
                    return Ok((manifest, lease));
                }
            }
        }
    }

    /// Writes the account, and marks the waiting dreams whose sessions this one covers as well.
    fn close(
        store: &Store,
        manifest: &mut Manifest,
        (list, seen, covered): (&SessionList, &SessionList, &BTreeSet<String>),
        workings: &Workings,
        who: &Author,
    ) -> Result<()> {
        let text = format!("End dream {}: {}", manifest.number, manifest.status.name());
        write_meta(store, who.message(text), |transaction| {
            note_successors(transaction, store, manifest)?;
            save(transaction, manifest.number, Part::Manifest, manifest)?;
            if seen.len() < list.len() {
                save(transaction, manifest.number, Part::Seen, seen)?;
            }
            if !workings.is_empty() {
                save(transaction, manifest.number, Part::Workings, workings)?;
            }
            if manifest.status == DreamStatus::Waiting {
                note_superseded(transaction, store, (manifest, covered))?;
            }
            Ok(())
        })
    }
}

/// The first number that no dream has and that nobody is about to take.
fn next_number(store: &Store, known: &[u64]) -> Result<(u64, Lease)> {
    let mut number = known.last().map_or(1, |last| last + 1);
    loop {
        match store.database().take_lease(&run_name(store, number))? {
            Some(lease) => return Ok((number, lease)),
            None => number += 1,
        }
    }
}

/// Writes down which dreams were cut off.
fn note_cut_off(transaction: &mut Transaction, store: &Store, known: &[u64]) -> Result<()> {
    let snapshot = transaction.base().clone();
    for number in known {
        let held: Option<Manifest> = load(&snapshot, *number, Part::Manifest)?;
        if held.is_some_and(|held| held.status == DreamStatus::Running) {
            let now = Dream::new(store.clone(), *number).outcome()?;
            save(transaction, *number, Part::Manifest, &now)?;
        }
    }
    Ok(())
}

/// Changes the records of dreams, again from the start if others did meanwhile.
pub(crate) fn write_meta(
    store: &Store,
    message: Message,
    mut edit: impl FnMut(&mut Transaction) -> Result<()>,
) -> Result<()> {
    loop {
        let mut transaction = meta(store).write_reserved()?;
        edit(&mut transaction)?;
        match transaction.commit(message.clone()) {
            Err(error) if error.kind() == ErrorKind::Stale => {}
            other => return other.map(drop),
        }
    }
}

/// An error with its causes, in one line.
pub(crate) fn describe(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
