//! Running a dream: a branch, a curator, one commit per proposal, an account of all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::dream::curator::{Curator, SessionReader};
use crate::dream::dream::Dream;
use crate::dream::gated::merge_what_passes;
use crate::dream::manifest::{
    DreamStatus, Manifest, Part, SessionList, Signal, load, meta, numbers, part_key, save,
};
use crate::dream::mine::Mine;
use crate::dream::pass::Pass;
use crate::engine::{Branch, Expect, Gate, Snapshot, Store, Transaction};
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Author, Message, RefKind, RefName, Session};

/// The label of a session that no dream may read.
const NOT_FOR_DREAMS: &str = "dream: no";

/// Which sessions a dream reads.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
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
    instructions: Option<String>,
    author: Option<Author>,
    gates: Vec<Arc<dyn Gate>>,
}

impl Dream {
    /// Begins to describe a dream of `branch`.
    pub fn on(branch: &Branch) -> DreamRun {
        DreamRun {
            branch: branch.clone(),
            sessions: Sessions::New,
            project: None,
            curator: Box::new(Mine::default()),
            instructions: None,
            author: None,
            gates: Vec::new(),
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

    /// What the curator should heed.
    pub fn instructions(mut self, text: impl Into<String>) -> Self {
        self.instructions = Some(text.into());
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

    /// Runs the dream to its end. Where the policy's mode is `gated` or `auto`, what it passes is
    /// merged then. A curator that fails leaves a dream whose status says so, with
    /// what it had proposed.
    ///
    /// # Errors
    /// `NotFound` if a named session does not exist; `Locked` if another process kept writing;
    /// what the database fails with. A failing curator is no error here.
    pub fn run(self) -> Result<Dream> {
        let store = self.branch.store().clone();
        let author = Author::program(self.curator.name());
        let base = self.base(&author)?;
        let sessions = self.select(&store)?;
        let list: SessionList = sessions
            .iter()
            .map(|session| (session.id().to_owned(), session.object_id().to_string()))
            .collect();
        let mut manifest = self.open(&store, &base, &list)?;
        let reader = SessionReader::new(&store, sessions);
        let dream = Dream::new(store.clone(), manifest.number);
        let outcome = Pass::new(
            (&*self.curator, self.instructions.as_deref()),
            &dream,
            &reader,
            &author,
            &mut manifest,
        )?
        .run(&base);
        let (sessions_read, events_read) = reader.read();
        manifest.sessions_read = sessions_read as u64;
        manifest.events_read = events_read as u64;
        manifest.ended = Some(store.database().now().as_micros());
        manifest.after = signal(&dream.branch().snapshot()?)?;
        manifest.status = match outcome {
            Err(error) => {
                manifest.failure = Some(describe(&error));
                DreamStatus::Failed
            }
            Ok(()) if manifest.proposals == 0 => DreamStatus::Nothing,
            Ok(()) => DreamStatus::Waiting,
        };
        let who = self.author.clone().unwrap_or(author);
        Self::close(&store, &manifest, &list, &who)?;
        if manifest.status == DreamStatus::Waiting {
            merge_what_passes(&dream, &self.gates)?;
        }
        Ok(dream)
    }

    /// The snapshot to dream about. A branch without a commit gets an empty first one, so that the
    /// dream has something to stand on.
    fn base(&self, author: &Author) -> Result<Snapshot> {
        let snapshot = self.branch.snapshot()?;
        if snapshot.commit().is_some() {
            return Ok(snapshot);
        }
        let mut first = self.branch.write()?;
        first.allow_empty();
        first.commit(author.message("Begin an empty memory"))?;
        self.branch.snapshot()
    }

    fn select(&self, store: &Store) -> Result<Vec<Session>> {
        let read = match &self.sessions {
            Sessions::New => read_before(store, self.branch.name().as_str())?,
            _ => BTreeSet::new(),
        };
        let mut chosen = Vec::new();
        let ids = match &self.sessions {
            Sessions::Ids(ids) => ids
                .iter()
                .map(|id| {
                    let missing = || Error::not_found(format!("there is no session `{id}`"));
                    store.session(id)?.ok_or_else(missing)
                })
                .collect::<Result<Vec<_>>>()?,
            _ => store
                .session_ids()?
                .into_iter()
                .filter(|(_, object)| !read.contains(&object.to_string()))
                .map(|(_, object)| store.session_object(object))
                .collect::<Result<Vec<_>>>()?,
        };
        for session in ids {
            let facts = session.facts();
            let hidden = facts.labels.iter().any(|label| label == NOT_FOR_DREAMS);
            let other = self.project.is_some() && self.project != facts.project;
            if !hidden && !other {
                chosen.push(session);
            }
        }
        // Oldest first: what changed over time is read in the order in which it happened.
        chosen.sort_by_key(|session| (session.facts().started, session.id().to_owned()));
        Ok(chosen)
    }

    /// Takes the next number, writes the manifest and creates the dream's branch.
    fn open(&self, store: &Store, base: &Snapshot, list: &SessionList) -> Result<Manifest> {
        let base_id = base.id().expect("BUG: a dream stands on a commit");
        let who = self.author.clone().unwrap_or_else(|| Author::program(self.curator.name()));
        loop {
            let branch = meta(store);
            let snapshot = branch.snapshot()?;
            let number = numbers(&snapshot)?.last().map_or(1, |last| last + 1);
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
                before: signal(base)?,
                after: Signal::default(),
                failure: None,
            };
            let mut transaction = branch.write_reserved()?;
            transaction.require(part_key(number, Part::Manifest), Expect::Absent)?;
            save(&mut transaction, number, Part::Manifest, &manifest)?;
            save(&mut transaction, number, Part::Sessions, list)?;
            match transaction.commit(who.message(format!("Begin dream {number}"))) {
                Err(error) if error.kind() == ErrorKind::Stale => {}
                Err(error) => return Err(error),
                Ok(_) => {
                    store.create_ref(RefName::dream(number), RefKind::Branch, base_id, &who)?;
                    return Ok(manifest);
                }
            }
        }
    }

    /// Writes the account, and marks the waiting dreams whose sessions this one read as well.
    fn close(store: &Store, manifest: &Manifest, list: &SessionList, who: &Author) -> Result<()> {
        let text = format!("End dream {}: {}", manifest.number, manifest.status.name());
        write_meta(store, who.message(text), |transaction| {
            save(transaction, manifest.number, Part::Manifest, manifest)?;
            if manifest.status != DreamStatus::Waiting {
                return Ok(());
            }
            let read: BTreeSet<&String> = list.iter().map(|(id, _)| id).collect();
            let snapshot = transaction.base().clone();
            for number in numbers(&snapshot)? {
                let older: Option<Manifest> = load(&snapshot, number, Part::Manifest)?;
                let Some(mut older) = older else { continue };
                let same = (&older.branch, &older.curator) == (&manifest.branch, &manifest.curator);
                if number >= manifest.number || !same || older.status != DreamStatus::Waiting {
                    continue;
                }
                let theirs: SessionList =
                    load(&snapshot, number, Part::Sessions)?.unwrap_or_default();
                if theirs.iter().all(|(id, _)| read.contains(id)) {
                    older.status = DreamStatus::Superseded;
                    save(transaction, number, Part::Manifest, &older)?;
                }
            }
            Ok(())
        })
    }
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

/// The session objects that completed dreams of a branch have read.
fn read_before(store: &Store, branch: &str) -> Result<BTreeSet<String>> {
    let snapshot = meta(store).snapshot()?;
    let mut read = BTreeSet::new();
    for number in numbers(&snapshot)? {
        let manifest: Option<Manifest> = load(&snapshot, number, Part::Manifest)?;
        if manifest.is_some_and(|held| held.branch == branch && held.status.is_complete()) {
            let list: SessionList = load(&snapshot, number, Part::Sessions)?.unwrap_or_default();
            read.extend(list.into_iter().map(|(_, object)| object));
        }
    }
    Ok(read)
}

fn signal(snapshot: &Snapshot) -> Result<Signal> {
    let mut signal = Signal::default();
    for entry in snapshot.entries("") {
        let (_, record) = entry?;
        signal.entries += 1;
        signal.bytes += record.text().map_or(0, str::len) as u64;
    }
    Ok(signal)
}

fn describe(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
