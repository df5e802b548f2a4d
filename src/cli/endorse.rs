//! `endorse` and `unendorse`: a person vouches for exactly what a memory says, or no longer does.

use clap::Args;
use serde_json::json;
use undream::{Author, AuthorKind, Key, Record, Store};

use super::arguments::Reading;
use super::call::{Access, Call};
use super::exit::{Failure, Outcome};
use super::get::missing;
use super::paint::escape;

#[derive(Args, Debug)]
pub(crate) struct Endorse {
    /// The memory
    key: String,
    /// Why you vouch for it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Args, Debug)]
pub(crate) struct Unendorse {
    /// The memory
    key: String,
    #[command(flatten)]
    reading: Reading,
}

impl Endorse {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let who = person(call)?;
        let (store, record) = find(call, &self.key, &self.reading)?;
        let new = store.endorse(&record, &who, self.reason.as_deref())?;
        let said = if new { "Endorsed" } else { "Endorsed already:" };
        answer(call, &store, (&self.key, &record), said)
    }
}

impl Unendorse {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let who = person(call)?;
        let (store, record) = find(call, &self.key, &self.reading)?;
        let had = store.unendorse(&record, &who)?;
        let said = if had { "No longer endorsed:" } else { "Nobody had endorsed" };
        answer(call, &store, (&self.key, &record), said)
    }
}

/// Who acts, if they are a person.
fn person(call: &Call) -> Outcome<Author> {
    let author = call.author()?;
    if author.kind() == AuthorKind::Person {
        return Ok(author);
    }
    let text = format!("only a person vouches for a text; `{author}` is none");
    Err(Failure::usage(text).hint("--author NAME"))
}

fn find(call: &Call, key: &str, reading: &Reading) -> Outcome<(Store, Record)> {
    let store = call.store(Access::Write)?;
    let snapshot = call.snapshot(&store, reading.at.as_deref())?;
    let key = Key::new(key)?;
    match snapshot.get(key.as_str())? {
        Some(record) => Ok((store, record)),
        None => Err(missing(&snapshot, &key)?),
    }
}

fn answer(call: &Call, store: &Store, (key, record): (&str, &Record), said: &str) -> Outcome {
    let endorsements = store.endorsements()?;
    let trust = endorsements.trust(record)?.name();
    if call.json() {
        return call.print_json(&json!({"endorsement": {
            "key": key,
            "record": record.id().to_string(),
            "text": record.text_id().to_string(),
            "endorsed": endorsements.hold(record)?,
            "trust": trust,
        }}));
    }
    let short = store.database().abbreviations()?.of(record.id().object())?;
    call.note(format!("{said} the text of {} ({short}); its trust is {trust}.", escape(key)));
    Ok(())
}
