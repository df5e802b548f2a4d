//! Taking transcripts into a store.

use std::path::Path;

use super::bounds::Transcript;
use super::names::Names;
use super::read::{self, TranscriptFormat};
use super::report::{DamagedLine, ReadingReport};
use crate::engine::{NewSession, Store, Taken};
use crate::error::Result;
use crate::object::{Author, Event, Session};
use crate::progress::Work;

/// About how many bytes of events land together.
const BATCH_BYTES: usize = 8 << 20;

/// How to take transcripts in: their form, and what is known of them beside what they say.
#[derive(Clone, Debug, Default)]
pub struct SessionImport {
    format: TranscriptFormat,
    user: Option<String>,
    project: Option<String>,
    folder: Option<String>,
    labels: Vec<String>,
}

/// What taking transcripts in came to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SessionImportReport {
    /// What reading them found.
    pub reading: ReadingReport,
    /// Sessions that were not known.
    pub new: u64,
    /// Sessions that were known and have grown or changed.
    pub changed: u64,
    /// Sessions that were known as they are.
    pub known: u64,
}

impl SessionImport {
    /// Takes in files of `format`.
    pub fn new(format: TranscriptFormat) -> Self {
        Self { format, ..Self::default() }
    }

    /// Says whose sessions they are, whatever they say themselves.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Says what they worked on, whatever they say themselves.
    #[must_use]
    pub fn project(mut self, project: impl Into<String>) -> Self {
        self.project = Some(project.into());
        self
    }

    /// Says what they worked on where they do not say so themselves, such as the folder in which
    /// the agent ran.
    #[must_use]
    pub fn project_unless_said(mut self, project: impl Into<String>) -> Self {
        self.folder = Some(project.into());
        self
    }

    /// Adds a label to each of them.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.labels.push(label.into());
        self
    }

    /// Takes in the transcripts in the file or directory `path`, some megabytes at a time. What is
    /// known as it is stays as it is, so a second run changes nothing. What cannot be read or is
    /// out of bounds is reported and left out.
    ///
    /// # Errors
    /// `NotFound` if there is nothing at `path`; `Locked` or `Io` if the store cannot be written.
    pub fn run(
        &self,
        store: &Store,
        path: impl AsRef<Path>,
        author: &Author,
    ) -> Result<SessionImportReport> {
        let path = path.as_ref();
        let mut intake = Intake {
            store,
            author,
            batch: Vec::new(),
            bytes: 0,
            report: SessionImportReport::default(),
            work: store.database().progress().begin("sessions", None),
        };
        let mut refused = Vec::new();
        let mut names = Names::of(store);
        let mut reading = read::read(path, self.format, &mut |named| {
            let transcript = names.settle(named)?;
            let session = self.session(transcript);
            match session.facts.check() {
                Ok(()) => intake.take(session),
                Err(error) => {
                    let why = format!("session {}: {error}", session.facts.id);
                    refused.push(DamagedLine { path: path.to_owned(), line: 0, why });
                    Ok(())
                }
            }
        })?;
        intake.land()?;
        reading.sessions -= refused.len() as u64;
        reading.damaged.extend(refused);
        Ok(SessionImportReport { reading, ..intake.report })
    }

    fn session(&self, transcript: Transcript) -> NewSession {
        let Transcript { mut facts, extra, events } = transcript;
        facts.labels.extend(self.labels.iter().cloned());
        facts.user = self.user.clone().or(facts.user);
        facts.project = self.project.clone().or(facts.project).or_else(|| self.folder.clone());
        NewSession { facts: facts.in_order(), events, extra }
    }
}

/// Sessions on their way into a store.
struct Intake<'a> {
    store: &'a Store,
    author: &'a Author,
    batch: Vec<NewSession>,
    bytes: usize,
    report: SessionImportReport,
    work: Work,
}

impl Intake<'_> {
    fn take(&mut self, session: NewSession) -> Result<()> {
        // Of two versions of one session, the second must see the first.
        if self.batch.iter().any(|held| held.facts.id == session.facts.id) {
            self.land()?;
        }
        self.bytes += session.events.iter().map(Event::bytes).sum::<usize>();
        self.batch.push(session);
        self.work.advance();
        if self.bytes >= BATCH_BYTES { self.land() } else { Ok(()) }
    }

    fn land(&mut self) -> Result<()> {
        for taken in self.store.import_sessions(&self.batch, self.author)? {
            match taken {
                Taken::New => self.report.new += 1,
                Taken::Changed => self.report.changed += 1,
                Taken::Known => self.report.known += 1,
            }
        }
        self.batch.clear();
        self.bytes = 0;
        Ok(())
    }
}

impl Transcript {
    /// The transcript of a stored session, to be written elsewhere. Events whose words were erased
    /// are left out.
    ///
    /// # Errors
    /// `Corrupt` if a part of the session is missing or damaged.
    pub fn of_session(store: &Store, session: &Session) -> Result<Self> {
        let events = store.events(session, 0..=u32::MAX)?;
        Ok(Self {
            facts: session.facts().clone(),
            extra: session.extra().map(str::to_owned),
            events: events.into_iter().filter_map(|(_, _, event)| event).collect(),
        })
    }
}
