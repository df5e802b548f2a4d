//! The message arrays of model APIs: what applications send to a model, log, and train with. Chat
//! Completions and Responses items as OpenAI defines them, Messages as Anthropic does.
//!
//! - `file`: the conversations of one file: an array of messages, an object around one, a list of
//!   either, or one of them per line; and the names they get where they have none.
//! - `conversation`: one of them, read into a transcript.
//! - `message`: one message; `item`: one item of the Responses API.
//! - `wrapper`: what stands around the messages.
//! - `salvage`: what is whole in a file that was cut or damaged.
//!
//! One reader serves all forms, since no part of one means something else in another: files mix
//! them, and a proxy that translates leaves traces of both.

mod conversation;
mod file;
mod item;
mod message;
mod salvage;
mod wrapper;

pub(super) use conversation::Form;
pub(super) use file::{File, Named, numbered};
