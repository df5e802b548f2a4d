//! `import`: takes memories, a whole history, or a git repository in.

use std::fs::File;
use std::io::{BufRead, BufReader, stdin};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use undream::{
    Branch, ContentReport, ErrorKind, GitImport, HistoryFate, MarkdownImport, Search, Store,
};

use super::arguments::Writing;
use super::call::{Access, Call};
use super::exit::{Failure, Outcome};
use super::export::{note_skipped, skipped_json};
use super::search::catch_up;

/// What the first line of an exported history begins with.
const HISTORY: &[u8] = br#"{"undream":"history""#;

#[derive(Args, Debug)]
pub(crate) struct Import {
    /// A file that export wrote, with memories or with a history; - is standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Replay the history of this git repository
    #[arg(long, value_name = "REPO", conflicts_with_all = ["file", "markdown"])]
    git: Option<PathBuf>,
    /// Only what this branch of the repository reaches
    #[arg(long, value_name = "BRANCH", requires = "git")]
    git_branch: Option<String>,
    /// Take in the Markdown files of this folder
    #[arg(long, value_name = "DIR", conflicts_with = "file")]
    markdown: Option<PathBuf>,
    /// Remove the memories at and under this key that have no file
    #[arg(long, value_name = "PREFIX", requires = "markdown")]
    delete_missing: Option<String>,
    #[command(flatten)]
    writing: Writing,
}

impl Import {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.busy_store(Access::Write)?;
        match (&self.git, &self.markdown, &self.file) {
            (Some(repository), _, _) => self.git(call, &store, repository)?,
            (_, Some(folder), _) => self.markdown(call, &store, folder)?,
            (_, _, Some(file)) => self.file(call, &store, file)?,
            _ => {
                return Err(Failure::usage("it is not said what to import")
                    .hint("undream import FILE, or --git REPO, or --markdown DIR"));
            }
        }
        catch_up(call, &Search::open(store.database())?);
        Ok(())
    }

    fn git(&self, call: &Call, store: &Store, repository: &Path) -> Outcome {
        let import = match &self.git_branch {
            Some(branch) => GitImport::new().branch(branch),
            None => GitImport::new(),
        };
        let report = import.run(store, repository, &call.author()?)?;
        if call.json() {
            let skipped = report
                .skipped
                .iter()
                .map(|(why, count)| json!({"why": why.name(), "count": count}));
            let files = report.skipped_files.iter();
            let files = files.map(|(path, why)| json!({"what": path, "why": why.name()}));
            return call.print_json(&json!({"import": {
                "commits": report.commits,
                "known": report.known,
                "records": report.records,
                "renames": report.renames,
                "refs": report.refs.iter().map(undream::RefName::as_str).collect::<Vec<_>>(),
                "skipped_refs": report.skipped_refs,
                "skipped": skipped.collect::<Vec<_>>(),
                "skipped_files": files.collect::<Vec<_>>(),
                "cut_messages": report.cut_messages,
            }}));
        }
        call.note(format!(
            "Replayed {} commits ({} known): {} versions of memories, {} renames.",
            report.commits, report.known, report.records, report.renames
        ));
        for (why, count) in &report.skipped {
            call.note(format!("Left out: {count} files ({})", why.name()));
        }
        if report.cut_messages > 0 {
            call.note(format!("Cut: {} messages that were too long", report.cut_messages));
        }
        let refs: Vec<_> = report.refs.iter().map(undream::RefName::as_str).collect();
        if !refs.is_empty() {
            call.note(format!("Branches and tags: {}", refs.join(", ")));
        }
        Ok(())
    }

    fn markdown(&self, call: &Call, store: &Store, folder: &Path) -> Outcome {
        let branch = call.branch(store, &self.writing.branch)?;
        let mut import = MarkdownImport::new();
        if let Some(prefix) = &self.delete_missing {
            import = import.delete_missing(prefix);
        }
        let default = format!("Import {}", folder.display());
        let message = call.message(store, &self.writing.saying, &default)?;
        answer(call, &branch, &import.run(&branch, folder, message)?)
    }

    fn file(&self, call: &Call, store: &Store, file: &Path) -> Outcome {
        let branch = call.branch(store, &self.writing.branch)?;
        let default = format!("Import {}", file.display());
        let message = call.message(store, &self.writing.saying, &default)?;
        if file == Path::new("-") {
            return answer(call, &branch, &branch.import_jsonl(&mut stdin().lock(), message)?);
        }
        let mut input = BufReader::new(open(file)?);
        if is_history(&mut input)? {
            drop(input);
            return history(call, store, file);
        }
        answer(call, &branch, &branch.import_jsonl(&mut input, message)?)
    }
}

fn open(file: &Path) -> Outcome<File> {
    let shown = file.display();
    match File::open(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let message = format!("there is no file {shown}");
            let failure = Failure::new(ErrorKind::NotFound, message);
            Err(failure.hint("undream export FILE writes such a file"))
        }
        Err(error) => Err(Failure::new(ErrorKind::Io, format!("{shown} cannot be read: {error}"))),
        Ok(file) => Ok(file),
    }
}

/// Whether a file begins as an exported history does; its bytes are still to be read.
fn is_history(input: &mut BufReader<File>) -> Outcome<bool> {
    Ok(input.fill_buf()?.starts_with(HISTORY))
}

fn history(call: &Call, store: &Store, file: &Path) -> Outcome {
    let report = store.database().import_history(file, &call.author()?)?;
    let fate = match report.fate {
        HistoryFate::Restored => "restored",
        HistoryFate::Joined => "joined",
        HistoryFate::Remade => "remade",
    };
    let refs: Vec<Value> = report
        .refs
        .iter()
        .map(|(store, name)| json!({"store": store.as_str(), "name": name.as_str()}))
        .collect();
    if call.json() {
        return call.print_json(&json!({"import": {
            "fate": fate,
            "commits": report.commits,
            "known": report.known,
            "sessions": report.sessions,
            "sessions_kept": report.sessions_kept,
            "erased": report.erased,
            "refs": refs,
        }}));
    }
    let how = match report.fate {
        HistoryFate::Restored => "as it is: all ids are equal",
        HistoryFate::Joined => "as it is, into the same history",
        HistoryFate::Remade => "as new commits",
    };
    call.note(format!(
        "Took {} commits and {} sessions in {how}; {} commits were known.",
        report.commits, report.sessions, report.known
    ));
    if report.erased > 0 {
        call.note(format!("Left out: {} erased versions of memories", report.erased));
    }
    for (store, name) in &report.refs {
        call.note(format!("  {name} in {store}"));
    }
    Ok(())
}

fn answer(call: &Call, branch: &Branch, report: &ContentReport) -> Outcome {
    if call.json() {
        return call.print_json(&json!({"import": {
            "branch": branch.name().as_str(),
            "added": report.added,
            "changed": report.changed,
            "unchanged": report.unchanged,
            "removed": report.removed,
            "skipped": skipped_json(&report.skipped),
            "commit": report.commit.map(|id| id.to_string()),
        }}));
    }
    call.note(format!(
        "{} added, {} changed, {} removed, {} as they were.",
        report.added, report.changed, report.removed, report.unchanged
    ));
    if let Some(commit) = report.commit {
        let short = branch.store().database().abbreviations()?.of(commit.object())?;
        call.note(format!("Commit {short} on {}.", branch.name()));
    }
    note_skipped(call, &report.skipped);
    Ok(())
}
