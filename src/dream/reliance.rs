//! What a merge of proposals relies on until it lands, whatever was true when it was prepared.

use std::collections::{BTreeMap, BTreeSet};

use crate::dream::dream::Dream;
use crate::dream::earlier::Earlier;
use crate::dream::proposal::touched_by;
use crate::dream::sources::CitedSessions;
use crate::engine::{Transaction, rely_on_kept_out};
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Cause, Key};

/// What some proposals of a dream rest on.
pub(super) struct Reliance {
    /// The ids of the sessions that each cites, by its number.
    cited: BTreeMap<u32, BTreeSet<String>>,
    /// The keys that each touches.
    touched: BTreeMap<u32, BTreeSet<Key>>,
}

impl Reliance {
    pub(super) fn of(dream: &Dream, numbers: &[u32]) -> Result<Self> {
        let mut sessions = CitedSessions::default();
        let (mut cited, mut touched) = (BTreeMap::new(), BTreeMap::new());
        for commit in dream.commits()? {
            let Cause::Proposal(part) = commit.cause() else { continue };
            if numbers.contains(&part.number) {
                sessions.read(dream.store(), &part.evidence)?;
                let ids = sessions.of(&part.evidence).into_iter();
                cited.insert(part.number, ids.map(|session| session.id().to_owned()).collect());
                let changes = dream.store().changes(commit.id())?;
                touched.insert(part.number, touched_by(&changes));
            }
        }
        Ok(Self { cited, touched })
    }

    /// Refuses to land, with what `transaction` writes to `meta`, what rests on a session that is kept
    /// out.
    ///
    /// # Errors
    /// `Conflict` with the first proposal that does.
    pub(super) fn check(&self, transaction: &mut Transaction) -> Result<()> {
        self.refuse(&rely_on_kept_out(transaction)?)
    }

    /// Refuses to land what nobody has decided on where somebody has approved something of an earlier
    /// dream that is not merged yet.
    ///
    /// # Errors
    /// `Conflict` with the first proposal that is in the way.
    pub(super) fn give_way(&self, dream: &Dream, transaction: &mut Transaction) -> Result<()> {
        let branch = dream.base_branch()?;
        let earlier = Earlier::read(dream.store(), branch.name().as_str(), dream.number())?;
        earlier.rely_on_decisions(transaction);
        for (number, touched) in &self.touched {
            if let Some(other) = earlier.approved_at(touched) {
                let message = format!(
                    "proposal {number} touches what is approved in dream {other} and not merged yet"
                );
                return Err(Error::new(ErrorKind::Conflict, message));
            }
        }
        Ok(())
    }

    /// Refuses what rests on a session that is kept out of dreams: it does not come in by a dream
    /// that read it before.
    ///
    /// # Errors
    /// `Conflict` with the first proposal that does.
    pub(super) fn refuse(&self, kept_out: &BTreeSet<String>) -> Result<()> {
        for (number, cited) in &self.cited {
            if let Some(session) = cited.intersection(kept_out).next() {
                let message = format!(
                    "proposal {number} cites session {session}, which is kept out of dreams: \
                     reject the proposal, or lift the session"
                );
                return Err(Error::new(ErrorKind::Conflict, message));
            }
        }
        Ok(())
    }
}
