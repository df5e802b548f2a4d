//! The lines of an exported history, and the rows they stand for.

use serde::{Deserialize, Serialize};

use super::base64;
use crate::engine::{GivenRow, RowEdit};
use crate::error::{Error, Result};
use crate::object::{Genesis, Key, StoreName, Stored};
use crate::storage::{MemoryId, ObjectId, RecordId};

/// What the first line says it is.
pub(super) const NAME: &str = "history";
/// The format that is written.
pub(super) const FORMAT: u32 = 1;
/// What whoever opens the file should know.
const SECRET: &str = "as secret as the database: it holds every text, and the salts";

/// The first line.
#[derive(Deserialize, Serialize)]
pub(super) struct Opening {
    pub(super) undream: String,
    pub(super) format: u32,
    secret: String,
    genesis: String,
    /// `None` if the rows are those of all stores.
    pub(super) store: Option<StoreName>,
}

/// A row.
#[derive(Deserialize, Serialize)]
pub(super) struct RowLine {
    store: StoreName,
    objects: Vec<ObjectForm>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    edits: Vec<EditForm>,
    /// Memory, and the index of the edit that brings it to a key it never stood at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    homes: Vec<(String, u32)>,
}

/// The last line.
#[derive(Deserialize, Serialize)]
pub(super) struct Closing {
    pub(super) rows: u64,
}

/// Any line but the first.
pub(super) enum Line {
    Row(RowLine),
    Closing(Closing),
}

impl Line {
    pub(super) fn read(line: &str) -> Result<Self> {
        if line.starts_with("{\"rows\":") {
            from_json(line).map(Self::Closing)
        } else {
            from_json(line).map(Self::Row)
        }
    }
}

#[derive(Deserialize, Serialize)]
struct ObjectForm {
    kind: String,
    id: String,
    bytes: String,
}

#[derive(Deserialize, Serialize)]
struct EditForm {
    key: Key,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

pub(super) fn to_json(line: &impl Serialize) -> String {
    serde_json::to_string(line).expect("BUG: our own lines are always JSON")
}

pub(super) fn from_json<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T> {
    serde_json::from_str(line)
        .map_err(|error| Error::corrupt(format!("it is no line of a history: {error}")))
}

impl Opening {
    pub(super) fn new(genesis: &Genesis, store: Option<StoreName>) -> Self {
        Self {
            undream: NAME.to_owned(),
            format: FORMAT,
            secret: SECRET.to_owned(),
            genesis: base64::encode(&genesis.encode()),
            store,
        }
    }

    pub(super) fn genesis(&self) -> Result<Genesis> {
        Genesis::decode(&bytes(&self.genesis)?)
    }
}

fn bytes(text: &str) -> Result<Vec<u8>> {
    base64::decode(text).ok_or_else(|| Error::corrupt("an object is not in base 64"))
}

impl RowLine {
    pub(super) fn of(row: &GivenRow) -> Result<Self> {
        let object = |stored: &Stored| {
            Ok(ObjectForm {
                kind: stored.kind()?.name().to_owned(),
                id: stored.id().to_string(),
                bytes: base64::encode(&stored.encode()),
            })
        };
        let edit = |edit: &RowEdit| EditForm {
            key: edit.key.clone(),
            before: edit.before.map(|id| id.to_string()),
            after: edit.after.map(|id| id.to_string()),
        };
        Ok(Self {
            store: row.store.clone(),
            objects: row.objects.iter().map(object).collect::<Result<_>>()?,
            edits: row.edits.iter().map(edit).collect(),
            homes: row.homes.iter().map(|(memory, edit)| (memory.to_string(), *edit)).collect(),
        })
    }

    pub(super) fn row(self) -> Result<GivenRow> {
        let object = |form: ObjectForm| {
            let stored = Stored::decode(&bytes(&form.bytes)?)?;
            let named: ObjectId = form.id.parse()?;
            if stored.id() != named || stored.kind()?.name() != form.kind {
                return Err(Error::corrupt(format!("object {named} is not what its id says")));
            }
            Ok(stored)
        };
        let record = |id: Option<String>| id.map(|id| id.parse::<RecordId>()).transpose();
        let edit = |form: EditForm| {
            let (before, after) = (record(form.before)?, record(form.after)?);
            Ok(RowEdit { key: form.key, before, after })
        };
        let home = |(memory, edit): (String, u32)| Ok((memory.parse::<MemoryId>()?, edit));
        Ok(GivenRow {
            store: self.store,
            objects: self.objects.into_iter().map(object).collect::<Result<_>>()?,
            edits: self.edits.into_iter().map(edit).collect::<Result<_>>()?,
            homes: self.homes.into_iter().map(home).collect::<Result<_>>()?,
        })
    }
}
