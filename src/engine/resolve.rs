//! From what one writes to a commit.

use crate::clock::Time;
use crate::engine::branch::Branch;
use crate::engine::database::Database;
use crate::engine::flush::move_name;
use crate::engine::snapshot::Snapshot;
use crate::engine::state::ref_name;
use crate::engine::store::{RefInfo, Store};
use crate::error::{Error, Result};
use crate::history::{Anchor, Edge, Revision, Step, instant};
use crate::object::{ObjectKind, RefName};
use crate::storage::{CommitId, PREFIX_DIGITS_MIN, Prefix, Shelf, codec};

/// What a time on a branch resolved to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Resolved {
    /// The commit.
    pub commit: CommitId,
    /// The instant that was meant, where a time was given.
    pub instant: Option<Time>,
}

impl Store {
    /// The commit that `revision` names.
    ///
    /// # Errors
    /// `NotFound` with the nearest names, or with the candidates of an ambiguous prefix; `Invalid`
    /// if the text is no revision.
    pub fn resolve(&self, revision: &str) -> Result<Resolved> {
        let revision: Revision = revision.parse()?;
        self.core().refresh()?;
        let mut resolved = match &revision.anchor {
            Anchor::Name(name) => Resolved { commit: self.named(name)?, instant: None },
            Anchor::At(name, when) => self.at_time(name, when)?,
            Anchor::Authored(name, when) => self.authored_by(name, when)?,
        };
        for step in &revision.steps {
            resolved.commit = self.step(&revision, resolved.commit, *step)?;
        }
        Ok(resolved)
    }

    fn step(&self, revision: &Revision, from: CommitId, step: Step) -> Result<CommitId> {
        let missing = || Error::not_found(format!("`{revision}` goes beyond the first commit"));
        let mut at = from;
        match step {
            Step::Back(count) => {
                for _ in 0..count {
                    at = self.commit(at)?.first_parent().ok_or_else(missing)?;
                }
            }
            Step::Parent(0) => {}
            Step::Parent(number) => {
                let commit = self.commit(at)?;
                at = *commit.parents().get(number as usize - 1).ok_or_else(missing)?;
            }
        }
        Ok(at)
    }

    fn named(&self, name: &str) -> Result<CommitId> {
        if let Ok(name) = RefName::new(name)
            && let Some(found) = self.find_ref(&name)?
        {
            return Ok(found.commit);
        }
        if let Some(prefix) = Prefix::parse(name) {
            let ids = self.core().with_prefix(&prefix, ObjectKind::Commit)?;
            match ids.as_slice() {
                [id] => return Ok((*id).into()),
                [] => {}
                several => {
                    let message = format!("`{name}` stands for {} commits", several.len());
                    let ids = several.iter().map(|id| format!("{id:.16}"));
                    return Err(Error::not_found(message).with_candidates(ids));
                }
            }
        }
        Err(self.unknown(name)?)
    }

    /// The error for a name that nothing has, with the nearest names.
    fn unknown(&self, name: &str) -> Result<Error> {
        let refs = self.refs()?;
        if refs.is_empty() && name == RefName::main().as_str() {
            return Ok(Error::not_found(
                "the store has no commit yet; `main` begins with the first",
            ));
        }
        let digits = name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let message = if digits && name.len() < PREFIX_DIGITS_MIN {
            format!("no branch or tag is called `{name}`; an id needs at least 8 digits")
        } else {
            format!("no branch, tag or commit is called `{name}`")
        };
        Ok(Error::not_found(message).with_candidates(nearest(name, refs)))
    }

    /// Where the operation log says that a ref was at a time.
    fn at_time(&self, name: &RefName, when: &str) -> Result<Resolved> {
        let instant = instant(when, self.core().clock.now(), Edge::End)?;
        let mut best: Option<(u64, Option<CommitId>)> = None;
        let moves = self.moves(name)?;
        for (sequence, at, to) in &moves {
            if *at <= instant {
                best = best.max(Some((*sequence, *to)));
            }
        }
        match best {
            Some((_, Some(commit))) => Ok(Resolved { commit, instant: Some(instant) }),
            Some((_, None)) => Err(Error::not_found(format!(
                "`{name}` did not exist at {instant}: it was deleted"
            ))),
            None => Err(Error::not_found(format!(
                "this database's log of `{name}` begins after {instant}; \
                 `{name}@{{authored {when}}}` goes by author time"
            ))),
        }
    }

    /// All moves of a ref, oldest first: sequence, time, target.
    pub(crate) fn moves(&self, name: &RefName) -> Result<Vec<(u64, Time, Option<CommitId>)>> {
        let full = ref_name(self.name(), name.as_str());
        let tail = self.core().state().moves(&(self.name().clone(), name.clone()));
        let mut moves = Vec::new();
        let stored = move_name(&full, 0);
        let prefix = &stored[..stored.len() - 8];
        for (name, value) in self.core().view()?.derived_under(Shelf::Moves, prefix)? {
            let Ok(sequence) = name.as_slice().try_into().map(u64::from_be_bytes) else { continue };
            let (at, to) = codec::decode("a move of a ref", &value)?;
            moves.push((sequence, at, to));
        }
        let known = moves.last().map_or(0, |(sequence, _, _)| *sequence);
        moves.extend(tail.into_iter().filter(|(sequence, _, _)| *sequence > known));
        Ok(moves)
    }

    /// What a ref was when `commit` was made, by this database's log.
    pub(crate) fn ref_before(&self, name: &RefName, commit: CommitId) -> Result<Option<CommitId>> {
        let row = self.place_of_commit(commit)?;
        let moves = self.moves(name)?;
        let before = moves.into_iter().rfind(|(sequence, _, _)| *sequence < row);
        Ok(before.and_then(|(_, _, to)| to))
    }

    /// The newest first-parent commit of a ref by author time.
    fn authored_by(&self, name: &RefName, when: &str) -> Result<Resolved> {
        let instant = instant(when, self.core().clock.now(), Edge::End)?;
        let mut at = Some(self.named(name.as_str())?);
        let mut best = None;
        while let Some(id) = at {
            let commit = self.commit(id)?;
            // Of equal times the newer commit, which is met first, wins.
            let newer = best.is_none_or(|(time, _)| commit.authored() > time);
            if commit.authored() <= instant && newer {
                best = Some((commit.authored(), id));
            }
            at = commit.first_parent();
        }
        match best {
            Some((_, commit)) => Ok(Resolved { commit, instant: Some(instant) }),
            None => Err(Error::not_found(format!("`{name}` has no commit authored by {instant}"))),
        }
    }
}

/// Names that look like `name`, best first.
pub(crate) fn nearest(name: &str, refs: Vec<RefInfo>) -> Vec<String> {
    let mut scored: Vec<(f64, String)> = refs
        .into_iter()
        .map(|found| found.name.to_string())
        .map(|known| (likeness(name, &known), known))
        .filter(|(score, _)| *score > 0.5)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    scored.into_iter().map(|(_, known)| known).take(3).collect()
}

/// How much of two names is the same, from 0 to 1.
pub(crate) fn likeness(a: &str, b: &str) -> f64 {
    f64::from(similar::TextDiff::from_chars(a, b).ratio())
}

impl Database {
    /// The instant that `text` names, for what happened from then on: a bare date is its beginning.
    ///
    /// # Errors
    /// `Invalid` with the forms that are understood.
    pub fn since(&self, text: &str) -> Result<Time> {
        instant(text, self.now(), Edge::Start)
    }

    /// The instant that `text` names, for what happened up to then: a bare date is its end.
    ///
    /// # Errors
    /// As [`Database::since`].
    pub fn until(&self, text: &str) -> Result<Time> {
        instant(text, self.now(), Edge::End)
    }
}

impl Branch {
    /// What the branch was at a time, by this database's log: `2026-03-01` (the end of that local
    /// day), an instant, `yesterday`, `last tuesday`, `3 days ago`.
    ///
    /// # Errors
    /// `NotFound` if the log of the branch begins later; `Invalid` if the text names no time.
    pub fn as_of(&self, when: &str) -> Result<Snapshot> {
        let resolved = self.store().at_time(self.name(), when)?;
        self.store().snapshot(resolved.commit)
    }
}
