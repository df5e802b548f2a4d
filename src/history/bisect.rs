//! Finding by halving where a line of states turned bad.

use std::collections::HashSet;

use crate::error::Result;
use crate::history::graph::{Graph, Walk};
use crate::object::Commit;
use crate::storage::CommitId;

/// What a test says of a state.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Test {
    /// It is as it should be.
    Good,
    /// It is not.
    Bad,
    /// It cannot be told.
    Skip,
}

impl Test {
    /// `good`, `bad` or `skip`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Skip => "skip",
        }
    }
}

/// What is known of a line of states, the oldest first, that is said to begin good and ends bad.
pub(crate) struct Halving {
    verdicts: Vec<Option<Test>>,
}

impl Halving {
    /// A line of which the last state is bad.
    pub(crate) fn new(length: usize) -> Self {
        assert!(length >= 2, "BUG: a line without two ends");
        let mut verdicts = vec![None; length];
        verdicts[length - 1] = Some(Test::Bad);
        Self { verdicts }
    }

    pub(crate) fn note(&mut self, at: usize, verdict: Test) {
        self.verdicts[at] = Some(verdict);
    }

    /// The newest good state, if one is known, and the oldest bad one after it: the fault came
    /// between them.
    pub(crate) fn bracket(&self) -> (Option<usize>, usize) {
        let is = |at: &usize, wanted| self.verdicts[*at] == Some(wanted);
        let all = 0..self.verdicts.len();
        let good = all.clone().rev().find(|at| is(at, Test::Good));
        let bad = (good.unwrap_or(0)..all.end).find(|at| is(at, Test::Bad));
        (good, bad.expect("BUG: a line ends bad"))
    }

    /// The state to test next: of those between the brackets that are not tested, the one nearest
    /// to their middle. The first state is tested only if no later one is good. Without skips,
    /// `ceil(log2 n)` tests tell which of `n` states, the first and the last among them, turned, or
    /// that the first is bad.
    pub(crate) fn next(&self) -> Option<usize> {
        let (good, bad) = self.bracket();
        let first = good.map_or(0, |good| good + 1);
        let middle = usize::midpoint(first, bad);
        let open = (first..bad).filter(|at| self.verdicts[*at].is_none());
        open.min_by_key(|at| at.abs_diff(middle))
    }

    /// A bad state that is older than a good one, and that good one.
    pub(crate) fn contradiction(&self) -> Option<(usize, usize)> {
        let good = self.bracket().0?;
        let older = (0..good).rev().find(|at| self.verdicts[*at] == Some(Test::Bad));
        older.map(|bad| (bad, good))
    }
}

/// The first parents of `from`, newest first, down to the first that `trunk` descends from too,
/// that one included. `None` at the end stands for what was before the first commit.
pub(crate) fn line_beside(
    graph: &dyn Graph,
    from: CommitId,
    trunk: CommitId,
) -> Result<Vec<Option<CommitId>>> {
    let mut known = HashSet::new();
    let mut walk = Walk::new(graph, &[trunk], Commit::parents)?;
    let mut reached = u64::MAX;
    let mut line = Vec::new();
    let mut at = Some(from);
    while let Some(id) = at {
        let position = graph.position(id)?;
        while reached > position {
            let Some(commit) = walk.next().transpose()? else { break };
            reached = graph.position(commit.id())?;
            known.insert(commit.id());
        }
        line.push(Some(id));
        if known.contains(&id) {
            return Ok(line);
        }
        at = graph.commit(id)?.first_parent();
    }
    line.push(None);
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Halves a line whose states from `first` on are bad; how many tests it took.
    fn find(length: usize, first: usize, skipped: &[usize]) -> (Option<usize>, usize, usize) {
        let mut halving = Halving::new(length);
        let mut tests = 0;
        while let Some(at) = halving.next() {
            tests += 1;
            let verdict = match at {
                at if skipped.contains(&at) => Test::Skip,
                at if at >= first => Test::Bad,
                _ => Test::Good,
            };
            halving.note(at, verdict);
        }
        let (good, bad) = halving.bracket();
        assert_eq!(halving.contradiction(), None);
        (good, bad, tests)
    }

    #[test]
    fn halving_finds_the_first_bad_state_in_as_few_tests_as_can_be() {
        for length in 2..200_usize {
            let most = length.next_power_of_two().trailing_zeros() as usize;
            for first in 0..length {
                let (good, bad, tests) = find(length, first, &[]);
                assert_eq!((good, bad), (first.checked_sub(1), first));
                assert!(tests <= most, "{tests} tests for {length} states");
            }
        }
    }

    #[test]
    fn skipped_states_stay_suspects_only_where_nothing_else_tells() {
        let (good, bad, _) = find(9, 5, &[4]);
        assert_eq!((good, bad), (Some(3), 5));
        let (good, bad, _) = find(9, 5, &[1, 2]);
        assert_eq!((good, bad), (Some(4), 5));
    }

    #[test]
    fn a_bad_state_before_a_good_one_is_a_contradiction() {
        let mut halving = Halving::new(6);
        halving.note(1, Test::Bad);
        assert_eq!(halving.contradiction(), None);
        halving.note(3, Test::Good);
        assert_eq!(halving.contradiction(), Some((1, 3)));
        assert_eq!(halving.bracket(), (Some(3), 5));
    }
}
