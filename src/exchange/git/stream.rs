//! The commands of a `git fast-export` stream, one at a time, strictly.
//!
//! The form is that of git-fast-import(1), as far as git-fast-export(1) writes it: no inline data,
//! no delimited data, no notes. A stream that opens with `feature done` must close with `done`.

use std::io::{BufRead, Read};

use super::command::{
    Command, DataRef, FileChange, Ident, data_ref, ident, modify, number, sha, two_paths,
};
use super::path;
use crate::error::{Error, Result};

/// The longest line of a stream, in bytes.
const LINE_BYTES_MAX: usize = 64 << 10;
/// The largest data that is held; larger blobs are skipped, larger messages refused.
pub(super) const DATA_BYTES_MAX: u64 = 16 << 20;
/// The most files one commit may change.
const CHANGES_MAX: usize = 4_000_000;

/// Iterates over the commands of a stream; ends after the first error.
#[derive(Debug)]
pub(crate) struct Stream<R> {
    input: R,
    /// How many bytes were read.
    offset: u64,
    /// The line that comes next, where it was looked at already.
    line: Option<Vec<u8>>,
    needs_done: bool,
    ended: bool,
}

impl<R: BufRead> Iterator for Stream<R> {
    type Item = Result<Command>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let command = self.command().transpose();
        self.ended = !matches!(command, Some(Ok(_)));
        command
    }
}

impl<R: BufRead> Stream<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, offset: 0, line: None, needs_done: false, ended: false }
    }

    /// The next command; `None` at the end of the stream.
    fn command(&mut self) -> Result<Option<Command>> {
        loop {
            let Some(line) = self.take_line()? else {
                if self.needs_done {
                    return Err(self.damage("the stream ends before it is done"));
                }
                return Ok(None);
            };
            let (verb, rest) = match line.iter().position(|&byte| byte == b' ') {
                Some(space) => (&line[..space], &line[space + 1..]),
                None => (&line[..], &b""[..]),
            };
            return match verb {
                b"blob" if rest.is_empty() => self.blob().map(Some),
                b"commit" if !rest.is_empty() => self.commit(rest.to_vec()).map(Some),
                b"reset" if !rest.is_empty() => self.reset(rest.to_vec()).map(Some),
                b"tag" if !rest.is_empty() => self.tag(rest.to_vec()).map(Some),
                b"done" if rest.is_empty() => Ok(None),
                b"feature" if rest == b"done" => {
                    self.needs_done = true;
                    continue;
                }
                b"" | b"progress" | b"checkpoint" => continue,
                _ => Err(self.unexpected(&line)),
            };
        }
    }

    fn blob(&mut self) -> Result<Command> {
        let mark = self.mark()?;
        let original = self.original()?;
        Ok(Command::Blob { mark, original, data: self.data()? })
    }

    fn commit(&mut self, reference: Vec<u8>) -> Result<Command> {
        let mark = self.mark()?;
        let original = self.original()?;
        let author = self.ident("author ")?;
        let committer = self.ident("committer ")?;
        let committer = committer.ok_or_else(|| self.damage("a commit without a committer"))?;
        // What is not UTF-8 was asked to be re-encoded; the name of what could not be is no use.
        self.field("encoding ")?;
        let message = self.message()?;
        let from = self.data_ref_field("from ")?;
        let mut merges = Vec::new();
        while let Some(merge) = self.data_ref_field("merge ")? {
            merges.push(merge);
        }
        let mut changes = Vec::new();
        while let Some(change) = self.change()? {
            if changes.len() == CHANGES_MAX {
                return Err(Error::limit(format!("a commit changes over {CHANGES_MAX} files")));
            }
            changes.push(change);
        }
        let commit = Command::Commit {
            reference,
            mark,
            original,
            author,
            committer,
            message,
            from,
            merges,
            changes,
        };
        Ok(commit)
    }

    fn reset(&mut self, reference: Vec<u8>) -> Result<Command> {
        Ok(Command::Reset { reference, from: self.data_ref_field("from ")? })
    }

    fn tag(&mut self, name: Vec<u8>) -> Result<Command> {
        self.mark()?;
        let from = self.data_ref_field("from ")?;
        let from = from.ok_or_else(|| self.damage("a tag that names nothing"))?;
        let original = self.original()?;
        let tagger = self.ident("tagger ")?;
        Ok(Command::Tag { name, original, from, tagger, message: self.message()? })
    }

    /// One change of a commit; `None` after the last one.
    fn change(&mut self) -> Result<Option<FileChange>> {
        let Some(line) = self.take_line()? else { return Ok(None) };
        let change = match line.split_at_checked(2) {
            Some((b"M ", rest)) => modify(rest),
            Some((b"D ", rest)) => path::whole(rest).map(|path| FileChange::Delete { path }),
            Some((b"R ", rest)) => {
                two_paths(rest).map(|(from, to)| FileChange::Rename { from, to })
            }
            Some((b"C ", rest)) => two_paths(rest).map(|(from, to)| FileChange::Copy { from, to }),
            _ if line == b"deleteall" => Some(FileChange::DeleteAll),
            _ => {
                self.line = Some(line);
                return Ok(None);
            }
        };
        change.map(Some).ok_or_else(|| self.unexpected(&line))
    }

    fn mark(&mut self) -> Result<Option<u64>> {
        let Some(text) = self.field("mark :")? else { return Ok(None) };
        number(&text).map(Some).ok_or_else(|| self.unexpected(&text))
    }

    fn original(&mut self) -> Result<Option<String>> {
        let Some(text) = self.field("original-oid ")? else { return Ok(None) };
        sha(&text).map(Some).ok_or_else(|| self.unexpected(&text))
    }

    fn data_ref_field(&mut self, name: &str) -> Result<Option<DataRef>> {
        let Some(text) = self.field(name)? else { return Ok(None) };
        data_ref(&text).map(Some).ok_or_else(|| self.unexpected(&text))
    }

    fn ident(&mut self, name: &str) -> Result<Option<Ident>> {
        let Some(text) = self.field(name)? else { return Ok(None) };
        ident(&text).map(Some).ok_or_else(|| self.unexpected(&text))
    }

    fn message(&mut self) -> Result<Vec<u8>> {
        let message = self.data()?;
        message.ok_or_else(|| Error::limit(format!("a message is over {DATA_BYTES_MAX} bytes")))
    }

    /// The data that `data <count>` announces. Memory grows with what arrives, not with the count.
    fn data(&mut self) -> Result<Option<Vec<u8>>> {
        let count = self.field("data ")?.as_deref().and_then(number);
        let count =
            count.ok_or_else(|| self.damage("no `data <count>` where there must be one"))?;
        let mut bytes = Vec::new();
        let got = if count > DATA_BYTES_MAX {
            std::io::copy(&mut self.input.by_ref().take(count), &mut std::io::sink())?
        } else {
            self.input.by_ref().take(count).read_to_end(&mut bytes)? as u64
        };
        self.offset += got;
        if got < count {
            return Err(self.damage(&format!("data ends {} bytes early", count - got)));
        }
        // The line end after data is optional, and no part of it.
        if self.input.fill_buf()?.first() == Some(&b'\n') {
            self.input.consume(1);
            self.offset += 1;
        }
        Ok((count <= DATA_BYTES_MAX).then_some(bytes))
    }

    /// The rest of the next line if it begins with `name`; else the line stays.
    fn field(&mut self, name: &str) -> Result<Option<Vec<u8>>> {
        let Some(line) = self.take_line()? else { return Ok(None) };
        if let Some(rest) = line.strip_prefix(name.as_bytes()) {
            return Ok(Some(rest.to_vec()));
        }
        self.line = Some(line);
        Ok(None)
    }

    /// The next line without its end; `None` at the end of the stream.
    fn take_line(&mut self) -> Result<Option<Vec<u8>>> {
        if let Some(line) = self.line.take() {
            return Ok(Some(line));
        }
        let mut line = Vec::new();
        let mut head = self.input.by_ref().take(LINE_BYTES_MAX as u64);
        let got = head.read_until(b'\n', &mut line)?;
        self.offset += got as u64;
        match line.pop() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(line)),
            Some(_) => Err(self.damage("a line that is too long or does not end")),
        }
    }

    fn unexpected(&self, line: &[u8]) -> Error {
        let shown = line[..line.len().min(80)].escape_ascii();
        self.damage(&format!("unexpected `{shown}`"))
    }

    fn damage(&self, what: &str) -> Error {
        Error::invalid(format!(
            "the fast-export stream is damaged before byte {}: {what}",
            self.offset
        ))
    }
}
