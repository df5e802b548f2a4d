//! The terms of a policy.

use crate::object::{Key, RefName, Trust};

/// What becomes of a dream's proposals when it ends.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum PolicyMode {
    /// They wait for a person.
    #[default]
    Review,
    /// What the policy passes is merged; the rest waits, with the reasons.
    Gated,
    /// What the policy passes is merged; what breaks a rule is rejected, with the reasons.
    Auto,
}

impl PolicyMode {
    pub(super) const ALL: [Self; 3] = [Self::Review, Self::Gated, Self::Auto];

    /// The mode's name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Gated => "gated",
            Self::Auto => "auto",
        }
    }
}

/// What changes to the guarded branches of a store must keep to. Its text form is what a person
/// edits.
///
/// ```
/// use undream::{Policy, PolicyMode};
///
/// let mut policy = Policy::default();
/// assert_eq!(policy.mode, PolicyMode::Review);
/// policy.mode = PolicyMode::Gated;
/// assert_eq!(Policy::parse(&policy.to_string())?, policy);
/// # Ok::<(), undream::Error>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a line that stands by itself")]
pub struct Policy {
    /// What becomes of a dream's proposals when it ends.
    pub mode: PolicyMode,
    /// The branches that are guarded, sorted.
    pub guarded: Vec<RefName>,
    /// The prefixes that only a person may change, sorted, without a trailing `/`.
    pub protected: Vec<Key>,
    /// Whether a text that holds a secret is refused, whoever writes it.
    pub no_secrets: bool,
    /// The most that a proposal of a curator is trusted whose reading cannot be followed, unless
    /// every quote that it gives stands where it says.
    pub black_box_max: Trust,
    /// Unattended merges: the least number of sessions behind each proposal.
    pub sessions_min: u64,
    /// Unattended merges: the least number of users behind each proposal, where users are known.
    pub users_min: u64,
    /// Unattended merges: the least trust of each memory written.
    pub trust_min: Trust,
    /// Unattended merges: the most memories added at once.
    pub additions_max: u64,
    /// Unattended merges: the most memories rewritten, moved or replaced at once.
    pub rewrites_max: u64,
    /// Unattended merges: the most memories removed at once.
    pub removals_max: u64,
    /// Unattended merges: whether memories labelled `pinned` stay as they are.
    pub keep_pinned: bool,
    /// Unattended merges: whether a text that is found next to a protected one is held.
    pub near_protected: bool,
    /// Unattended merges: whether no probe may get worse.
    pub probes: bool,
}

impl Default for Policy {
    /// A person reviews; `main` is guarded, `policy/` and `rules/` are protected.
    fn default() -> Self {
        Self {
            mode: PolicyMode::Review,
            guarded: vec![RefName::main()],
            protected: vec![Key::from_checked("policy"), Key::from_checked("rules")],
            no_secrets: true,
            black_box_max: Trust::Agent,
            sessions_min: 3,
            users_min: 2,
            trust_min: Trust::Agent,
            additions_max: 10,
            rewrites_max: 3,
            removals_max: 0,
            keep_pinned: true,
            near_protected: true,
            probes: true,
        }
    }
}

impl Policy {
    /// Whether changes to `branch` are checked.
    pub fn guards(&self, branch: &RefName) -> bool {
        self.guarded.contains(branch)
    }

    /// Whether only a person may change what stands at `key`. A folder counts with what it holds.
    pub fn protects(&self, key: &Key) -> bool {
        self.protected.iter().any(|prefix| key.is_under(prefix.as_str()))
    }
}
