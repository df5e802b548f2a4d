//! `export`: writes memories, or a whole history, to a file or a folder.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use undream::{ContentExport, ErrorKind};

use super::arguments::Reading;
use super::call::{Access, Call};
use super::exit::{Failure, Hinted, Outcome};
use super::interrupt;
use super::page::Page;
use super::paint::{counted, escape};

#[derive(Args, Debug)]
pub(crate) struct Export {
    /// The file to write, as JSON Lines; - is standard output
    #[arg(value_name = "FILE", required_unless_present = "markdown")]
    file: Option<PathBuf>,
    /// Write everything that was ever there, of all stores or of the one that --store names; the
    /// file is as secret as the database itself
    #[arg(long, conflicts_with_all = ["at", "markdown", "prefix"])]
    history: bool,
    /// Write one Markdown file per memory into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "file")]
    markdown: Option<PathBuf>,
    /// Only what stands at and under this key
    #[arg(long, value_name = "KEY")]
    prefix: Option<String>,
    /// Write over a file that is there
    #[arg(long, conflicts_with = "markdown")]
    force: bool,
    #[command(flatten)]
    reading: Reading,
}

impl Export {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.busy_store(Access::Read)?;
        if self.history {
            let mut target = Target::open(self.file.as_deref(), Secrecy::Secret, self.force)?;
            let report = match call.globals.store {
                Some(_) => store.export_history(target.sink())?,
                None => store.database().export_history(target.sink())?,
            };
            target.finish()?;
            let (rows, commits, sessions) = (report.rows, report.commits, report.sessions);
            let value = json!({"rows": rows, "commits": commits, "sessions": sessions});
            let said = format!(
                "Wrote {}: {}, {}. The file is as secret as the database.",
                counted(rows, "row", "rows"),
                counted(commits, "commit", "commits"),
                counted(sessions, "version of a session", "versions of sessions")
            );
            return self.answer(call, value, &said);
        }
        let snapshot = call.snapshot(&store, self.reading.at.as_deref())?;
        let prefix = self.prefix.as_deref().unwrap_or("");
        let report = if let Some(folder) = &self.markdown {
            let written = snapshot.export_markdown(prefix, folder);
            written.hint_for(ErrorKind::Invalid, || "name a new folder".to_owned())?
        } else {
            let mut target = Target::open(self.file.as_deref(), Secrecy::Plain, self.force)?;
            let report = snapshot.export_jsonl(prefix, target.sink())?;
            target.finish()?;
            report
        };
        self.content(call, &report)
    }

    fn content(&self, call: &Call, report: &ContentExport) -> Outcome {
        let skipped = skipped_json(&report.skipped);
        let value = json!({"memories": report.memories, "skipped": skipped});
        let count = counted(report.memories, "memory", "memories");
        self.answer(call, value, &format!("Wrote {count}."))?;
        note_skipped(call, &report.skipped);
        Ok(())
    }

    fn answer(&self, call: &Call, value: Value, said: &str) -> Outcome {
        if !call.json() {
            call.note(said);
            return Ok(());
        }
        let answer = json!({"export": value});
        // Standard output holds the export itself.
        if self.file.as_deref() == Some(Path::new("-")) {
            call.print_json_beside(&answer);
            return Ok(());
        }
        call.print_json(&answer)
    }
}

/// What was left out, for a JSON answer.
pub(crate) fn skipped_json(skipped: &[(String, String)]) -> Vec<Value> {
    skipped.iter().map(|(what, why)| json!({"what": what, "why": why})).collect()
}

/// Names what was left out.
pub(crate) fn note_skipped(call: &Call, skipped: &[(String, String)]) {
    for (what, why) in skipped {
        call.note(format!("Left out: {} ({})", escape(what), escape(why)));
    }
}

/// Who may read a file that is written.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Secrecy {
    Plain,
    /// Its owner only.
    Secret,
}

/// Where an export goes. A file is whole or is not there under its name.
enum Target {
    Page(Page),
    File { out: BufWriter<File>, draft: PathBuf, path: PathBuf },
}

impl Target {
    fn open(path: Option<&Path>, secrecy: Secrecy, force: bool) -> Outcome<Self> {
        let path = path.ok_or_else(|| Failure::usage("the file to write is missing"))?;
        if path == Path::new("-") {
            return Ok(Self::Page(Page::plain()));
        }
        let name = path.file_name().ok_or_else(|| Failure::usage("the file has no name"))?;
        if path.is_dir() {
            let message = format!("{} is a folder", path.display());
            return Err(Failure::usage(message).hint("name a file, or --markdown DIR"));
        }
        if path.is_file() && !force {
            let message = format!("{} is there already", path.display());
            return Err(Failure::usage(message).hint("name another file, or --force"));
        }
        let draft = path.with_file_name(format!(".{}.part", name.to_string_lossy()));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        if secrecy == Secrecy::Secret {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        let out = BufWriter::new(options.open(&draft)?);
        interrupt::add_draft(&draft);
        Ok(Self::File { out, draft, path: path.to_owned() })
    }

    fn sink(&mut self) -> &mut dyn Write {
        match self {
            Self::Page(page) => page,
            Self::File { out, .. } => out,
        }
    }

    fn finish(self) -> Outcome {
        match self {
            Self::Page(page) => Ok(page.finish()?),
            Self::File { out, draft, path } => {
                let file = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
                file.sync_all()?;
                std::fs::rename(&draft, path)?;
                interrupt::forget_draft(&draft);
                Ok(())
            }
        }
    }
}
