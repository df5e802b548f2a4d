//! The curator that asks a language model.
//!
//! `cluster` decides which sessions are read together, `condense` shortens a session to a budget,
//! `question` puts both into words, `caller` sends them and waits, `answer` reads what comes back
//! strictly, `pass` does all of it in order, `curator` is how it is set.
//!
//! Invariants: the same sessions and memory give the same questions; what sessions and memories say
//! reaches the model as JSON strings, never among its instructions; a claim becomes a suggestion only
//! if each of its quotes stands in the event it names, and that event was shown; the key is in no
//! message, record or failure. Only this folder knows of genai, and nothing of it is in a signature.

mod answer;
mod caller;
mod cluster;
mod condense;
mod curator;
mod pass;
mod question;

pub use curator::Llm;
