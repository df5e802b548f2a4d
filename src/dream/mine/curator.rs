//! The built-in curator: mining, behind the door that all curators share.

use std::collections::BTreeMap;

use crate::dream::curator::{Citation, Curator, CuratorInput, SuggestedChange, Suggestion};
use crate::dream::mine::{Finding, FindingKind, MineOptions, Miner};
use crate::error::Result;
use crate::limits;
use crate::object::{Entry, Key, Kind, ProposalKind};

/// The version of the method: raised when other sessions would give other proposals.
const VERSION: &str = "0.1";

/// The built-in curator: offline and deterministic. It finds recurring mistakes and what worked
/// instead, workflows that sessions converge on, what users ask for repeatedly, and habits that
/// newer sessions gave up.
#[derive(Clone, Copy, Debug)]
pub struct Mine {
    options: MineOptions,
}

impl Default for Mine {
    fn default() -> Self {
        Self { options: MineOptions { findings_max: 100, ..MineOptions::default() } }
    }
}

impl Mine {
    /// Proposes nothing that fewer sessions support.
    #[must_use]
    pub fn sessions_min(mut self, sessions: usize) -> Self {
        self.options.sessions_min = sessions;
        self
    }

    /// Proposes at most this much.
    #[must_use]
    pub fn proposals_max(mut self, proposals: usize) -> Self {
        self.options.findings_max = proposals;
        self
    }
}

impl Curator for Mine {
    fn name(&self) -> String {
        "mine".to_owned()
    }

    fn version(&self) -> String {
        VERSION.to_owned()
    }

    fn propose(
        &self,
        input: &CuratorInput<'_>,
        suggest: &mut dyn FnMut(Suggestion) -> Result<()>,
    ) -> Result<()> {
        let mut miner = Miner::new(self.options);
        let mut ids = Vec::new();
        for session in input.sessions.sessions() {
            let events = input.sessions.events(session.id())?;
            miner.read(session.facts().clone(), &events);
            ids.push(session.id().to_owned());
        }
        miner.finish().into_iter().try_for_each(|finding| suggest(suggestion(finding, &ids)?))
    }
}

fn suggestion(finding: Finding, ids: &[String]) -> Result<Suggestion> {
    let (kind, written) = match finding.kind {
        FindingKind::Mistake => (ProposalKind::Mistake, Kind::MISTAKE),
        FindingKind::Workflow => (ProposalKind::Workflow, Kind::PROCEDURE),
        FindingKind::Preference => (ProposalKind::Preference, Kind::PREFERENCE),
        FindingKind::Supersession => (ProposalKind::Supersession, Kind::NOTE),
    };
    let cites = cited(&finding, ids);
    let entry = Entry::new(finding.text).title(finding.title.clone()).kind(written);
    Ok(Suggestion {
        kind,
        title: finding.title,
        changes: vec![SuggestedChange::Put(Key::new(finding.key)?, entry)],
        rationale: finding.rationale,
        confidence: finding.confidence,
        cites,
        inputs: Vec::new(),
    })
}

/// The finding's citations; the first of each session come first, so that a bound on their number
/// takes later ones away before it takes a session.
fn cited(finding: &Finding, ids: &[String]) -> Vec<Citation> {
    let mut ranks: BTreeMap<usize, u32> = BTreeMap::new();
    let mut ranked: Vec<_> = finding
        .cites
        .iter()
        .map(|cite| {
            let rank = ranks.entry(cite.session).or_default();
            *rank += 1;
            (*rank, *cite)
        })
        .collect();
    ranked.sort_by_key(|(rank, cite)| (*rank, *cite));
    ranked.truncate(limits::EVIDENCE_MAX);
    ranked.sort_by_key(|(_, cite)| *cite);
    let named = ranked
        .into_iter()
        .map(|(_, cite)| Citation::new(&ids[cite.session], cite.first, cite.last));
    named.collect()
}
