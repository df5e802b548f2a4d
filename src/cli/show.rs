//! `show`: a commit and what it changed.

use std::io::Write;

use clap::Args;
use serde_json::json;
use undream::{Cause, Commit, Verdict};

use super::call::{Access, Call, Eye};
use super::change;
use super::exit::Outcome;
use super::json as shape;
use super::page::Page;
use super::paint::{escape, escape_text, first_line};
use super::policy::stored_json;
use super::time::ago;

/// How much of a reason is shown.
const REASON_CHARS: usize = 80;

#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The commit: an id, its first 8 digits, a branch, a tag, main~2, ...
    #[arg(value_name = "REV", default_value = "main")]
    revision: String,
}

impl Show {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Read)?;
        let commit = store.commit(call.resolve(&store, &self.revision)?)?;
        let changes = store.changes(commit.id())?;
        let read = |id| store.record(id)?.to_entry();
        if call.json() {
            let changes = change::list_json(&changes, &read)?;
            let verdict = commit.verdict().map(stored_json);
            let commit = shape::commit(&commit);
            let answer = json!({"commit": commit, "verdict": verdict, "changes": changes});
            return call.print_json(&answer);
        }
        let eye = call.eye(&store)?;
        let mut page = call.long_page();
        write_header(&mut page, &eye, &commit)?;
        for found in &changes {
            writeln!(page)?;
            change::write(&mut page, &eye, found, &read)?;
        }
        Ok(page.finish()?)
    }
}

fn write_header(page: &mut Page, eye: &Eye, commit: &Commit) -> Outcome {
    writeln!(page, "commit   {}", eye.paint.id(commit.id()))?;
    for parent in commit.parents() {
        writeln!(page, "parent   {}", eye.id(parent.object())?)?;
    }
    writeln!(page, "author   {}", escape(&commit.author().to_string()))?;
    let when = commit.committed();
    writeln!(page, "date     {when} ({})", ago(when, eye.now))?;
    if let Some(authored) = commit.authored_elsewhere() {
        writeln!(page, "authored {authored} ({})", ago(authored, eye.now))?;
    }
    if let Some(session) = commit.session() {
        writeln!(page, "session  {}", escape(session))?;
    }
    if let Some(cause) = cause(eye, commit)? {
        writeln!(page, "cause    {cause}")?;
    }
    if let Some(verdict) = commit.verdict() {
        write_verdict(page, commit, verdict)?;
    }
    let message = commit.message().unwrap_or("(erased)");
    writeln!(page)?;
    for line in escape_text(message).lines() {
        writeln!(page, "    {line}")?;
    }
    Ok(())
}

/// What the policy found; `policy check` gives the numbers.
fn write_verdict(page: &mut Page, commit: &Commit, verdict: &Verdict) -> Outcome {
    if !verdict.is_overridden() {
        writeln!(page, "policy   passed, {} rules", verdict.findings.len())?;
        return Ok(());
    }
    let reason = commit.override_reason().unwrap_or("(erased)");
    writeln!(page, "policy   overridden: {}", first_line(reason, REASON_CHARS))?;
    for finding in verdict.refusals() {
        writeln!(page, "         {}", escape(&finding.to_string()))?;
    }
    Ok(())
}

/// Why the commit was made, where its message need not say.
fn cause(eye: &Eye, commit: &Commit) -> Outcome<Option<String>> {
    Ok(match commit.cause() {
        Cause::Proposal(part) => {
            Some(format!("proposal {} of dream {}: {}", part.number, part.dream, part.kind.name()))
        }
        Cause::Pick { dream, proposal, .. } => {
            Some(format!("proposal {proposal} of dream {dream}, approved"))
        }
        Cause::Review { dream, decisions } => {
            Some(format!("review of dream {dream}, {} decisions", decisions.len()))
        }
        Cause::Revert { commits } => {
            let ids = commits.iter().map(|id| eye.id(id.object())).collect::<Outcome<Vec<_>>>()?;
            Some(format!("takes back {}", ids.join(", ")))
        }
        Cause::Restore { to } => Some(format!("restores {}", eye.id(to.object())?)),
        Cause::Withdrawal { suspect } => {
            Some(format!("takes back what rests on {}", escape(&suspect.to_string())))
        }
        Cause::Import { origin } => Some(format!("import of {}", escape(origin))),
        _ => None,
    })
}
