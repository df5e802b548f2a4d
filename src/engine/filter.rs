//! Which commits a log shows.

use std::collections::HashMap;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use crate::clock::Time;
use crate::engine::row::RowEdit;
use crate::engine::store::Store;
use crate::error::{Error, Result};
use crate::object::{Cause, Commit, Evidence, Key};
use crate::storage::SessionObjectId;

/// Which commits a log shows: those that pass all that is asked for.
#[derive(Clone, Debug, Default)]
pub struct LogFilter {
    /// Only commits that changed this key.
    pub key: Option<Key>,
    /// Only commits that changed something at or under this key. A review counts as one.
    pub prefix: Option<String>,
    /// Also the single picks beneath each review.
    pub picks: bool,
    /// Only what this dream proposed, what was merged of it, and what took that back.
    pub dream: Option<u64>,
    /// Only commits by this author: a name, or kind and name as in `agent:scribe`.
    pub author: Option<String>,
    /// Only commits made in this session, or that rest on its events.
    pub session: Option<String>,
    /// Only commits authored at this instant or later.
    pub since: Option<Time>,
    /// Only commits authored at this instant or earlier.
    pub until: Option<Time>,
    /// Only commits whose message matches this regular expression, whatever the case.
    pub grep: Option<String>,
}

impl LogFilter {
    /// Whether the log goes into reviews.
    pub(crate) fn follows_picks(&self) -> bool {
        self.picks || self.key.is_some()
    }
}

/// A filter at work.
pub(crate) struct Sieve<'a> {
    store: &'a Store,
    filter: LogFilter,
    grep: Option<Regex>,
    /// Whether a stored version of a session is of the wanted session.
    sessions: HashMap<SessionObjectId, bool>,
}

impl<'a> Sieve<'a> {
    pub(crate) fn new(store: &'a Store, filter: LogFilter) -> Result<Self> {
        let grep = filter.grep.as_deref().map(pattern).transpose()?;
        Ok(Self { store, filter, grep, sessions: HashMap::new() })
    }

    /// Whether the commit is shown; what is cheap to tell is asked first.
    pub(crate) fn passes(&mut self, commit: &Arc<Commit>) -> Result<bool> {
        let filter = &self.filter;
        let named = |author: &String| {
            commit.author().name() == author || commit.author().to_string() == *author
        };
        let said = |grep: &Regex| commit.message().is_some_and(|text| grep.is_match(text));
        let plain = filter.author.as_ref().is_none_or(named)
            && filter.since.is_none_or(|since| commit.authored() >= since)
            && filter.until.is_none_or(|until| commit.authored() <= until)
            && self.grep.as_ref().is_none_or(said);
        Ok(plain && self.is_of_dream(commit)? && self.touches(commit)? && self.rests(commit)?)
    }

    fn is_of_dream(&self, commit: &Commit) -> Result<bool> {
        let Some(dream) = self.filter.dream else { return Ok(true) };
        let Cause::Revert { commits } = commit.cause() else {
            return Ok(dream_of(commit) == Some(dream));
        };
        for taken_back in commits {
            if dream_of(&*self.store.commit(*taken_back)?) == Some(dream) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a commit changed what is looked for.
    fn touches(&self, commit: &Commit) -> Result<bool> {
        if self.filter.key.is_none() && self.filter.prefix.is_none() {
            return Ok(true);
        }
        let core = self.store.core();
        let edits = core.row_head(&core.view()?, commit.id())?.edits;
        for edit in &edits {
            if self.is_wanted(&edit.key) && self.is_own(commit, edit)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_wanted(&self, key: &Key) -> bool {
        self.filter.key.as_ref().is_none_or(|wanted| wanted == key)
            && self.filter.prefix.as_ref().is_none_or(|prefix| key.is_under(prefix))
    }

    /// Whether a commit made an edit itself. A merge that took its other parent's version as it is
    /// did not: that parent's history tells, unless the log does not go there.
    fn is_own(&self, commit: &Commit, edit: &RowEdit) -> Result<bool> {
        if matches!(commit.cause(), Cause::Review { .. }) && !self.filter.follows_picks() {
            return Ok(true);
        }
        for other in commit.parents().iter().skip(1) {
            if self.store.snapshot(*other)?.get_id(edit.key.as_str())? == edit.after {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a commit was made in the session that is looked for, or rests on it.
    fn rests(&mut self, commit: &Arc<Commit>) -> Result<bool> {
        let Some(wanted) = self.filter.session.clone() else { return Ok(true) };
        if commit.session() == Some(wanted.as_str()) {
            return Ok(true);
        }
        for proposal in self.proposals(commit)? {
            let Cause::Proposal(part) = proposal.cause() else { continue };
            if self.cites(&part.evidence, &wanted)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The proposals behind a commit; those of a whole round behind a review.
    fn proposals(&self, commit: &Arc<Commit>) -> Result<Vec<Arc<Commit>>> {
        if !matches!(commit.cause(), Cause::Review { .. }) {
            return Ok(self.store.proposal_behind(commit)?.into_iter().collect());
        }
        let mut proposals = Vec::new();
        let mut at = commit.parents().get(1).copied();
        while let Some(id) = at {
            let pick = self.store.commit(id)?;
            if !matches!(pick.cause(), Cause::Pick { .. }) {
                break;
            }
            proposals.extend(self.store.proposal_behind(&pick)?);
            at = pick.first_parent();
        }
        Ok(proposals)
    }

    fn cites(&mut self, evidence: &[Evidence], wanted: &str) -> Result<bool> {
        for cite in evidence {
            let known = self.sessions.get(&cite.session).copied();
            let same = match known {
                Some(same) => same,
                None => self.store.session_object(cite.session)?.id() == wanted,
            };
            self.sessions.insert(cite.session, same);
            if same {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The dream that a commit proposes for, applies or closes a round of.
fn dream_of(commit: &Commit) -> Option<u64> {
    match commit.cause() {
        Cause::Proposal(part) => Some(part.dream),
        Cause::Pick { dream, .. } | Cause::Review { dream, .. } => Some(*dream),
        _ => None,
    }
}

fn pattern(text: &str) -> Result<Regex> {
    RegexBuilder::new(text).case_insensitive(true).build().map_err(|error| {
        Error::invalid(format!("`{text}` is no regular expression")).with_source(error)
    })
}
