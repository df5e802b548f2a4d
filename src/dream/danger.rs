//! What a reviewer should look at twice, so that the riskiest proposals are seen first.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::dream::proposal::Proposal;
use crate::engine::{Change, ChangeKind, Endorsements, Policy, Store};
use crate::error::Result;
use crate::object::{AuthorKind, Record, Source, Trust};

/// Fewer sessions than this are few.
const SESSIONS_FEW: u32 = 3;

/// What a proposal does to memory, taken together.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Effect {
    /// It only adds.
    Adds,
    /// It rewrites or moves what is there.
    Changes,
    /// It removes something, whatever else it does.
    Removes,
}

impl Effect {
    /// The effect as a verb.
    pub fn name(self) -> &'static str {
        match self {
            Self::Adds => "adds",
            Self::Changes => "changes",
            Self::Removes => "removes",
        }
    }

    pub(crate) fn of(changes: &[Change]) -> Self {
        let one = |change: &Change| match change.kind {
            ChangeKind::Added => Self::Adds,
            ChangeKind::Removed => Self::Removes,
            ChangeKind::Modified | ChangeKind::Renamed | ChangeKind::Replaced => Self::Changes,
        };
        changes.iter().map(one).max().unwrap_or(Self::Adds)
    }
}

/// A reason to look twice, the gravest first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Danger {
    /// It removes or rewrites a text that somebody vouches for.
    Endorsed,
    /// It removes or rewrites what a person wrote.
    Person,
    /// It touches a key that the policy protects.
    Protected,
    /// It rests on words from the web.
    Web,
    /// It is trusted less than an agent's word.
    Untrusted,
    /// Fewer than three sessions support it.
    FewSessions,
    /// Its sessions name their users, and there is only one.
    OneUser,
}

impl Danger {
    /// The reason in words, as they follow the proposal's name.
    pub fn words(self) -> &'static str {
        match self {
            Self::Endorsed => "changes what is endorsed",
            Self::Person => "changes what a person wrote",
            Self::Protected => "protected key",
            Self::Web => "rests on the web",
            Self::Untrusted => "low trust",
            Self::FewSessions => "few sessions",
            Self::OneUser => "one user",
        }
    }
}

/// What is dangerous about changes: where they are, and whose words they take away.
pub(crate) fn of_changes(
    store: &Store,
    (policy, endorsed): (&Policy, &Endorsements),
    changes: &[Change],
) -> Result<BTreeSet<Danger>> {
    let mut found = BTreeSet::new();
    for change in changes {
        let mut keys = change.from.iter().chain([&change.key]);
        if keys.any(|key| policy.protects(key)) {
            found.insert(Danger::Protected);
        }
        let Some(before) = change.before.filter(|before| Some(*before) != change.after) else {
            continue;
        };
        let before: Record = store.record(before)?;
        if endorsed.hold(&before)? {
            found.insert(Danger::Endorsed);
        }
        if before.provenance().author.kind() == AuthorKind::Person {
            found.insert(Danger::Person);
        }
    }
    Ok(found)
}

/// What is dangerous about what a proposal rests on. A removal writes nothing that would have to be
/// trusted.
pub(crate) fn of_grounds(proposal: &Proposal) -> BTreeSet<Danger> {
    let sources = proposal.sources();
    let writes = proposal.changes().iter().any(|change| change.after.is_some());
    let all = [
        (Danger::Web, proposal.taint().contains(Source::Web)),
        (Danger::Untrusted, writes && proposal.trust() < Trust::Agent),
        (Danger::FewSessions, sources.sessions < SESSIONS_FEW),
        (Danger::OneUser, sources.users == 1),
    ];
    all.into_iter().filter_map(|(danger, is_there)| is_there.then_some(danger)).collect()
}

impl Proposal {
    /// The order in which to review: additions, changes, removals; in each of them the proposal
    /// with the gravest danger first, then the one with more dangers behind it, fewer sessions, less
    /// confidence.
    pub fn review_order(&self) -> impl Ord + use<> {
        // Of two sets the one with the first danger that the other lacks is the graver.
        let gravity = self.dangers().iter().map(|danger| 1_u32 << (31 - *danger as u32)).sum();
        let gravity: Reverse<u32> = Reverse(gravity);
        (self.effect(), gravity, self.sources().sessions, self.confidence(), self.number())
    }
}
