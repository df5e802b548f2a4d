//! `blame`: where each line of a memory comes from.

use std::collections::BTreeSet;
use std::io::Write;

use clap::Args;
use serde_json::json;
use undream::{BlamedLine, Store};

use super::arguments::Reading;
use super::call::Call;
use super::exit::Outcome;
use super::get::standing;
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
        let (store, snapshot, key) = standing(call, &self.key, &self.reading)?;
        let blame = snapshot.blame(key.as_str())?;
        if call.json() {
            let mut lines = Vec::with_capacity(blame.lines.len());
            for line in &blame.lines {
                let from = line.record.provenance();
                lines.push(json!({
                    "text": line.text,
                    "record": line.record.id().to_string(),
                    "commit": line.grounds.commit.id().to_string(),
                    "author": shape::author(&from.author),
                    "authored": line.grounds.commit.authored().to_string(),
                    "session": from.session,
                    "dream": line.grounds.proposal.map(|(dream, _)| dream),
                    "proposal": line.grounds.proposal.map(|(_, proposal)| proposal),
                    "evidence": shape::evidence(&store, &line.grounds.evidence)?,
                }));
            }
            return call.print_json(&json!({
                "key": key.as_str(),
                "record": blame.record.id().to_string(),
                "commit": shape::commit(&blame.grounds.commit),
                "lines": lines,
            }));
        }
        let eye = call.eye(&store)?;
        let mut page = call.long_page();
        for line in &blame.lines {
            writeln!(
                page,
                "{}  {:<10}  {}  {}  {}",
                eye.id(line.grounds.commit.id().object())?,
                ago(line.grounds.commit.authored(), eye.now),
                eye.paint.dim(format!("{:<24}", writer(line))),
                eye.paint.dim(format!("{:<16}", rests_on(&store, line)?)),
                escape(&line.text),
            )?;
        }
        Ok(page.finish()?)
    }
}

/// Who or what wrote the line.
fn writer(line: &BlamedLine) -> String {
    let author = &line.record.provenance().author;
    match line.grounds.proposal {
        Some((dream, proposal)) => {
            let by = if line.is_amended() { format!(", {author}") } else { String::new() };
            escape(&format!("dream {dream}, proposal {proposal}{by}")).into_owned()
        }
        None => escape(&author.to_string()).into_owned(),
    }
}

/// The first events that the line rests on, and in how many sessions there are more; or the session
/// in which it was written.
fn rests_on(store: &Store, line: &BlamedLine) -> Outcome<String> {
    let Some(first) = line.grounds.evidence.first() else {
        let session = line.record.provenance().session.as_deref().unwrap_or_default();
        return Ok(escape(session).into_owned());
    };
    let sessions: BTreeSet<_> = line.grounds.evidence.iter().map(|cite| cite.session).collect();
    let name = escape(store.session_object(first.session)?.id()).into_owned();
    let more = sessions.len() - 1;
    let and = if more > 0 { format!(" +{more}") } else { String::new() };
    Ok(format!("{name}#{}{and}", first.first))
}
