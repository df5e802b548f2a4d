//! What is left of a memory's evidence, and whether that is enough.

use std::fmt;

use crate::engine::Policy;
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
    /// How many sessions are left among the citations.
    pub sessions: u64,
    /// The users of these sessions that are known.
    pub users: u64,
    /// Whether the policy, an agent or a program let it in, and no person.
    pub unattended: bool,
    /// The policy in force.
    pub policy: &'a Policy,
}

impl Remaining<'_> {
    /// Whether what is left would still be merged without a person, as far as that is a matter of
    /// evidence: enough sessions, enough users where users are known, enough trust.
    pub fn passes_policy(&self) -> bool {
        self.sessions >= self.policy.sessions_min
            && (self.users == 0 || self.users >= self.policy.users_min)
            && self.trust >= self.policy.trust_min
    }
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
    /// were. What no person let in must pass the policy on what is left, too.
    fn default() -> Self {
        Self::new(|left| {
            let founded = !left.evidence.is_empty() || !left.inputs.is_empty();
            let admitted = !left.unattended || left.passes_policy();
            Ok(founded && admitted && left.trust >= left.record.trust())
        })
    }
}

impl fmt::Debug for KeepRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeepRule(..)")
    }
}
