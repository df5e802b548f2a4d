//! A proposal, read back from its commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::dream::danger::{self, Danger, Effect};
use crate::dream::manifest::Choice;
use crate::dream::overtaken::Overtaken;
use crate::dream::quote::{Wanted, quote};
use crate::dream::sources::{CitedSessions, ProposalSources};
use crate::engine::{Change, Store};
use crate::error::{Error, Result};
use crate::object::{
    Cause, Commit, Entry, Evidence, Key, ProposalKind, ProposalPart, Record, Session, Taint, Trust,
};
use crate::storage::{CommitId, SessionObjectId};

/// How many citations of one session are shown.
const SHOWN_PER_SESSION_MAX: usize = 3;

/// A piece of evidence as it is shown: the quote is cut out of the stored events.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Evident {
    /// The session's id.
    pub session: String,
    /// The first event.
    pub first: u32,
    /// The last event.
    pub last: u32,
    /// Words of those events, exactly as they stand there; `None` where they were erased.
    pub quote: Option<String>,
}

/// One suggestion of a dream, with its changes, reason and evidence.
#[derive(Clone, Debug)]
pub struct Proposal {
    store: Store,
    commit: Arc<Commit>,
    part: ProposalPart,
    changes: Vec<Change>,
    written: Vec<(Key, Arc<Record>)>,
    sessions: Vec<Session>,
    sources: ProposalSources,
    depends_on: BTreeSet<u32>,
    dangers: BTreeSet<Danger>,
    pub(crate) choice: Option<Choice>,
    pub(crate) overtaken: Option<Overtaken>,
}

impl Proposal {
    /// The proposal's number within its dream, from 1: the best first.
    pub fn number(&self) -> u32 {
        self.part.number
    }

    /// What it is about.
    pub fn kind(&self) -> ProposalKind {
        self.part.kind
    }

    /// How sure the curator is, per mille.
    pub fn confidence(&self) -> u16 {
        self.part.confidence
    }

    /// The commit on the dream's branch.
    pub fn commit(&self) -> CommitId {
        self.commit.id()
    }

    /// The heading.
    pub fn title(&self) -> &str {
        self.commit.summary()
    }

    /// Why the curator proposes it.
    pub fn rationale(&self) -> Option<&str> {
        self.commit.rationale()
    }

    /// What it changes.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The key it writes, or else the first it touches.
    pub fn key(&self) -> Option<&Key> {
        let written = self.written.first().map(|(key, _)| key);
        written.or_else(|| self.changes.first().map(|change| &change.key))
    }

    /// The text it writes first, if it writes one.
    pub fn text(&self) -> Option<&str> {
        self.written.first().and_then(|(_, record)| record.text().ok())
    }

    /// The entry it writes first, if it writes one.
    pub fn entry(&self) -> Option<Entry> {
        self.written.first().and_then(|(_, record)| record.to_entry().ok())
    }

    /// The least trust among what it writes.
    pub fn trust(&self) -> Trust {
        self.written.iter().map(|(_, record)| record.trust()).min().unwrap_or_default()
    }

    /// Whose words it rests on.
    pub fn taint(&self) -> Taint {
        self.written.iter().fold(Taint::default(), |all, (_, record)| all.union(record.taint()))
    }

    /// Counts over the sessions it cites.
    pub fn sources(&self) -> ProposalSources {
        self.sources
    }

    /// The proposals of the same dream that must be taken with it.
    pub fn depends_on(&self) -> &BTreeSet<u32> {
        &self.depends_on
    }

    /// What it does to memory, taken together.
    pub fn effect(&self) -> Effect {
        Effect::of(&self.changes)
    }

    /// What speaks for looking at it twice, the gravest first.
    pub fn dangers(&self) -> &BTreeSet<Danger> {
        &self.dangers
    }

    /// The decision made on it.
    pub fn choice(&self) -> Option<&Choice> {
        self.choice.as_ref()
    }

    /// Whether it still waits for a decision.
    pub fn is_open(&self) -> bool {
        self.choice.is_none() && self.overtaken.is_none()
    }

    /// Why nobody has to decide on it any more, although nobody has.
    pub fn overtaken(&self) -> Option<Overtaken> {
        self.overtaken
    }

    /// All events it cites.
    pub fn evidence(&self) -> &[Evidence] {
        &self.part.evidence
    }

    pub(crate) fn session_ids(&self) -> Vec<String> {
        self.sessions.iter().map(|session| session.id().to_owned()).collect()
    }

    /// The evidence with its quotes: up to three citations of each session, at most `limit` in all.
    ///
    /// # Errors
    /// `Corrupt` if a session is damaged.
    pub fn evident(&self, limit: usize) -> Result<Vec<Evident>> {
        let wanted = Wanted::of(&format!("{} {}", self.title(), self.text().unwrap_or_default()));
        let by_object: BTreeMap<SessionObjectId, &Session> =
            self.sessions.iter().map(|session| (session.object_id(), session)).collect();
        let mut shown: BTreeMap<SessionObjectId, usize> = BTreeMap::new();
        let mut found = Vec::new();
        for cite in &self.part.evidence {
            let count = shown.entry(cite.session).or_default();
            if *count == SHOWN_PER_SESSION_MAX || found.len() == limit {
                continue;
            }
            *count += 1;
            let missing = || Error::corrupt(format!("session object {} is missing", cite.session));
            let session = by_object.get(&cite.session).ok_or_else(missing)?;
            let events = self.store.events(session, cite.first..=cite.last)?;
            let sound = events.iter().map(|(_, text, _)| text).eq(cite.texts.iter());
            if !sound {
                return Err(Error::corrupt(format!(
                    "proposal {} cites events of session {} that are not there",
                    self.number(),
                    session.id()
                )));
            }
            let quotes = events.iter().filter_map(|(_, _, event)| event.as_ref());
            let best =
                quotes.map(|event| quote(event, &wanted)).max_by_key(|quote| wanted.score(quote));
            found.push(Evident {
                session: session.id().to_owned(),
                first: cite.first,
                last: cite.last,
                quote: best,
            });
        }
        Ok(found)
    }
}

/// The keys that changes touch.
pub(crate) fn touched_by(changes: &[Change]) -> BTreeSet<Key> {
    changes.iter().flat_map(|change| change.from.iter().chain([&change.key])).cloned().collect()
}

/// Reads the proposals of a dream from its branch's commits, given in their order.
pub(crate) fn read_all(store: &Store, commits: &[Arc<Commit>]) -> Result<Vec<Proposal>> {
    let (policy, endorsed) = (store.policy()?, store.endorsements()?);
    let mut cited = CitedSessions::default();
    let mut written_by = BTreeMap::new();
    let mut proposals = Vec::with_capacity(commits.len());
    for commit in commits {
        let Cause::Proposal(part) = commit.cause() else { continue };
        cited.read(store, &part.evidence)?;
        let changes = store.changes(commit.id())?;
        let mut depends_on = BTreeSet::new();
        let mut written = Vec::new();
        for change in &changes {
            if let Some(earlier) = change.before.and_then(|record| written_by.get(&record)) {
                depends_on.insert(*earlier);
            }
            if let Some(id) = change.after {
                written_by.entry(id).or_insert(part.number);
                written.push((change.key.clone(), Arc::new(store.record(id)?)));
            }
        }
        depends_on.remove(&part.number);
        let sessions = cited.of(&part.evidence);
        let mut proposal = Proposal {
            store: store.clone(),
            commit: Arc::clone(commit),
            part: part.clone(),
            sources: ProposalSources::count(&sessions),
            sessions: sessions.into_iter().cloned().collect(),
            dangers: danger::of_changes(store, (&policy, &endorsed), &changes)?,
            changes,
            written,
            depends_on,
            choice: None,
            overtaken: None,
        };
        let grounds = danger::of_grounds(&proposal);
        proposal.dangers.extend(grounds);
        proposals.push(proposal);
    }
    Ok(proposals)
}
