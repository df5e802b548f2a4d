//! `dream`: runs dreams, lists and shows them. `review` decides on what they propose.

use std::io::Write;

use clap::{Args, Subcommand};
use serde_json::json;
use undream::{
    Branch, CommandCurator, Dream as Dreamt, DreamRun, DreamStatus, ErrorKind, Manifest, Mine,
    PolicyMode, ProposalVerdict, RuleFinding, Sessions, Store,
};

use super::call::{Access, Call, Eye};
use super::exit::{Failure, Hinted, Outcome};
use super::page::Page;
use super::paint::{escape, first_line};
use super::policy::{finding_json, gates};
use super::review::{Approve, Merge, Reject, Revert};
use super::time::ago;
use super::{json as shape, proposal, shifts};

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
    /// Who proposes: mine (built in), or a program
    #[arg(long, value_name = "mine|command:PROG", default_value = "mine")]
    curator: String,
    /// What the curator should heed
    #[arg(long, value_name = "TEXT")]
    instructions: Option<String>,
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
            call.print_json(&json!({"dream": manifest_json(&manifest)}))?;
        } else {
            let mut page = call.page();
            write_account(&mut page, &call.eye(&store)?, &manifest)?;
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
        if branch.store().policy()?.mode != PolicyMode::Review {
            dream = dream.gates(&gates(branch.store())?);
        }
        if let Some(project) = &self.project {
            dream = dream.project(project);
        }
        if let Some(text) = &self.instructions {
            dream = dream.instructions(text);
        }
        match self.curator.split_once(':') {
            None if self.curator == "mine" => Ok(dream.curator(Mine::default())),
            Some(("command", program)) if !program.trim().is_empty() => {
                Ok(dream.curator(CommandCurator::new(program)))
            }
            _ => Err(Failure::usage(format!("there is no curator `{}`", self.curator))
                .hint("--curator mine, or --curator 'command:PROGRAM'")),
        }
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
        let held = dream.held()?;
        if let Some(number) = self.proposal {
            proposals.retain(|proposal| proposal.number() == number);
            if proposals.is_empty() {
                let (dream, count) = (self.number, manifest.proposals);
                let message = format!("dream {dream} has {count} proposals, no number {number}");
                let failure = Failure::new(ErrorKind::NotFound, message);
                return Err(failure.hint(format!("undream dream show {dream}")));
            }
        }
        let one = proposals.first().filter(|_| self.proposal.is_some());
        let probes = shifts::of_dream(&dream, one)?;
        if call.json() {
            let dream = manifest_json(&manifest);
            let proposals = proposals.iter().map(|found| {
                let mut value = proposal::to_json(&store, found)?;
                let reasons: Vec<_> = reasons(&held, found.number()).map(finding_json).collect();
                shape::extend(&mut value, json!({"held": reasons}));
                Ok(value)
            });
            let proposals = proposals.collect::<Outcome<Vec<_>>>()?;
            let probes = shifts::to_json(&probes);
            let answer = json!({"dream": dream, "proposals": proposals, "probes": probes});
            return call.print_json(&answer);
        }
        let eye = call.eye(&store)?;
        let mut page = call.long_page();
        if self.proposal.is_none() {
            write_account(&mut page, &eye, &manifest)?;
        }
        for found in &proposals {
            if self.proposal.is_some() {
                proposal::write_full(&mut page, &eye, &store, found)?;
            } else {
                writeln!(page)?;
                proposal::write_short(&mut page, &eye, found)?;
            }
            if found.is_open() {
                for reason in reasons(&held, found.number()) {
                    let line = format!("held: {}", escape(&reason.to_string()));
                    writeln!(page, "    {}", eye.paint.warning(line))?;
                }
            }
        }
        if !probes.is_empty() {
            writeln!(page)?;
            shifts::write(&mut page, &eye, &probes)?;
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

/// Why the policy holds a proposal.
fn reasons(held: &[ProposalVerdict], number: u32) -> impl Iterator<Item = &RuleFinding> {
    let of_number = held.iter().filter(move |verdict| verdict.number == number);
    of_number.flat_map(ProposalVerdict::refusals)
}

/// What a dream read, proposed and dropped.
fn write_account(page: &mut Page, eye: &Eye, manifest: &Manifest) -> Outcome {
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
        }),
    );
    value
}
