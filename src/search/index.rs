//! The index in its folder: opening it, the stamp that says how far it has come, building it anew.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tantivy::directory::MmapDirectory;
use tantivy::{Index, IndexReader, ReloadPolicy, Searcher, SegmentReader};

use crate::error::{Error, ErrorKind, Result};
use crate::object::DatabaseId;
use crate::search::fields::{FORMAT, Fields};
use crate::search::segment::Segment;
use crate::search::words::register;

/// The folder of the index inside the database's directory.
const FOLDER: &str = "search";

/// What an index holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Subject {
    /// The versions of memories.
    Memories,
    /// The events of sessions.
    Events,
}

impl Subject {
    /// The folder of tantivy's own files.
    fn files(self) -> &'static str {
        match self {
            Self::Memories => "index",
            Self::Events => "events",
        }
    }

    /// The file that is held by the process that writes the index.
    fn lock(self) -> &'static str {
        match self {
            Self::Memories => "lock",
            Self::Events => "events.lock",
        }
    }
}

/// Where the index is.
pub(super) enum Place {
    /// A folder, which other processes read and write too.
    Folder(PathBuf, Subject),
    /// In memory, gone with the database.
    Memory(Index),
}

/// What an index says of itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Stamp {
    pub(super) database: DatabaseId,
    /// The last row of the log that is indexed.
    pub(super) sequence: u64,
}

/// The right to write the index; given back when dropped.
pub(super) struct WriteRight(#[expect(dead_code, reason = "held, not read")] Option<File>);

/// An index as it was when it was last looked at.
pub(super) struct View {
    reader: IndexReader,
    pub(super) searcher: Searcher,
    pub(super) segments: Vec<Arc<Segment>>,
    pub(super) stamp: Stamp,
}

impl Stamp {
    pub(super) fn to_text(&self) -> String {
        let (engine, format) = (tantivy::version_string(), FORMAT);
        format!("undream search {format}\n{engine}\n{}\n{}", self.database, self.sequence)
    }

    /// Reads a stamp that this version wrote for `database`; `None` for any other.
    fn read(text: &str, database: DatabaseId) -> Option<Self> {
        let sequence = text.rsplit('\n').next()?.parse().ok()?;
        let stamp = Self { database, sequence };
        (stamp.to_text() == text).then_some(stamp)
    }
}

impl Place {
    pub(super) fn new(directory: Option<&Path>, fields: &Fields, subject: Subject) -> Self {
        match directory {
            Some(directory) => Self::Folder(directory.join(FOLDER), subject),
            None => Self::Memory(empty_index(fields)),
        }
    }

    /// Takes the right to write the index.
    ///
    /// # Errors
    /// `Locked` if another process has it.
    pub(super) fn lock(&self) -> Result<WriteRight> {
        let Self::Folder(folder, subject) = self else { return Ok(WriteRight(None)) };
        std::fs::create_dir_all(folder)?;
        let file = File::options().create(true).append(true).open(folder.join(subject.lock()))?;
        match file.try_lock() {
            Ok(()) => Ok(WriteRight(Some(file))),
            Err(TryLockError::WouldBlock) => {
                Err(Error::new(ErrorKind::Locked, "another process is writing the search index"))
            }
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// The index as it is; `None` if there is none that can be used. What is known of segments that
    /// are `held` is kept.
    pub(super) fn open(
        &self,
        fields: &Fields,
        database: DatabaseId,
        held: &[Arc<Segment>],
    ) -> Option<View> {
        let index = match self {
            Self::Memory(index) => index.clone(),
            Self::Folder(folder, subject) => {
                let files = folder.join(subject.files());
                if !files.join("meta.json").is_file() {
                    return None;
                }
                Index::open(MmapDirectory::open(files).ok()?).ok()?
            }
        };
        if index.schema() != fields.schema {
            return None;
        }
        register(index.tokenizers());
        View::of(&index, fields, database, held).ok()?
    }

    /// An index without documents in place of what is there.
    pub(super) fn create(&self, fields: &Fields, _right: &WriteRight) -> Result<Index, Fault> {
        let Self::Folder(folder, subject) = self else {
            return Err(Error::corrupt("the search index in memory is damaged").into());
        };
        let files = folder.join(subject.files());
        if files.exists() {
            std::fs::remove_dir_all(&files).map_err(Error::from)?;
        }
        std::fs::create_dir_all(&files).map_err(Error::from)?;
        let index = Index::create_in_dir(&files, fields.schema.clone())?;
        register(index.tokenizers());
        Ok(index)
    }
}

impl View {
    /// What `index` holds; `None` if its stamp is another version's or another database's.
    pub(super) fn of(
        index: &Index,
        fields: &Fields,
        database: DatabaseId,
        held: &[Arc<Segment>],
    ) -> tantivy::Result<Option<Self>> {
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Self::look(reader, fields, database, held)
    }

    /// The view of an index that holds nothing yet.
    pub(super) fn empty(fields: &Fields, database: DatabaseId) -> Result<Self, Fault> {
        let view = Self::of(&empty_index(fields), fields, database, &[])?;
        Ok(view.expect("BUG: an empty index has no foreign stamp"))
    }

    /// What the reader shows now. What is known of segments that are `held` is kept: a segment never
    /// changes.
    fn look(
        reader: IndexReader,
        fields: &Fields,
        database: DatabaseId,
        held: &[Arc<Segment>],
    ) -> tantivy::Result<Option<Self>> {
        let searcher = reader.searcher();
        // Read after the segments: what is indexed meanwhile is found by its identity.
        let stamp = match searcher.index().load_metas()?.payload {
            None if searcher.segment_readers().is_empty() => Some(Stamp { database, sequence: 0 }),
            None => None,
            Some(text) => Stamp::read(&text, database),
        };
        let Some(stamp) = stamp else { return Ok(None) };
        let open = |reader: &SegmentReader| {
            let same = |held: &&Arc<Segment>| held.reader.segment_id() == reader.segment_id();
            match held.iter().find(same) {
                Some(held) => Ok(Arc::clone(held)),
                None => Segment::open(reader.clone(), fields),
            }
        };
        let segments = searcher.segment_readers().iter().map(open).collect::<Result<_, _>>()?;
        Ok(Some(Self { reader, searcher, segments, stamp }))
    }

    /// How far the index has come by now.
    pub(super) fn sequence_now(&self) -> u64 {
        let metas = self.searcher.index().load_metas().ok();
        let stamp = metas.and_then(|metas| Stamp::read(&metas.payload?, self.stamp.database));
        stamp.map_or(self.stamp.sequence, |stamp| stamp.sequence)
    }

    /// The index as it is now; `None` if nothing changed, or what is there cannot be used.
    pub(super) fn newer(&self, fields: &Fields) -> Option<Self> {
        let metas = self.searcher.index().load_metas().ok()?;
        let stamp = Stamp::read(&metas.payload?, self.stamp.database)?;
        if stamp == self.stamp {
            return None;
        }
        self.reader.reload().ok()?;
        let Self { reader, segments, stamp, .. } = self;
        Self::look(reader.clone(), fields, stamp.database, segments).ok()?
    }

    pub(super) fn index(&self) -> &Index {
        self.searcher.index()
    }
}

fn empty_index(fields: &Fields) -> Index {
    let index = Index::create_in_ram(fields.schema.clone());
    register(index.tokenizers());
    index
}

/// Whose fault it is that something cannot be searched.
#[derive(Debug)]
pub(super) enum Fault {
    /// The index's: cured by building it anew.
    Index(tantivy::TantivyError),
    Database(Error),
}

impl From<tantivy::TantivyError> for Fault {
    fn from(error: tantivy::TantivyError) -> Self {
        Self::Index(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let error = match fault {
            Fault::Database(error) => return error,
            Fault::Index(error) => error,
        };
        let (kind, message) = match &error {
            tantivy::TantivyError::LockFailure(..) => {
                (ErrorKind::Locked, "another process is writing the search index")
            }
            tantivy::TantivyError::IoError(_) => (ErrorKind::Io, "the search index failed"),
            _ => (ErrorKind::Corrupt, "the search index is damaged"),
        };
        Self::new(kind, message).with_source(error.to_string())
    }
}
