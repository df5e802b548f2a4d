//! What is to stand in the place of a version.

use std::collections::BTreeSet;

use crate::dream::withdrawal::inquiry::{Inquiry, Mixed, Standing, lines};
use crate::engine::{Joined, join};
use crate::error::Result;
use crate::object::{Entry, Origin, Provenance};
use crate::storage::RecordId;

/// A new version of a memory, on what is left of the evidence of an earlier one.
#[derive(Clone)]
pub(super) struct Version {
    /// The earlier version.
    pub(super) of: RecordId,
    /// What it says, where that is not what the earlier one said.
    pub(super) words: Option<Entry>,
    pub(super) origin: Origin,
}

impl Settled {
    fn anew(of: RecordId, words: Option<Entry>, origin: Origin) -> Self {
        Self::Anew(Box::new(Version { of, words, origin }))
    }
}

/// What is to stand in the place of a version.
pub(super) enum Settled {
    /// A version as it is.
    As(RecordId),
    /// A version on what is left of its evidence.
    Anew(Box<Version>),
    /// A version that somebody has to look at.
    Left(RecordId),
    /// Nothing.
    Nothing,
}

impl Inquiry<'_> {
    /// What is to stand in the place of the version `id`.
    pub(super) fn settle(&mut self, id: RecordId) -> Result<Settled> {
        let id = match self.standing(id)? {
            Standing::Fallen => match self.last_standing(id)? {
                Some(before) => before,
                None => return Ok(Settled::Nothing),
            },
            _ => id,
        };
        Ok(match self.standing(id)? {
            Standing::Sound => Settled::As(id),
            Standing::Shaken(origin) => Settled::anew(id, None, Origin::clone(&origin)),
            Standing::Mixed(mixed) => self.unmix(id, &mixed)?,
            Standing::Edited => Settled::Left(id),
            Standing::Fallen => Settled::Nothing,
        })
    }

    /// Takes what a fallen version brought out of a later one, as a revert would: the later version
    /// stays as it is otherwise. Where that cannot be told apart, somebody has to look.
    fn unmix(&mut self, id: RecordId, mixed: &Mixed) -> Result<Settled> {
        let Some(onto) = mixed.onto else { return Ok(Settled::Left(id)) };
        let (fallen, ours) = (self.store.record(mixed.fallen)?, self.store.record(id)?);
        let theirs = self.store.record(onto)?;
        let joined = match join(Some(&fallen), &ours, &theirs) {
            Joined::Entry(entry, ..) => Some(entry),
            _ if lines(&theirs).is_subset(&lines(&fallen)) => {
                Some(without(ours.to_entry()?, &mixed.lines))
            }
            _ => None,
        };
        let rid = |entry: &Entry| {
            let mut said = entry.text.lines().chain(entry.title.as_deref());
            !said.any(|line| mixed.lines.contains(line.trim()))
        };
        let Some(entry) = joined.filter(rid) else { return Ok(Settled::Left(id)) };
        let (_, live) = self.cites(&ours)?;
        let provenance = ours.provenance().clone();
        let (trust, taint) = if live.is_empty() && provenance.inputs.is_empty() {
            (ours.trust(), ours.taint())
        } else {
            let grounds = self.grounds(&ours, &live, &provenance.inputs)?;
            (grounds.trust().min(self.cap(&ours)?), grounds.taint())
        };
        let origin =
            Origin { provenance: Provenance { evidence: live, ..provenance }, trust, taint };
        Ok(Settled::anew(id, Some(entry), origin))
    }
}

/// The entry without `lines`, which were only ever added to it.
fn without(entry: Entry, lines: &BTreeSet<String>) -> Entry {
    let kept: Vec<&str> = entry.text.lines().filter(|line| !lines.contains(line.trim())).collect();
    Entry { text: kept.join("\n"), ..entry }
}
