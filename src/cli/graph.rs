//! The lines that show how commits hang together, drawn to the left of a log.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use undream::{Commit, CommitId};

/// For each commit that is shown, those shown ones that it follows, whatever lies between. `all` is
/// in the order of a log.
pub(crate) fn shown_parents(
    all: &[Arc<Commit>],
    shown: &HashSet<CommitId>,
) -> HashMap<CommitId, Vec<CommitId>> {
    let mut nearest: HashMap<CommitId, Vec<CommitId>> = HashMap::new();
    let mut parents = HashMap::new();
    for commit in all.iter().rev() {
        let mut before: Vec<CommitId> = Vec::new();
        for id in commit.parents().iter().filter_map(|parent| nearest.get(parent)).flatten() {
            if !before.contains(id) {
                before.push(*id);
            }
        }
        if shown.contains(&commit.id()) {
            nearest.insert(commit.id(), vec![commit.id()]);
            parents.insert(commit.id(), before);
        } else {
            nearest.insert(commit.id(), before);
        }
    }
    parents
}

/// What is drawn for one commit.
pub(crate) struct Row {
    /// Lines that end at the commit, drawn above it.
    pub(crate) above: Vec<String>,
    /// What stands left of the commit.
    pub(crate) commit: String,
    /// Lines that begin at the commit, drawn beneath it.
    pub(crate) below: Vec<String>,
}

/// A graph in drawing: which commit each line leads to, from left to right.
#[derive(Default)]
pub(crate) struct Graph {
    lanes: Vec<CommitId>,
}

impl Graph {
    /// Draws the next commit of a log.
    pub(crate) fn draw(&mut self, id: CommitId, parents: &[CommitId]) -> Row {
        let place = self.lanes.iter().position(|lane| *lane == id);
        let place = place.unwrap_or_else(|| {
            self.lanes.push(id);
            self.lanes.len() - 1
        });
        let mut above = Vec::new();
        while let Some(other) = self.lanes.iter().rposition(|lane| *lane == id)
            && other > place
        {
            above.extend(self.join(other, place));
        }
        let commit = (0..self.lanes.len()).map(|lane| if lane == place { "* " } else { "| " });
        let commit = commit.collect();
        let below = self.fork(place, parents);
        Row { above, commit, below }
    }

    /// Leads the line `from` into the line `to` on its left.
    fn join(&mut self, from: usize, to: usize) -> Vec<String> {
        let rows = (to + 1..=from).rev().map(|at| {
            let mut row = Drawing::default();
            (0..at).for_each(|lane| row.put(2 * lane, '|'));
            row.put(2 * at - 1, '/');
            (at..from).for_each(|lane| row.put(2 * lane, '|'));
            // What stood to the right moves up at the first step.
            for lane in from + 1..self.lanes.len() {
                if at == from { row.put(2 * lane - 1, '/') } else { row.put(2 * lane - 2, '|') }
            }
            row.0
        });
        let rows = rows.collect();
        self.lanes.remove(from);
        rows
    }

    /// Leads the line of a commit on to its parents.
    fn fork(&mut self, place: usize, parents: &[CommitId]) -> Vec<String> {
        let Some((first, others)) = parents.split_first() else {
            self.lanes.remove(place);
            let mut row = Drawing::default();
            (0..place).for_each(|lane| row.put(2 * lane, '|'));
            (place..self.lanes.len()).for_each(|lane| row.put(2 * lane + 1, '/'));
            return if place < self.lanes.len() { vec![row.0] } else { Vec::new() };
        };
        self.lanes[place] = *first;
        let mut rows = Vec::new();
        for other in others {
            let mut row = Drawing::default();
            (0..=place).for_each(|lane| row.put(2 * lane, '|'));
            row.put(2 * place + 1, '\\');
            (place + 1..self.lanes.len()).for_each(|lane| row.put(2 * lane + 1, '\\'));
            self.lanes.insert(place + 1, *other);
            rows.push(row.0);
        }
        rows
    }
}

/// A line of characters at columns.
#[derive(Default)]
struct Drawing(String);

impl Drawing {
    /// Columns are put from left to right.
    fn put(&mut self, column: usize, mark: char) {
        while self.0.len() < column {
            self.0.push(' ');
        }
        self.0.push(mark);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> CommitId {
        format!("{number:064x}").parse().unwrap()
    }

    fn drawn(commits: &[(u8, &[u8])]) -> Vec<String> {
        let mut graph = Graph::default();
        let mut lines = Vec::new();
        for (commit, parents) in commits {
            let parents: Vec<_> = parents.iter().map(|number| id(*number)).collect();
            let row = graph.draw(id(*commit), &parents);
            lines.extend(row.above);
            lines.push(format!("{}{commit}", row.commit));
            lines.extend(row.below);
        }
        lines
    }

    #[test]
    fn a_merge_opens_a_line_that_ends_where_the_sides_parted() {
        let lines = drawn(&[(5, &[4, 3]), (4, &[2]), (3, &[2]), (2, &[1]), (1, &[])]);
        assert_eq!(lines, ["* 5", "|\\", "* | 4", "| * 3", "|/", "* 2", "* 1"]);
    }

    #[test]
    fn a_line_crosses_those_between() {
        let lines = drawn(&[(6, &[1]), (5, &[2]), (4, &[1]), (2, &[]), (1, &[])]);
        assert_eq!(lines, ["* 6", "| * 5", "| | * 4", "| * | 2", "|  /", "|/", "* 1"]);
        let lines = drawn(&[(6, &[1]), (5, &[2]), (4, &[1]), (1, &[]), (2, &[])]);
        assert_eq!(lines, ["* 6", "| * 5", "| | * 4", "| |/", "|/|", "* | 1", " /", "* 2"]);
    }
}
