//! What the policy found about a commit, kept with it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::storage::{RecordId, TextId};

/// What one rule says about a change.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Ruling {
    /// The change keeps to the rule.
    Passed,
    /// The change breaks the rule.
    Failed,
    /// The rule could not be asked: what it needs was not handed in, or was erased.
    Unchecked,
}

impl Ruling {
    /// The ruling in one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unchecked => "not checked",
        }
    }
}

/// What a number is held against.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Bound {
    /// No less than this.
    AtLeast(u64),
    /// No more than this.
    AtMost(u64),
}

impl Bound {
    /// Whether `number` keeps to the bound.
    pub fn holds(self, number: u64) -> bool {
        match self {
            Self::AtLeast(least) => number >= least,
            Self::AtMost(most) => number <= most,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, "{least} needed"),
            Self::AtMost(0) => f.write_str("none allowed"),
            Self::AtMost(most) => write!(f, "{most} allowed"),
        }
    }
}

/// What one rule found, with its numbers.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RuleFinding {
    /// The rule, such as `protected` or `sessions`.
    pub rule: String,
    /// The version of the rule.
    pub version: u32,
    /// What it says.
    pub ruling: Ruling,
    /// Whether the change is refused if the rule does not pass. What a person decided is measured
    /// all the same, but most rules do not bind a person.
    pub binding: bool,
    /// The number that was found.
    pub found: u64,
    /// What the number is held against, where there is something.
    pub bound: Option<Bound>,
    /// What breaks the rule: keys, as far as there is room. Never a secret.
    pub named: Vec<String>,
}

impl RuleFinding {
    /// Whether the rule stands in the way of the change.
    pub fn refuses(&self) -> bool {
        self.binding && self.ruling != Ruling::Passed
    }
}

/// `protected failed: 1 found, none allowed (rules/refunds)`.
impl fmt::Display for RuleFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.rule, self.ruling.name())?;
        match (self.ruling, self.bound) {
            (Ruling::Unchecked, _) | (_, None) => {}
            (_, Some(bound)) => write!(f, ": {} found, {bound}", self.found)?,
        }
        match self.named.as_slice() {
            [] => Ok(()),
            named => write!(f, " ({})", named.join(", ")),
        }
    }
}

/// What the policy found about a commit, rule by rule, and the versions it depends on. It can be
/// computed again from the commit, its parents and the policy it names.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Verdict {
    /// The policy's record; `None` is the policy that a store has until one is written.
    pub policy: Option<RecordId>,
    /// The findings, in the order of the rules.
    pub findings: Vec<RuleFinding>,
    /// The reason of the person who overrode the policy.
    pub(crate) overridden: Option<TextId>,
}

impl Verdict {
    /// Whether no rule stands in the way.
    pub fn passes(&self) -> bool {
        !self.findings.iter().any(RuleFinding::refuses)
    }

    /// The findings that stand in the way.
    pub fn refusals(&self) -> impl Iterator<Item = &RuleFinding> {
        self.findings.iter().filter(|finding| finding.refuses())
    }

    /// Whether a person let the change through against the policy.
    pub fn is_overridden(&self) -> bool {
        self.overridden.is_some()
    }
}
