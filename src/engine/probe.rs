//! Probes: questions with the memories that should answer them, records on the branch `meta`.
//!
//! What is expected is named by memory, so a rename breaks no probe. Who asks is above this floor.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::engine::snapshot::Snapshot;
use crate::engine::store::Store;
use crate::error::{Error, Result};
use crate::limits;
use crate::object::{Author, Commit, Entry, Key, Kind, Message, Record, RefName};
use crate::storage::{CommitId, MemoryId};

/// The folder of the probes, on `meta`.
pub(crate) const PROBES: &str = "probes";
/// Among how many first hits an answer is expected unless told otherwise.
const TOP: u32 = 5;

/// A question, and the memories that a search for it should bring. It tells when memory has drifted
/// away from what it should know.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Probe {
    /// Its name, one segment of a key.
    pub name: String,
    /// What is searched for.
    pub query: String,
    /// What should be found.
    pub expects: Vec<Expectation>,
    /// Among how many first hits.
    pub top: u32,
    /// Who added it, or changed it last.
    pub by: Author,
    /// When.
    pub at: Time,
    /// The commit of `meta` that did.
    pub commit: CommitId,
}

/// A memory that a probe should bring.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The memory.
    #[serde(with = "as_text")]
    pub memory: MemoryId,
    /// Where it stood when the probe was added.
    pub key: Key,
}

/// How many probes bring what they should.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ProbeTally {
    /// Those that do.
    pub hold: u64,
    /// All.
    pub all: u64,
}

/// Asks a store's probes of a snapshot. Search does; a dream, which knows no search, is handed one
/// to tell how memory answers before it and after it.
pub trait ProbeAsker: Send + Sync {
    /// Asks all probes that the store has now.
    ///
    /// # Errors
    /// What a search fails with.
    fn tally(&self, snapshot: &Snapshot) -> Result<ProbeTally>;
}

/// A probe before it is added.
#[derive(Clone, Debug)]
#[must_use = "a probe is kept once it is added"]
pub struct NewProbe {
    name: Option<String>,
    query: String,
    expects: Vec<String>,
    top: u32,
}

/// The text of a probe's record.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Wording {
    query: String,
    expects: Vec<Expectation>,
    top: u32,
}

impl NewProbe {
    /// A probe that searches for `query`.
    pub fn new(query: impl Into<String>) -> Self {
        Self { name: None, query: query.into(), expects: Vec::new(), top: TOP }
    }

    /// What it is called; by its words unless given.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The search should bring the memory at `key`; given several times, all of them.
    pub fn expects(mut self, key: impl Into<String>) -> Self {
        self.expects.push(key.into());
        self
    }

    /// Among so many first hits; 5 unless given.
    pub fn top(mut self, top: u32) -> Self {
        self.top = top;
        self
    }

    /// The name, and what is written down.
    fn read(self, snapshot: &Snapshot) -> Result<(String, Wording)> {
        limits::check("the query", self.query.len(), limits::QUERY_BYTES_MAX, "bytes")?;
        if self.query.trim().is_empty() || self.expects.is_empty() || self.top == 0 {
            return Err(Error::invalid(
                "a probe needs words to search for, and a memory to expect among the first hits",
            ));
        }
        let mut seen = BTreeSet::new();
        let mut expects = Vec::new();
        for key in &self.expects {
            let missing = || Error::not_found(format!("there is no memory at `{key}`"));
            let memory = snapshot.get(key)?.ok_or_else(missing)?.memory();
            if seen.insert(memory) {
                expects.push(Expectation { memory, key: Key::new(key)? });
            }
        }
        let name = self.name.unwrap_or_else(|| named_after(&self.query));
        check_name(&name)?;
        Ok((name, Wording { query: self.query, expects, top: self.top }))
    }
}

impl Store {
    /// Adds a probe whose answers stand in `snapshot` now. One of the same name is replaced: the
    /// branch `meta` keeps its history.
    ///
    /// # Errors
    /// `NotFound` if there is no memory at a key; `Invalid` if it asks or expects nothing or its name
    /// is none; `Limit` if the query is longer than 1 KiB.
    pub fn add_probe(
        &self,
        probe: NewProbe,
        snapshot: &Snapshot,
        message: Message,
    ) -> Result<Probe> {
        let (name, wording) = probe.read(snapshot)?;
        let text = serde_json::to_string_pretty(&wording)
            .map_err(|error| Error::invalid("a probe cannot be written").with_source(error))?;
        let key = format!("{PROBES}/{name}");
        self.any_branch(RefName::meta()).update_reserved(message, |transaction| {
            transaction.put(&key, Entry::new(text.clone()).kind(Kind::SYSTEM))
        })?;
        let added = self.probes()?.into_iter().find(|probe| probe.name == name);
        added.ok_or_else(|| Error::stale(format!("the probe `{name}` was removed meanwhile")))
    }

    /// Removes a probe. Returns whether there was one.
    ///
    /// # Errors
    /// `Invalid` if the name can be none.
    pub fn remove_probe(&self, name: &str, message: Message) -> Result<bool> {
        check_name(name)?;
        self.any_branch(RefName::meta()).strike(&format!("{PROBES}/{name}"), message)
    }

    /// The probes, in order of their names. One whose words were erased is none any more.
    ///
    /// # Errors
    /// `Corrupt` if a record is damaged.
    pub fn probes(&self) -> Result<Vec<Probe>> {
        self.probes_in(&self.any_branch(RefName::meta()).snapshot()?)
    }

    /// The probes that there were when `commit` was made.
    ///
    /// # Errors
    /// As [`Store::probes`], and `NotFound` if there is no such commit.
    pub fn probes_then(&self, commit: &Commit) -> Result<Vec<Probe>> {
        match self.ref_before(&RefName::meta(), commit.id())? {
            Some(meta) => self.probes_in(&self.snapshot(meta)?),
            None => Ok(Vec::new()),
        }
    }

    /// Where a branch stood when a probe was added.
    pub(crate) fn branch_at(&self, branch: &RefName, probe: &Probe) -> Result<Option<CommitId>> {
        self.ref_before(branch, probe.commit)
    }

    fn probes_in(&self, meta: &Snapshot) -> Result<Vec<Probe>> {
        let mut probes = Vec::new();
        for entry in meta.entries(PROBES) {
            let (key, record) = entry?;
            if !record.is_erased() {
                probes.push(self.read_probe(&key, &record)?);
            }
        }
        Ok(probes)
    }

    fn read_probe(&self, key: &Key, record: &Record) -> Result<Probe> {
        let damaged = || Error::corrupt(format!("the record `{key}` is damaged"));
        let name = key.as_str().strip_prefix(PROBES).and_then(|name| name.strip_prefix('/'));
        let wording: Wording =
            serde_json::from_str(record.text()?).map_err(|error| damaged().with_source(error))?;
        let commit = self.commit_of(record.id())?;
        Ok(Probe {
            name: name.ok_or_else(damaged)?.to_owned(),
            query: wording.query,
            expects: wording.expects,
            top: wording.top,
            by: record.provenance().author.clone(),
            at: commit.committed(),
            commit: commit.id(),
        })
    }
}

/// A name is one segment of a key.
fn check_name(name: &str) -> Result<()> {
    limits::check("the name", name.len(), limits::NAME_BYTES_MAX, "bytes")?;
    let key = Key::new(name)?;
    if key.as_str().contains('/') {
        return Err(Error::invalid(format!("`{name}` cannot be a probe's name: it holds a `/`")));
    }
    Ok(())
}

/// The words of a query, in lower case, joined by `-`.
fn named_after(query: &str) -> String {
    let mut name = String::new();
    for word in query.to_lowercase().split(|c: char| !c.is_alphanumeric()) {
        if word.is_empty() || name.len() + word.len() >= limits::NAME_BYTES_MAX {
            continue;
        }
        if !name.is_empty() {
            name.push('-');
        }
        name.push_str(word);
    }
    name
}

/// A memory's id as its text form.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::storage::MemoryId;

    pub(super) fn serialize<S: Serializer>(id: &MemoryId, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(id)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<MemoryId, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::named_after;

    #[test]
    fn a_probe_is_named_after_its_words() {
        assert_eq!(named_after("Refund  limit?"), "refund-limit");
        assert_eq!(named_after("+title:\"a/b\" ..."), "title-a-b");
        assert_eq!(named_after("?!"), "");
    }
}
