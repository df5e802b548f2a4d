//! What mining hands back.

use std::rc::Rc;

use crate::dream::mine::support::Support;

/// What a finding is about.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum FindingKind {
    /// Something that went wrong again and again, and what worked instead.
    Mistake,
    /// Steps that many sessions take.
    Workflow,
    /// What users ask for again and again.
    Preference,
    /// A habit that newer sessions gave up for another.
    Supersession,
}

/// Who stands behind a finding: counts over the sessions it cites.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Sources {
    pub(crate) sessions: u32,
    pub(crate) users: u32,
    pub(crate) agents: u32,
    pub(crate) successes: u32,
    pub(crate) failures: u32,
}

/// Events of one session that a finding rests on.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Cite {
    /// The session, counted in the order in which sessions were read.
    pub(crate) session: usize,
    /// The first event, counted from 0.
    pub(crate) first: u32,
    /// The last event, inclusive.
    pub(crate) last: u32,
}

/// One thing worth remembering, with all sessions that support it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Finding {
    pub(crate) kind: FindingKind,
    /// A stable, readable path such as `mistakes/bash/no-module-named`.
    pub(crate) key: String,
    pub(crate) title: String,
    /// The statement to keep.
    pub(crate) text: String,
    /// How it was found.
    pub(crate) rationale: String,
    /// Per mille.
    pub(crate) confidence: u16,
    pub(crate) sources: Sources,
    /// Where it was seen.
    pub(super) support: Rc<Support>,
    /// The tool or command that it says was given up.
    pub(crate) gone: Option<String>,
}

impl Finding {
    /// What it rests on: at least one citation per supporting session, in order.
    pub(super) fn cites(&self) -> Vec<Cite> {
        self.support.cites()
    }
}
