//! A dream that has run.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::dream::account::Workings;
use crate::dream::manifest::{
    Choices, DreamStatus, Manifest, Part, load, meta, numbers, read_by, run_name, save,
};
use crate::dream::order::{Order, given};
use crate::dream::overtaken::{Overtaken, Overtaking};
use crate::dream::proposal::{Proposal, read_all};
use crate::dream::signal::Signal;
use crate::dream::standing::Standing;
use crate::engine::{Branch, Diff, Store, Transaction};
use crate::error::{Error, Result};
use crate::object::{Cause, Commit, RefName};
use crate::storage::CommitId;

/// One pass over sessions, and what it proposes: the branch `dreams/<n>` and its account.
#[derive(Clone)]
pub struct Dream {
    store: Store,
    number: u64,
}

impl Dream {
    pub(crate) fn new(store: Store, number: u64) -> Self {
        Self { store, number }
    }

    /// The dream with this number.
    ///
    /// # Errors
    /// `NotFound` with the dreams there are.
    pub fn open(store: &Store, number: u64) -> Result<Self> {
        let dream = Self::new(store.clone(), number);
        dream.manifest()?;
        Ok(dream)
    }

    /// All dreams of a store, in order.
    ///
    /// # Errors
    /// `Io` or `Corrupt` if the log cannot be read.
    pub fn list(store: &Store) -> Result<Vec<Self>> {
        let numbers = numbers(&meta(store).snapshot()?)?;
        Ok(numbers.into_iter().map(|number| Self::new(store.clone(), number)).collect())
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The dream's number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The dream's branch: its head is the preview of all proposals together.
    pub fn branch(&self) -> Branch {
        self.store.any_branch(RefName::dream(self.number))
    }

    /// The branch that the dream is of.
    ///
    /// # Errors
    /// As [`Dream::manifest`].
    pub fn base_branch(&self) -> Result<Branch> {
        self.store.branch(&self.recorded()?.branch)
    }

    /// What the dream would change, all proposals together: its branch compared with the commit it
    /// started from, whatever was written to the base branch since.
    ///
    /// # Errors
    /// As [`Dream::manifest`]; `Corrupt` if a node is damaged.
    pub fn diff(&self) -> Result<Diff> {
        let base = self.store.snapshot(self.recorded()?.base_commit()?)?;
        self.store.diff(&base, &self.branch())
    }

    /// What the dream did, and where it stands now: a dream that nobody runs any more has failed,
    /// and what the branch no longer has, because its merge was undone, is not merged.
    ///
    /// # Errors
    /// `NotFound` with the dreams there are; `Corrupt` if the record is damaged.
    pub fn manifest(&self) -> Result<Manifest> {
        let mut manifest = self.outcome()?;
        if manifest.status == DreamStatus::Running && given(self)? == Order::Pause {
            manifest.status = DreamStatus::Paused;
        }
        let choices = self.choices()?;
        let overtaken = self.overtaken(&manifest, &choices)?;
        manifest.settle(&choices, &overtaken);
        Ok(manifest)
    }

    /// What the run came to, whatever was decided since: a dream that nobody runs any more has
    /// failed.
    pub(super) fn outcome(&self) -> Result<Manifest> {
        let mut manifest = self.recorded()?;
        let lease = run_name(&self.store, self.number);
        if manifest.status == DreamStatus::Running && !self.store.database().is_leased(&lease)? {
            // Whoever ran it may have ended it since; nobody can who comes after.
            manifest = self.recorded()?;
            if manifest.status == DreamStatus::Running {
                let after = Signal::of(&self.branch().snapshot()?, None)?;
                manifest.cut_off(self.commits()?.len() as u32, after);
            }
        }
        Ok(manifest)
    }

    /// What has overtaken those of its proposals that nobody has to decide on any more.
    fn overtaken(&self, manifest: &Manifest, choices: &Choices) -> Result<Vec<Overtaken>> {
        if !manifest.may_wait(choices) {
            return Ok(Vec::new());
        }
        let overtaking = Overtaking::of(self, manifest)?;
        let mut found = Vec::new();
        for commit in self.commits()? {
            let Cause::Proposal(part) = commit.cause() else { continue };
            if !choices.contains_key(&part.number) {
                found.extend(overtaking.find(part.number, &self.store.changes(commit.id())?)?);
            }
        }
        Ok(found)
    }

    /// What was taken back of what had been merged: by which commits, the newest first, which
    /// proposals.
    ///
    /// # Errors
    /// `Corrupt` if something is damaged.
    pub fn taken_back(&self) -> Result<Vec<(CommitId, BTreeSet<u32>)>> {
        let mut found: Vec<(CommitId, BTreeSet<u32>)> = Vec::new();
        for pick in self.standing()?.picks {
            let Some(by) = pick.taken_back else { continue };
            let at = found.iter().position(|(commit, _)| *commit == by).unwrap_or_else(|| {
                found.push((by, BTreeSet::new()));
                found.len() - 1
            });
            found[at].1.insert(pick.proposal);
        }
        Ok(found)
    }

    /// Whether the dream is of the branch with this name.
    pub(crate) fn is_of(&self, branch: &str) -> Result<bool> {
        Ok(self.recorded()?.branch == branch)
    }

    /// What was written down of the dream.
    fn recorded(&self) -> Result<Manifest> {
        let snapshot = meta(&self.store).snapshot()?;
        if let Some(manifest) = load(&snapshot, self.number, Part::Manifest)? {
            return Ok(manifest);
        }
        let known = numbers(&snapshot)?.into_iter().map(|number| number.to_string());
        Err(Error::not_found(format!("there is no dream {}", self.number)).with_candidates(known))
    }

    /// The ids of the sessions that the curator read, whether or not a proposal cites them; beside
    /// them it saw the memory as it was at the dream's base. What a dream has read without citing
    /// it may have moved it all the same.
    ///
    /// # Errors
    /// `Corrupt` if the record is damaged.
    pub fn read_sessions(&self) -> Result<Vec<String>> {
        let snapshot = meta(&self.store).snapshot()?;
        Ok(read_by(&snapshot, self.number)?.into_iter().map(|(id, _)| id).collect())
    }

    /// What the curator told of its work: how it was set, and what it asked of whom for which
    /// proposals. Empty for a curator that tells nothing.
    ///
    /// # Errors
    /// `Corrupt` if the record is damaged.
    pub fn workings(&self) -> Result<Workings> {
        let snapshot = meta(&self.store).snapshot()?;
        Ok(load(&snapshot, self.number, Part::Workings)?.unwrap_or_default())
    }

    /// The proposals, best first, each with its decision.
    ///
    /// # Errors
    /// `Corrupt` if a commit or session is damaged.
    pub fn proposals(&self) -> Result<Vec<Proposal>> {
        let mut proposals = read_all(&self.store, &self.commits()?)?;
        let (choices, overtaking) = (self.choices()?, Overtaking::of(self, &self.recorded()?)?);
        for proposal in &mut proposals {
            proposal.choice = choices.get(&proposal.number()).cloned();
            if proposal.choice.is_none() {
                proposal.overtaken = overtaking.find(proposal.number(), proposal.changes())?;
            }
        }
        Ok(proposals)
    }

    /// The proposals' commits, in order.
    pub(super) fn commits(&self) -> Result<Vec<Arc<Commit>>> {
        let mut commits = Vec::new();
        let mut at = self.branch().head()?;
        while let Some(id) = at {
            let commit = self.store.commit(id)?;
            match commit.cause() {
                Cause::Proposal(part) if part.dream == self.number => at = commit.first_parent(),
                _ => break,
            }
            commits.push(commit);
        }
        commits.reverse();
        Ok(commits)
    }

    /// What the dream's branch has of it now.
    pub(crate) fn standing(&self) -> Result<Standing> {
        let manifest = self.recorded()?;
        // Of a branch that was deleted nothing stands.
        let branch = self.store.any_branch(RefName::new(&manifest.branch)?);
        Standing::read(&branch, self.number, manifest.base_commit()?)
    }

    /// The decisions. What became of them is what the branch says.
    pub(crate) fn choices(&self) -> Result<Choices> {
        let snapshot = meta(&self.store).snapshot()?;
        let mut choices: Choices =
            load(&snapshot, self.number, Part::Decisions)?.unwrap_or_default();
        if choices.values().any(|choice| choice.merged || choice.recorded) {
            let standing = self.standing()?;
            for (number, choice) in &mut choices {
                let told = standing.tells_of(*number, choice.verb);
                choice.unchanged = choice.merged && told && !standing.has(*number);
                choice.merged &= standing.has(*number) || told;
                choice.reverted =
                    choice.merged && standing.has(*number) && !standing.holds(*number);
                choice.recorded &= told;
            }
        }
        Ok(choices)
    }
}

impl Dream {
    /// Changes the decisions. The status follows from them whenever it is asked for.
    pub(crate) fn redecide(
        &self,
        transaction: &mut Transaction,
        edit: impl FnOnce(&mut Choices),
    ) -> Result<()> {
        let mut choices = self.choices()?;
        edit(&mut choices);
        save(transaction, self.number, Part::Decisions, &choices)
    }
}

impl fmt::Debug for Dream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dream({} of {:?})", self.number, self.store)
    }
}
