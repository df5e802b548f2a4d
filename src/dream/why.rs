//! Why a memory says what it says: back to the session events it rests on, and forward to what was
//! made of it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use crate::dream::derived::{Derived, follow};
use crate::dream::manifest::{Manifest, Part, load, meta};
use crate::dream::quote::{Wanted, quote};
use crate::dream::sources::CitedSessions;
use crate::engine::{AsSnapshot, Grounds, LogFilter, Snapshot, Store};
use crate::error::{Error, Result};
use crate::object::{Cause, Commit, Evidence, Key, Record, Source, Trust, Verb};
use crate::storage::RecordId;

/// What a version that is told of is to the memory that is asked about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Relation {
    /// The version that stands there.
    Standing,
    /// An earlier version that it was made from.
    Earlier,
    /// Another memory that it, or an earlier version, was made from.
    Input,
}

impl Relation {
    /// The relation in one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standing => "standing",
            Self::Earlier => "earlier",
            Self::Input => "input",
        }
    }
}

/// Session events that a version rests on, as they are shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cite {
    /// The session's id.
    pub session: String,
    /// The first event.
    pub first: u32,
    /// The last event.
    pub last: u32,
    /// Where the least trusted of those events comes from; `None` where all were erased.
    pub source: Option<Source>,
    /// Words of those events, exactly as they stand there; `None` where they were erased.
    pub quote: Option<String>,
    /// Whether no other cite of the version is trusted less.
    pub lowest: bool,
}

/// How a proposal came to the branch.
#[derive(Clone, Debug)]
pub struct Approval {
    /// The review commit.
    pub review: Arc<Commit>,
    /// Whether it was taken as it is, or with another text.
    pub verb: Verb,
    /// Why, where the reviewer said so.
    pub reason: Option<String>,
}

/// One version on the way back to the beginnings.
#[derive(Clone, Debug)]
pub struct WhyStep {
    /// What it is to the memory that is asked about.
    pub relation: Relation,
    /// The version.
    pub record: Arc<Record>,
    /// The key it was written at.
    pub key: Option<Key>,
    /// What it rests on.
    pub grounds: Grounds,
    /// The dream's curator and its version, where a dream wrote it.
    pub curator: Option<(String, String)>,
    /// How it came to the branch, where a dream wrote it and somebody approved.
    pub approval: Option<Approval>,
    /// The events it rests on with their quotes, the least trusted first.
    pub cites: Vec<Cite>,
}

/// Why a memory says what it says.
#[derive(Clone, Debug)]
pub struct Why {
    /// The key.
    pub key: Key,
    /// The version that stands there, then what it was made from, newest first.
    pub steps: Vec<WhyStep>,
    /// All versions of the memory that the log has, oldest first: what a log of recalls is to be
    /// asked for.
    pub versions: Vec<RecordId>,
    /// What was made of any of its versions, then what rests on the same events.
    pub derived: Vec<Derived>,
}

impl Why {
    /// Tells why the memory at `key` says what it says. The way back reads the memory's own
    /// versions; the way forward reads every row since the oldest session it rests on came in.
    ///
    /// # Errors
    /// `NotFound` if nothing stands there; `Corrupt` if something on the way is damaged.
    pub fn of(source: &impl AsSnapshot, key: &str) -> Result<Self> {
        let snapshot = source.as_snapshot()?;
        let missing = || Error::not_found(format!("there is no memory at `{key}`"));
        let record = Arc::new(snapshot.get(key)?.ok_or_else(missing)?);
        let steps = Tracer::new(&snapshot).trace(&record)?;
        let own = steps.iter().filter(|step| step.relation != Relation::Input);
        let evidence: Vec<Evidence> =
            own.flat_map(|step| step.grounds.evidence.iter().cloned()).collect();
        let forward = follow(&snapshot, &record, &evidence)?;
        Ok(Self {
            key: Key::new(key)?,
            steps,
            versions: forward.versions,
            derived: forward.derived,
        })
    }

    /// The version that stands there.
    pub fn standing(&self) -> &WhyStep {
        &self.steps[0]
    }
}

impl WhyStep {
    /// The least trust among the events that the version cites; `None` if it cites none that can be
    /// read.
    pub fn least_cited(&self) -> Option<Trust> {
        self.cites.iter().filter_map(|cite| Some(cite.source?.trust())).min()
    }
}

/// Goes back from a version to what it was made from.
struct Tracer<'a> {
    snapshot: &'a Snapshot,
    store: &'a Store,
    sessions: CitedSessions,
}

impl<'a> Tracer<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        Self { snapshot, store: snapshot.store(), sessions: CitedSessions::default() }
    }

    fn trace(mut self, standing: &Arc<Record>) -> Result<Vec<WhyStep>> {
        let mut steps = Vec::new();
        let mut seen = HashSet::from([standing.id()]);
        let place = self.store.place_of(standing.id())?;
        let mut open = BTreeMap::from([(place, vec![Arc::clone(standing)])]);
        while let Some((_, records)) = open.pop_last() {
            for record in records {
                let step = self.step(&record, standing)?;
                let from = record.previous().iter().chain(&step.grounds.inputs);
                for id in from.filter(|id| seen.insert(**id)) {
                    let record = Arc::new(self.store.record(*id)?);
                    open.entry(self.store.place_of(*id)?).or_insert_with(Vec::new).push(record);
                }
                steps.push(step);
            }
        }
        self.approve(&mut steps)?;
        Ok(steps)
    }

    fn step(&mut self, record: &Arc<Record>, standing: &Record) -> Result<WhyStep> {
        let grounds = self.store.grounds(record)?;
        let changes = self.store.changes(grounds.commit.id())?;
        let written = changes.into_iter().find(|change| change.after == Some(record.id()));
        let relation = if record.id() == standing.id() {
            Relation::Standing
        } else if record.memory() == standing.memory() {
            Relation::Earlier
        } else {
            Relation::Input
        };
        Ok(WhyStep {
            relation,
            key: written.map(|change| change.key),
            curator: self.curator(grounds.proposal)?,
            approval: None,
            cites: self.cites(record, &grounds.evidence)?,
            grounds,
            record: Arc::clone(record),
        })
    }

    fn curator(&self, proposal: Option<(u64, u32)>) -> Result<Option<(String, String)>> {
        let Some((dream, _)) = proposal else { return Ok(None) };
        let manifest: Option<Manifest> =
            load(&meta(self.store).snapshot()?, dream, Part::Manifest)?;
        Ok(manifest.map(|manifest| (manifest.curator, manifest.curator_version)))
    }

    fn cites(&mut self, record: &Record, evidence: &[Evidence]) -> Result<Vec<Cite>> {
        self.sessions.read(self.store, evidence)?;
        let title = record.title().ok().flatten().unwrap_or_default();
        let wanted = Wanted::of(&format!("{title} {}", record.text().unwrap_or_default()));
        let mut cites = Vec::with_capacity(evidence.len());
        for cite in evidence {
            let missing = || Error::corrupt(format!("session object {} is missing", cite.session));
            let session = self.sessions.get(cite.session).ok_or_else(missing)?;
            let events = self.store.events(session, cite.first..=cite.last)?;
            let told: Vec<_> = events.iter().filter_map(|(_, _, event)| event.as_ref()).collect();
            let best = told.iter().map(|event| quote(event, &wanted));
            cites.push(Cite {
                session: session.id().to_owned(),
                first: cite.first,
                last: cite.last,
                source: told.iter().map(|event| event.source()).min_by_key(|one| one.trust()),
                quote: best.max_by_key(|quote| wanted.score(quote)),
                lowest: false,
            });
        }
        let trust = |cite: &Cite| cite.source.map(Source::trust);
        let least = cites.iter().filter_map(trust).min();
        for cite in &mut cites {
            cite.lowest = least.is_some() && trust(cite) == least;
        }
        cites.sort_by_key(|cite| !cite.lowest);
        Ok(cites)
    }

    /// Finds the reviews by which proposals came to the branch.
    fn approve(&self, steps: &mut [WhyStep]) -> Result<()> {
        let mut wanted: BTreeSet<(u64, u32)> =
            steps.iter().filter_map(|step| step.grounds.proposal).collect();
        let Some(head) = self.snapshot.id() else { return Ok(()) };
        let mut found = BTreeMap::new();
        let mut log = self.store.log(head, LogFilter::default())?;
        while !wanted.is_empty()
            && let Some(commit) = log.next().transpose()?
        {
            let Cause::Review { dream, decisions } = commit.cause() else { continue };
            for made in decisions.iter().filter(|made| made.verb != Verb::Reject) {
                let proposal = (*dream, made.proposal);
                if wanted.remove(&proposal) {
                    let reasons = commit.reasons();
                    let reason = reasons.iter().find(|(number, _)| *number == made.proposal);
                    let reason = reason.map(|(_, text)| (*text).to_owned());
                    let review = Arc::clone(&commit);
                    found.insert(proposal, Approval { review, verb: made.verb, reason });
                }
            }
        }
        for step in steps {
            step.approval = step.grounds.proposal.and_then(|made| found.get(&made).cloned());
        }
        Ok(())
    }
}
