//! Asking the probes of a store: at a snapshot, before and after a change that nobody has made yet,
//! and back through a branch for what made one fall.
//!
//! Invariants: ranks are those of a search at that snapshot; a probe follows its memories, whatever
//! their keys; nothing here writes.

mod fallen;
mod gate;
mod ranks;
mod suggest;

pub use fallen::FallenProbe;
pub use gate::NoWorseProbe;
pub use ranks::{ProbeAnswer, ProbeChange, ProbeRank, ProbeShift};
pub use suggest::ProbeSuggestion;
