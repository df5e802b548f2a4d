//! Floor 6, a wing: search over every version of every memory, at any snapshot.
//!
//! Invariants: the index is derived and may be deleted at any time; a snapshot's own tree decides
//! what is live in it, so what the index lacks is indexed in memory and what it holds too much is
//! never seen; statistics, scores and order are those of an index of just that snapshot; a write
//! never waits for the index.
//!
//! Imports: engine, object, storage ids and the ground. tantivy stands in this folder only.

mod against;
mod background;
mod bits;
mod brief;
mod collect;
mod edits;
mod events;
mod fields;
mod front;
mod hit;
mod identities;
mod index;
mod indexer;
mod live;
mod near;
mod parse;
mod plan;
mod probes;
mod run;
mod segment;
mod shared;
mod snippet;
mod statistics;
mod tail;
mod words;

pub use against::{Comparison, RankChange};
pub use brief::{Brief, Briefed, Briefing};
pub use events::{SessionHit, SessionSearch};
pub use front::{Search, SearchQuery};
pub use hit::{Hit, Hits};
pub use near::NearProtected;
pub use probes::{
    FallenProbe, NoWorseProbe, ProbeAnswer, ProbeChange, ProbeRank, ProbeShift, ProbeSuggestion,
};
pub use snippet::Snippet;
