//! A vector: its file, and reading the object in it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;

use super::made;
use crate::error::{Error, Result};
use crate::object::commit::{Commit, CommitHeader};
use crate::object::operation::{Operation, OperationHeader};
use crate::object::record::{Record, RecordHeader};
use crate::object::session::{ChunkHeader, Session, SessionHeader, open_chunk};
use crate::object::stored::{ObjectKind, Stored};
use crate::object::tombstone::{Tombstone, TombstoneHeader};
use crate::object::{Genesis, Node};
use crate::storage::ObjectId;

/// One golden vector.
pub(super) struct Vector {
    pub(super) name: String,
    pub(super) id: ObjectId,
    pub(super) kind: u8,
    pub(super) format: u8,
    pub(super) bytes: Vec<u8>,
}

pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format/objects")
}

/// Writes the vectors that are made and have no file yet, where `UNDREAM_GOLDEN` asks for it.
fn add() {
    static ADDED: Once = Once::new();
    ADDED.call_once(|| {
        if std::env::var("UNDREAM_GOLDEN").is_ok_and(|value| value == "add") {
            for (name, shows, bytes) in made::all() {
                let path = folder().join(format!("{name}.hex"));
                if !path.exists() {
                    fs::write(path, text_of(shows, &bytes)).unwrap();
                }
            }
        }
    });
}

/// All vectors, in order of their names.
pub(super) fn all() -> Vec<Vector> {
    add();
    let mut paths: Vec<_> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Vector {
    let text = fs::read_to_string(path).unwrap();
    let (head, body) = text.split_once("\n\n").unwrap();
    let field = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{} has no {name}", path.display()))
    };
    let digits: Vec<u8> = body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    Vector {
        name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
        id: field("id").parse().unwrap(),
        kind: field("kind").parse().unwrap(),
        format: field("format").parse().unwrap(),
        bytes: digits.chunks(2).map(byte).collect(),
    }
}

/// The text of the file of a vector.
pub(super) fn text_of(shows: &str, bytes: &[u8]) -> String {
    let hashed = hashed(bytes).unwrap();
    let id = ObjectId::of(&hashed);
    let mut text = format!("shows {shows}\nkind {}\nformat {}\nid {id}\n\n", hashed[0], hashed[1]);
    for line in bytes.chunks(32) {
        for byte in line {
            write!(text, "{byte:02x}").unwrap();
        }
        text.push('\n');
    }
    text
}

/// The bytes of an object that its id is the hash of: all of a node, else the header.
pub(super) fn hashed(bytes: &[u8]) -> Result<Vec<u8>> {
    if bytes.first() == Some(&(ObjectKind::Node as u8)) && bytes.get(1) == Some(&1) {
        return Ok(bytes.to_vec());
    }
    Stored::decode(bytes).map(|stored| stored.header().to_vec())
}

/// What an object's bytes mean, as text that differs where the meaning does, and the bytes that
/// this meaning is written as.
pub(super) struct Meaning {
    pub(super) shown: String,
    pub(super) encoded: Vec<u8>,
}

/// Reads `bytes` as an object of the kind that has the number `kind`, with all its texts.
pub(super) fn open(kind: u8, bytes: &[u8]) -> Result<Meaning> {
    let unknown = || Error::corrupt("no known kind");
    let kind = ObjectKind::from_byte(kind).ok_or_else(unknown)?;
    if kind == ObjectKind::Node {
        let node = Node::decode(bytes)?;
        return Ok(Meaning { shown: format!("{node:?}"), encoded: node.encode() });
    }
    let stored = Stored::decode(bytes)?;
    let texts = stored.texts().to_vec();
    let (shown, again) = match kind {
        ObjectKind::Genesis => {
            let header: Genesis = stored.open()?;
            (format!("{header:?}"), Stored::seal(&header, texts))
        }
        ObjectKind::Record => {
            let header: RecordHeader = stored.open()?;
            let record = Record::open(stored.clone())?;
            let shown = format!("{header:?} {:?} {:?}", record.to_entry(), record.tombstone());
            (shown, Stored::seal(&header, texts))
        }
        ObjectKind::Commit => {
            let header: CommitHeader = stored.open()?;
            let commit = Commit::open(stored.clone())?;
            let said = (commit.message(), commit.rationale(), commit.reasons());
            (format!("{header:?} {said:?}"), Stored::seal(&header, texts))
        }
        ObjectKind::Session => {
            let header: SessionHeader = stored.open()?;
            let session = Session::open(&stored)?;
            (format!("{header:?} {:?}", session.extra()), Stored::seal(&header, texts))
        }
        ObjectKind::EventChunk => {
            let header: ChunkHeader = stored.open()?;
            let events = open_chunk(&stored)?;
            (format!("{header:?} {events:?}"), Stored::seal(&header, texts))
        }
        ObjectKind::Operation => {
            let header: OperationHeader = stored.open()?;
            let operation = Operation::open(stored.clone())?;
            (format!("{header:?} {:?}", operation.message()), Stored::seal(&header, texts))
        }
        ObjectKind::Tombstone => {
            let header: TombstoneHeader = stored.open()?;
            let tombstone = Tombstone::open(&stored)?;
            (format!("{header:?} {:?}", tombstone.reason()), Stored::seal(&header, texts))
        }
        ObjectKind::Node => unreachable!("handled above"),
    };
    let erased: Vec<_> = stored.tombstones().collect();
    Ok(Meaning { shown: format!("{shown} {erased:?}"), encoded: again.encode() })
}
