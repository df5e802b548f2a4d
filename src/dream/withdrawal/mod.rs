//! Taking back what rests on a session or an author, and nothing else.
//!
//! `inquiry` finds out of each version of a memory whether it still stands once the suspect is not
//! believed; `footing` (of the wing) adds up what is left of its evidence; `admission` tells who let it in;
//! `deed` finds what the suspect removed or moved; `consequence` puts together what becomes of each memory of a branch;
//! `withdrawal` shows that and commits it.
//!
//! Only strong edges count: cited events, the records a text was made from, and the version that it
//! changed. What a curator merely read is no ground of what it wrote.

mod admission;
mod consequence;
mod deed;
mod inquiry;
mod remains;
mod settle;
#[expect(clippy::module_inception, reason = "the file holds the noun the part is named after")]
mod withdrawal;

pub use consequence::{Consequence, Fate};
pub use remains::{KeepRule, Remaining};
pub use withdrawal::Withdrawal;
