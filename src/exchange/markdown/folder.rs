//! A folder of Markdown files, one per memory.

use std::fs;
use std::path::{Path, PathBuf};

use super::document::{Draft, from_markdown, to_markdown};
use super::location::{key_of_path, path_of_key};
use crate::engine::{Branch, Snapshot};
use crate::error::{Error, Result};
use crate::exchange::content::{ContentReport, Intake};
use crate::exchange::jsonl::ContentExport;
use crate::limits;
use crate::object::{Entry, Kind, Message};

/// The file that tells a folder of ours from any other.
const MARKER: &str = ".undream-export";
const MARKER_TEXT: &str = "Memories as Markdown files, written by undream.\n";
/// The longest name of a file or directory that common file systems take.
const FILE_NAME_BYTES_MAX: usize = 255;
/// The largest file that is read: a text and its front matter.
const FILE_BYTES_MAX: u64 = 4 * limits::TEXT_BYTES_MAX as u64;

/// How to bring a folder of Markdown files in.
#[derive(Clone, Debug, Default)]
pub struct MarkdownImport {
    delete_missing: Option<String>,
}

impl Snapshot {
    /// Writes the memories at and under `prefix` into `folder`, one Markdown file each, at the path
    /// that is its key. Files that are there already are written over where their key is, and
    /// stay otherwise.
    ///
    /// # Errors
    /// `Invalid` if the folder holds something and is no earlier export; `Io` if it cannot be
    /// written.
    pub fn export_markdown(&self, prefix: &str, folder: impl AsRef<Path>) -> Result<ContentExport> {
        let folder = folder.as_ref();
        fs::create_dir_all(folder)?;
        let marker = folder.join(MARKER);
        if !marker.exists() && fs::read_dir(folder)?.next().is_some() {
            return Err(Error::invalid(format!(
                "{} is not empty and holds no earlier export",
                folder.display()
            )));
        }
        fs::write(marker, MARKER_TEXT)?;
        let mut export = ContentExport::default();
        let total = self.count(prefix)?;
        let work = self.store().database().progress().begin("memories", Some(total));
        for entry in self.entries(prefix) {
            let (key, record) = entry?;
            work.advance();
            let path = path_of_key(&key);
            let entry = match record.to_entry() {
                Ok(entry) if path.split('/').all(|name| name.len() <= FILE_NAME_BYTES_MAX) => entry,
                Ok(_) => {
                    export.skipped.push((key.to_string(), "its file name is too long".to_owned()));
                    continue;
                }
                Err(error) => {
                    export.skipped.push((key.to_string(), error.to_string()));
                    continue;
                }
            };
            let file = folder.join(path);
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(file, to_markdown(&draft(entry)))?;
            export.memories += 1;
        }
        Ok(export)
    }
}

impl MarkdownImport {
    /// Brings in every file, and leaves memories without a file alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// Removes the memories at and under `prefix` that have no file.
    #[must_use]
    pub fn delete_missing(mut self, prefix: impl Into<String>) -> Self {
        self.delete_missing = Some(prefix.into());
        self
    }

    /// Writes the Markdown files under `folder` into `branch`, as one commit. Files that say what
    /// stands there already change nothing. What is no Markdown file, has no valid key or breaks a
    /// limit is named in the report and left out; hidden files are passed over.
    ///
    /// # Errors
    /// `NotFound` if there is no such folder; `Io` if it cannot be read; as
    /// [`Transaction::commit`](crate::Transaction::commit).
    pub fn run(
        &self,
        branch: &Branch,
        folder: impl AsRef<Path>,
        message: Message,
    ) -> Result<ContentReport> {
        let folder = folder.as_ref();
        if !folder.is_dir() {
            return Err(Error::not_found(format!("there is no folder {}", folder.display())));
        }
        let mut intake = Intake::on(branch)?;
        for file in files_under(folder)? {
            let path = relative(folder, &file);
            if let Err(error) = take(&file, &path, &mut intake) {
                intake.report.skipped.push((path, error.to_string()));
            }
        }
        if let Some(prefix) = &self.delete_missing {
            intake.remove_missing(prefix)?;
        }
        intake.commit("markdown", message)
    }
}

fn take(file: &Path, path: &str, intake: &mut Intake) -> Result<()> {
    let no_markdown = || Error::invalid("it is no Markdown file");
    let key = key_of_path(path)?.ok_or_else(no_markdown)?;
    // A file that cannot be taken is still no reason to take its memory for removed.
    let read = read(file).and_then(|text| {
        let mut left_out = Vec::new();
        Ok((entry(from_markdown(&text), &mut left_out).checked()?, left_out))
    });
    match read {
        Ok((entry, left_out)) => {
            intake.put(key, entry)?;
            let skipped = left_out.into_iter().map(|why| (path.to_owned(), why));
            intake.report.skipped.extend(skipped);
            Ok(())
        }
        Err(error) => {
            intake.keep(key);
            Err(error)
        }
    }
}

fn read(file: &Path) -> Result<String> {
    let metadata = fs::symlink_metadata(file)?;
    if !metadata.is_file() {
        return Err(Error::invalid("it is a link"));
    }
    if metadata.len() > FILE_BYTES_MAX {
        return Err(Error::limit(format!("it has {} bytes", metadata.len())));
    }
    String::from_utf8(fs::read(file)?).map_err(|_| Error::invalid("it is not UTF-8"))
}

/// The path of `file` in `folder`, with `/` between its parts.
fn relative(folder: &Path, file: &Path) -> String {
    let path = file.strip_prefix(folder).unwrap_or(file);
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// All files under `root` that are not hidden, sorted. Links are listed, not followed.
fn files_under(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if entry.file_type()?.is_dir() {
                directories.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

fn draft(entry: Entry) -> Draft {
    Draft {
        title: entry.title,
        kind: Some(entry.kind).filter(|kind| *kind != Kind::NOTE).map(String::from),
        labels: entry.labels,
        context: entry.context,
        attributes: entry.attributes,
        text: entry.text,
    }
}

/// The entry that a file describes. Front matter that fits no field becomes attributes as far as
/// they may be many and long; what was `left_out` is named.
fn entry(draft: Draft, left_out: &mut Vec<String>) -> Entry {
    let mut attributes = draft.attributes;
    let kind = match draft.kind.map(Kind::new) {
        None => Kind::NOTE,
        Some(Ok(kind)) => kind,
        Some(Err(error)) => {
            left_out.push(error.to_string());
            Kind::NOTE
        }
    };
    let mut kept = 0;
    attributes.retain(|name, value| {
        let fits = name.len() <= limits::ATTRIBUTE_NAME_BYTES_MAX
            && value.len() <= limits::ATTRIBUTE_VALUE_BYTES_MAX
            && kept < limits::ATTRIBUTES_MAX;
        kept += usize::from(fits);
        if !fits {
            left_out.push(format!("front matter `{name}` is too long or one too many"));
        }
        fits
    });
    Entry {
        text: draft.text,
        title: draft.title,
        kind,
        labels: draft.labels,
        context: draft.context,
        attributes,
    }
}
