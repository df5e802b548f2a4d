//! Which commit broke it: halving a branch's history, then the merge that is found.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::snapshot::Snapshot;
use crate::engine::store::Store;
use crate::error::{Error, Result};
use crate::history::{Halving, Test, is_ancestor, line_beside};
use crate::object::Commit;
use crate::storage::{CommitId, TreeId};

/// What a bisection found.
#[derive(Clone, Debug)]
pub struct Bisection {
    /// The commits of which one made a good state bad, oldest first: just one, unless tests were
    /// skipped.
    pub suspects: Vec<Arc<Commit>>,
    /// The newest commit before them that is good; `None` if that is what was there before the first
    /// commit: nothing.
    pub good: Option<CommitId>,
    /// The merges and reviews that brought the suspects to the line, the outermost first.
    pub merges: Vec<Arc<Commit>>,
    /// A bad commit and a good one that descends from it: the test turns more than once, and what
    /// was found is its newest turn.
    pub contradiction: Option<(Option<CommitId>, CommitId)>,
    /// Every test that was made, in order; `None` is the state before the first commit.
    pub tests: Vec<(Option<CommitId>, Test)>,
}

/// A state that may be tested.
#[derive(Clone, Copy)]
struct Place {
    commit: Option<CommitId>,
    tree: TreeId,
}

impl Store {
    /// Finds the commit that made a good state bad, along the first parents of `bad` down to `good`,
    /// then within the merge or review that is found, commit by commit. Both ends are tested first;
    /// between them lie at most `ceil(log2 n)` tests for `n` commits. Without `good` it looks
    /// backwards in doubling steps for a state that is.
    ///
    /// The test may look at nothing but the snapshot's content: commits of equal content are tested
    /// once.
    ///
    /// # Errors
    /// `Invalid` if an end is not what it is said to be, or if `good` does not lie before `bad` along
    /// first parents; `NotFound` if no state before `bad` is good; whatever the test fails with.
    pub fn bisect(
        &self,
        good: Option<CommitId>,
        bad: CommitId,
        test: &mut dyn FnMut(&Snapshot) -> Result<Test>,
    ) -> Result<Bisection> {
        let mut inquiry = Inquiry {
            store: self,
            test,
            known: HashMap::new(),
            tests: Vec::new(),
            contradiction: None,
        };
        let last = inquiry.place(Some(bad))?;
        if inquiry.judge(last)? != Test::Bad {
            return Err(Error::invalid(format!("commit {bad:.12}, taken as bad, is not bad")));
        }
        let line = match good {
            Some(good) => inquiry.line_down_to(good, bad)?,
            None => inquiry.line_back_from(last)?,
        };
        inquiry.run(&line)
    }
}

/// What a line was narrowed down to.
struct Narrowed {
    /// The newest good state.
    good: Option<CommitId>,
    suspects: Vec<Arc<Commit>>,
}

/// A bisection under way.
struct Inquiry<'a> {
    store: &'a Store,
    test: &'a mut dyn FnMut(&Snapshot) -> Result<Test>,
    known: HashMap<TreeId, Test>,
    tests: Vec<(Option<CommitId>, Test)>,
    contradiction: Option<(Option<CommitId>, CommitId)>,
}

impl Inquiry<'_> {
    fn place(&self, commit: Option<CommitId>) -> Result<Place> {
        let tree = match commit {
            Some(id) => self.store.commit(id)?.tree(),
            None => self.store.core().empty_tree()?.id(),
        };
        Ok(Place { commit, tree })
    }

    fn before(&self, place: Place) -> Result<Option<Place>> {
        let Some(id) = place.commit else { return Ok(None) };
        self.place(self.store.commit(id)?.first_parent()).map(Some)
    }

    /// Tests a state, unless one of the same content was.
    fn judge(&mut self, place: Place) -> Result<Test> {
        if let Some(verdict) = self.known.get(&place.tree) {
            return Ok(*verdict);
        }
        let commit = place.commit.map(|id| self.store.commit(id)).transpose()?;
        let snapshot = Snapshot::at(self.store.clone(), commit)?;
        let verdict = (self.test)(&snapshot)?;
        self.known.insert(place.tree, verdict);
        self.tests.push((place.commit, verdict));
        Ok(verdict)
    }

    /// The states from `good` to `bad`, oldest first.
    fn line_down_to(&mut self, good: CommitId, bad: CommitId) -> Result<Vec<Place>> {
        let mut line = Vec::new();
        let mut at = Some(bad);
        let floor = self.store.place_of_commit(good)?;
        while let Some(id) = at {
            line.push(self.place(Some(id))?);
            if id == good {
                break;
            }
            at = self.store.commit(id)?.first_parent();
            if at.is_none() || self.store.place_of_commit(id)? < floor {
                return Err(self.not_before(good, bad)?);
            }
        }
        line.reverse();
        if line.len() < 2 {
            return Err(Error::invalid("the good commit and the bad one are the same"));
        }
        if self.judge(line[0])? != Test::Good {
            return Err(Error::invalid(format!("commit {good:.12}, taken as good, is not good")));
        }
        Ok(line)
    }

    /// Why `good` cannot be the beginning, with the commit that can.
    fn not_before(&self, good: CommitId, bad: CommitId) -> Result<Error> {
        let text = format!("commit {good:.12} is not among the first parents of {bad:.12}");
        let core = &**self.store.core();
        let mut at = Some(bad);
        while let Some(id) = at {
            if is_ancestor(core, id, good)? {
                return Ok(Error::invalid(format!("{text}; {id:.12} is, and is before both"))
                    .with_candidates([id.to_string()]));
            }
            at = self.store.commit(id)?.first_parent();
        }
        Ok(Error::invalid(text))
    }

    /// The states from a good one, found in doubling steps backwards, to `bad`; oldest first.
    fn line_back_from(&mut self, bad: Place) -> Result<Vec<Place>> {
        let mut line = vec![bad];
        let mut step = 1;
        loop {
            while line.len() <= step {
                match self.before(line[line.len() - 1])? {
                    Some(place) => line.push(place),
                    None => break,
                }
            }
            let oldest = line[line.len() - 1];
            if self.judge(oldest)? == Test::Good {
                line.reverse();
                return Ok(line);
            }
            if oldest.commit.is_none() {
                let text = "no state before it is good, not even that before the first commit";
                return Err(Error::not_found(text));
            }
            step *= 2;
        }
    }

    /// Halves the line, then what was merged into it.
    fn run(mut self, line: &[Place]) -> Result<Bisection> {
        let mut found = self.halve(line)?;
        let mut merges = Vec::new();
        while let [suspect] = found.suspects.as_slice()
            && let Some(inner) = self.within(suspect)?
        {
            merges.push(Arc::clone(suspect));
            found = inner;
        }
        let (tests, contradiction) = (self.tests, self.contradiction);
        let Narrowed { good, suspects } = found;
        Ok(Bisection { suspects, good, merges, contradiction, tests })
    }

    /// The newest good state of a line, and the suspects after it.
    fn halve(&mut self, line: &[Place]) -> Result<Narrowed> {
        let mut halving = Halving::new(line.len());
        for (at, place) in line.iter().enumerate() {
            if let Some(verdict) = self.known.get(&place.tree) {
                halving.note(at, *verdict);
            }
        }
        while let Some(at) = halving.next() {
            let verdict = self.judge(line[at])?;
            let same = line.iter().enumerate().filter(|(_, place)| place.tree == line[at].tree);
            same.for_each(|(at, _)| halving.note(at, verdict));
        }
        if let Some((bad, good)) = halving.contradiction()
            && let Some(newer) = line[good].commit
        {
            self.contradiction.get_or_insert((line[bad].commit, newer));
        }
        let (good, bad) = halving.bracket();
        let suspects = line[good + 1..=bad].iter().filter_map(|place| place.commit);
        let suspects = suspects.map(|id| self.store.commit(id)).collect::<Result<Vec<_>>>()?;
        Ok(Narrowed { good: line[good].commit, suspects })
    }

    /// What made the other side of a merge bad; `None` if `commit` joins nothing that is bad by
    /// itself.
    fn within(&mut self, commit: &Commit) -> Result<Option<Narrowed>> {
        let Some(trunk) = commit.first_parent() else { return Ok(None) };
        for side in &commit.parents()[1..] {
            let head = self.place(Some(*side))?;
            if self.judge(head)? != Test::Bad {
                continue;
            }
            let ids = line_beside(&**self.store.core(), *side, trunk)?;
            let line = ids.into_iter().rev().map(|id| self.place(id));
            let line = line.collect::<Result<Vec<_>>>()?;
            if line.len() < 2 {
                continue;
            }
            match self.judge(line[0])? {
                Test::Good => return self.halve(&line).map(Some),
                Test::Bad => {
                    self.contradiction.get_or_insert((line[0].commit, trunk));
                }
                Test::Skip => {}
            }
        }
        Ok(None)
    }
}
