//! Merges, reverts and picks, against the rule that nothing is dropped silently.

use std::collections::{BTreeMap, BTreeSet};

use super::content::{Content, assert_nothing_dropped, standing};
use super::{World, message};
use crate::engine::{Conflict, Merge, Resolution};
use crate::error::{ErrorKind, Result};
use crate::object::Key;
use crate::storage::{CommitId, MemoryId, RecordId};

impl World {
    fn ancestors(&self, commit: CommitId) -> BTreeSet<CommitId> {
        let mut found = BTreeSet::new();
        let mut open = vec![commit];
        while let Some(commit) = open.pop() {
            if found.insert(commit) {
                open.extend(self.commits[&commit].parents.iter().copied());
            }
        }
        found
    }

    /// The common ancestors that are ancestors of no other.
    fn bases(&self, a: CommitId, b: CommitId) -> Vec<CommitId> {
        let (a, b) = (self.ancestors(a), self.ancestors(b));
        let common: BTreeSet<CommitId> = a.intersection(&b).copied().collect();
        let beneath: BTreeSet<CommitId> = common
            .iter()
            .flat_map(|commit| &self.commits[commit].parents)
            .flat_map(|parent| self.ancestors(*parent))
            .collect();
        common.difference(&beneath).copied().collect()
    }

    pub(super) fn merge(&mut self) -> Result<()> {
        let (to, from) = (self.any_branch(), self.any_branch());
        let (Some(ours), Some(theirs)) =
            (self.heads.get(&to).copied(), self.heads.get(&from).copied())
        else {
            return Ok(());
        };
        let bases = self.bases(ours, theirs);
        if bases.contains(&theirs) {
            let commit = self.branch(&to).merge_commit(theirs)?.commit(message("merge"))?;
            assert_eq!(commit, ours, "a merge of what is merged already");
            return Ok(());
        }
        self.check_symmetry(&to, ours, &from, theirs)?;
        let base = match bases.as_slice() {
            [] => Some(Content::new()),
            [base] => Some(self.content(*base).clone()),
            _ => None,
        };
        let theirs_content = self.content(theirs).clone();
        let prepare = |world: &Self| world.branch(&to).merge_commit(theirs);
        let commit = self.join(&to, base.as_ref(), &theirs_content, &prepare, "merge")?;
        if let Some(commit) = commit {
            assert_eq!(self.commits[&commit].parents, [ours, theirs], "parents of a merge");
        }
        Ok(())
    }

    /// Either way round, a merge has the same conflicts, and without any the same result.
    fn check_symmetry(
        &mut self,
        to: &str,
        ours: CommitId,
        from: &str,
        theirs: CommitId,
    ) -> Result<()> {
        let one = self.branch(to).merge_commit(theirs)?;
        let other = self.branch(from).merge_commit(ours)?;
        let sides = |merge: &Merge, swap: bool| {
            let sides = merge.all_conflicts().iter().map(|conflict| {
                let (a, b) = (conflict.ours(), conflict.theirs());
                let (a, b) = if swap { (b, a) } else { (a, b) };
                (conflict.kind.name(), a, b)
            });
            sides.collect::<BTreeSet<_>>()
        };
        if one.all_conflicts().is_empty() || other.all_conflicts().is_empty() {
            assert_eq!(sides(&one, false), sides(&other, true), "conflicts of {to} and {from}");
            let a = preview(self.content(ours), &one)?;
            assert_eq!(a, preview(self.content(theirs), &other)?, "merge of {to} and {from}");
        }
        Ok(())
    }

    pub(super) fn revert(&mut self) -> Result<()> {
        let branch = self.any_branch();
        let Some(head) = self.heads.get(&branch).copied() else { return Ok(()) };
        let had: Vec<CommitId> = self.ancestors(head).into_iter().collect();
        let commit = had[self.dice.below(had.len())];
        let base = self.content(commit).clone();
        let before = self.parent_content(commit);
        let prepare = |world: &Self| world.branch(&branch).revert(commit);
        self.join(&branch, Some(&base), &before, &prepare, "revert").map(drop)
    }

    pub(super) fn pick(&mut self) -> Result<()> {
        if self.order.is_empty() {
            return Ok(());
        }
        let (branch, commit) = (self.any_branch(), self.any_commit());
        let base = self.parent_content(commit);
        let after = self.content(commit).clone();
        let prepare = |world: &Self| world.branch(&branch).pick(commit);
        self.join(&branch, Some(&base), &after, &prepare, "pick").map(drop)
    }

    fn parent_content(&self, commit: CommitId) -> Content {
        let parent = self.commits[&commit].parents.first();
        parent.map(|parent| self.content(*parent).clone()).unwrap_or_default()
    }

    /// Decides at random, commits and checks. Decisions that exclude each other are refused; then
    /// all is left as it is on our side. Gives the commit if there is a new one.
    fn join(
        &mut self,
        branch: &str,
        base: Option<&Content>,
        theirs: &Content,
        prepare: &dyn Fn(&Self) -> Result<Merge>,
        what: &str,
    ) -> Result<Option<CommitId>> {
        let what = format!("seed {}, {what} into {branch}", self.seed);
        let ours = self.head_content(branch);
        let head = self.heads.get(branch).copied();
        for all_ours in [false, true] {
            let mut merge = prepare(self)?;
            let mut decisions = Vec::new();
            merge.resolve(|conflict| {
                let choice = if all_ours { Resolution::Ours } else { self.any_resolution() };
                decisions.push((conflict.clone(), choice.clone()));
                choice
            })?;
            let commit = match merge.commit(message("join")) {
                Ok(commit) => commit,
                Err(error) => {
                    let excluded = matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Invalid);
                    let nothing = head.is_none();
                    assert!(nothing || (excluded && !all_ours), "{what}: {error:?} {decisions:#?}");
                    continue;
                }
            };
            if Some(commit) == head {
                self.check_join(base, &ours, theirs, &ours, &decisions, &what);
                return Ok(None);
            }
            let result = self.learn(branch, commit, &what)?;
            self.check_join(base, &ours, theirs, &result, &decisions, &what);
            return Ok(Some(commit));
        }
        Ok(None)
    }

    fn any_resolution(&mut self) -> Resolution {
        match self.dice.below(8) {
            0..=1 => Resolution::Ours,
            2..=4 => Resolution::Theirs,
            5 => Resolution::Base,
            6 => Resolution::Remove,
            _ => Resolution::Text(self.any_text(None)),
        }
    }

    fn check_join(
        &self,
        base: Option<&Content>,
        ours: &Content,
        theirs: &Content,
        result: &Content,
        decisions: &[(Conflict, Resolution)],
        what: &str,
    ) {
        let store = self.store();
        // A record that the merge only drafted is not stored; its memory stands at the key.
        let stored = |id: RecordId| store.record(id).ok().map(|record| record.memory());
        let at = |content: &Content, key: Option<&Key>| {
            key.and_then(|key| content.get(key.as_str())).map(|held| held.memory)
        };
        let mut excused: BTreeSet<MemoryId> = BTreeSet::new();
        let (stood, stands) = (standing(ours), standing(result));
        for (conflict, choice) in decisions {
            let sides = [conflict.base(), conflict.ours(), conflict.theirs()];
            excused.extend(sides.into_iter().flatten().filter_map(stored));
            excused.extend(at(ours, conflict.our_key()));
            excused.extend(at(theirs, conflict.their_key()));
            let in_the_way = conflict.in_the_way().iter().filter_map(|key| ours.get(key.as_str()));
            excused.extend(in_the_way.map(|held| held.memory));
            if *choice == Resolution::Theirs
                && let (Some(id), Some(key)) = (conflict.theirs(), conflict.their_key())
            {
                let held = result.get(key.as_str()).map(|held| held.memory);
                let wanted = stored(id).or_else(|| at(theirs, Some(key)));
                assert_eq!(held, wanted, "{what}: theirs chosen at {key}");
            }
        }
        if decisions.iter().all(|(_, choice)| *choice == Resolution::Ours) {
            let kept = decisions.iter().filter_map(|(conflict, _)| at(ours, conflict.our_key()));
            for id in kept {
                assert_eq!(
                    stands.get(&id).map(|place| &place.0),
                    stood.get(&id).map(|place| &place.0),
                    "{what}: ours chosen for {id}"
                );
            }
        }
        match base {
            Some(base) => {
                assert_nothing_dropped([base, ours, theirs], result, &excused, what);
            }
            // Several bases: whatever is on both sides is in the result.
            None => {
                for (id, place) in standing(theirs) {
                    if !excused.contains(&id) && stood.get(&id) == Some(&place) {
                        assert_eq!(stands.get(&id), Some(&place), "{what}: {id}");
                    }
                }
            }
        }
    }
}

/// What a merge would give, by key and text.
fn preview(ours: &Content, merge: &Merge) -> Result<BTreeMap<String, String>> {
    let mut texts: BTreeMap<String, String> =
        ours.iter().map(|(key, held)| (key.clone(), held.text.clone())).collect();
    let changes = merge.changes()?;
    for change in &changes {
        texts.remove(change.from.as_ref().unwrap_or(&change.key).as_str());
    }
    for change in changes {
        if let Some(after) = change.after {
            texts.insert(change.key.to_string(), merge.entry(after)?.text);
        }
    }
    Ok(texts)
}
