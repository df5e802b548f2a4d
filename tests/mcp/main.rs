//! The server for agents, as a process of its own, driven line by line as a client drives it.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of `#[test]` functions")]

mod bad_input;
mod client;
mod pages;
#[path = "../press/mod.rs"]
mod press;
mod resources;
mod scopes;
mod shelf;
mod together;
mod tools;
