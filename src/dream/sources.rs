//! Who stands behind a proposal.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::Store;
use crate::error::Result;
use crate::object::{Evidence, Outcome, Session};
use crate::storage::SessionObjectId;

/// Counts over the sessions that a proposal cites.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ProposalSources {
    /// Sessions.
    pub sessions: u32,
    /// Distinct users, where sessions name them.
    pub users: u32,
    /// Distinct agents.
    pub agents: u32,
    /// Sessions that succeeded.
    pub successes: u32,
    /// Sessions that failed.
    pub failures: u32,
}

impl ProposalSources {
    pub(crate) fn count(sessions: &[&Session]) -> Self {
        let facts = || sessions.iter().map(|session| session.facts());
        let users: BTreeSet<_> = facts().filter_map(|facts| facts.user.as_ref()).collect();
        let agents: BTreeSet<_> = facts().map(|facts| &facts.agent).collect();
        let ended = |outcome| facts().filter(|facts| facts.outcome == Some(outcome)).count() as u32;
        Self {
            sessions: sessions.len() as u32,
            users: users.len() as u32,
            agents: agents.len() as u32,
            successes: ended(Outcome::Success),
            failures: ended(Outcome::Failure),
        }
    }
}

/// The sessions that evidence names, each read once.
#[derive(Debug, Default)]
pub(crate) struct CitedSessions {
    sessions: BTreeMap<SessionObjectId, Session>,
}

impl CitedSessions {
    pub(crate) fn read(&mut self, store: &Store, evidence: &[Evidence]) -> Result<()> {
        for cite in evidence {
            if !self.sessions.contains_key(&cite.session) {
                self.sessions.insert(cite.session, store.session_object(cite.session)?);
            }
        }
        Ok(())
    }

    pub(crate) fn get(&self, object: SessionObjectId) -> Option<&Session> {
        self.sessions.get(&object)
    }

    /// The sessions of `evidence`, each once, in order of their ids.
    pub(crate) fn of(&self, evidence: &[Evidence]) -> Vec<&Session> {
        let objects: BTreeSet<SessionObjectId> = evidence.iter().map(|cite| cite.session).collect();
        let mut sessions: Vec<_> = objects.iter().filter_map(|object| self.get(*object)).collect();
        sessions.sort_by(|a, b| a.id().cmp(b.id()));
        sessions
    }
}
