//! Which commit broke it: halving a branch's history, then the merge that is found.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::engine::snapshot::Snapshot;
use crate::engine::store::Store;
use crate::error::{Error, Result};
use crate::history::{Halving, Test, is_ancestor, line_beside};
use crate::object::{Commit, Key};
use crate::storage::{CommitId, TreeId};

/// How many changes of the named memories are tried where doubling steps met nothing good.
const CHANGES_MAX: usize = 64;
/// How many states are tried then, each in the middle of the longest stretch not looked into.
const MIDDLES_MAX: usize = 32;

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
    /// then within the merge or review that is found, commit by commit. Of a line of `n` commits,
    /// both ends included, at most `ceil(log2 n) + 1` are tested: the last first, and the first one
    /// only if no later one is good. Without `good` it looks backwards as [`Store::bisect_near`]
    /// does.
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
        match good {
            Some(good) => self.bisect_by(bad, test, |inquiry, _| inquiry.line_down_to(good, bad)),
            None => self.bisect_near(bad, &[], test),
        }
    }

    /// As [`Store::bisect`], where no good commit is known. It looks backwards in doubling steps for
    /// a state that is good. If it comes to the empty memory before the first commit that way, a
    /// good stretch may lie between two steps: it then tries the states before and after the newest
    /// 64 changes of the memories at `keys`, which the test asks about, and after these up to 32
    /// states more, always the middle of the longest stretch not looked into.
    ///
    /// # Errors
    /// As [`Store::bisect`].
    pub fn bisect_near(
        &self,
        bad: CommitId,
        keys: &[Key],
        test: &mut dyn FnMut(&Snapshot) -> Result<Test>,
    ) -> Result<Bisection> {
        self.bisect_by(bad, test, |inquiry, last| inquiry.line_back_from(last, keys))
    }

    fn bisect_by<'a>(
        &'a self,
        bad: CommitId,
        test: &'a mut dyn FnMut(&Snapshot) -> Result<Test>,
        line: impl FnOnce(&mut Inquiry<'a>, Place) -> Result<Vec<Place>>,
    ) -> Result<Bisection> {
        let mut inquiry = Inquiry {
            store: self,
            test,
            known: HashMap::new(),
            tests: Vec::new(),
            contradiction: None,
        };
        let last = inquiry.place(Some(bad))?;
        match inquiry.judge(last)? {
            Test::Bad => {}
            Test::Good => {
                let text = format!("commit {bad:.12}, taken as bad, is not bad");
                return Err(Error::invalid(text));
            }
            Test::Skip => {
                let text = format!("of commit {bad:.12}, taken as bad, the test cannot tell");
                return Err(Error::invalid(text));
            }
        }
        let line = line(&mut inquiry, last)?;
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
    fn line_back_from(&mut self, bad: Place, keys: &[Key]) -> Result<Vec<Place>> {
        let mut line = vec![bad];
        let mut tried = BTreeSet::from([0]);
        let mut step = 1;
        loop {
            while line.len() <= step {
                match self.before(line[line.len() - 1])? {
                    Some(place) => line.push(place),
                    None => break,
                }
            }
            let oldest = line.len() - 1;
            tried.insert(oldest);
            let verdict = self.judge(line[oldest])?;
            if line[oldest].commit.is_none() {
                let closer = self.look_closer(&line, keys, tried)?;
                if closer.is_none() && verdict != Test::Good {
                    let text = format!(
                        "none of the {} states before it that were looked at is good, not even that \
                         before the first commit",
                        self.tests.len() - 1
                    );
                    return Err(Error::not_found(text));
                }
                line.truncate(closer.unwrap_or(oldest) + 1);
            } else if verdict != Test::Good {
                step *= 2;
                continue;
            }
            line.reverse();
            return Ok(line);
        }
    }

    /// A good state between those that were `tried` of a whole line, newest first.
    fn look_closer(
        &mut self,
        line: &[Place],
        keys: &[Key],
        mut tried: BTreeSet<usize>,
    ) -> Result<Option<usize>> {
        let empty = line.len() - 1;
        for changed in self.changes_of(keys, line)? {
            for at in [changed + 1, changed] {
                if at < empty && tried.insert(at) && self.judge(line[at])? == Test::Good {
                    return Ok(Some(at));
                }
            }
        }
        for _ in 0..MIDDLES_MAX {
            let gaps = tried.iter().zip(tried.iter().skip(1));
            let longest = gaps.max_by_key(|(newer, older)| (*older - *newer, usize::MAX - *newer));
            let Some(middle) = longest.map(|(newer, older)| usize::midpoint(*newer, *older)) else {
                break;
            };
            if !tried.insert(middle) {
                break;
            }
            if self.judge(line[middle])? == Test::Good {
                return Ok(Some(middle));
            }
        }
        Ok(None)
    }

    /// The newest commits of a line that changed something at `keys`.
    fn changes_of(&self, keys: &[Key], line: &[Place]) -> Result<Vec<usize>> {
        let mut found = Vec::new();
        let view = self.store.core().view()?;
        for (at, place) in line.iter().enumerate() {
            let Some(id) = place.commit.filter(|_| !keys.is_empty()) else { continue };
            let edits = self.store.core().row_head(&view, id)?.edits;
            if edits.iter().any(|edit| keys.contains(&edit.key)) {
                found.push(at);
            }
            if found.len() == CHANGES_MAX {
                break;
            }
        }
        Ok(found)
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
        let Some(good) = good else {
            let first =
                line[0].commit.map_or_else(|| "nothing".to_owned(), |id| format!("{id:.12}"));
            return Err(Error::invalid(format!("commit {first}, taken as good, is not good")));
        };
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
