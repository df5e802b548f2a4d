//! What is known of a dream beside its proposals: records on the store's branch `meta`.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock::Time;
use crate::dream::overtaken::Overtaken;
use crate::dream::signal::Signal;
use crate::engine::{Branch, Snapshot, Store, Transaction};
use crate::error::{Error, Result};
use crate::object::{Entry, Kind, RefName, Verb};
use crate::storage::CommitId;

/// Where a dream stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DreamStatus {
    /// The curator is at work, in this process or another.
    Running,
    /// It runs, and was told to wait. Never written down: it follows from what was asked of it.
    Paused,
    /// Proposals wait for decisions or to be merged.
    Waiting,
    /// Some proposals were merged, others wait.
    PartlyMerged,
    /// All proposals are decided, and some were merged; or the branch came to have what waited.
    Merged,
    /// All proposals were rejected.
    Rejected,
    /// The curator proposed nothing.
    Nothing,
    /// The curator failed, or was cut off; what it had proposed is kept.
    Failed,
    /// Somebody stopped it.
    Cancelled,
    /// A newer dream read all that this one read, or proposes anew all that waited for decisions.
    /// Its decisions are kept.
    Superseded,
    /// Some of what was merged was taken back.
    PartlyTakenBack,
    /// All that was merged was taken back.
    TakenBack,
}

impl DreamStatus {
    /// The status in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Waiting => "waiting",
            Self::PartlyMerged => "partly merged",
            Self::Merged => "merged",
            Self::Rejected => "rejected",
            Self::Nothing => "nothing",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
            Self::PartlyTakenBack => "partly taken back",
            Self::TakenBack => "taken back",
        }
    }
}

/// Why a dream failed that was cut off.
const CUT_OFF: &str = "it was cut off: its process ended, or could not write its account";

/// What a dream did: what it read, proposed and dropped, also when it did nothing.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Manifest {
    /// The dream's number.
    pub number: u64,
    /// The branch it is of.
    pub branch: String,
    /// The commit it started from.
    pub base: String,
    /// The curator.
    pub curator: String,
    /// The curator's version.
    pub curator_version: String,
    /// What the person who ordered it asked for.
    pub instructions: Option<String>,
    /// Where it stands. What is written down is what the run came to, or that a newer dream covers
    /// it; the rest follows from the decisions and from the branch.
    pub status: DreamStatus,
    /// When it began, in microseconds since 1970.
    pub started: i64,
    /// When it ended.
    pub ended: Option<i64>,
    /// Sessions read.
    pub sessions_read: u64,
    /// Events read.
    pub events_read: u64,
    /// Suggestions the curator made.
    pub suggested: u64,
    /// Proposals that were written.
    pub proposals: u32,
    /// Suggestions that were not written, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// The memory before.
    pub before: Signal,
    /// The memory if all proposals were merged.
    pub after: Signal,
    /// Why it failed.
    pub failure: Option<String>,
    /// Who proposed instead when the curator failed, and why it failed.
    #[serde(default)]
    pub fallback: Option<String>,
    /// The open proposals of earlier dreams, dream and number, whose place its own take: by the
    /// number of its own.
    #[serde(default)]
    pub supersedes: BTreeMap<u32, Vec<(u64, u32)>>,
}

impl Manifest {
    /// The commit it started from.
    ///
    /// # Errors
    /// `Corrupt` if the record was damaged.
    pub fn base_commit(&self) -> Result<CommitId> {
        self.base.parse()
    }

    /// When it began.
    pub fn started(&self) -> Time {
        Time::from_micros(self.started)
    }

    /// When it ended; `None` while it runs, and where it was cut off.
    pub fn ended(&self) -> Option<Time> {
        self.ended.map(Time::from_micros)
    }

    /// The manifest as data for those outside: times in ISO 8601, the status by its name.
    pub fn to_json(&self) -> Value {
        json!({
            "number": self.number,
            "branch": self.branch,
            "base": self.base,
            "status": self.status.name(),
            "curator": self.curator,
            "curator_version": self.curator_version,
            "instructions": self.instructions,
            "started": self.started().to_string(),
            "ended": self.ended().map(|time| time.to_string()),
            "sessions_read": self.sessions_read,
            "events_read": self.events_read,
            "suggested": self.suggested,
            "proposals": self.proposals,
            "dropped": self.dropped,
            "before": self.before,
            "after": self.after,
            "failure": self.failure,
            "fallback": self.fallback,
            "supersedes": self.supersedes,
        })
    }

    /// Whether the dream has read its sessions to the end.
    pub(crate) fn is_complete(&self) -> bool {
        self.ended.is_some() && self.failure.is_none() && self.status != DreamStatus::Cancelled
    }

    /// Marks a dream that nobody runs any more, with the `proposals` it got to and the memory that
    /// these would `give`.
    pub(crate) fn cut_off(&mut self, proposals: u32, give: Signal) {
        self.status = DreamStatus::Failed;
        self.failure = Some(CUT_OFF.to_owned());
        (self.proposals, self.after) = (proposals, give);
        self.suggested = self.suggested.max(u64::from(proposals));
    }

    /// Whether proposals may wait for somebody, after these decisions.
    pub(crate) fn may_wait(&self, choices: &Choices) -> bool {
        let closed = self.status == DreamStatus::Nothing || self.is_covered(choices);
        !self.is_running() && !closed
    }

    /// Whether a newer dream covers it as a whole. Not where somebody has taken something of it
    /// after all: that waits to be merged, or was.
    pub(crate) fn is_covered(&self, choices: &Choices) -> bool {
        let taken = choices.values().any(|choice| choice.verb != Verb::Reject);
        self.status == DreamStatus::Superseded && !taken
    }

    fn is_running(&self) -> bool {
        matches!(self.status, DreamStatus::Running | DreamStatus::Paused)
    }

    /// Brings the status in line with what was decided and merged, and with what nobody has to
    /// decide on any more.
    pub(crate) fn settle(&mut self, choices: &Choices, overtaken: &[Overtaken]) {
        if self.is_running() || (choices.is_empty() && overtaken.is_empty()) {
            return;
        }
        let count = |wanted: fn(&Choice) -> bool| choices.values().filter(|c| wanted(c)).count();
        let (merged, reverted) = (count(|choice| choice.merged), count(|choice| choice.reverted));
        let rejected = count(|choice| choice.verb == Verb::Reject);
        let decided = merged + rejected + overtaken.len() == self.proposals as usize;
        let superseded = overtaken.iter().any(|by| *by != Overtaken::ByBranch);
        self.status = match (merged, decided) {
            (1.., _) if reverted == merged => DreamStatus::TakenBack,
            (1.., _) if reverted > 0 => DreamStatus::PartlyTakenBack,
            (1.., true) => DreamStatus::Merged,
            (1.., false) => DreamStatus::PartlyMerged,
            (0, _) if self.failure.is_some() => DreamStatus::Failed,
            (0, _) if self.status == DreamStatus::Cancelled => DreamStatus::Cancelled,
            (0, true) if superseded => DreamStatus::Superseded,
            (0, true) if !overtaken.is_empty() => DreamStatus::Merged,
            (0, true) => DreamStatus::Rejected,
            (0, false) if self.is_covered(choices) => DreamStatus::Superseded,
            (0, false) => DreamStatus::Waiting,
        };
    }
}

/// A decision on a proposal, and what became of it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "what became of it is told fact by fact")]
pub struct Choice {
    /// `approved`, `amended` or `rejected`.
    pub verb: Verb,
    /// Who decided.
    pub reviewer: String,
    /// Why.
    pub reason: Option<String>,
    /// The text to write instead of the proposed one.
    pub text: Option<String>,
    /// Whether it is on the branch.
    pub merged: bool,
    /// Whether it was taken back.
    pub reverted: bool,
    /// Whether a review commit tells of it.
    #[serde(default)]
    pub recorded: bool,
    /// Whether the branch had all of it already when it was merged.
    #[serde(default)]
    pub unchanged: bool,
}

/// The decisions of a dream, by proposal number.
pub(crate) type Choices = BTreeMap<u32, Choice>;
/// The sessions a dream read: id and object.
pub(crate) type SessionList = Vec<(String, String)>;

/// A store's branch `meta`.
pub(crate) fn meta(store: &Store) -> Branch {
    store.any_branch(RefName::meta())
}

/// What whoever runs a dream holds a claim on.
pub(crate) fn run_name(store: &Store, number: u64) -> String {
    format!("{}/dream-{number}", store.name())
}

/// The records of one dream.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    Manifest,
    /// The sessions it was given.
    Sessions,
    /// Those of them that the curator read, where these are not all.
    Seen,
    /// What the curator told of its work.
    Workings,
    Decisions,
    /// The proposals of newer dreams that take the place of its own.
    Successors,
    /// What was asked of it while it ran.
    Order,
    Held,
}

pub(crate) fn part_key(number: u64, part: Part) -> String {
    let name = match part {
        Part::Manifest => "manifest",
        Part::Sessions => "sessions",
        Part::Seen => "seen",
        Part::Workings => "workings",
        Part::Decisions => "decisions",
        Part::Successors => "successors",
        Part::Order => "order",
        Part::Held => "held",
    };
    format!("dreams/{number:08}/{name}")
}

/// Reads a record of a dream; `None` if there is none.
pub(crate) fn load<T: DeserializeOwned>(
    meta: &Snapshot,
    number: u64,
    part: Part,
) -> Result<Option<T>> {
    let key = part_key(number, part);
    let Some(record) = meta.get(&key)? else { return Ok(None) };
    serde_json::from_str(record.text()?).map(Some).map_err(|error| {
        Error::corrupt(format!("the record `{key}` is damaged")).with_source(error)
    })
}

/// The sessions that the curator of a dream read, each with the object that it was then.
pub(crate) fn read_by(meta: &Snapshot, number: u64) -> Result<SessionList> {
    let seen = load(meta, number, Part::Seen)?;
    Ok(match seen {
        Some(seen) => seen,
        None => load(meta, number, Part::Sessions)?.unwrap_or_default(),
    })
}

/// Writes a record of a dream.
pub(crate) fn save<T: Serialize>(
    transaction: &mut Transaction,
    number: u64,
    part: Part,
    value: &T,
) -> Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::invalid("a dream's record cannot be written").with_source(error))?;
    transaction.put(part_key(number, part), Entry::new(text).kind(Kind::SYSTEM))
}

/// The numbers of all dreams, in order.
pub(crate) fn numbers(meta: &Snapshot) -> Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in meta.keys("dreams") {
        let (key, _) = entry?;
        let mut parts = key.as_str().split('/').skip(1);
        if let (Some(number), Some("manifest")) = (parts.next(), parts.next()) {
            numbers.extend(number.parse::<u64>());
        }
    }
    Ok(numbers)
}
