//! `dream`: runs dreams, lists and shows them. `review` decides on what they propose.

use std::io::Write;

use clap::{Args, Subcommand};
use serde_json::json;
use undream::{
    Branch, Dream as Dreamt, DreamRun, DreamStatus, ErrorKind, Manifest, Sessions, Store, Workings,
};

use super::call::{Access, Call, Eye};
use super::curator::CuratorOptions;
use super::exit::{Failure, Hinted, Outcome};
use super::page::Page;
use super::paint::{escape, first_line};
use super::review::{Approve, Merge, Reject, Revert};
use super::time::ago;
use super::{json as shape, proposal};

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Dream {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    run: Run,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a dream; the same as no command
    Run(Run),
    /// List the dreams
    List,
    /// Show a dream's proposals, or one of them in full
    Show(Show),
    /// Approve proposals
    Approve(Approve),
    /// Reject proposals
    Reject(Reject),
    /// Merge what is approved
    Merge(Merge),
    /// Take back what was merged of a dream
    Revert(Revert),
}

#[derive(Args, Debug)]
struct Run {
    /// The branch to dream about
    #[arg(long, value_name = "BRANCH", default_value = "main")]
    branch: String,
    /// Which sessions to read: all, new (not yet read by a dream of the branch), or ids
    #[arg(long, value_name = "all|new|ID,...", default_value = "new")]
    sessions: String,
    /// Only sessions of this project
    #[arg(long)]
    project: Option<String>,
    /// What the curator should heed
    #[arg(long, value_name = "TEXT")]
    instructions: Option<String>,
    #[command(flatten)]
    curator: CuratorOptions,
}

#[derive(Args, Debug)]
struct Show {
    /// The number of the dream, as dream list shows it
    number: u64,
    /// The number of one proposal, to see it in full
    proposal: Option<u32>,
}

impl Dream {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        match &self.verb {
            None => self.run.run(call),
            Some(Verb::Run(run)) => run.run(call),
            Some(Verb::List) => list(call),
            Some(Verb::Show(show)) => show.run(call),
            Some(Verb::Approve(approve)) => approve.run(call),
            Some(Verb::Reject(reject)) => reject.run(call),
            Some(Verb::Merge(merge)) => merge.run(call),
            Some(Verb::Revert(revert)) => revert.run(call),
        }
    }
}

/// The dream with this number.
pub(crate) fn open(store: &Store, number: u64) -> Outcome<Dreamt> {
    Dreamt::open(store, number).hint_for(ErrorKind::NotFound, || "undream dream list".to_owned())
}

impl Run {
    fn run(&self, call: &Call) -> Outcome {
        let store = call.busy_store(Access::Write)?;
        let branch = call.branch(&store, &self.branch)?;
        let dream = self.described(call, &branch)?.run();
        let dream = dream.hint_for(ErrorKind::NotFound, || "undream session list".to_owned())?;
        let manifest = dream.manifest()?;
        let number = manifest.number;
        if call.json() {
            let dream = account_json(&manifest, &dream.workings()?);
            call.print_json(&json!({"dream": dream}))?;
        } else {
            let mut page = call.page();
            write_account(&mut page, &call.eye(&store)?, &manifest, &dream.workings()?)?;
            page.finish()?;
        }
        match manifest.status {
            DreamStatus::Failed => {
                let why = manifest.failure.unwrap_or_default();
                let failure = Failure::new(ErrorKind::Io, format!("dream {number} failed: {why}"));
                return Err(failure.hint(format!("undream dream show {number}")));
            }
            DreamStatus::Waiting => call.note(format!("Next: undream dream show {number}")),
            _ if manifest.sessions_read == 0 => {
                call.note("There was no session to read: undream session list");
            }
            _ => {}
        }
        Ok(())
    }

    fn described(&self, call: &Call, branch: &Branch) -> Outcome<DreamRun> {
        let sessions = match self.sessions.as_str() {
            "all" => Sessions::All,
            "new" => Sessions::New,
            ids => Sessions::Ids(ids.split(',').map(str::to_owned).collect()),
        };
        let mut dream = Dreamt::on(branch).sessions(sessions).author(call.author()?);
        if let Some(project) = &self.project {
            dream = dream.project(project);
        }
        if let Some(text) = &self.instructions {
            dream = dream.instructions(text);
        }
        self.curator.apply(dream)
    }
}

fn list(call: &Call) -> Outcome {
    let store = call.store(Access::Read)?;
    let dreams = Dreamt::list(&store)?;
    let manifests = dreams.iter().map(Dreamt::manifest).collect::<Result<Vec<_>, _>>()?;
    if call.json() {
        let values: Vec<_> = manifests.iter().map(manifest_json).collect();
        return call.print_json(&json!({"dreams": values}));
    }
    if manifests.is_empty() {
        call.note("There are no dreams yet: undream dream");
    }
    let eye = call.eye(&store)?;
    let mut page = call.long_page();
    for manifest in manifests.iter().rev() {
        writeln!(
            page,
            "{}  {:<13}  {:<10}  {} sessions, {} proposals  {}  of {}",
            eye.paint.id(manifest.number),
            manifest.status.name(),
            ago(manifest.started(), eye.now),
            manifest.sessions_read,
            manifest.proposals,
            eye.paint.dim(escape(&manifest.curator)),
            escape(&manifest.branch),
        )?;
    }
    Ok(page.finish()?)
}

impl Show {
    fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Read)?;
        let dream = open(&store, self.number)?;
        let manifest = dream.manifest()?;
        let mut proposals = dream.proposals()?;
        if let Some(number) = self.proposal {
            proposals.retain(|proposal| proposal.number() == number);
            if proposals.is_empty() {
                let (dream, count) = (self.number, manifest.proposals);
                let message = format!("dream {dream} has {count} proposals, no number {number}");
                let failure = Failure::new(ErrorKind::NotFound, message);
                return Err(failure.hint(format!("undream dream show {dream}")));
            }
        }
        if call.json() {
            let dream = account_json(&manifest, &dream.workings()?);
            let proposals = proposals.iter().map(|found| proposal::to_json(&store, found));
            let proposals = proposals.collect::<Outcome<Vec<_>>>()?;
            return call.print_json(&json!({"dream": dream, "proposals": proposals}));
        }
        let eye = call.eye(&store)?;
        let mut page = call.long_page();
        if self.proposal.is_none() {
            write_account(&mut page, &eye, &manifest, &dream.workings()?)?;
        }
        for found in &proposals {
            if self.proposal.is_some() {
                proposal::write_full(&mut page, &eye, &store, found)?;
            } else {
                writeln!(page)?;
                proposal::write_short(&mut page, &eye, found)?;
            }
        }
        page.finish()?;
        let number = self.number;
        call.note(match self.proposal {
            None => format!("One in full: undream dream show {number} P. Next: undream dream approve {number} P... or --all"),
            Some(one) => format!("Next: undream dream approve {number} {one}, or reject {number} {one}"),
        });
        Ok(())
    }
}

/// What a dream read, proposed and dropped.
fn write_account(page: &mut Page, eye: &Eye, manifest: &Manifest, workings: &Workings) -> Outcome {
    writeln!(
        page,
        "{} of {}: {}  {}  by {} {}",
        eye.paint.name(&format!("dream {}", manifest.number)),
        escape(&manifest.branch),
        manifest.status.name(),
        ago(manifest.started(), eye.now),
        escape(&manifest.curator),
        escape(&manifest.curator_version),
    )?;
    if let Some(text) = &manifest.instructions {
        writeln!(page, "  told to   {}", first_line(text, 80))?;
    }
    writeln!(
        page,
        "  read      {} sessions, {} events",
        manifest.sessions_read, manifest.events_read
    )?;
    if !workings.calls.is_empty() {
        let (read, written) = workings.tokens();
        let calls = workings.calls.len();
        writeln!(page, "  asked     {calls} times, {read} tokens read, {written} written")?;
    }
    if let Some(why) = workings.settings.get("stopped") {
        writeln!(page, "  stopped   {}", first_line(why, 80))?;
    }
    if let Some(instead) = &manifest.fallback {
        writeln!(page, "  instead   {}", escape(instead))?;
    }
    writeln!(page, "  proposed  {} of {} suggestions", manifest.proposals, manifest.suggested)?;
    for (reason, count) in &manifest.dropped {
        writeln!(page, "  dropped   {count}: {}", first_line(reason, 80))?;
    }
    let (before, after) = (manifest.before, manifest.after);
    writeln!(
        page,
        "  memory    {} entries, {} bytes; with all proposals {} entries, {} bytes",
        before.entries, before.bytes, after.entries, after.bytes
    )?;
    if let Some(why) = &manifest.failure {
        writeln!(page, "  {}    {}", eye.paint.removed("failed"), escape(why))?;
    }
    Ok(())
}

/// The manifest, and what the curator told of its work if it told anything.
fn account_json(manifest: &Manifest, workings: &Workings) -> serde_json::Value {
    let mut value = manifest_json(manifest);
    if !workings.is_empty() {
        let calls: Vec<_> = workings.calls.iter().map(call_json).collect();
        shape::extend(
            &mut value,
            json!({"workings": {"settings": workings.settings, "calls": calls}}),
        );
    }
    value
}

fn call_json(call: &undream::Call) -> serde_json::Value {
    let shown = |shown: &undream::Shown| json!({"session": shown.session, "events": shown.events});
    json!({
        "sessions": call.sessions.iter().map(shown).collect::<Vec<_>>(),
        "memories": call.memories,
        "question_bytes": call.question_bytes,
        "requests": call.requests,
        "repaired": call.repaired,
        "tokens_in": call.tokens_in,
        "tokens_out": call.tokens_out,
        "proposals": call.proposals,
    })
}

fn manifest_json(manifest: &Manifest) -> serde_json::Value {
    let signal = |entries: u64, bytes: u64| json!({"entries": entries, "bytes": bytes});
    let mut value = json!({
        "number": manifest.number,
        "branch": manifest.branch,
        "base": manifest.base,
        "status": manifest.status.name(),
        "curator": manifest.curator,
        "curator_version": manifest.curator_version,
        "instructions": manifest.instructions,
        "started": manifest.started().to_string(),
        "ended": manifest.ended().map(|time| time.to_string()),
    });
    shape::extend(
        &mut value,
        json!({
            "sessions_read": manifest.sessions_read,
            "events_read": manifest.events_read,
            "suggested": manifest.suggested,
            "proposals": manifest.proposals,
            "dropped": manifest.dropped,
            "before": signal(manifest.before.entries, manifest.before.bytes),
            "after": signal(manifest.after.entries, manifest.after.bytes),
            "failure": manifest.failure,
            "fallback": manifest.fallback,
        }),
    );
    value
}
