//! A memory as it is looked at, and a plan to change some.

use crate::clock::Time;
use crate::dream::curator::SuggestedChange;
use crate::object::{Author, AuthorKind, Entry, Key, ProposalKind, Trust};
use crate::storage::RecordId;

/// How a memory was used.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::dream::mine) struct Use {
    /// When it was last given to somebody, if it ever was since the log began.
    pub(in crate::dream::mine) last: Option<Time>,
    /// How often a reader called it helpful, and wrong.
    pub(in crate::dream::mine) helpful: u32,
    pub(in crate::dream::mine) wrong: u32,
}

/// One memory.
#[derive(Clone, Debug)]
pub(in crate::dream::mine) struct Held {
    pub(in crate::dream::mine) key: Key,
    pub(in crate::dream::mine) record: RecordId,
    pub(in crate::dream::mine) entry: Entry,
    pub(in crate::dream::mine) author: Author,
    pub(in crate::dream::mine) trust: Trust,
    pub(in crate::dream::mine) usage: Use,
}

/// Changes that belong together, with the reason.
#[derive(Clone, Debug)]
pub(in crate::dream::mine) struct Plan {
    pub(in crate::dream::mine) kind: ProposalKind,
    pub(in crate::dream::mine) title: String,
    pub(in crate::dream::mine) changes: Vec<SuggestedChange>,
    pub(in crate::dream::mine) rationale: String,
    /// Per mille.
    pub(in crate::dream::mine) confidence: u16,
    /// The records it rests on.
    pub(in crate::dream::mine) inputs: Vec<RecordId>,
}

impl Held {
    /// The agent that holds it: the one its key names, as in `agents/scribe/city`, else the one that
    /// wrote it.
    pub(super) fn agent(&self) -> Option<&str> {
        let by_key = self.in_agent_folder().map(|(agent, _)| agent);
        by_key.or_else(|| (self.author.kind() == AuthorKind::Agent).then(|| self.author.name()))
    }

    /// The agent and the rest of a key such as `agents/scribe/city`.
    pub(super) fn in_agent_folder(&self) -> Option<(&str, &str)> {
        self.key.as_str().strip_prefix("agents/")?.split_once('/')
    }

    /// Whether a person wrote it: then a miner does not rewrite it by itself.
    pub(super) fn is_by_person(&self) -> bool {
        self.author.kind() == AuthorKind::Person
    }
}
