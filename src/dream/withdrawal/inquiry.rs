//! Whether a version of a memory still stands once a session or an author is not believed.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::dream::footing::Footing;
use crate::dream::withdrawal::remains::{KeepRule, Remaining};
use crate::engine::{Endorsements, Policy, Store};
use crate::error::Result;
use crate::object::{AuthorKind, Cause, Evidence, Origin, Provenance, Record, Suspect, Trust};
use crate::storage::{RecordId, SessionObjectId};

/// How a version of a memory stands.
#[derive(Clone)]
pub(super) enum Standing {
    /// It does not rest on the suspect.
    Sound,
    /// It rests on other things too, and is kept on these.
    Shaken(Arc<Origin>),
    /// It has grounds of its own, but still says what only a fallen version accounts for.
    Mixed(Arc<Mixed>),
    /// A person changed a version that has fallen, or somebody changed such a one later.
    Edited,
    /// It rests on nothing else.
    Fallen,
}

/// What a version took over from one that has fallen.
pub(super) struct Mixed {
    /// The version that has fallen.
    pub(super) fallen: RecordId,
    /// The newest version before it that stands.
    pub(super) onto: Option<RecordId>,
    /// Lines that only the fallen version accounts for.
    pub(super) lines: BTreeSet<String>,
}

/// Goes through versions of memories, each once.
pub(super) struct Inquiry<'a> {
    pub(super) store: &'a Store,
    suspect: &'a Suspect,
    rule: &'a KeepRule,
    endorsed: Endorsements,
    policy: Policy,
    /// By dream: the proposals that no person decided on.
    pub(super) unattended: HashMap<u64, BTreeSet<u32>>,
    /// Whether a stored session is the suspect.
    sessions: HashMap<SessionObjectId, bool>,
    standings: HashMap<RecordId, Standing>,
    /// What [`Inquiry::last_standing`] found.
    lasts: HashMap<RecordId, Option<RecordId>>,
}

impl<'a> Inquiry<'a> {
    pub(super) fn new(store: &'a Store, suspect: &'a Suspect, rule: &'a KeepRule) -> Result<Self> {
        Ok(Self {
            store,
            suspect,
            rule,
            endorsed: store.endorsements()?,
            policy: store.policy()?,
            unattended: HashMap::new(),
            sessions: HashMap::new(),
            standings: HashMap::new(),
            lasts: HashMap::new(),
        })
    }

    /// How the version `id` stands. Versions before it are looked at first, one after the other:
    /// a memory may have any number of them.
    pub(super) fn standing(&mut self, id: RecordId) -> Result<Standing> {
        let mut open = vec![id];
        while let Some(next) = open.last().copied() {
            if self.standings.contains_key(&next) {
                open.pop();
                continue;
            }
            let record = self.store.record(next)?;
            let sources = record.previous().iter().chain(&record.provenance().inputs);
            let before: Vec<RecordId> =
                sources.filter(|id| !self.standings.contains_key(id)).copied().collect();
            if before.is_empty() {
                let standing = self.judge(&record)?;
                self.standings.insert(next, standing);
                open.pop();
            } else {
                open.extend(before);
            }
        }
        Ok(self.known(id))
    }

    fn known(&self, id: RecordId) -> Standing {
        self.standings.get(&id).cloned().expect("BUG: a version before was not looked at")
    }

    /// Judges a version whose sources are judged.
    fn judge(&mut self, record: &Record) -> Result<Standing> {
        if self.wrote(record) {
            return Ok(Standing::Fallen);
        }
        let (dead, live) = self.cites(record)?;
        let all = &record.provenance().inputs;
        let inputs: Vec<RecordId> = all
            .iter()
            .filter(|id| !matches!(self.known(**id), Standing::Fallen))
            .copied()
            .collect();
        let hit = !dead.is_empty() || inputs.len() < all.len();
        if hit && live.is_empty() && inputs.is_empty() {
            return Ok(Standing::Fallen);
        }
        let before: Vec<Standing> = record.previous().iter().map(|id| self.known(*id)).collect();
        if before.iter().any(|standing| matches!(standing, Standing::Edited)) {
            return Ok(Standing::Edited);
        }
        let lost = |standing: &Standing| matches!(standing, Standing::Fallen | Standing::Mixed(_));
        let derived = !live.is_empty() || !inputs.is_empty();
        let by_a_person = record.provenance().author.kind() == AuthorKind::Person;
        // A version with two before it is a merge: nobody has written it.
        if !derived && by_a_person && before.len() < 2 && before.iter().any(lost) {
            return Ok(Standing::Edited);
        }
        if dead.is_empty()
            && before.iter().any(lost)
            && let Some(mixed) = self.taken_over(record)?
        {
            return Ok(Standing::Mixed(Arc::new(mixed)));
        }
        let sources = record.previous().iter().chain(all).map(|id| self.known(*id));
        let untouched = !hit && sources.into_iter().all(|found| matches!(found, Standing::Sound));
        if untouched || !derived {
            return Ok(Standing::Sound);
        }
        self.weigh(record, live, inputs, dead.is_empty())
    }

    /// Whether the suspect wrote `record` directly.
    fn wrote(&self, record: &Record) -> bool {
        let from = record.provenance();
        match self.suspect {
            Suspect::Session(id) => from.session.as_ref() == Some(id),
            Suspect::Author(author) => from.author == *author,
        }
    }

    /// All events that `record` rests on: first those of the suspect, then the others. A record
    /// names some of what its proposal cites, but all of what a withdrawal has left of it.
    pub(super) fn cites(&mut self, record: &Record) -> Result<(Vec<Evidence>, Vec<Evidence>)> {
        let from = record.provenance();
        let mut all = from.evidence.clone();
        if let Some((dream, number)) = from.dream
            && let Cause::Proposal(part) = self.store.commit_of(record.id())?.cause()
            && (part.dream, part.number) == (dream, number)
        {
            all.clone_from(&part.evidence);
        }
        let (mut dead, mut live) = (Vec::new(), Vec::new());
        for cite in all {
            if self.is_suspect(cite.session)? { dead.push(cite) } else { live.push(cite) }
        }
        Ok((dead, live))
    }

    pub(super) fn is_suspect(&mut self, object: SessionObjectId) -> Result<bool> {
        let Suspect::Session(id) = self.suspect else { return Ok(false) };
        if let Some(known) = self.sessions.get(&object) {
            return Ok(*known);
        }
        let suspect = self.store.session_object(object)?.id() == id;
        self.sessions.insert(object, suspect);
        Ok(suspect)
    }

    /// Weighs what is left of a derived version.
    fn weigh(
        &mut self,
        record: &Record,
        live: Vec<Evidence>,
        inputs: Vec<RecordId>,
        intact: bool,
    ) -> Result<Standing> {
        let from = record.provenance();
        let grounds = self.grounds(record, &live, &inputs)?;
        let trust = grounds.trust().min(self.cap(record)?);
        let origin = Origin {
            provenance: Provenance { evidence: live, inputs, ..from.clone() },
            trust,
            taint: grounds.taint(),
        };
        let (sessions, users) = self.speakers(&origin.provenance.evidence)?;
        let remaining = Remaining {
            record,
            evidence: &origin.provenance.evidence,
            inputs: &origin.provenance.inputs,
            trust,
            taint: origin.taint,
            sessions,
            users,
            unattended: self.is_unattended(record)?,
            policy: &self.policy,
        };
        if !self.rule.keeps(&remaining)? {
            return Ok(Standing::Fallen);
        }
        let same = intact
            && origin.provenance.inputs.len() == from.inputs.len()
            && (origin.trust, origin.taint) == (record.trust(), record.taint());
        Ok(if same { Standing::Sound } else { Standing::Shaken(Arc::new(origin)) })
    }

    /// What these citations and records come to, with the version that `record` changed: where that
    /// has fallen, the one that stands in its place.
    pub(super) fn grounds(
        &mut self,
        record: &Record,
        live: &[Evidence],
        inputs: &[RecordId],
    ) -> Result<Footing> {
        let mut grounds = self.cited(live)?;
        let mut records = inputs.to_vec();
        for id in record.previous() {
            records.extend(match self.known(*id) {
                Standing::Fallen | Standing::Mixed(_) => self.last_standing(*id)?,
                _ => Some(*id),
            });
        }
        for id in records {
            match self.known(id) {
                Standing::Shaken(origin) => grounds.add(origin.trust, origin.taint),
                _ => grounds.add_record(&self.store.record(id)?, &self.endorsed)?,
            }
        }
        Ok(grounds)
    }

    fn cited(&self, cites: &[Evidence]) -> Result<Footing> {
        let mut grounds = Footing::default();
        for cite in cites {
            let session = self.store.session_object(cite.session)?;
            for (_, source) in self.store.event_sources(&session, cite.first..=cite.last)? {
                grounds.add_source(source);
            }
        }
        Ok(grounds)
    }

    /// What the curator's own bound was: less evidence must not lift it.
    pub(super) fn cap(&mut self, record: &Record) -> Result<Trust> {
        let (mut all, live) = self.cites(record)?;
        all.extend(live);
        let mut grounds = self.cited(&all)?;
        for id in record.provenance().inputs.iter().chain(record.previous()) {
            grounds.add_record(&self.store.record(*id)?, &self.endorsed)?;
        }
        Ok(if grounds.trust() > record.trust() { record.trust() } else { Trust::User })
    }

    /// What `record` still says that only a fallen version before it accounts for.
    fn taken_over(&mut self, record: &Record) -> Result<Option<Mixed>> {
        let own = lines(record);
        let mut sound = BTreeSet::new();
        for id in record.previous().iter().chain(&record.provenance().inputs) {
            if !matches!(self.known(*id), Standing::Fallen | Standing::Mixed(_)) {
                sound.extend(lines(&self.store.record(*id)?));
            }
        }
        for id in record.previous() {
            let (fallen, onto, lost) = match self.known(*id) {
                Standing::Mixed(mixed) => (mixed.fallen, mixed.onto, mixed.lines.clone()),
                Standing::Fallen => {
                    let onto = self.last_standing(*id)?;
                    let mut lost = lines(&self.store.record(*id)?);
                    if let Some(onto) = onto {
                        let kept = lines(&self.store.record(onto)?);
                        lost.retain(|line| !kept.contains(line));
                    }
                    (*id, onto, lost)
                }
                _ => continue,
            };
            let still = |line: &&String| own.contains(*line) && !sound.contains(*line);
            let lines: BTreeSet<String> = lost.iter().filter(still).cloned().collect();
            if !lines.is_empty() {
                return Ok(Some(Mixed { fallen, onto, lines }));
            }
        }
        Ok(None)
    }

    /// The newest version before `id` that has neither fallen nor took over from one that has.
    pub(super) fn last_standing(&mut self, id: RecordId) -> Result<Option<RecordId>> {
        if let Some(known) = self.lasts.get(&id) {
            return Ok(*known);
        }
        let mut open = self.before(id)?;
        let mut seen: BTreeSet<RecordId> = open.iter().copied().collect();
        let mut best: Option<(u64, RecordId)> = None;
        while let Some(next) = open.pop() {
            match (self.standing(next)?, self.lasts.get(&next)) {
                // A memory may have any number of versions that fell, one after the other.
                (Standing::Fallen | Standing::Mixed(_), Some(Some(last))) => {
                    best = best.max(Some((self.store.place_of(*last)?, *last)));
                }
                (Standing::Fallen | Standing::Mixed(_), Some(None)) => {}
                (Standing::Fallen | Standing::Mixed(_), None) => {
                    let before = self.before(next)?;
                    open.extend(before.into_iter().filter(|id| seen.insert(*id)));
                }
                _ => best = best.max(Some((self.store.place_of(next)?, next))),
            }
        }
        let best = best.map(|(_, id)| id);
        self.lasts.insert(id, best);
        Ok(best)
    }

    /// The versions that `id` changed. What a withdrawal wrote stands in the place of a version
    /// that was not believed then, and that must not come back.
    fn before(&self, id: RecordId) -> Result<Vec<RecordId>> {
        let mut before = self.store.record(id)?.previous().to_vec();
        let mut of = id;
        while let Cause::Withdrawal { .. } = self.store.commit_of(of)?.cause()
            && let Some(replaced) = before.first().copied()
        {
            before = self.store.record(replaced)?.previous().to_vec();
            of = replaced;
        }
        Ok(before)
    }
}

/// The lines of a version's text and its title, without those that are empty. An erased text has
/// none: nobody reads it any more.
pub(super) fn lines(record: &Record) -> BTreeSet<String> {
    let Ok(entry) = record.to_entry() else { return BTreeSet::new() };
    let lines = entry.text.lines().chain(entry.title.as_deref());
    lines.map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
