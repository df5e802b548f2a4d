//! Endorsements: a person vouches for exactly one text.
//!
//! An endorsement is a record on the branch `meta` whose key is the text's `TextId`. Records of
//! memories do not change by it: whoever edits the words makes another text, which nobody has
//! endorsed, and whatever brings the words back (a revert, a merge, a pick, a rename) brings back
//! an endorsed text.

use crate::clock::Time;
use crate::engine::snapshot::Snapshot;
use crate::engine::store::Store;
use crate::error::{Error, Result};
use crate::object::{Author, AuthorKind, Entry, Kind, Record, RefName, Source, Taint, Trust};
use crate::storage::{ObjectId, TextId};

/// The folder of endorsements on `meta`.
const FOLDER: &str = "endorsements";

/// That a person vouches for a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endorsement {
    /// The text.
    pub text: TextId,
    /// Who vouches for it.
    pub by: Author,
    /// Since when.
    pub at: Time,
    /// Why, if they said so.
    pub reason: Option<String>,
}

/// The endorsements of a store, as they were when this was read.
#[derive(Clone, Debug)]
pub struct Endorsements {
    meta: Snapshot,
}

impl Store {
    /// Who vouches for which texts now.
    ///
    /// # Errors
    /// `Io` or `Corrupt` if the log cannot be read.
    pub fn endorsements(&self) -> Result<Endorsements> {
        Ok(Endorsements { meta: self.any_branch(RefName::meta()).snapshot()? })
    }

    /// Vouches for the words of `record`: title, text and context, exactly as they are. Returns
    /// whether they were not endorsed before.
    ///
    /// # Errors
    /// `Invalid` if `author` is no person; `Redacted` if the words were erased.
    pub fn endorse(&self, record: &Record, author: &Author, reason: Option<&str>) -> Result<bool> {
        only_a_person(author, "endorse a text")?;
        record.text()?;
        let key = endorsement_key(record.text_id());
        let mut new = false;
        let message = author.message(format!("Endorse the text of record {:.12}", record.id()));
        self.any_branch(RefName::meta()).update_reserved(message, |transaction| {
            new = transaction.base().get_id(&key)?.is_none();
            if new {
                let entry = Entry::new(reason.unwrap_or_default()).kind(Kind::SYSTEM);
                transaction.put(&key, entry)?;
            }
            Ok(())
        })?;
        Ok(new)
    }

    /// Takes an endorsement back, whoever gave it. Returns whether there was one.
    ///
    /// # Errors
    /// `Invalid` if `author` is no person.
    pub fn unendorse(&self, record: &Record, author: &Author) -> Result<bool> {
        only_a_person(author, "take an endorsement back")?;
        let message = author.message(format!("No longer endorse record {:.12}", record.id()));
        self.any_branch(RefName::meta()).strike(&endorsement_key(record.text_id()), message)
    }
}

impl Endorsements {
    /// The endorsements that a state of the branch `meta` holds.
    pub(crate) fn at(meta: Snapshot) -> Self {
        Self { meta }
    }

    /// Whether somebody vouches for the words of `record`.
    ///
    /// # Errors
    /// `Corrupt` if a tree node is damaged.
    pub fn hold(&self, record: &Record) -> Result<bool> {
        Ok(self.meta.get_id(&endorsement_key(record.text_id()))?.is_some())
    }

    /// How far `record` is trusted, endorsements included.
    ///
    /// # Errors
    /// As [`Endorsements::hold`].
    pub fn trust(&self, record: &Record) -> Result<Trust> {
        Ok(if self.hold(record)? { Trust::Endorsed } else { record.trust() })
    }

    /// Who vouches for the words of `record`; `None` if nobody does.
    ///
    /// # Errors
    /// `Corrupt` if a tree node or record is damaged.
    pub fn of(&self, record: &Record) -> Result<Option<Endorsement>> {
        let found = self.meta.get(&endorsement_key(record.text_id()))?;
        found.map(|found| self.read(record.text_id(), &found)).transpose()
    }

    /// All endorsements, in order of their texts' ids.
    ///
    /// # Errors
    /// `Corrupt` if a tree node or record is damaged.
    pub fn list(&self) -> Result<Vec<Endorsement>> {
        let found = self.meta.entries(FOLDER).map(|entry| {
            let (key, record) = entry?;
            let digits = key.as_str().rsplit('/').next().unwrap_or_default();
            let text: ObjectId = digits.parse().map_err(|error| {
                Error::corrupt(format!("`{key}` names no text")).with_source(error)
            })?;
            self.read(text.into(), &record)
        });
        found.collect()
    }

    fn read(&self, text: TextId, record: &Record) -> Result<Endorsement> {
        let reason = record.text().ok().filter(|reason| !reason.is_empty());
        Ok(Endorsement {
            text,
            by: record.provenance().author.clone(),
            at: self.meta.store().commit_of(record.id())?.committed(),
            reason: reason.map(str::to_owned),
        })
    }
}

/// Which memories are trusted enough: endorsements count, and an endorsed text keeps its taint.
///
/// ```
/// use undream::{Author, Database, Entry, Source, Trust, TrustFilter};
///
/// let db = Database::in_memory()?;
/// let store = db.store("default")?;
/// let main = store.branch("main")?;
/// let mut tx = main.write()?;
/// tx.put("facts/city", Entry::fact("The office is in Lisbon."))?;
/// tx.commit(Author::agent("scribe").message("A first fact"))?;
///
/// let filter = TrustFilter::new().min_trust(Trust::User).without(Source::Web);
/// let record = main.snapshot()?.get("facts/city")?.unwrap();
/// assert!(!filter.admits(&record, &store.endorsements()?)?);
/// store.endorse(&record, &Author::person("ana"), None)?;
/// assert!(filter.admits(&record, &store.endorsements()?)?);
/// # Ok::<(), undream::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TrustFilter {
    least: Trust,
    without: Taint,
}

impl TrustFilter {
    /// The filter that everything passes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only what is trusted at least this far.
    #[must_use]
    pub fn min_trust(mut self, least: Trust) -> Self {
        self.least = least;
        self
    }

    /// Nothing that rests on words from `source`; given several times, on none of them.
    #[must_use]
    pub fn without(mut self, source: Source) -> Self {
        self.without = self.without.union(Taint::of(source));
        self
    }

    /// Whether everything passes.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `record` passes.
    ///
    /// # Errors
    /// As [`Endorsements::hold`].
    pub fn admits(&self, record: &Record, endorsements: &Endorsements) -> Result<bool> {
        if self.without.sources().any(|source| record.taint().contains(source)) {
            return Ok(false);
        }
        Ok(record.trust() >= self.least || endorsements.trust(record)? >= self.least)
    }
}

/// Refuses agents and programs.
pub(crate) fn only_a_person(author: &Author, deed: &str) -> Result<()> {
    if author.kind() == AuthorKind::Person {
        return Ok(());
    }
    Err(Error::invalid(format!("only a person can {deed}; `{author}` is none")))
}

/// Where on `meta` the endorsement of a text lies.
pub(crate) fn endorsement_key(text: TextId) -> String {
    format!("{FOLDER}/{text}")
}
