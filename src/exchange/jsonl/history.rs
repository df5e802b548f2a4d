//! Everything that a database or one of its stores ever held, as JSON Lines.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use super::form::{Closing, FORMAT, Line, NAME, Opening, RowLine, from_json, to_json};
use super::seal::{SealedReader, SealedWriter, Sum};
use crate::engine::{Database, GivenRow, Store};
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Commit, Genesis, ObjectKind, StoreName};
use crate::progress::Progress;
use crate::storage::CommitId;

/// What writing a history out came to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct HistoryExport {
    /// Rows of the log.
    pub rows: u64,
    /// Commits among them.
    pub commits: u64,
    /// Versions of sessions among them.
    pub sessions: u64,
}

impl Database {
    /// Writes everything that this database ever held, its genesis and salts included: what is
    /// written is as secret as the database itself.
    ///
    /// # Errors
    /// `Corrupt` if something is damaged; `Io` if `out` fails.
    pub fn export_history(&self, out: &mut dyn Write) -> Result<HistoryExport> {
        export(self, None, out)
    }
}

impl Store {
    /// Writes everything that this store ever held. What is written is as secret as the database
    /// itself.
    ///
    /// # Errors
    /// As [`Database::export_history`].
    pub fn export_history(&self, out: &mut dyn Write) -> Result<HistoryExport> {
        export(self.database(), Some(self.name()), out)
    }
}

fn export(
    database: &Database,
    store: Option<&StoreName>,
    out: &mut dyn Write,
) -> Result<HistoryExport> {
    let mut lines = SealedWriter::new(out);
    lines.line(&to_json(&Opening::new(&database.genesis(), store.cloned())))?;
    let mut export = HistoryExport::default();
    let last = database.feed().last()?;
    let work = database.progress().begin("rows", Some(last));
    for sequence in 1..=last {
        work.advance();
        let missing = || Error::corrupt(format!("row {sequence} of the log is missing"));
        let row = database.row(sequence)?.ok_or_else(missing)?;
        if store.is_some_and(|store| *store != row.store) {
            continue;
        }
        for stored in &row.objects {
            match stored.kind()? {
                ObjectKind::Commit => export.commits += 1,
                ObjectKind::Session => export.sessions += 1,
                _ => {}
            }
        }
        lines.line(&to_json(&RowLine::of(&row)?))?;
        export.rows += 1;
    }
    lines.line(&to_json(&Closing { rows: export.rows }))?;
    Ok(export)
}

/// An exported history in a file, found whole.
pub(super) struct History {
    path: PathBuf,
    pub(super) genesis: Genesis,
    /// Whether it has the rows of all stores.
    pub(super) whole: bool,
    rows: u64,
    sum: Sum,
    progress: Progress,
}

impl History {
    /// Reads the file at `path` once, checks that it is whole and as it was written, and hands
    /// every commit on to `each`.
    ///
    /// # Errors
    /// `Corrupt` with the line that was cut or altered; `Newer` if a newer version wrote it;
    /// `Invalid` if it is no exported history.
    pub(super) fn open(
        path: &Path,
        progress: &Progress,
        each: &mut dyn FnMut(&Commit),
    ) -> Result<Self> {
        let mut lines = SealedReader::new(BufReader::with_capacity(1 << 20, File::open(path)?));
        let opened = opening(&mut lines, path)?;
        let mut history = Self {
            path: path.to_owned(),
            genesis: opened.genesis()?,
            whole: opened.store.is_none(),
            rows: 0,
            sum: lines.sum(),
            progress: progress.clone(),
        };
        let work = progress.begin("rows", None);
        read_rows(&mut lines, path, &mut |row| {
            history.rows += 1;
            work.advance();
            for stored in row.objects {
                if stored.kind()? == ObjectKind::Commit {
                    each(&Commit::open(stored)?);
                }
            }
            Ok(())
        })?;
        history.sum = lines.sum();
        Ok(history)
    }

    /// Hands every row on to `each`.
    ///
    /// # Errors
    /// What `each` fails with, with the line; `Stale` if the file has changed meanwhile.
    pub(super) fn rows(&self, each: &mut dyn FnMut(GivenRow) -> Result<()>) -> Result<()> {
        let file = File::open(&self.path)?;
        let mut lines = SealedReader::new(BufReader::with_capacity(1 << 20, file));
        opening(&mut lines, &self.path)?;
        let work = self.progress.begin("rows", Some(self.rows));
        read_rows(&mut lines, &self.path, &mut |row| {
            work.advance();
            each(row)
        })?;
        if lines.sum() == self.sum {
            return Ok(());
        }
        Err(Error::stale(format!("{} has changed meanwhile", self.path.display())))
    }
}

fn opening(lines: &mut SealedReader<BufReader<File>>, path: &Path) -> Result<Opening> {
    let foreign = || {
        let message = format!("{} is no history exported by undream", path.display());
        Error::invalid(message)
    };
    // A first line that is not sealed may be that of any file.
    let line = match lines.line() {
        Ok(Some(line)) => line,
        Ok(None) => return Err(foreign()),
        Err(error) if error.kind() == ErrorKind::Corrupt => {
            return Err(foreign().with_source(error));
        }
        Err(error) => return Err(error),
    };
    let opening: Opening = from_json(line).map_err(|error| foreign().with_source(error))?;
    if opening.undream != NAME {
        return Err(foreign());
    }
    if opening.format > FORMAT {
        let message = format!("{} has format {}", path.display(), opening.format);
        return Err(Error::new(ErrorKind::Newer, message));
    }
    Ok(opening)
}

fn read_rows(
    lines: &mut SealedReader<BufReader<File>>,
    path: &Path,
    each: &mut dyn FnMut(GivenRow) -> Result<()>,
) -> Result<()> {
    let mut rows = 0;
    let mut closed = false;
    loop {
        let read = next(lines).and_then(|line| match line {
            _ if closed && line.is_some() => Err(Error::corrupt("it follows the last line")),
            Some(Line::Row(row)) => {
                rows += 1;
                each(row.row()?).map(|()| true)
            }
            Some(Line::Closing(closing)) if closing.rows == rows => {
                closed = true;
                Ok(true)
            }
            Some(Line::Closing(_)) => Err(Error::corrupt("it counts other rows")),
            None if closed => Ok(false),
            None => Err(Error::corrupt("the file ends before its last line")),
        });
        let at_line = |error: Error| {
            let place = format!("line {} of {}", lines.number(), path.display());
            Error::new(error.kind(), format!("{place}: {error}")).with_source(error)
        };
        if !read.map_err(at_line)? {
            return Ok(());
        }
    }
}

fn next(lines: &mut SealedReader<BufReader<File>>) -> Result<Option<Line>> {
    lines.line()?.map(Line::read).transpose()
}

/// How often each commit is a first parent.
#[derive(Default)]
pub(super) struct FirstChildren(pub(super) std::collections::HashMap<CommitId, u32>);

impl FirstChildren {
    pub(super) fn note(&mut self, commit: &Commit) {
        if let Some(parent) = commit.first_parent() {
            *self.0.entry(parent).or_default() += 1;
        }
    }
}
