//! Files and directories of transcripts, in any form that is known.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::bounds::Transcript;
use super::claude_code;
use super::cut::cut;
use super::lines::{LINE_BYTES_MAX, Line, Lines, unpacked};
use super::messages::{self, Form, Named};
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
    /// Message arrays of OpenAI's APIs: Chat Completions and items of Responses.
    OpenAi,
    /// Message arrays of Anthropic's Messages API.
    Anthropic,
}

impl TranscriptFormat {
    /// Whether it is one of message arrays, and for whose API.
    fn form(self) -> Option<Form> {
        match self {
            Self::OpenAi => Some(Form::OpenAi),
            Self::Anthropic => Some(Form::Anthropic),
            Self::Auto | Self::Neutral | Self::ClaudeCode => None,
        }
    }
}

impl Transcript {
    /// Reads the transcripts in a file, or in all `.jsonl`, `.jsonl.gz`, `.json` and `.json.gz`
    /// files under a directory in the order of their names, and hands each on to `each`. Gzip is
    /// told by content, not by name.
    ///
    /// A line or file that cannot be read is reported and left out; everything whole is read. A
    /// neutral session is handed on before the next line is read; the lines of a Claude Code file
    /// are one session and are held until its end. Message arrays are read whole. A conversation of
    /// theirs that does not say which one it is has an id made of its file's name, and of its place
    /// among those of the file.
    ///
    /// # Errors
    /// `NotFound` if there is nothing at `path`, `Io` if the directory itself cannot be listed, and
    /// whatever `each` returns, which ends the reading.
    pub fn read_path(
        path: impl AsRef<Path>,
        format: TranscriptFormat,
        each: &mut dyn FnMut(Transcript) -> Result<()>,
    ) -> Result<ReadingReport> {
        read(path.as_ref(), format, &mut |named| each(named.transcript))
    }
}

/// Reads as [`Transcript::read_path`] does, and tells which names were made up.
pub(super) fn read(
    path: &Path,
    format: TranscriptFormat,
    each: &mut dyn FnMut(Named) -> Result<()>,
) -> Result<ReadingReport> {
    if !path.exists() {
        return Err(Error::not_found(format!("there is no file or directory {}", path.display())));
    }
    let root = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let mut reading = Reading { report: ReadingReport::default(), root, each };
    if path.is_dir() {
        for file in files_under(path)? {
            reading.file(&file, format, false)?;
        }
    } else {
        reading.file(path, format, true)?;
    }
    Ok(reading.report)
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
    Messages(Box<messages::File>),
    /// In no form that is known.
    Foreign,
}

impl Reader {
    fn claude_code(path: &Path) -> Self {
        Self::ClaudeCode(Box::new(claude_code::File::new(path)))
    }

    /// How a file is read whose first line is `text`; undecided if that line is damaged.
    fn decide(path: &Path, text: &str, messages: messages::File) -> Self {
        match RawObject::parse(text) {
            Ok(object) if object.has("session_id") && object.has("events") => Self::Neutral,
            Ok(object) if claude_code::File::knows(&object) => Self::claude_code(path),
            _ if messages::File::knows(text) => Self::Messages(Box::new(messages)),
            Ok(_) => Self::Foreign,
            Err(_) => Self::Undecided,
        }
    }
}

struct Reading<'e> {
    report: ReadingReport,
    /// Below which files have their names.
    root: &'e Path,
    each: &'e mut dyn FnMut(Named) -> Result<()>,
}

impl Reading<'_> {
    /// Reads one file; `asked` tells whether the caller named it.
    fn file(&mut self, path: &Path, format: TranscriptFormat, asked: bool) -> Result<()> {
        self.report.files += 1;
        let form = format.form();
        let is_json = ending(path) == "json";
        let may_be_whole = match format {
            TranscriptFormat::ClaudeCode => false,
            TranscriptFormat::Auto | TranscriptFormat::Neutral => is_json,
            TranscriptFormat::OpenAi | TranscriptFormat::Anthropic => {
                is_json || !begins_with_a_value(path)
            }
        };
        if may_be_whole && self.whole_file(path, format, asked)? {
            return Ok(());
        }
        let lines = fs::File::open(path).and_then(|file| Lines::new(file, LINE_BYTES_MAX));
        match lines {
            Ok(lines) => self.lines(path, lines, format, form),
            Err(error) => {
                self.report.damage(path, 0, error.to_string());
                Ok(())
            }
        }
    }

    /// An empty file of message arrays.
    fn messages(&self, path: &Path, form: Option<Form>) -> messages::File {
        let name = path.strip_prefix(self.root).unwrap_or(path).to_string_lossy();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        messages::File::new(&name.replace('\\', "/"), form)
    }

    /// Reads a file that is one JSON value: a neutral session, a list of them, or message arrays.
    /// False if it is no single value, and should be read line by line.
    fn whole_file(&mut self, path: &Path, format: TranscriptFormat, asked: bool) -> Result<bool> {
        let mut bytes = Vec::new();
        let input = fs::File::open(path).and_then(unpacked);
        let read =
            input.and_then(|input| input.take(LINE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes));
        let form = format.form();
        if bytes.len() > LINE_BYTES_MAX || (read.is_err() && form.is_none()) {
            return Ok(false);
        }
        if let Err(error) = read {
            self.report.damage(path, 0, error.to_string());
        }
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
        let text = std::str::from_utf8(bytes).ok().filter(|text| raw::is_value(text));
        let Some(text) = text else {
            return self.damaged_whole(path, bytes, format);
        };
        let neutral = form.is_none() && is_neutral(text);
        let may_be_messages = format != TranscriptFormat::Neutral && !neutral;
        if may_be_messages && (form.is_some() || messages::File::knows(text)) {
            let mut file = self.messages(path, form);
            let found = file.take(text, &mut self.report);
            self.hand_on_messages(path, file, found)?;
            return Ok(true);
        }
        self.neutral_file(path, text, asked)
    }

    fn neutral_file(&mut self, path: &Path, text: &str, asked: bool) -> Result<bool> {
        let sessions = match (RawObject::parse(text), raw::array(text)) {
            (Ok(_), _) => vec![text],
            (_, Some(sessions)) => sessions,
            _ => return Ok(false),
        };
        for session in sessions {
            let known = RawObject::parse(session).is_ok_and(|object| object.has("session_id"));
            if known || asked {
                let read = neutral::read(session, &mut self.report);
                self.hand_on(path, 0, read.map(named))?;
            } else {
                self.report.unknown_line("other .json file");
            }
        }
        Ok(true)
    }

    /// Reads what is whole of a file that is no JSON value as it stands, if it holds message arrays.
    fn damaged_whole(
        &mut self,
        path: &Path,
        bytes: &[u8],
        format: TranscriptFormat,
    ) -> Result<bool> {
        let by_lines = format == TranscriptFormat::Neutral || begins_with_a_value(path);
        if by_lines {
            return Ok(false);
        }
        let mut file = self.messages(path, format.form());
        let mut report = ReadingReport::default();
        let (found, damaged) = file.salvage(bytes, &mut report);
        if format == TranscriptFormat::Auto && !found.iter().any(Result::is_ok) {
            return Ok(false);
        }
        self.report.add(report);
        for (at, why) in damaged {
            let line = bytes[..at].split(|byte| *byte == b'\n').count();
            self.report.damage(path, line as u64, why);
        }
        self.hand_on_messages(path, file, found)?;
        Ok(true)
    }

    fn hand_on_messages(
        &mut self,
        path: &Path,
        file: messages::File,
        found: Vec<Result<Named>>,
    ) -> Result<()> {
        for named in found {
            self.hand_on(path, 0, named)?;
        }
        match file.finish(&mut self.report) {
            Some(named) => self.hand_on(path, 0, named),
            None => Ok(()),
        }
    }

    fn lines(
        &mut self,
        path: &Path,
        mut lines: Lines<'_>,
        format: TranscriptFormat,
        form: Option<Form>,
    ) -> Result<()> {
        let mut reader = match format {
            TranscriptFormat::Auto => Reader::Undecided,
            TranscriptFormat::Neutral => Reader::Neutral,
            TranscriptFormat::ClaudeCode => Reader::claude_code(path),
            TranscriptFormat::OpenAi | TranscriptFormat::Anthropic => {
                Reader::Messages(Box::new(self.messages(path, form)))
            }
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
        match reader {
            Reader::ClaudeCode(file) => {
                for transcript in file.finish() {
                    self.hand_on(path, 0, transcript.map(named))?;
                }
                Ok(())
            }
            Reader::Messages(file) => self.hand_on_messages(path, *file, Vec::new()),
            Reader::Undecided | Reader::Neutral | Reader::Foreign => Ok(()),
        }
    }

    fn line(&mut self, path: &Path, number: u64, text: &str, reader: &mut Reader) -> Result<()> {
        if matches!(reader, Reader::Undecided) {
            *reader = Reader::decide(path, text, self.messages(path, None));
        }
        match reader {
            Reader::Undecided => self.report.damage(path, number, "not a JSON object"),
            Reader::Foreign => {
                let why = "neither a neutral session, a line of Claude Code nor messages";
                self.report.damage(path, number, why);
            }
            Reader::Neutral => {
                let read = neutral::read(text, &mut self.report);
                self.hand_on(path, number, read.map(named))?;
            }
            Reader::Messages(file) => {
                for found in file.take(text, &mut self.report) {
                    self.hand_on(path, number, found)?;
                }
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
    fn hand_on(&mut self, path: &Path, line: u64, read: Result<Named>) -> Result<()> {
        let bounded = read.and_then(|mut named| {
            let transcript = &mut named.transcript;
            let cut_events =
                transcript.events.iter_mut().filter_map(|e| cut(e).then_some(())).count();
            transcript.check()?;
            Ok((named, cut_events as u64))
        });
        match bounded {
            Ok((named, cut_events)) => {
                self.report.sessions += 1;
                self.report.events += named.transcript.events.len() as u64;
                self.report.cut_events += cut_events;
                (self.each)(named)
            }
            Err(error) => {
                self.report.damage(path, line, error.to_string());
                Ok(())
            }
        }
    }
}

/// A transcript that has a name of its own.
fn named(transcript: Transcript) -> Named {
    Named { transcript, base: None }
}

/// Whether `text` is a neutral session, or a list that begins with one.
fn is_neutral(text: &str) -> bool {
    let session = |text: &str| {
        RawObject::parse(text).is_ok_and(|object| object.has("session_id") && object.has("events"))
    };
    session(text)
        || raw::array(text).is_some_and(|list| list.first().is_some_and(|one| session(one)))
}

/// Whether the first line of the file at `path` is a JSON value by itself, so that the others are
/// as well.
fn begins_with_a_value(path: &Path) -> bool {
    let lines = fs::File::open(path).and_then(|file| Lines::new(file, LINE_BYTES_MAX));
    let Ok(mut lines) = lines else { return false };
    match lines.next() {
        Ok(Some((_, Line::Whole(line)))) => std::str::from_utf8(line).is_ok_and(raw::is_value),
        _ => false,
    }
}
