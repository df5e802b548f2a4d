//! Replaying a repository's history, commit by commit.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::blobs::{Blobs, Content, SkippedFile};
use super::command::{Command, DataRef, FileChange, Ident};
use super::export::export;
use super::paths::Paths;
use super::refs::{self, Tips};
use super::stage::{Memories, Slot, Stage};
use crate::clock::Time;
use crate::engine::{Graft, Grafted, Store};
use crate::error::{Error, Result};
use crate::limits;
use crate::object::{Author, Cause, Key, RefName};
use crate::progress::Work;
use crate::storage::CommitId;

/// What the origin of an imported commit begins with; git's id of the commit follows.
const SCHEME: &str = "git:";
/// About how many bytes land together.
const BATCH_BYTES: usize = 8 << 20;
/// How many skipped files are named.
const NAMED_MAX: usize = 100;

/// How to replay the history of a git repository.
#[derive(Clone, Debug, Default)]
pub struct GitImport {
    branch: Option<String>,
}

/// What replaying a repository came to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GitImportReport {
    /// Commits that were added.
    pub commits: u64,
    /// Commits that an earlier import had added.
    pub known: u64,
    /// Versions of memories that were added.
    pub records: u64,
    /// Memories that moved to another key and stayed the same memory.
    pub renames: u64,
    /// Branches and tags that were created or moved.
    pub refs: Vec<RefName>,
    /// Refs of the repository that have no name here.
    pub skipped_refs: Vec<String>,
    /// Versions of files that did not become memories, by reason.
    pub skipped: BTreeMap<SkippedFile, u64>,
    /// The first of those files.
    pub skipped_files: Vec<(String, SkippedFile)>,
    /// Messages that were longer than a message may be, and were cut.
    pub cut_messages: u64,
}

impl GitImport {
    /// Replays all branches and tags.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replays only what this branch of the repository reaches.
    #[must_use]
    pub fn branch(mut self, name: impl Into<String>) -> Self {
        self.branch = Some(name.into());
        self
    }

    /// Replays the history of the repository at `repository` into `store`: each of its commits
    /// becomes one commit with the same parents, message, author and author time, each of its text
    /// files a memory at the key that is its path, branches become branches and tags tags. A memory
    /// stays the same memory where git finds a rename. Importing again adds what is new.
    ///
    /// The refs move together at the very end; what fails before leaves them as they were.
    ///
    /// # Errors
    /// `Io` if git cannot be run or fails; `Invalid` if a branch or tag of the store has commits
    /// that the repository's does not have, or the stream is damaged.
    pub fn run(
        &self,
        store: &Store,
        repository: impl AsRef<Path>,
        author: &Author,
    ) -> Result<GitImportReport> {
        let mut replay = Replay::on(store)?;
        export(repository.as_ref(), self.branch.as_deref(), &mut |command| replay.take(command))?;
        let Replay { graft, mut report, tips, .. } = replay;
        // Ancestry is asked of the store, so everything has to be in it first.
        let mut graft = graft;
        graft.land()?;
        let moves = refs::moves(store, &tips, &mut report.skipped_refs)?;
        report.refs = moves.iter().map(|(name, ..)| name.clone()).collect();
        graft.finish(author, moves)?;
        Ok(report)
    }
}

struct Replay {
    graft: Graft,
    known: HashMap<String, CommitId>,
    marks: HashMap<u64, CommitId>,
    memories: Memories,
    blobs: Blobs,
    paths: Paths,
    /// The last content of files that have no key.
    keyless: HashMap<Vec<u8>, Content>,
    tips: Tips,
    report: GitImportReport,
    work: Work,
}

/// The parts of a commit command.
struct GitCommit {
    original: Option<String>,
    author: Ident,
    message: Vec<u8>,
    parents: Vec<CommitId>,
    changes: Vec<FileChange>,
}

impl Replay {
    fn on(store: &Store) -> Result<Self> {
        let mut replay = Self {
            graft: Graft::new(store)?,
            known: store.imported(SCHEME)?,
            marks: HashMap::new(),
            memories: Memories::default(),
            blobs: Blobs::default(),
            paths: Paths::default(),
            keyless: HashMap::new(),
            tips: Tips::default(),
            report: GitImportReport::default(),
            work: store.database().progress().begin("commits", None),
        };
        replay.recall(store)?;
        Ok(replay)
    }

    /// Learns which records earlier imports made, so that no content is recorded twice.
    fn recall(&mut self, store: &Store) -> Result<()> {
        for commit in self.known.values() {
            for (key, id) in store.records_of(*commit)? {
                let record = store.record(id)?;
                self.memories.note_home(record.memory(), &key);
                if let (false, Ok(text)) = (record.is_erased(), record.text()) {
                    let content = Content::of(text.as_bytes());
                    self.blobs.recorded(content, id);
                    self.memories.note(record.memory(), content, id);
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, command: Command) -> Result<()> {
        match command {
            Command::Blob { mark: Some(mark), data, .. } => self.blobs.take(mark, data),
            Command::Blob { mark: None, .. } => {}
            Command::Reset { reference, from } => match from {
                Some(from) => self.tips.set(reference, self.commit_of(&from)?),
                None => self.tips.forget(&reference),
            },
            Command::Tag { name, from, .. } => {
                let commit = self.commit_of(&from)?;
                self.tips.set([b"refs/tags/", name.as_slice()].concat(), commit);
            }
            Command::Commit {
                reference,
                mark,
                original,
                author,
                committer,
                message,
                from,
                merges,
                changes,
            } => {
                let parents = from.iter().chain(&merges).map(|parent| self.commit_of(parent));
                let parents = parents.collect::<Result<Vec<_>>>()?;
                let author = author.unwrap_or(committer);
                let new = GitCommit { original, author, message, parents, changes };
                let id = self.commit(new)?;
                self.marks.extend(mark.map(|mark| (mark, id)));
                self.tips.set(reference, id);
            }
        }
        Ok(())
    }

    fn commit_of(&self, reference: &DataRef) -> Result<CommitId> {
        let known = match reference {
            DataRef::Mark(mark) => self.marks.get(mark),
            DataRef::Sha(sha) => self.known.get(sha),
        };
        let unknown = || Error::invalid("the stream names a commit that it does not have");
        known.copied().ok_or_else(unknown)
    }

    fn commit(&mut self, new: GitCommit) -> Result<CommitId> {
        self.work.advance();
        if let Some(id) = new.original.as_ref().and_then(|sha| self.known.get(sha)) {
            self.report.known += 1;
            return Ok(*id);
        }
        let author = person(&new.author);
        let mut stage =
            Stage::on(&new.parents, &mut self.graft, &mut self.memories, &mut self.blobs);
        for change in new.changes {
            let mut files = Files {
                paths: &mut self.paths,
                keyless: &mut self.keyless,
                report: &mut self.report,
            };
            files.apply(change, &mut stage)?;
        }
        let staged = stage.finish(&author)?;
        let text = self.message(&new.message);
        let message = author.message(text).authored(Time::from_seconds(new.author.seconds));
        let origin = format!("{SCHEME}{}", new.original.unwrap_or_default());
        let id = self.graft.commit(Grafted {
            parents: new.parents,
            edits: staged.edits,
            homes: staged.homes,
            message,
            cause: Cause::Import { origin },
        })?;
        self.report.commits += 1;
        self.report.records = self.graft.records_made();
        if self.graft.bytes() >= BATCH_BYTES {
            self.graft.land()?;
        }
        Ok(id)
    }

    fn message(&mut self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_end_matches('\n');
        let mut end = text.len().min(limits::MESSAGE_BYTES_MAX);
        self.report.cut_messages += u64::from(end < text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text[..end].to_owned()
    }
}

/// The files of a commit on their way to keys.
struct Files<'a> {
    paths: &'a mut Paths,
    keyless: &'a mut HashMap<Vec<u8>, Content>,
    report: &'a mut GitImportReport,
}

impl Files<'_> {
    fn apply(&mut self, change: FileChange, stage: &mut Stage<'_>) -> Result<()> {
        match change {
            FileChange::Modify { mode, data, path } => {
                let content = stage.blobs.content(mode, &data);
                match (self.key(&path), content) {
                    (Some(key), Ok(content)) => stage.write(key, content),
                    (Some(key), Err(why)) => {
                        self.skip(&path, why);
                        stage.remove(key)
                    }
                    (None, content) => {
                        self.keyless.extend(content.ok().map(|content| (path, content)));
                        Ok(())
                    }
                }
            }
            FileChange::Delete { path } => match self.paths.key(&path) {
                Ok(key) => stage.remove(key),
                Err(_) => Ok(()),
            },
            FileChange::Rename { from, to } => self.rename(&from, to, stage),
            FileChange::Copy { from, to } => {
                let content = match self.paths.key(&from) {
                    Ok(key) => stage.copy(&key)?,
                    Err(_) => self.keyless.get(&from).copied(),
                };
                self.bring(content, to, stage)
            }
            FileChange::DeleteAll => stage.clear(),
        }
    }

    fn rename(&mut self, from: &[u8], to: Vec<u8>, stage: &mut Stage<'_>) -> Result<()> {
        let Ok(source) = self.paths.key(from) else {
            return self.bring(self.keyless.get(from).copied(), to, stage);
        };
        let Some(target) = self.key(&to) else {
            let content = stage.copy(&source)?;
            self.keyless.extend(content.map(|content| (to, content)));
            return stage.remove(source);
        };
        let slot = stage.lift(source)?;
        if !matches!(slot, Slot::Gone) {
            self.report.renames += 1;
            stage.put(target, slot);
        }
        Ok(())
    }

    /// Puts words of no memory at `path`.
    fn bring(
        &mut self,
        content: Option<Content>,
        path: Vec<u8>,
        stage: &mut Stage<'_>,
    ) -> Result<()> {
        match (content, self.key(&path)) {
            (Some(content), Some(key)) => stage.write(key, content)?,
            (Some(content), None) => drop(self.keyless.insert(path, content)),
            (None, _) => {}
        }
        Ok(())
    }

    /// The key of `path`; a path without one is counted.
    fn key(&mut self, path: &[u8]) -> Option<Key> {
        match self.paths.key(path) {
            Ok(key) => Some(key),
            Err(why) => {
                self.skip(path, why);
                None
            }
        }
    }

    fn skip(&mut self, path: &[u8], why: SkippedFile) {
        *self.report.skipped.entry(why).or_default() += 1;
        let named = (String::from_utf8_lossy(path).into_owned(), why);
        let files = &mut self.report.skipped_files;
        if files.len() < NAMED_MAX && !files.contains(&named) {
            files.push(named);
        }
    }
}

/// The author that git names, as a person.
fn person(ident: &Ident) -> Author {
    let clean = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let mut name = String::new();
        for c in text.trim().chars().filter(|c| !c.is_control()) {
            if name.len() + c.len_utf8() > limits::NAME_BYTES_MAX {
                break;
            }
            name.push(c);
        }
        Some(name).filter(|name| !name.trim().is_empty())
    };
    let name = clean(&ident.name).or_else(|| clean(&ident.email));
    Author::person(name.unwrap_or_else(|| "unknown".to_owned()))
}
