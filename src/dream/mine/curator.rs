//! The built-in curator: mining, behind the door that all curators share.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::dream::curator::{
    Citation, Curator, CuratorInput, Recalled, SessionReader, SuggestedChange, Suggestion,
};
use crate::dream::mine::census::Census;
use crate::dream::mine::ledger::Digest;
use crate::dream::mine::memory::{self, Fate, Held, Known, Plan, SESSIONS, Use};
use crate::dream::mine::shelf::Shelf;
use crate::dream::mine::{Finding, FindingKind, MineOptions, Miner};
use crate::error::{ErrorKind, Result};
use crate::limits;
use crate::object::{Entry, Key, Kind, ProposalKind, Session};

/// The version of the method: raised when other sessions would give other proposals.
pub(super) const VERSION: &str = "0.4";

/// The built-in curator: offline and deterministic. From sessions it finds recurring mistakes and
/// what worked instead, workflows that sessions converge on, what users ask for repeatedly, and
/// habits that newer sessions gave up. From memory it finds what is told twice, too long, held by
/// several agents, unused, called wrong, or out of date.
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

    fn remembers(&self) -> bool {
        true
    }

    fn propose(
        &self,
        input: &CuratorInput<'_>,
        suggest: &mut dyn FnMut(Suggestion) -> Result<()>,
    ) -> Result<()> {
        let (miner, ids) = self.read(input)?;
        let memories = held(input)?;
        // Each with the finding that it rests on. What that cites is listed only when its turn comes.
        let plans = plans(input, &memories)?.into_iter();
        let mut suggestions: Vec<(Suggestion, Option<Rc<Finding>>)> =
            plans.map(|suggestion| (suggestion, None)).collect();
        let known = Known::of(&memories);
        for finding in miner.finish() {
            let finding = Rc::new(finding);
            let mut told = outdated(&finding, &memories);
            told.extend(suggestion(&finding, &known, input)?);
            suggestions.extend(told.into_iter().map(|told| (told, Some(Rc::clone(&finding)))));
        }
        suggestions.sort_by_key(|(suggestion, _)| Reverse(suggestion.confidence));
        suggestions.truncate(self.options.findings_max);
        for (mut suggestion, finding) in suggestions {
            suggestion.cites = finding.map_or(Vec::new(), |finding| cited(&finding, &ids));
            suggest(suggestion)?;
        }
        Ok(())
    }
}

impl Mine {
    /// All sessions taken in, with their ids in the order of their numbers.
    fn read<'a>(&self, input: &CuratorInput<'a>) -> Result<(Miner<'a>, Vec<&'a str>)> {
        let reader = input.sessions;
        let mut shelf = Shelf::of(input.memory.store(), VERSION);
        let mut census = Census::default();
        let mut ids = Vec::new();
        let mut sessions: Vec<&Session> = reader.sessions().iter().collect();
        // Where there is nothing new to read, what was read before has been told.
        if !sessions.is_empty() {
            sessions.extend(reader.earlier());
        }
        sessions.sort_by_key(|session| (session.facts().started, session.id()));
        // Twice: what is rare is known once all is counted, and is most of what sessions hold.
        for session in &sessions {
            census.count(&digest(session, reader, &mut shelf)?);
        }
        shelf.write()?;
        let mut miner = Miner::counted(self.options, sessions.len(), census);
        for session in sessions {
            let digest = digest(session, reader, &mut shelf)?;
            miner.absorb(session.facts(), digest);
            ids.push(session.id());
        }
        shelf.write()?;
        Ok((miner, ids))
    }
}

/// What a session adds: as it was kept, or read anew.
fn digest(session: &Session, reader: &SessionReader<'_>, shelf: &mut Shelf<'_>) -> Result<Digest> {
    match shelf.load(session) {
        Ok(Some(digest)) => {
            reader.note(session.id())?;
            return Ok(digest);
        }
        Ok(None) => {}
        // What is derived is derived again.
        Err(error) if error.kind() == ErrorKind::Corrupt => {}
        Err(error) => return Err(error),
    }
    let events = reader.events(session.id())?;
    let digest = Miner::digest(session.facts(), &events);
    shelf.keep(session, &reader.names(session)?, &digest)?;
    Ok(digest)
}

/// All memories that can be read. What was erased says nothing.
fn held(input: &CuratorInput<'_>) -> Result<Vec<Held>> {
    let mut all = Vec::new();
    for entry in input.memory.entries("") {
        let (key, record) = entry?;
        let entry = match record.to_entry() {
            Ok(entry) => entry,
            Err(error) if error.kind() == ErrorKind::Redacted => continue,
            Err(error) => return Err(error),
        };
        let said = input.feedback.iter().find(|said| said.memory == record.memory());
        let (helpful, wrong) = said.map_or((0, 0), |said| (said.helpful, said.wrong));
        let last = match input.recalls {
            Some(recalls) => recalls.recalled(record.memory())?.1,
            None => None,
        };
        all.push(Held {
            key,
            record: record.id(),
            entry,
            author: record.provenance().author.clone(),
            trust: record.trust(),
            usage: Use { last, helpful, wrong },
        });
    }
    Ok(all)
}

/// What memory by itself gives reason to change.
fn plans(input: &CuratorInput<'_>, memories: &[Held]) -> Result<Vec<Suggestion>> {
    let mut plans = memory::fold(memories);
    plans.extend(memory::split(memories));
    plans.extend(memory::disputed(memories));
    let since = input.recalls.map(Recalled::since).transpose()?.flatten();
    if let Some(since) = since {
        let store = input.memory.store();
        let written = |held: &Held| Ok(store.commit_of(held.record)?.committed());
        plans.extend(memory::stale(memories, (since, input.now), written)?);
    }
    let suggestion = |plan: Plan| Suggestion {
        kind: plan.kind,
        title: plan.title,
        changes: plan.changes,
        rationale: plan.rationale,
        confidence: plan.confidence,
        cites: Vec::new(),
        inputs: plan.inputs,
    };
    Ok(plans.into_iter().map(suggestion).collect())
}

/// The suggestion that a finding makes, unless memory says it already.
fn suggestion(
    finding: &Finding,
    known: &Known<'_>,
    input: &CuratorInput<'_>,
) -> Result<Option<Suggestion>> {
    let (kind, written) = match finding.kind {
        FindingKind::Mistake => (ProposalKind::Mistake, Kind::MISTAKE),
        FindingKind::Workflow => (ProposalKind::Workflow, Kind::PROCEDURE),
        FindingKind::Preference => (ProposalKind::Preference, Kind::PREFERENCE),
        FindingKind::Supersession => (ProposalKind::Supersession, Kind::NOTE),
    };
    let (told, inputs) = match known.fate(finding) {
        Fate::New => (String::new(), Vec::new()),
        Fate::Known => return Ok(None),
        Fate::Strengthen(held) => {
            (" Memory says so; more sessions do now.".into(), vec![held.record])
        }
        Fate::Correct(held) => {
            (" It corrects what memory says at this key.".into(), vec![held.record])
        }
    };
    let entry = Entry::new(&finding.text)
        .title(finding.title.clone())
        .kind(written)
        .attribute(SESSIONS, finding.sources.sessions.to_string());
    // What readers called wrong is claimed with less confidence.
    let said = input.feedback.iter().filter(|said| said.key == finding.key);
    let doubts = said.map(|said| said.wrong.saturating_sub(said.helpful)).sum::<u32>();
    Ok(Some(Suggestion {
        kind,
        title: finding.title.clone(),
        changes: vec![SuggestedChange::Put(Key::new(&finding.key)?, entry)],
        rationale: format!("{}{told}", finding.rationale),
        confidence: finding.confidence / (1 + doubts.min(9) as u16),
        cites: Vec::new(),
        inputs,
    }))
}

/// Suggestions that tell the memories of a habit given up that it was.
fn outdated(finding: &Finding, memories: &[Held]) -> Vec<Suggestion> {
    let Some(gone) = &finding.gone else { return Vec::new() };
    let told = memory::outdated(memories, gone, &finding.text).into_iter();
    let suggestion = |(held, entry): (Held, Entry)| Suggestion {
        kind: ProposalKind::Supersession,
        title: format!("{} tells of {gone}, which was given up", held.key),
        changes: vec![SuggestedChange::Put(held.key, entry)],
        rationale: finding.rationale.clone(),
        confidence: finding.confidence,
        cites: Vec::new(),
        inputs: vec![held.record],
    };
    told.map(suggestion).collect()
}

/// The finding's citations; the first of each session come first, so that a bound on their number
/// takes later ones away before it takes a session.
fn cited(finding: &Finding, ids: &[&str]) -> Vec<Citation> {
    let mut ranks: BTreeMap<usize, u32> = BTreeMap::new();
    let mut ranked: Vec<_> = finding
        .cites()
        .into_iter()
        .map(|cite| {
            let rank = ranks.entry(cite.session).or_default();
            *rank += 1;
            (*rank, cite)
        })
        .collect();
    ranked.sort_by_key(|(rank, cite)| (*rank, *cite));
    ranked.truncate(limits::EVIDENCE_MAX);
    ranked.sort_by_key(|(_, cite)| *cite);
    let named =
        ranked.into_iter().map(|(_, cite)| Citation::new(ids[cite.session], cite.first, cite.last));
    named.collect()
}
