//! `brief`: what an agent should know, within a budget of bytes.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};
use undream::{Brief as Made, Briefed, Briefing, Search};

use super::arguments::{Asking, Reading, Trusting};
use super::call::Call;
use super::exit::Outcome;
use super::paint::counted;

#[derive(Args, Debug)]
pub(crate) struct Brief {
    /// Only what stands at and under this key
    #[arg(long, value_name = "KEY")]
    prefix: Option<String>,
    /// Only what this search finds, the best first within each trust
    #[arg(long, value_name = "QUERY")]
    query: Option<String>,
    /// How long the answer may be, in bytes
    #[arg(long, value_name = "N", default_value = "8000")]
    max_bytes: usize,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    trusting: Trusting,
    #[command(flatten)]
    reading: Reading,
}

impl Brief {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.asked_store(&self.asking)?;
        let snapshot = call.snapshot(&store, self.reading.at.as_deref())?;
        let mut brief =
            Made::of(&snapshot).max_bytes(self.max_bytes).trusted(self.trusting.filter());
        if let Some(query) = &self.query {
            brief = brief.query(&Search::open(store.database())?, query);
        }
        if let Some(prefix) = &self.prefix {
            brief = brief.prefix(prefix);
        }
        if let Some(session) = &self.asking.session {
            brief = brief.for_session(session);
        }
        let Briefing { text, memories, left_out, .. } = brief.make()?;
        if call.json() {
            let memories = memories.iter().map(memory_json).collect::<Outcome<Vec<_>>>()?;
            return call.print_json(&json!({"brief": {
                "text": text,
                "bytes": text.len(),
                "left_out": left_out,
                "memories": memories,
            }}));
        }
        let mut page = call.page();
        write!(page, "{}", call.paint.text(&text))?;
        page.finish()?;
        if left_out > 0 {
            let count = counted(left_out, "memory", "memories");
            call.note(format!("{count} did not fit; --max-bytes gives more room."));
        }
        Ok(())
    }
}

fn memory_json(held: &Briefed) -> Outcome<Value> {
    Ok(json!({
        "key": held.key.as_str(),
        "record": held.record.id().to_string(),
        "kind": held.record.kind().as_str(),
        "trust": held.trust.name(),
        "text": held.record.text()?,
    }))
}
