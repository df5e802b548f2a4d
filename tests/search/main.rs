//! Search through the public API: equality with a stock index, what a search sees, and what it
//! survives.
#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod behaviour;
mod equality;
mod oracle;
mod rebuild;
mod replay;
mod sessions;
mod speed;
mod walk;
