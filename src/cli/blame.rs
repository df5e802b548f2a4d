//! `blame`: where each line of a memory comes from.

use std::io::Write;

use clap::Args;
use serde_json::json;
use undream::{BlamedLine, Key};

use super::arguments::Reading;
use super::call::{Access, Call};
use super::exit::Outcome;
use super::get::missing;
use super::json as shape;
use super::paint::escape;
use super::time::ago;

#[derive(Args, Debug)]
pub(crate) struct Blame {
    /// The key of the memory
    key: String,
    #[command(flatten)]
    reading: Reading,
}

impl Blame {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Read)?;
        let snapshot = call.snapshot(&store, self.reading.at.as_deref())?;
        let key = Key::new(&self.key)?;
        if snapshot.get_id(key.as_str())?.is_none() {
            return Err(missing(&snapshot, &key)?);
        }
        let blame = snapshot.blame(key.as_str())?;
        if call.json() {
            let mut lines = Vec::with_capacity(blame.lines.len());
            for line in &blame.lines {
                let from = line.record.provenance();
                lines.push(json!({
                    "text": line.text,
                    "record": line.record.id().to_string(),
                    "commit": line.commit.id().to_string(),
                    "author": shape::author(&from.author),
                    "authored": line.commit.authored().to_string(),
                    "session": from.session,
                    "dream": from.dream.map(|(dream, _)| dream),
                    "proposal": from.dream.map(|(_, proposal)| proposal),
                    "evidence": shape::evidence(&store, &from.evidence)?,
                }));
            }
            return call.print_json(&json!({
                "key": key.as_str(),
                "record": blame.record.id().to_string(),
                "commit": shape::commit(&blame.commit),
                "lines": lines,
            }));
        }
        let eye = call.eye(&store)?;
        let mut page = call.long_page();
        for line in &blame.lines {
            writeln!(
                page,
                "{}  {:<10}  {}  {}",
                eye.id(line.commit.id().object())?,
                ago(line.commit.authored(), eye.now),
                eye.paint.dim(format!("{:<24}", writer(line))),
                escape(&line.text),
            )?;
        }
        Ok(page.finish()?)
    }
}

/// Who or what wrote the line.
fn writer(line: &BlamedLine) -> String {
    let from = line.record.provenance();
    match from.dream {
        Some((dream, proposal)) => format!("dream {dream}, proposal {proposal}"),
        None => escape(&from.author.to_string()).into_owned(),
    }
}
