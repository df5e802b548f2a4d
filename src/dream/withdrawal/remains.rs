//! What is left of a memory's evidence, and whether that is enough.

use std::fmt;

use crate::error::Result;
use crate::object::{Evidence, Record, Taint, Trust};
use crate::storage::RecordId;

/// What a version of a memory rests on once the suspect is not believed.
#[derive(Debug)]
pub struct Remaining<'a> {
    /// The version.
    pub record: &'a Record,
    /// The citations that are left.
    pub evidence: &'a [Evidence],
    /// The records it was made from that still stand.
    pub inputs: &'a [RecordId],
    /// The trust that follows from these.
    pub trust: Trust,
    /// Their sources.
    pub taint: Taint,
}

/// Asks of a version of a memory whether what is left of its evidence is enough to keep it.
pub struct KeepRule(Box<Keep>);

type Keep = dyn Fn(&Remaining<'_>) -> Result<bool>;

impl KeepRule {
    /// The rule that `keep` states.
    pub fn new(keep: impl Fn(&Remaining<'_>) -> Result<bool> + 'static) -> Self {
        Self(Box::new(keep))
    }

    pub(super) fn keeps(&self, remaining: &Remaining<'_>) -> Result<bool> {
        (self.0)(remaining)
    }
}

impl Default for KeepRule {
    /// At least one citation or record is left, and these are trusted no less than all of them
    /// were.
    fn default() -> Self {
        Self::new(|left| {
            let founded = !left.evidence.is_empty() || !left.inputs.is_empty();
            Ok(founded && left.trust >= left.record.trust())
        })
    }
}

impl fmt::Debug for KeepRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeepRule(..)")
    }
}
