//! By whom a change is made, as far as the policy cares.

use crate::object::{Author, AuthorKind, Cause};

/// The author of what the policy merges by itself: no person.
pub(crate) fn policy_author() -> Author {
    Author::program("policy")
}

/// Who answers for a change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standard {
    /// A person: only secrets stand in the way, and those can be overridden.
    Person,
    /// An agent or a program that writes, merges or takes back what it names itself.
    Agent,
    /// Proposals of a dream that no person decided on.
    Unattended,
}

impl Standard {
    pub(super) fn of(author: &Author, cause: &Cause) -> Self {
        match (author.kind(), cause) {
            (AuthorKind::Person, _) => Self::Person,
            (_, Cause::Review { .. } | Cause::Proposal(_)) => Self::Unattended,
            _ => Self::Agent,
        }
    }
}
