//! Search over the events of sessions, in an index of its own beside that of the memories.
//!
//! A document is an event of a stored chunk; chunks never change, and a session that grew shares
//! those of its past. Invariants: the sessions as they stand now decide what is live; chunks that
//! the index lacks are indexed in memory by the search that needs them; statistics, scores and
//! order are those of an index of just the sessions of the searched store.

mod hit;
mod index;
mod indexer;
mod live;
mod query;

pub use hit::SessionHit;
pub(super) use index::Events;
pub use query::SessionSearch;
