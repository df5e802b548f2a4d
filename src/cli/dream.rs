//! `dream`: runs dreams, lists and shows them. `review` decides on what they propose.

use std::io::Write;

use clap::{Args, Subcommand};
use serde_json::json;
use undream::{
    Branch, Dream as Dreamt, DreamRun, DreamStatus, ErrorKind, Manifest, PolicyMode, Schedule,
    Search, Sessions, Store,
};

use super::account::{account_json, listed_json, write_account};
use super::call::{Access, Call, Eye};
use super::curator::CuratorOptions;
use super::decide::Decide;
use super::exit::{Failure, Hinted, Outcome};
use super::order::Order;
use super::paint::{counted, escape, quoted};
use super::policy::gates;
use super::proposals::Show;
use super::review::{Approve, Merge, Reject, Revert};
use super::schedule;
use super::time::ago;

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
    /// Decide on proposals as an edited plan says
    Decide(Decide),
    /// Approve proposals
    Approve(Approve),
    /// Reject proposals
    Reject(Reject),
    /// Merge what is approved
    Merge(Merge),
    /// Take back what was merged of a dream
    Revert(Revert),
    /// Have a running dream wait
    Pause(Order),
    /// Have a paused dream go on
    Resume(Order),
    /// End a running dream; what it has proposed is kept
    Cancel(Order),
    /// Have dreams run at their time
    #[command(subcommand)]
    Schedule(schedule::Verb),
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
            Some(Verb::Decide(decide)) => decide.run(call),
            Some(Verb::Pause(order)) => order.pause(call),
            Some(Verb::Resume(order)) => order.resume(call),
            Some(Verb::Cancel(order)) => order.cancel(call),
            Some(Verb::Schedule(verb)) => verb.run(call),
        }
    }
}

/// The dream with this number.
pub(crate) fn open(store: &Store, number: u64) -> Outcome<Dreamt> {
    Dreamt::open(store, number).hint_for(ErrorKind::NotFound, || "undream dream list".to_owned())
}

/// The dream that a schedule orders.
pub(crate) fn ordered(call: &Call, schedule: &Schedule, branch: &Branch) -> Outcome<DreamRun> {
    let sessions = if schedule.sessions == Sessions::All { "all" } else { "new" };
    let run = Run {
        branch: schedule.branch.clone(),
        sessions: sessions.to_owned(),
        project: schedule.project.clone(),
        instructions: schedule.instructions.clone(),
        curator: CuratorOptions::named(&schedule.curator),
    };
    run.described(call, branch)
}

impl Run {
    fn run(&self, call: &Call) -> Outcome {
        let store = call.busy_store(Access::Write)?;
        let branch = call.branch(&store, &self.branch)?;
        let dream = self.described(call, &branch)?.run();
        let dream = dream
            .hint_for(ErrorKind::NotFound, || "undream session list".to_owned())
            .map_err(|failure| self.unread(&store, failure))?;
        let manifest = dream.manifest()?;
        let number = manifest.number;
        if call.json() {
            let shown = account_json(&dream, &manifest)?;
            call.print_json(&json!({"dream": shown}))?;
        } else {
            let mut page = call.page();
            write_account(&mut page, &call.eye(&store)?, &dream, &manifest)?;
            page.finish()?;
        }
        match manifest.status {
            DreamStatus::Failed => {
                let why = manifest.failure.unwrap_or_default();
                let failure = Failure::new(ErrorKind::Io, format!("dream {number} failed: {why}"));
                return Err(failure.hint(format!("undream dream show {number}")));
            }
            DreamStatus::Cancelled => {
                let kept = counted(manifest.proposals.into(), "proposal is", "proposals are");
                let message = format!("dream {number} was cancelled; {kept} kept");
                let failure = Failure::new(ErrorKind::Stale, message);
                return Err(failure.hint(format!("undream dream show {number}")));
            }
            DreamStatus::Waiting => call.note(format!("Next: undream review {number}")),
            _ if manifest.sessions_read == 0 => {
                call.note("There was no session to read: undream session list");
            }
            _ => {}
        }
        Ok(())
    }

    /// Says how a session that was asked for can be read after all.
    fn unread(&self, store: &Store, failure: Failure) -> Failure {
        let kept_out = |id: &&str| store.quarantine_of(id).is_ok_and(|found| found.is_some());
        match self.sessions.split(',').find(kept_out) {
            Some(id) if failure.kind() == ErrorKind::Conflict => failure
                .hint(format!("to let dreams read it again: undream session lift {}", quoted(id))),
            _ => failure,
        }
    }

    fn described(&self, call: &Call, branch: &Branch) -> Outcome<DreamRun> {
        let sessions = match self.sessions.as_str() {
            "all" => Sessions::All,
            "new" => Sessions::New,
            ids => Sessions::Ids(ids.split(',').map(str::to_owned).collect()),
        };
        let mut dream = Dreamt::on(branch).sessions(sessions).author(call.author()?);
        if !branch.store().probes()?.is_empty() {
            dream = dream.probes(Search::open(branch.store().database())?);
        }
        if branch.store().policy()?.mode != PolicyMode::Review {
            dream = dream.gates(&gates(branch.store())?);
        }
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
        let values = dreams.iter().zip(&manifests);
        let values = values.map(|(dream, manifest)| listed_json(dream, manifest));
        let values = values.collect::<Outcome<Vec<_>>>()?;
        return call.print_json(&json!({"dreams": values}));
    }
    if manifests.is_empty() {
        call.note("There are no dreams yet: undream dream");
    }
    let eye = call.eye(&store)?;
    let mut page = call.long_page();
    for (dream, manifest) in dreams.iter().zip(&manifests).rev() {
        writeln!(
            page,
            "{}  {:<17}  {:<10}  {} sessions, {} proposals  {}  of {}{}",
            eye.paint.id(manifest.number),
            manifest.status.name(),
            ago(manifest.started(), eye.now),
            manifest.sessions_read,
            manifest.proposals,
            eye.paint.dim(escape(&manifest.curator)),
            escape(&manifest.branch),
            taken_back_by(&eye, dream, manifest)?,
        )?;
    }
    Ok(page.finish()?)
}

/// `, by 4f2a8c91`: the commits that took a dream back, or a part of it.
fn taken_back_by(eye: &Eye, dream: &Dreamt, manifest: &Manifest) -> Outcome<String> {
    if !matches!(manifest.status, DreamStatus::TakenBack | DreamStatus::PartlyTakenBack) {
        return Ok(String::new());
    }
    let commits = dream.taken_back()?;
    let ids = commits.iter().map(|(commit, _)| eye.id(commit.object()));
    Ok(format!(", by {}", ids.collect::<Outcome<Vec<_>>>()?.join(", ")))
}
