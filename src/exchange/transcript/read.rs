//! Files and directories of transcripts, in any form that is known.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::bounds::Transcript;
use super::claude_code;
use super::cut::cut;
use super::lines::{LINE_BYTES_MAX, Line, Lines, unpacked};
use super::neutral;
use super::raw::{self, RawObject};
use super::report::ReadingReport;
use crate::error::{Error, Result};

/// The form of a transcript file.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum TranscriptFormat {
    /// Decided for each file by its first line that is JSON.
    #[default]
    Auto,
    /// The neutral form: one session per line.
    Neutral,
    /// What Claude Code writes: one session per file, one event or more per line.
    ClaudeCode,
}

impl Transcript {
    /// Reads the transcripts in a file, or in all `.jsonl`, `.jsonl.gz`, `.json` and `.json.gz`
    /// files under a directory in the order of their names, and hands each on to `each`. Gzip is
    /// told by content, not by name.
    ///
    /// A line or file that cannot be read is reported and left out; everything whole is read. A
    /// neutral session is handed on before the next line is read; the lines of a Claude Code file
    /// are one session and are held until its end.
    ///
    /// # Errors
    /// `NotFound` if there is nothing at `path`, `Io` if the directory itself cannot be listed, and
    /// whatever `each` returns, which ends the reading.
    pub fn read_path(
        path: impl AsRef<Path>,
        format: TranscriptFormat,
        each: &mut dyn FnMut(Transcript) -> Result<()>,
    ) -> Result<ReadingReport> {
        let path = path.as_ref();
        if !path.exists() {
            return Err(Error::not_found(format!(
                "there is no file or directory {}",
                path.display()
            )));
        }
        let mut reading = Reading { report: ReadingReport::default(), each };
        if path.is_dir() {
            for file in files_under(path)? {
                reading.file(&file, format, false)?;
            }
        } else {
            reading.file(path, format, true)?;
        }
        Ok(reading.report)
    }
}

/// All transcript files under `root`, sorted. Links to directories are not followed: they may lead
/// back.
fn files_under(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                directories.push(path);
            } else if path.is_file() && matches!(ending(&path).as_str(), "jsonl" | "json") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// What the file's name ends in, without the ending of gzip.
fn ending(path: &Path) -> String {
    let packed = path.extension().is_some_and(|ending| ending == "gz");
    let name = if packed { path.file_stem().map(Path::new) } else { Some(path) };
    let ending = name.and_then(Path::extension).unwrap_or_default();
    ending.to_string_lossy().into_owned()
}

/// How the lines of one file are read.
enum Reader {
    Undecided,
    Neutral,
    ClaudeCode(Box<claude_code::File>),
    /// In no form that is known.
    Foreign,
}

impl Reader {
    fn claude_code(path: &Path) -> Self {
        Self::ClaudeCode(Box::new(claude_code::File::new(path)))
    }

    /// How a file is read whose first line is `text`; undecided if that line is damaged.
    fn decide(path: &Path, text: &str) -> Self {
        match RawObject::parse(text) {
            Ok(object) if object.has("session_id") && object.has("events") => Self::Neutral,
            Ok(object) if claude_code::File::knows(&object) => Self::claude_code(path),
            Ok(_) => Self::Foreign,
            Err(_) => Self::Undecided,
        }
    }
}

struct Reading<'e> {
    report: ReadingReport,
    each: &'e mut dyn FnMut(Transcript) -> Result<()>,
}

impl Reading<'_> {
    /// Reads one file; `asked` tells whether the caller named it.
    fn file(&mut self, path: &Path, format: TranscriptFormat, asked: bool) -> Result<()> {
        self.report.files += 1;
        let may_be_whole = format != TranscriptFormat::ClaudeCode && ending(path) == "json";
        if may_be_whole && self.whole_file(path, asked)? {
            return Ok(());
        }
        let lines = fs::File::open(path).and_then(|file| Lines::new(file, LINE_BYTES_MAX));
        match lines {
            Ok(lines) => self.lines(path, lines, format),
            Err(error) => {
                self.report.damage(path, 0, error.to_string());
                Ok(())
            }
        }
    }

    /// Reads a file that is one JSON value: a neutral session or a list of them. False if it is no
    /// single value, and should be read line by line.
    fn whole_file(&mut self, path: &Path, asked: bool) -> Result<bool> {
        let mut text = String::new();
        let read = fs::File::open(path)
            .and_then(unpacked)
            .and_then(|input| input.take(LINE_BYTES_MAX as u64).read_to_string(&mut text));
        if read.is_err() {
            return Ok(false);
        }
        let sessions = match (RawObject::parse(&text), raw::array(&text)) {
            (Ok(_), _) => vec![text.as_str()],
            (_, Some(sessions)) => sessions,
            _ => return Ok(false),
        };
        for session in sessions {
            let known = RawObject::parse(session).is_ok_and(|object| object.has("session_id"));
            if known || asked {
                let read = neutral::read(session, &mut self.report);
                self.hand_on(path, 0, read)?;
            } else {
                self.report.unknown_line("other .json file");
            }
        }
        Ok(true)
    }

    fn lines(&mut self, path: &Path, mut lines: Lines<'_>, format: TranscriptFormat) -> Result<()> {
        let mut reader = match format {
            TranscriptFormat::Auto => Reader::Undecided,
            TranscriptFormat::Neutral => Reader::Neutral,
            TranscriptFormat::ClaudeCode => Reader::claude_code(path),
        };
        loop {
            let (number, text) = match lines.next() {
                Ok(None) => break,
                Ok(Some((number, Line::Whole(line)))) => (number, std::str::from_utf8(line)),
                Ok(Some((number, Line::TooLong))) => {
                    let why = format!("the line is longer than {LINE_BYTES_MAX} bytes");
                    self.report.damage(path, number, why);
                    continue;
                }
                Err(error) => {
                    self.report.damage(path, lines.number(), error.to_string());
                    break;
                }
            };
            match text {
                Ok(text) => self.line(path, number, text, &mut reader)?,
                Err(error) => self.report.damage(path, number, error.to_string()),
            }
            if matches!(reader, Reader::Foreign) {
                break;
            }
        }
        if let Reader::ClaudeCode(file) = reader {
            for transcript in file.finish() {
                self.hand_on(path, 0, transcript)?;
            }
        }
        Ok(())
    }

    fn line(&mut self, path: &Path, number: u64, text: &str, reader: &mut Reader) -> Result<()> {
        if matches!(reader, Reader::Undecided) {
            *reader = Reader::decide(path, text);
        }
        match reader {
            Reader::Undecided => self.report.damage(path, number, "not a JSON object"),
            Reader::Foreign => {
                let why = "neither a neutral session nor a line of Claude Code";
                self.report.damage(path, number, why);
            }
            Reader::Neutral => {
                let read = neutral::read(text, &mut self.report);
                self.hand_on(path, number, read)?;
            }
            Reader::ClaudeCode(file) => {
                if let Err(error) = file.take(text, &mut self.report) {
                    self.report.damage(path, number, error.to_string());
                }
            }
        }
        Ok(())
    }

    /// Hands a transcript on, within its bounds, or reports why there is none.
    fn hand_on(&mut self, path: &Path, line: u64, read: Result<Transcript>) -> Result<()> {
        let bounded = read.and_then(|mut transcript| {
            let cut_events =
                transcript.events.iter_mut().filter_map(|e| cut(e).then_some(())).count();
            transcript.check()?;
            Ok((transcript, cut_events as u64))
        });
        match bounded {
            Ok((transcript, cut_events)) => {
                self.report.sessions += 1;
                self.report.events += transcript.events.len() as u64;
                self.report.cut_events += cut_events;
                (self.each)(transcript)
            }
            Err(error) => {
                self.report.damage(path, line, error.to_string());
                Ok(())
            }
        }
    }
}
