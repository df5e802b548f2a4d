//! Short ids: as few digits as are unique in the database.

use std::fmt;
use std::sync::Arc;

use crate::engine::database::Database;
use crate::error::Result;
use crate::storage::{ObjectId, PREFIX_DIGITS_MIN, Prefix, Reader};

/// Abbreviates ids to as few digits, at least eight, as no other object of the database begins
/// with. It knows the objects that stood in the database when it was made.
pub struct Abbreviations {
    view: Arc<Reader>,
    /// Sorted.
    unflushed: Vec<ObjectId>,
}

impl Database {
    /// The abbreviations of ids as of now.
    ///
    /// # Errors
    /// `Io` or `Corrupt` if the log cannot be read.
    pub fn abbreviations(&self) -> Result<Abbreviations> {
        let core = self.core();
        core.refresh()?;
        let all = (ObjectId::from_bytes([0; 32]), ObjectId::from_bytes([0xff; 32]));
        let found = core.state().locations(&all.0, &all.1);
        let mut unflushed: Vec<_> = found.into_iter().map(|(id, _)| id).collect();
        unflushed.sort_unstable();
        Ok(Abbreviations { view: core.view()?, unflushed })
    }
}

impl Abbreviations {
    /// The shortest unique digits of `id`, which need not exist.
    ///
    /// # Errors
    /// `Io` or `Corrupt` if the index cannot be read.
    pub fn of(&self, id: ObjectId) -> Result<String> {
        let full = id.to_string();
        let prefix = Prefix::parse(&full[..PREFIX_DIGITS_MIN]).expect("BUG: digits of an id");
        let (low, high) = prefix.range();
        let mut digits = PREFIX_DIGITS_MIN;
        let flushed = self.view.locations(&low, &high)?.into_iter().map(|(other, _)| other);
        let first = self.unflushed.partition_point(|other| *other < low);
        let unflushed = self.unflushed[first..].iter().take_while(|other| **other <= high);
        for other in flushed.chain(unflushed.copied()).filter(|other| *other != id) {
            digits = digits.max(shared_digits(&full, &other.to_string()) + 1);
        }
        Ok(full[..digits].to_owned())
    }
}

fn shared_digits(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

impl fmt::Debug for Abbreviations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Abbreviations(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Author;

    #[test]
    fn an_abbreviation_grows_until_it_is_unique() {
        let db = Database::in_memory().unwrap();
        let main = db.store("default").unwrap().branch("main").unwrap();
        let mut tx = main.write().unwrap();
        tx.put("a", "first").unwrap();
        let commit = tx.commit(Author::person("ana").message("m")).unwrap().object();
        let mut known = db.abbreviations().unwrap();
        assert_eq!(known.of(commit).unwrap(), commit.to_string()[..8]);
        let mut near = *commit.as_bytes();
        near[6] ^= 0x01;
        let at = known.unflushed.partition_point(|other| *other < ObjectId::from_bytes(near));
        known.unflushed.insert(at, ObjectId::from_bytes(near));
        assert_eq!(known.of(commit).unwrap(), commit.to_string()[..14]);
    }
}
