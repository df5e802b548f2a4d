//! Floor 7, a face: the Model Context Protocol, over standard input and output.
//!
//! `scope` says what an agent may touch, `serve` runs a server until its client goes away, `wire`
//! carries messages, `server` answers them. `tools` lists what can be called, `tool` is one of it;
//! `reading`, `writing`, `history`, `dreams` and `review` do it. `resources` and `prompts` are the
//! other two ways in. Beneath them: `schema` (what arguments a tool takes), `fields` (those of
//! several tools), `asked` (the arguments of one call), `cursor` (where the next page begins),
//! `shape` (memories as data), `answer` (results and refusals).
//!
//! Invariants: standard output carries the protocol and nothing else; every tool is refused that the
//! scope does not allow; what memories say reaches a client as data with its trust and sources,
//! never as words of ours, and without anything that hides or commands; every answer is bounded.
//!
//! Imports: the crate's public API. rmcp stands in this folder only.

#![expect(
    clippy::format_push_string,
    reason = "answers are short, and `write!` to a string has a result to throw away"
)]

mod answer;
mod asked;
mod cursor;
mod dreams;
mod fields;
mod history;
mod prompts;
mod reading;
mod resources;
mod review;
mod schema;
mod scope;
mod serve;
mod server;
mod shape;
#[cfg(test)]
mod tests;
mod tool;
mod tools;
mod wire;
mod writing;

pub(crate) use scope::Scope;
pub(crate) use serve::{End, serve_stdio};
