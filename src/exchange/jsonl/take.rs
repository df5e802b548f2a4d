//! Taking an exported history in: as it is where that is possible, else as new commits.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::history::{FirstChildren, History};
use crate::engine::{Database, GivenLog, GivenRow, Graft, Grafted, Store};
use crate::error::{Error, Result};
use crate::object::{
    Author, Cause, Commit, ObjectKind, Origin, Provenance, Record, RefKind, RefName, StoreName,
    Stored,
};
use crate::storage::{CommitId, RecordId};

/// What the origin of a commit begins with that was made anew from an exported one.
const SCHEME: &str = "undream:";
/// About how many bytes land together.
const BATCH_BYTES: usize = 8 << 20;

/// How an exported history was taken in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum HistoryFate {
    /// As it is, genesis and all, into a database that had no commits: all ids are equal.
    #[default]
    Restored,
    /// What was missing, as it is, into a database of the same genesis: ids of commits are equal.
    Joined,
    /// As new commits, into a database of another genesis.
    Remade,
}

/// What taking an exported history in came to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct HistoryImport {
    /// How it was taken in.
    pub fate: HistoryFate,
    /// Commits that were added.
    pub commits: u64,
    /// Commits that were known.
    pub known: u64,
    /// Versions of sessions that were added.
    pub sessions: u64,
    /// Sessions that stayed as they are because this database has versions of its own of them.
    pub sessions_kept: u64,
    /// Versions of memories that could not be made anew because their text was erased.
    pub erased: u64,
    /// Branches and tags that were created or moved, by store.
    pub refs: Vec<(StoreName, RefName)>,
}

impl Database {
    /// Takes in the history in the file at `path`, which [`Database::export_history`] wrote.
    ///
    /// Into a database that has no commits or sessions it comes as it is, genesis and all. A
    /// database of the same genesis gets the commits that it does not have; one of another genesis
    /// gets commits made anew. There, a branch or tag whose name is taken comes as `imported/NAME`.
    /// Taking the same history in again adds nothing.
    ///
    /// All is checked before anything is written: every object against its id, every tree against
    /// its edits, every ref against the log.
    ///
    /// # Errors
    /// `Corrupt` with the line that was cut, altered or does not fit; `Invalid` if the file is no
    /// exported history; `Locked` if the genesis would change under another process.
    pub fn import_history(&self, path: impl AsRef<Path>, author: &Author) -> Result<HistoryImport> {
        let mut children = FirstChildren::default();
        let mut note = |commit: &Commit| children.note(commit);
        let history = History::open(path.as_ref(), self.progress(), &mut note)?;
        let chain = self.chain(&history.genesis, history.whole, children.0);
        if self.is_blank()? {
            return restore(self, &history, chain);
        }
        let mut chain = chain;
        history.rows(&mut |row| chain.check(&row).map(drop))?;
        let joins = self.id() == history.genesis.database;
        let mut taking = Taking::new(self, author, joins);
        for store in chain.stores() {
            taking.store(store)?;
        }
        history.rows(&mut |row| taking.take(row))?;
        taking.finish(&chain)
    }
}

fn restore(database: &Database, history: &History, mut chain: GivenLog) -> Result<HistoryImport> {
    let mut report = HistoryImport::default();
    let mut refill = database.refill(history.genesis.clone())?;
    history.rows(&mut |row| {
        let checked = chain.check(&row)?;
        report.commits += u64::from(checked.commit.is_some());
        report.sessions += checked.sessions.len() as u64;
        refill.append(row, checked)
    })?;
    refill.finish()?;
    report.refs = chain.refs().map(|(full, _)| full.clone()).collect();
    Ok(report)
}

/// A history on its way into a database that has commits of its own.
struct Taking<'a> {
    database: &'a Database,
    author: &'a Author,
    joins: bool,
    stores: BTreeMap<StoreName, TakingStore>,
    report: HistoryImport,
}

/// The part of one store.
struct TakingStore {
    store: Store,
    graft: Graft,
    /// Commits that an earlier import made anew, by the id they had.
    known: HashMap<String, CommitId>,
    /// What became of the commits and records of the file; nothing, of erased records.
    commits: HashMap<CommitId, CommitId>,
    records: HashMap<RecordId, Option<RecordId>>,
}

impl<'a> Taking<'a> {
    fn new(database: &'a Database, author: &'a Author, joins: bool) -> Self {
        let fate = if joins { HistoryFate::Joined } else { HistoryFate::Remade };
        let report = HistoryImport { fate, ..HistoryImport::default() };
        Self { database, author, joins, stores: BTreeMap::new(), report }
    }

    /// The part of `name`, which is created if there is none.
    fn store(&mut self, name: &StoreName) -> Result<&mut TakingStore> {
        if !self.stores.contains_key(name) {
            let exists = self.database.stores()?.contains(name);
            let store = if exists {
                self.database.store(name.as_str())?
            } else {
                self.database.create_store(name.as_str(), self.author)?
            };
            let taking = TakingStore {
                graft: Graft::new(&store)?,
                known: store.imported(SCHEME)?,
                store,
                commits: HashMap::new(),
                records: HashMap::new(),
            };
            self.stores.insert(name.clone(), taking);
        }
        Ok(self.stores.get_mut(name).expect("BUG: the store was just added"))
    }

    fn take(&mut self, row: GivenRow) -> Result<()> {
        let joins = self.joins;
        let mut report = std::mem::take(&mut self.report);
        let part = self.store(&row.store)?;
        if joins {
            part.adopt(row, &mut report)?;
        } else {
            part.remake(row, &mut report)?;
        }
        if part.graft.bytes() >= BATCH_BYTES {
            part.graft.land()?;
        }
        self.report = report;
        Ok(())
    }

    /// Moves the refs, once everything they reach is durable.
    fn finish(mut self, chain: &GivenLog) -> Result<HistoryImport> {
        for (name, mut part) in self.stores {
            part.graft.land()?;
            let mut moves = Vec::new();
            for ((store, reference), state) in chain.refs() {
                if *store != name {
                    continue;
                }
                let to = if self.joins { state.commit } else { part.commits[&state.commit] };
                moves.extend(part.goal(reference, state.kind, to, self.joins)?);
            }
            let refs = moves.iter().map(|(reference, ..)| (name.clone(), reference.clone()));
            self.report.refs.extend(refs);
            part.graft.finish(self.author, moves)?;
        }
        Ok(self.report)
    }
}

impl TakingStore {
    /// Takes a row over as it is.
    fn adopt(&mut self, row: GivenRow, report: &mut HistoryImport) -> Result<()> {
        for stored in &row.objects {
            match stored.kind()? {
                ObjectKind::Commit if self.store.knows(stored.id())? => report.known += 1,
                ObjectKind::Commit => report.commits += 1,
                ObjectKind::Session if !self.store.knows(stored.id())? => report.sessions += 1,
                _ => {}
            }
        }
        let kept = self.graft.adopt(row)?;
        report.sessions -= kept;
        report.sessions_kept += kept;
        Ok(())
    }

    /// Makes the commit of a row anew, and takes its sessions over.
    fn remake(&mut self, row: GivenRow, report: &mut HistoryImport) -> Result<()> {
        let mut commit = None;
        let mut records: Vec<Record> = Vec::new();
        let mut rest: Vec<Stored> = Vec::new();
        for stored in row.objects {
            match stored.kind()? {
                ObjectKind::Commit => commit = Some(Commit::open(stored)?),
                ObjectKind::Record => records.push(Record::open(stored)?),
                ObjectKind::Operation => {}
                _ => rest.push(stored),
            }
        }
        if !rest.is_empty() {
            let (edits, homes) = (Vec::new(), Vec::new());
            self.adopt(GivenRow { store: row.store, objects: rest, edits, homes }, report)?;
        }
        let Some(commit) = commit else { return Ok(()) };
        if let Some(ours) = self.known.get(&commit.id().to_string()).copied() {
            report.known += 1;
            self.commits.insert(commit.id(), ours);
            // The records it made stand at the same keys.
            let held: BTreeMap<_, _> = self.store.records_of(ours)?.into_iter().collect();
            for edit in &row.edits {
                if let Some(after) = edit.after {
                    self.records.entry(after).or_insert_with(|| held.get(&edit.key).copied());
                }
            }
            return Ok(());
        }
        for record in records {
            let made = self.remake_record(&record)?;
            report.erased += u64::from(made.is_none());
            self.records.insert(record.id(), made);
        }
        let parents = commit.parents().iter().map(|parent| self.commits[parent]).collect();
        let edits: Vec<_> = row
            .edits
            .iter()
            .map(|edit| (edit.key.clone(), edit.after.and_then(|after| self.records[&after])))
            .collect();
        let homes = row.homes.iter();
        let homes = homes.map(|(memory, edit)| (*memory, edits[*edit as usize].0.clone()));
        let text = commit.message().unwrap_or("(erased)");
        let mut message = commit.author().message(text).authored(commit.authored());
        if let Some(session) = commit.session() {
            message = message.session(session);
        }
        let grafted = Grafted {
            parents,
            homes: homes.collect(),
            edits,
            message,
            cause: Cause::Import { origin: format!("{SCHEME}{}", commit.id()) },
        };
        let ours = self.graft.commit(grafted)?;
        self.commits.insert(commit.id(), ours);
        report.commits += 1;
        Ok(())
    }

    /// Makes a record anew; none if its text was erased.
    fn remake_record(&mut self, record: &Record) -> Result<Option<RecordId>> {
        let Ok(entry) = record.to_entry() else { return Ok(None) };
        let ours = |id: &RecordId| self.records.get(id).copied().flatten();
        let previous: Vec<RecordId> = record.previous().iter().filter_map(ours).collect();
        let old = record.provenance();
        let provenance =
            Provenance { inputs: old.inputs.iter().filter_map(ours).collect(), ..old.clone() };
        let origin = Origin { provenance, trust: record.trust(), taint: record.taint() };
        self.graft.make_record(record.memory(), entry, &previous, origin).map(Some)
    }

    /// Where a ref of the file goes; `None` if this store has all that it reaches.
    #[expect(clippy::type_complexity, reason = "one move, as a graft takes it")]
    fn goal(
        &self,
        name: &RefName,
        kind: RefKind,
        to: CommitId,
        joins: bool,
    ) -> Result<Option<(RefName, RefKind, Option<CommitId>, CommitId)>> {
        // What the engine keeps about its own commits means nothing about commits made anew.
        let mut candidates = Vec::new();
        if joins || !name.is_reserved() {
            candidates.push(name.clone());
        }
        candidates.push(RefName::new(format!("imported/{name}"))?);
        for number in 2..100 {
            candidates.push(RefName::new(format!("imported/{name}.{number}"))?);
        }
        for (at, candidate) in candidates.iter().enumerate() {
            let own = at == 0 && candidate == name;
            match self.store.find_ref(candidate)? {
                None => return Ok(Some((candidate.clone(), kind, None, to))),
                Some(held) if held.commit == to => return Ok(None),
                Some(held) if self.store.is_ancestor(to, held.commit)? => return Ok(None),
                Some(held)
                    if !own && held.kind == kind && self.store.is_ancestor(held.commit, to)? =>
                {
                    return Ok(Some((candidate.clone(), kind, Some(held.commit), to)));
                }
                Some(_) => {}
            }
        }
        Err(Error::invalid(format!("there are too many imports of `{name}`")))
    }
}
