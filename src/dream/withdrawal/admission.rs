//! Who let a version into memory, and how many speak for what is left of it.

use std::collections::BTreeSet;

use crate::dream::dream::Dream;
use crate::dream::withdrawal::inquiry::Inquiry;
use crate::error::Result;
use crate::object::{Author, AuthorKind, Evidence, Record};

impl Inquiry<'_> {
    /// How many sessions the citations name, and how many users are known of these.
    pub(super) fn speakers(&self, cites: &[Evidence]) -> Result<(u64, u64)> {
        let (mut ids, mut users) = (BTreeSet::new(), BTreeSet::new());
        for cite in cites {
            let session = self.store.session_object(cite.session)?;
            users.extend(session.facts().user.clone());
            ids.insert(session.id().to_owned());
        }
        Ok((ids.len() as u64, users.len() as u64))
    }

    /// Whether a dream proposed a version and no person decided on it.
    pub(super) fn is_unattended(&mut self, record: &Record) -> Result<bool> {
        let Some((dream, number)) = record.provenance().dream else { return Ok(false) };
        if !self.unattended.contains_key(&dream) {
            let mut numbers = BTreeSet::new();
            for (number, choice) in Dream::new(self.store.clone(), dream).choices()? {
                let reviewer: Author = choice.reviewer.parse()?;
                if reviewer.kind() != AuthorKind::Person {
                    numbers.insert(number);
                }
            }
            self.unattended.insert(dream, numbers);
        }
        Ok(self.unattended.get(&dream).is_some_and(|numbers| numbers.contains(&number)))
    }
}
