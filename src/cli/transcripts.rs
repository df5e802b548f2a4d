//! `session import`: takes transcripts in.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use undream::{ErrorKind, ReadingReport, SessionImport, SessionImportReport, TranscriptFormat};

use super::call::{Access, Call};
use super::exit::{Failure, Hinted, Outcome};
use super::paint::{counted, escape};

/// How many unknown names are printed.
const SHOWN_MAX: usize = 20;
/// How many damaged lines are printed.
const DAMAGED_MAX: usize = 3;

#[derive(Args, Debug)]
pub(crate) struct Import {
    /// Files and directories
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The form the files are in
    #[arg(long, default_value = "auto")]
    format: Format,
    /// Whose sessions they are, whatever they say
    #[arg(long)]
    user: Option<String>,
    /// What they worked on, whatever they say
    #[arg(long)]
    project: Option<String>,
    /// A label for each of them; can be given several times
    #[arg(long, value_name = "LABEL")]
    label: Vec<String>,
}

/// The form of a transcript.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Told from each file
    Auto,
    /// JSON Lines, a session per line
    Neutral,
    /// Transcripts of Claude Code
    ClaudeCode,
    /// Messages or items as OpenAI's APIs take them
    #[value(name = "openai")]
    OpenAi,
    /// Messages as Anthropic's API takes them
    Anthropic,
}

impl Import {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.busy_store(Access::Write)?;
        let author = call.author()?;
        let import = self.described();
        let mut total = SessionImportReport::default();
        for path in &self.paths {
            let report = import.run(&store, path, &author).hint_for(ErrorKind::NotFound, || {
                "undream session import PATH, such as ~/.claude/projects".to_owned()
            })?;
            add(&mut total, report);
        }
        if call.json() {
            call.print_json(&json!({"import": to_json(&total)}))?;
        } else {
            write(call, &total)?;
        }
        if !total.reading.damaged.is_empty() {
            if total.new + total.changed + total.known == 0 {
                return Err(self.no_transcript());
            }
            let count = counted(total.reading.damaged.len() as u64, "line", "lines or files");
            let message = format!("{count} could not be read; the rest is imported");
            return Err(Failure::new(ErrorKind::Io, message));
        }
        if total.new + total.changed > 0 {
            call.note("Next: undream dream");
        }
        Ok(())
    }

    /// Nothing that was named holds a session.
    fn no_transcript(&self) -> Failure {
        let names: Vec<_> = self.paths.iter().map(|path| path.display().to_string()).collect();
        let message = match names.as_slice() {
            [one] => format!("{one} is no transcript that can be read"),
            several => format!("none of {} is a transcript that can be read", several.join(", ")),
        };
        let hint = "the forms that are read: undream session import --help";
        Failure::new(ErrorKind::Io, message).hint(hint)
    }

    fn described(&self) -> SessionImport {
        let mut import = SessionImport::new(match self.format {
            Format::Auto => TranscriptFormat::Auto,
            Format::Neutral => TranscriptFormat::Neutral,
            Format::ClaudeCode => TranscriptFormat::ClaudeCode,
            Format::OpenAi => TranscriptFormat::OpenAi,
            Format::Anthropic => TranscriptFormat::Anthropic,
        });
        if let Some(user) = &self.user {
            import = import.user(user);
        }
        if let Some(project) = &self.project {
            import = import.project(project);
        }
        self.label.iter().fold(import, SessionImport::label)
    }
}

fn add(total: &mut SessionImportReport, more: SessionImportReport) {
    total.new += more.new;
    total.changed += more.changed;
    total.known += more.known;
    total.reading.add(more.reading);
}

fn write(call: &Call, total: &SessionImportReport) -> Outcome {
    let ReadingReport { files, events, .. } = total.reading;
    let mut page = call.page();
    let (new, changed, known) = (total.new, total.changed, total.known);
    let new = counted(new, "new session", "new sessions");
    let (files, events) = (counted(files, "file", "files"), counted(events, "event", "events"));
    writeln!(page, "{new}, {changed} changed, {known} known")?;
    writeln!(page, "  read      {files}, {events}")?;
    let unknown =
        [("fields", &total.reading.unknown_fields), ("lines", &total.reading.unknown_lines)];
    for (what, names) in unknown {
        if names.is_empty() {
            continue;
        }
        let listed: Vec<_> = names
            .iter()
            .take(SHOWN_MAX)
            .map(|(name, count)| format!("{} ({count})", escape(name)))
            .collect();
        let more = names.len().saturating_sub(SHOWN_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        writeln!(page, "  unknown   {what} kept raw: {}{more}", listed.join(", "))?;
    }
    if total.reading.cut_events > 0 {
        writeln!(page, "  cut       {} events that were too long", total.reading.cut_events)?;
    }
    let damaged = &total.reading.damaged;
    for line in damaged.iter().take(DAMAGED_MAX) {
        let path = line.path.display().to_string();
        let place = if line.line > 0 { format!(", line {}", line.line) } else { String::new() };
        writeln!(
            page,
            "  {}   {}{place}: {}",
            call.paint.removed("damaged"),
            escape(&path),
            escape(&line.why)
        )?;
    }
    if damaged.len() > DAMAGED_MAX {
        let more = damaged.len() - DAMAGED_MAX;
        writeln!(page, "            and {more} more; --json names all")?;
    }
    Ok(page.finish()?)
}

fn to_json(total: &SessionImportReport) -> Value {
    let damaged = total.reading.damaged.iter().map(
        |line| json!({"path": line.path.display().to_string(), "line": line.line, "why": line.why}),
    );
    json!({
        "new": total.new,
        "changed": total.changed,
        "known": total.known,
        "files": total.reading.files,
        "events": total.reading.events,
        "cut_events": total.reading.cut_events,
        "unknown_fields": total.reading.unknown_fields,
        "unknown_lines": total.reading.unknown_lines,
        "damaged": damaged.collect::<Vec<_>>(),
    })
}
