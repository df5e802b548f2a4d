//! Floor 6, a wing: dreams read past sessions and propose changes to memory.
//!
//! A dream writes only its own branch. This wing imports the engine and the floors below it; it
//! knows nothing of search.
//!
//! - [`mine`]: the built-in curator's mining core, which turns sessions into findings.

mod mine;
