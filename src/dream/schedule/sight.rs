//! What the planner sees of a store: the sessions to be read, and whether it is quiet.

use std::collections::BTreeSet;

use crate::clock::Time;
use crate::dream::schedule::schedule::{Schedule, Trigger};
use crate::dream::schedule::state::later;
use crate::dream::selection::{is_for_dreams, read_before};
use crate::engine::Store;
use crate::error::Result;
use crate::object::Operation;
use crate::storage::ObjectId;

/// What is seen of a store at one moment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Sight {
    /// How many sessions no completed dream of the branch has read as they are.
    pub(super) unread: u64,
    /// All of them under one name; `None` if there are none.
    pub(super) name: Option<String>,
    /// When something was last written that is no dream's account; looked for only as far back as
    /// the schedule asks, and only where there are unread sessions.
    pub(super) busy: Option<Time>,
}

impl Sight {
    /// Looks for what `schedule` asks about.
    pub(super) fn of(store: &Store, schedule: &Schedule, now: Time) -> Result<Self> {
        if let Trigger::Cron { .. } = schedule.trigger {
            return Ok(Self::default());
        }
        let unread = unread(store, schedule)?;
        if unread.is_empty() {
            return Ok(Self::default());
        }
        let busy = match schedule.trigger {
            Trigger::AfterIdle(seconds) => busy(store, seconds, now)?,
            _ => None,
        };
        let bytes: Vec<u8> = unread.iter().flat_map(|id| *id.as_bytes()).collect();
        let name = Some(ObjectId::of(&bytes).to_string());
        Ok(Self { unread: unread.len() as u64, name, busy })
    }
}

/// The sessions that the schedule's next dream would read for the first time, in order.
fn unread(store: &Store, schedule: &Schedule) -> Result<BTreeSet<ObjectId>> {
    let read = read_before(store, &schedule.branch)?;
    let kept_out: BTreeSet<String> =
        store.quarantined()?.into_iter().map(|found| found.session).collect();
    let mut unread = BTreeSet::new();
    for (_, object) in store.session_ids()? {
        if read.contains(&object.to_string()) {
            continue;
        }
        let session = store.session_object(object)?;
        if is_for_dreams(&session, &kept_out, schedule.project.as_deref()) {
            unread.insert(object.object());
        }
    }
    Ok(unread)
}

/// When something was last written within the last `seconds`.
fn busy(store: &Store, seconds: u64, now: Time) -> Result<Option<Time>> {
    for operation in store.operations()? {
        let operation = operation?;
        if later(operation.at(), seconds) <= now {
            return Ok(None);
        }
        if operation.store() == store.name() && !is_account(&operation) {
            return Ok(Some(operation.at()));
        }
    }
    Ok(None)
}

/// Whether an operation moves only what the engine keeps for itself: dreams and their account.
fn is_account(operation: &Operation) -> bool {
    let moves = operation.moves();
    !moves.is_empty() && moves.iter().all(|moved| moved.name.is_reserved())
}
