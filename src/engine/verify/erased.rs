//! Erased texts against the tombstones that stand in their places.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::verify::VerifyReport;
use crate::object::{Stored, Tombstone};
use crate::storage::{ObjectId, TombstoneId};

/// What the rows say is erased, and which tombstones they hold.
#[derive(Default)]
pub(super) struct Erasures {
    /// Objects without some of their texts, and what they say stands there.
    erased: BTreeSet<(ObjectId, TombstoneId)>,
    /// The objects that each tombstone names.
    tombstones: BTreeMap<TombstoneId, Vec<ObjectId>>,
}

impl Erasures {
    pub(super) fn note(&mut self, stored: &Stored) {
        self.erased.extend(stored.tombstones().map(|tombstone| (stored.id(), tombstone)));
    }

    pub(super) fn bury(&mut self, tombstone: &Tombstone) {
        self.tombstones.insert(tombstone.id(), tombstone.objects().to_vec());
    }

    /// Every missing text must have its tombstone, in whichever row, and that must name the object.
    pub(super) fn check(&self, report: &mut VerifyReport) {
        for (object, tombstone) in &self.erased {
            let named = self.tombstones.get(tombstone);
            if named.is_none_or(|objects| objects.binary_search(object).is_err()) {
                let what = format!("lacks a text that tombstone {tombstone} does not account for");
                report.find(format!("object {object}"), what);
            }
        }
    }
}
