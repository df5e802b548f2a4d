//! The memory itself, looked over: what is told twice, too long, held by several agents, unused,
//! said to be wrong, or known already when sessions say it again.
//!
//! It is as pure as the rest of the miner: memories in, plans out. `held` (a memory as it is looked
//! at), `near` (which texts say nearly the same), `fold` (duplicates and promotions), `split`
//! (overlong memories), `unused` (stale ones, and those that readers call wrong), `known` (what
//! memory says already, and what it says that sessions gave up).

mod fold;
mod held;
mod known;
mod near;
mod split;
#[cfg(test)]
mod tests;
mod unused;

pub(super) use fold::fold;
pub(super) use held::{Held, Plan, Use};
pub(super) use known::{Fate, Known, SESSIONS, outdated};
pub(crate) use near::near_duplicates;
pub(super) use split::split;
pub(super) use unused::{disputed, stale};
