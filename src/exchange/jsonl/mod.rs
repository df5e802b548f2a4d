//! JSON Lines.
//!
//! - `snapshot`: what one commit holds, one memory per line.
//! - `history`: everything a database ever held, written and read; `form` is its lines, `seal` what
//!   they vouch for each other with, `base64` how they spell bytes.
//! - `take`: a history taken into a database.

mod base64;
mod form;
mod history;
mod seal;
mod snapshot;
mod take;
#[cfg(test)]
mod tests;

pub use history::HistoryExport;
pub use snapshot::ContentExport;
pub use take::{HistoryFate, HistoryImport};
