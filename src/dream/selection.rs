//! Which sessions a dream reads.

use std::collections::BTreeSet;

use crate::dream::manifest::{Manifest, Part, load, meta, numbers, read_by};
use crate::dream::run::Sessions;
use crate::engine::Store;
use crate::error::{Error, ErrorKind, Result};
use crate::object::Session;

/// The label of a session that no dream may read.
const NOT_FOR_DREAMS: &str = "dream: no";

/// The sessions to read, and those that earlier dreams of the branch read where the curator
/// `remembers` them. A session that was asked for by its id and may not be read is a `Conflict`.
pub(super) fn select(
    store: &Store,
    branch: &str,
    (which, project): (&Sessions, Option<&str>),
    remembers: bool,
) -> Result<(Vec<Session>, Vec<Session>)> {
    let read = match which {
        Sessions::New => read_before(store, branch)?,
        _ => BTreeSet::new(),
    };
    let (mut chosen, mut earlier) = (Vec::new(), Vec::new());
    let sessions = match which {
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
            .filter(|(_, object)| remembers || !read.contains(&object.to_string()))
            .map(|(_, object)| store.session_object(object))
            .collect::<Result<Vec<_>>>()?,
    };
    let kept_out: BTreeSet<String> =
        store.quarantined()?.into_iter().map(|found| found.session).collect();
    for session in sessions {
        if let Some(why) = why_not(&session, &kept_out, project) {
            // Who names a session is told why it is not read.
            if let Sessions::Ids(_) = which {
                let text = format!("session `{}` {why}", session.id());
                return Err(Error::new(ErrorKind::Conflict, text));
            }
            continue;
        }
        let known = read.contains(&session.object_id().to_string());
        if known { &mut earlier } else { &mut chosen }.push(session);
    }
    // Oldest first: what changed over time is read in the order in which it happened.
    chosen.sort_by_key(|session| (session.facts().started, session.id().to_owned()));
    Ok((chosen, earlier))
}

/// Whether a dream of `project`, or of all, may read a session.
pub(super) fn is_for_dreams(
    session: &Session,
    kept_out: &BTreeSet<String>,
    project: Option<&str>,
) -> bool {
    why_not(session, kept_out, project).is_none()
}

/// Why a dream of `project`, or of all, may not read a session.
fn why_not(
    session: &Session,
    kept_out: &BTreeSet<String>,
    project: Option<&str>,
) -> Option<&'static str> {
    let facts = session.facts();
    if kept_out.contains(session.id()) {
        return Some("is kept out of dreams, because what rests on it was taken back");
    }
    if facts.labels.iter().any(|label| label == NOT_FOR_DREAMS) {
        return Some("is labelled `dream: no`");
    }
    let other = project.is_some() && facts.project.as_deref() != project;
    other.then_some("is not of the project that the dream is about")
}

/// The session objects that completed dreams of a branch have read.
pub(super) fn read_before(store: &Store, branch: &str) -> Result<BTreeSet<String>> {
    let snapshot = meta(store).snapshot()?;
    let mut read = BTreeSet::new();
    for number in numbers(&snapshot)? {
        let manifest: Option<Manifest> = load(&snapshot, number, Part::Manifest)?;
        if manifest.is_some_and(|held| held.branch == branch && held.is_complete()) {
            read.extend(read_by(&snapshot, number)?.into_iter().map(|(_, object)| object));
        }
    }
    Ok(read)
}
