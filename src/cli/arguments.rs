//! The grammar: global options, verbs, and the options that several verbs share.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use undream::{Source, Trust, TrustFilter};

use super::{
    bisect, blame, brief, completions, connect, daemon, demo, diff, doctor, dream, drift, edit,
    endorse, export, feedback, get, hook, import, init, list, log, manual, mcp, memory_tool, merge,
    operation, policy, probes, put, recall, reference, restore, revert, search, session, show,
    sitting, status, store, undo, verify, why,
};

/// An embedded, versioned database for the memory of AI agents.
#[derive(Debug, Parser)]
#[command(name = "undream", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(
    after_help = "Exit codes: 0 done, 1 the answer is no, 2 usage, 3 conflicts or decisions \
                        remain, 4 damaged, 5 locked, 6 failed, 130 interrupted."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Options that every verb takes.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// The database's directory; else .undream here or in a parent folder
    #[arg(long, global = true, value_name = "DIR", env = "UNDREAM_DB", hide_env_values = true)]
    pub(crate) db: Option<PathBuf>,
    /// The store, a memory of its own inside the database; else the one called default
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) store: Option<String>,
    /// Who acts: NAME, agent:NAME or program:NAME; else user@host
    #[arg(long, global = true, value_name = "AUTHOR", env = "UNDREAM_AUTHOR")]
    #[arg(hide_env_values = true)]
    pub(crate) author: Option<String>,
    /// Whether the author was named in this call, not in the environment.
    #[arg(skip)]
    pub(crate) author_given: bool,
    /// Answer with one JSON document, for programs to read
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colours; auto is on a terminal, unless `NO_COLOR` is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Colour,
    /// Print long answers at once instead of showing them in $PAGER, else less
    #[arg(long, global = true)]
    pub(crate) no_pager: bool,
    /// Say nothing but results and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// How long to wait while another process is writing
    #[arg(long, global = true, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) wait: Duration,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || "give seconds, such as 5 or 0.5".to_owned();
    let seconds: f64 = text.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    Always,
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "one is made in a run of the program")]
pub(crate) enum Verb {
    /// Create a database
    Init(init::Init),
    /// Show where things stand and what to do next
    Status(status::Status),
    /// List, create or delete stores
    #[command(subcommand)]
    Store(store::Store),
    /// Write a memory
    Put(put::Put),
    /// Print a memory
    Get(get::Get),
    /// List memories
    Ls(list::List),
    /// Remove memories
    Rm(edit::Remove),
    /// Move a memory to another key; it stays the same memory
    Mv(edit::Move),
    /// List commits, newest first
    Log(log::Log),
    /// Show a commit and what it changed
    Show(show::Show),
    /// Show what changed from one revision to another
    Diff(diff::Diff),
    /// Show where each line of a memory comes from
    Blame(blame::Blame),
    /// Show why a memory says what it says, and what was made of it
    Why(why::Why),
    /// Find the commit that made a good memory bad
    Bisect(bisect::Bisect),
    /// Look into the operation log
    #[command(subcommand)]
    Op(operation::Op),
    /// List, create or delete branches
    Branch(reference::References),
    /// List, create or delete tags
    Tag(reference::References),
    /// Merge a branch or revision into a branch
    Merge(merge::Merge),
    /// Take back a commit, or what rests on a session, an author or dreams; keep the rest
    Revert(revert::Revert),
    /// Make a branch, prefix or key equal to an earlier state
    Restore(restore::Restore),
    /// Take an operation back: the branches and tags it moved go back
    Undo(undo::Undo),
    /// Vouch for exactly what a memory says
    Endorse(endorse::Endorse),
    /// No longer vouch for what a memory says
    Unendorse(endorse::Unendorse),
    /// Find memories by their words
    Search(search::Search),
    /// Print what an agent should know, as Markdown for a prompt
    Brief(brief::Brief),
    /// Look into what sessions were given, or erase it
    #[command(subcommand)]
    Recall(recall::Recall),
    /// Run commands of a model's memory tool: one as JSON on standard input, or one per line
    MemoryTool(memory_tool::Tool),
    /// Take in, list or show sessions
    #[command(subcommand)]
    Session(session::Session),
    /// Dream over sessions, review what is proposed, merge it, take it back
    Dream(dream::Dream),
    /// Decide on a dream's proposals, one after the other, and merge what is approved
    Review(sitting::Review),
    /// Watch the database and run scheduled dreams at their time
    Daemon(daemon::Daemon),
    /// Serve an agent over the Model Context Protocol, on standard input and output
    Mcp(mcp::Mcp),
    /// Say whether a memory helped or is wrong; dreams count it
    Feedback(feedback::Feedback),
    /// Show or change the policy; test a dream or check a commit against it
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Show how the memory has changed: what, how often, on what grounds, by whom
    Drift(drift::Drift),
    /// Keep questions with the memories that should answer them, and see whether they do
    #[command(subcommand)]
    Probe(probes::Probes),
    /// Write memories, or a whole history, to a file or a folder
    Export(export::Export),
    /// Take in memories, a whole history, or a git repository
    Import(import::Import),
    /// Copy the database to another directory, also while others write
    Backup(verify::Backup),
    /// Check the database against itself
    Verify(verify::Verify),
    /// Let a program that agents run in use this memory; without a client, list those that can
    Connect(connect::Connect),
    /// Say what is wrong with this installation, and what to do about it
    Doctor(doctor::Doctor),
    /// Answer a call from the program that an agent runs in; `undream connect` sets it up
    #[command(subcommand)]
    Hook(hook::Hook),
    /// Show in one minute what Undream is for
    Demo(demo::Demo),
    /// Print a completion script for a shell
    Completions(completions::Completions),
    /// Print the reference of all commands, as Markdown
    #[command(hide = true)]
    Manual(manual::Manual),
}

/// Where a verb reads.
#[derive(Args, Clone, Debug)]
pub(crate) struct Reading {
    /// Read at this revision: a branch, tag, id, main~2, main@{yesterday}, ...
    #[arg(long, value_name = "REV")]
    pub(crate) at: Option<String>,
}

/// For whom a verb reads.
#[derive(Args, Clone, Debug)]
pub(crate) struct Asking {
    /// The agent session that asks; the recall log will say what it was given
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<String>,
}

/// How far what is shown must be trusted.
#[derive(Args, Clone, Debug)]
pub(crate) struct Trusting {
    /// Only what is trusted at least this far; what a person endorsed is trusted most
    #[arg(long, value_name = "none|tool|agent|user|endorsed", value_parser = trust)]
    min_trust: Option<Trust>,
    /// Nothing that rests on words from there; given several times, on none of them
    #[arg(long, value_name = "user|agent|tool|web|harness", value_parser = source)]
    without: Vec<Source>,
}

impl Trusting {
    pub(crate) fn filter(&self) -> TrustFilter {
        let filter = TrustFilter::new().min_trust(self.min_trust.unwrap_or_default());
        self.without.iter().copied().fold(filter, TrustFilter::without)
    }
}

/// How many of something to show: none would be no question.
pub(crate) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it has to be 1 or more".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("it is no number".to_owned()),
    }
}

fn trust(name: &str) -> Result<Trust, String> {
    Trust::from_name(name)
        .ok_or_else(|| "trust is one of none, tool, agent, user, endorsed".to_owned())
}

fn source(name: &str) -> Result<Source, String> {
    Source::from_name(name)
        .ok_or_else(|| "a source is one of user, agent, tool, web, harness".to_owned())
}

/// Where a verb writes, and what it says about it.
#[derive(Args, Clone, Debug)]
pub(crate) struct Writing {
    /// The branch to write to
    #[arg(long, value_name = "BRANCH", default_value = "main")]
    pub(crate) branch: String,
    #[command(flatten)]
    pub(crate) saying: Saying,
}

/// What a verb says about the commit it makes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Saying {
    /// Why, as the log will say it
    #[arg(long, short, value_name = "MSG")]
    pub(crate) message: Option<String>,
    /// The agent session in which the change is made, as a label for the log
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<String>,
    /// Do it although the policy refuses it, with the reason on the record; for persons only
    #[arg(long = "override", value_name = "REASON")]
    pub(crate) overriding: Option<String>,
}
