//! What is to stand in the place of a version.

use crate::dream::withdrawal::inquiry::{Inquiry, Mixed, Standing, lines};
use crate::engine::{Joined, join};
use crate::error::Result;
use crate::object::{Entry, Origin};
use crate::storage::RecordId;

/// What is to stand in the place of a version.
pub(super) enum Settled {
    /// A version as it is.
    As(RecordId),
    /// The words of a version on what is left of its evidence, or other words in their place.
    Anew(RecordId, Option<Entry>, Origin),
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
            Standing::Shaken(origin) => Settled::Anew(id, None, Origin::clone(&origin)),
            Standing::Mixed(mixed) => self.unmix(id, &mixed)?,
            Standing::Edited => Settled::Left(id),
            Standing::Fallen => Settled::Nothing,
        })
    }

    /// Takes what a fallen version brought out of a later one, as a revert would: the later version
    /// stays as it is otherwise. Where that cannot be told apart, somebody has to look.
    fn unmix(&self, id: RecordId, mixed: &Mixed) -> Result<Settled> {
        let Some(onto) = mixed.onto else { return Ok(Settled::Left(id)) };
        let (fallen, ours) = (self.store.record(mixed.fallen)?, self.store.record(id)?);
        let theirs = self.store.record(onto)?;
        let Joined::Entry(entry, _, taint) = join(Some(&fallen), &ours, &theirs) else {
            return Ok(Settled::Left(id));
        };
        let says = |line: &String| entry.text.lines().any(|said| said.trim() == line);
        if mixed.lines.iter().any(says) || lines(&ours).is_empty() {
            return Ok(Settled::Left(id));
        }
        let trust = ours.trust().min(theirs.trust());
        let origin = Origin { provenance: ours.provenance().clone(), trust, taint };
        Ok(Settled::Anew(id, Some(entry), origin))
    }
}
