//! What the records of a transaction rest on, where that is not just their author.

use crate::object::{Evidence, Message, Origin, Provenance, Taint, Trust};
use crate::storage::RecordId;

/// How the records of a transaction come about, where that is not just their author.
#[derive(Clone, Debug, Default)]
pub(crate) struct Provenances {
    pub(crate) dream: Option<(u64, u32)>,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) inputs: Vec<RecordId>,
    pub(crate) trust: Option<(Trust, Taint)>,
}

impl Provenances {
    /// The origin of a record written under `message`.
    pub(super) fn stamp(&self, message: &Message) -> Origin {
        let source = message.author.source();
        let (trust, taint) = self.trust.unwrap_or((source.trust(), Taint::of(source)));
        Origin {
            provenance: Provenance {
                source,
                author: message.author.clone(),
                session: message.session.clone(),
                dream: self.dream,
                evidence: self.evidence.clone(),
                inputs: self.inputs.clone(),
            },
            trust,
            taint,
        }
    }
}
