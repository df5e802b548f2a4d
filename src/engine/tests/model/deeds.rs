//! Random deeds on one branch, and what the model expects of them.

use std::collections::BTreeMap;

use super::content::{Content, standing};
use super::{World, message};
use crate::error::{ErrorKind, Result};
use crate::object::Entry;
use crate::storage::{CommitId, MemoryId};

/// A transaction as the model sees it: for each key the memory, if it is known already, and text.
type Draft = BTreeMap<String, (Option<MemoryId>, String)>;

impl World {
    fn any_key(&mut self) -> String {
        let folder = ["a", "b", "c"][self.dice.below(3)];
        // Long names: a dozen of them make a tree of several nodes.
        let name = ["x", "y", "z", "w"][self.dice.below(4)].to_owned() + &"_".repeat(400);
        match self.dice.below(12) {
            0 => folder.to_owned(),
            1 => format!("{folder}/{name}/deep"),
            _ => format!("{folder}/{name}"),
        }
    }

    /// A text whose lines are all new, or that keeps most of `old`; now and then one that others
    /// may say as well.
    pub(super) fn any_text(&mut self, old: Option<&str>) -> String {
        if self.dice.chance(6) {
            return "the same words".to_owned();
        }
        let mut lines: Vec<String> =
            old.map(|text| text.lines().map(str::to_owned).collect()).unwrap_or_default();
        while lines.len() < 8 {
            self.said += 1;
            lines.push(format!("line {}", self.said));
        }
        self.said += 1;
        let at = self.dice.below(lines.len());
        lines[at] = format!("line {}", self.said);
        lines.join("\n") + "\n"
    }

    pub(super) fn edit(&mut self) -> Result<()> {
        let branch = self.any_branch();
        let before = self.head_content(&branch);
        let mut draft: Draft = before
            .iter()
            .map(|(key, held)| (key.clone(), (Some(held.memory), held.text.clone())))
            .collect();
        let mut tx = self.branch(&branch).write()?;
        let mut removed: Vec<String> = Vec::new();
        for _ in 0..=self.dice.below(5) {
            let key = self.any_key();
            match self.dice.below(10) {
                0..=5 => {
                    let text = self.any_text(draft.get(&key).map(|(_, text)| text.as_str()));
                    tx.put(&key, Entry::fact(&text))?;
                    // Written again in one go, it may be the same memory or a new one.
                    let memory = draft.get(&key).and_then(|(memory, _)| *memory);
                    draft.insert(key, (memory, text));
                }
                6..=7 => {
                    let outcome = tx.remove(&key);
                    assert_eq!(outcome.is_ok(), draft.remove(&key).is_some(), "remove {key}");
                    removed.push(key);
                }
                _ => {
                    let to = self.any_key();
                    let outcome = tx.rename(&key, &to);
                    let possible = draft.contains_key(&key) && !draft.contains_key(&to);
                    assert_eq!(outcome.is_ok(), possible, "rename {key} {to}: {outcome:?}");
                    if possible {
                        let moved = draft.remove(&key).unwrap();
                        draft.insert(to, moved);
                    }
                }
            }
        }
        let outcome = tx.commit(message("edit"));
        self.check_edit(&branch, &before, draft, outcome)
    }

    fn check_edit(
        &mut self,
        branch: &str,
        before: &Content,
        draft: Draft,
        outcome: Result<CommitId>,
    ) -> Result<()> {
        let clash = draft
            .keys()
            .any(|key| key.match_indices('/').any(|(end, _)| draft.contains_key(&key[..end])));
        let same = draft.len() == before.len()
            && before.iter().all(|(key, held)| {
                draft.get(key).is_some_and(|(memory, text)| {
                    *memory == Some(held.memory) && *text == held.text
                })
            });
        let commit = match outcome {
            Err(error) => {
                let nothing = same && !self.heads.contains_key(branch);
                assert!(clash || nothing, "seed {}: {error:?}", self.seed);
                assert_eq!(error.kind(), ErrorKind::Invalid);
                return Ok(());
            }
            Ok(commit) => commit,
        };
        assert!(!clash, "a memory became a folder: {:?}", draft.keys());
        if same {
            assert_eq!(self.heads.get(branch), Some(&commit), "a commit without edits");
            return Ok(());
        }
        let known = self.memories.clone();
        let content = self.learn(branch, commit, "edit")?;
        assert_eq!(content.keys().collect::<Vec<_>>(), draft.keys().collect::<Vec<_>>());
        for (key, (memory, text)) in draft {
            let held = &content[&key];
            assert_eq!(held.text, text, "{key}");
            if let Some(memory) = memory {
                assert_eq!(held.memory, memory, "{key} is another memory");
            } else {
                // New, or a memory that this transaction removed and wrote again.
                let back = before.values().any(|old| old.memory == held.memory);
                assert!(back || !known.contains(&held.memory), "{key} is no new memory");
            }
        }
        Ok(())
    }

    pub(super) fn fork(&mut self) -> Result<()> {
        if self.order.is_empty() {
            return Ok(());
        }
        let name = format!("side-{}", self.dice.below(3));
        let commit = self.any_commit();
        if self.heads.contains_key(&name) {
            return Ok(());
        }
        self.store().create_branch(&name, commit)?;
        self.heads.insert(name, commit);
        Ok(())
    }

    /// Taking back a commit that nothing follows gives what was before it.
    pub(super) fn revert_at_once(&mut self) -> Result<()> {
        self.edit()?;
        let branch = self.any_branch();
        let Some(head) = self.heads.get(&branch).copied() else { return Ok(()) };
        let before = match self.commits[&head].parents.first() {
            Some(parent) => self.content(*parent).clone(),
            None => Content::new(),
        };
        let revert = self.branch(&branch).revert(head)?;
        assert_eq!(revert.conflicts().count(), 0, "a conflict in reverting the head");
        let commit = revert.commit(message("revert the head"))?;
        let content = self.learn(&branch, commit, "revert at once")?;
        assert_eq!(content, before, "reverting the head of {branch}");
        Ok(())
    }

    pub(super) fn restore(&mut self) -> Result<()> {
        if self.order.is_empty() {
            return Ok(());
        }
        let branch = self.any_branch();
        let to = self.any_commit();
        let prefix = match self.dice.below(4) {
            0 => self.any_key(),
            1 => "a".to_owned(),
            _ => String::new(),
        };
        let before = self.head_content(&branch);
        let outcome =
            self.branch(&branch).restore(to, &prefix).and_then(|it| it.commit(message("restore")));
        let commit = match outcome {
            Ok(commit) => commit,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Invalid, "{error:?}");
                assert!(!prefix.is_empty(), "{error:?}");
                return Ok(());
            }
        };
        let content = self.learn(&branch, commit, "restore")?;
        let within = |key: &str| {
            prefix.is_empty()
                || key
                    .strip_prefix(prefix.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let part = |content: &Content, inside: bool| -> Content {
            let own = content.iter().filter(|(key, _)| within(key) == inside);
            own.map(|(key, held)| (key.clone(), held.clone())).collect()
        };
        assert_eq!(part(&content, true), part(self.content(to), true), "restore `{prefix}`");
        let back = standing(&part(self.content(to), true));
        let mut outside = part(&before, false);
        outside.retain(|_, held| !back.contains_key(&held.memory));
        assert_eq!(part(&content, false), outside, "outside of restored `{prefix}`");
        Ok(())
    }

    /// The newest operation is taken back, if it moved a branch to a commit from a commit.
    pub(super) fn undo(&mut self) -> Result<()> {
        let store = self.store();
        let newest = store.operations()?.next().unwrap()?;
        let [step] = newest.moves() else { return Ok(()) };
        let (Some(from), Some(_)) = (step.from, step.to) else { return Ok(()) };
        store.undo(newest.id(), &crate::object::Author::person("undoer"))?;
        self.heads.insert(step.name.to_string(), from);
        assert_eq!(self.branch(step.name.as_str()).head()?, Some(from));
        Ok(())
    }
}
