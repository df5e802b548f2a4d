//! Where the next page begins. A cursor names the commits that the first page read, so pages fit
//! together whatever is written in between.

use std::fmt;
use std::str::FromStr;

use undream::{CommitId, Snapshot};

use super::answer::{Outcome, Refusal};
use super::scope::Scope;

/// Where the next page begins: the commits that are read, and the place in what they hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Cursor {
    commits: Vec<CommitId>,
    place: String,
}

impl Cursor {
    /// The place `place` in what is read of `snapshots`, which all have a commit: what has none is
    /// empty and has no second page.
    pub(crate) fn at(snapshots: &[&Snapshot], place: impl fmt::Display) -> Self {
        let commits = snapshots.iter().filter_map(|snapshot| snapshot.id());
        Self { commits: commits.collect(), place: place.to_string() }
    }

    /// The content of the `index`th commit.
    pub(crate) fn snapshot(&self, scope: &Scope, index: usize) -> Outcome<Snapshot> {
        scope.own_snapshot(*self.commits.get(index).ok_or_else(foreign)?)
    }

    /// The place as a number.
    pub(crate) fn number(&self) -> Outcome<usize> {
        self.place.parse().map_err(|_| foreign())
    }

    /// The place as a key or path.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let commits: Vec<_> = self.commits.iter().map(ToString::to_string).collect();
        write!(f, "{}:{}", commits.join("."), self.place)
    }
}

impl FromStr for Cursor {
    type Err = Refusal;

    fn from_str(text: &str) -> Outcome<Self> {
        let (commits, place) = text.split_once(':').ok_or_else(foreign)?;
        let commits = commits.split('.').map(|id| id.parse().map_err(|_| foreign()));
        Ok(Self { commits: commits.collect::<Outcome<_>>()?, place: place.to_owned() })
    }
}

fn foreign() -> Refusal {
    Refusal::invalid("this is no cursor of this tool")
        .hint("give `cursor` the `next_cursor` of the page before, unchanged, or leave it out")
}
