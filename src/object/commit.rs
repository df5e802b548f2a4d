//! A commit: one step of a branch's history, and why it was taken.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::entropy::Seed;
use crate::error::Result;
use crate::limits;
use crate::object::stored::{Header, ObjectKind, Stored};
use crate::object::text::{SaltedText, TextSlot};
use crate::object::{Author, Evidence, Message, Verdict};
use crate::storage::{CommitId, RecordId, TextId, TreeId};

/// What a proposal is about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum ProposalKind {
    /// Something that goes wrong again and again, and what works instead.
    Mistake,
    /// A way of working that sessions converge on.
    Workflow,
    /// Something users ask for repeatedly.
    Preference,
    /// Several memories that say the same.
    Duplicate,
    /// A memory or habit that newer sessions gave up.
    Supersession,
    /// A memory that nobody used for long.
    Stale,
    /// A memory to be split, joined or moved.
    Restructure,
    /// Something that several agents hold, to be held once for all.
    Promotion,
    /// Anything else.
    Other,
}

impl ProposalKind {
    const ALL: [Self; 9] = [
        Self::Mistake,
        Self::Workflow,
        Self::Preference,
        Self::Duplicate,
        Self::Supersession,
        Self::Stale,
        Self::Restructure,
        Self::Promotion,
        Self::Other,
    ];

    /// The kind's name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mistake => "mistake",
            Self::Workflow => "workflow",
            Self::Preference => "preference",
            Self::Duplicate => "duplicate",
            Self::Supersession => "supersession",
            Self::Stale => "stale",
            Self::Restructure => "restructure",
            Self::Promotion => "promotion",
            Self::Other => "other",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What a reviewer did with a proposal.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum Verb {
    /// Taken as it is.
    Approve,
    /// Taken with another text.
    Amend,
    /// Not taken.
    Reject,
}

impl Verb {
    /// The past participle: `approved`, `amended`, `rejected`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Amend => "amended",
            Self::Reject => "rejected",
        }
    }
}

/// One decision of a review, as a review commit holds it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Decision {
    /// The proposal's number within its dream.
    pub proposal: u32,
    /// What was decided.
    pub verb: Verb,
    pub(crate) reason: Option<TextId>,
}

/// Why a commit was made.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Cause {
    /// Somebody wrote.
    Write,
    /// Two lines of history were joined.
    Merge,
    /// A curator proposes this; it stands on a dream branch.
    Proposal(ProposalPart),
    /// An approved proposal, applied to the branch the dream was of.
    Pick {
        /// The dream.
        dream: u64,
        /// The proposal's number within it.
        proposal: u32,
        /// The proposal's own commit.
        source: CommitId,
        /// Whether the reviewer changed the text.
        amended: bool,
    },
    /// Closes a round of review: the second parent is the end of the chain of picks.
    Review {
        /// The dream.
        dream: u64,
        /// What was decided in this round.
        decisions: Vec<Decision>,
    },
    /// Takes earlier commits back.
    Revert {
        /// The commits taken back.
        commits: Vec<CommitId>,
    },
    /// Makes a branch, prefix or key equal to an earlier state.
    Restore {
        /// The earlier state.
        to: CommitId,
    },
    /// Brought in from elsewhere.
    Import {
        /// Where from, such as `git:` and the original commit id.
        origin: String,
    },
    /// Takes back what rests on a session or an author.
    Withdrawal {
        /// Whom nothing is believed any more.
        suspect: Suspect,
    },
}

/// A session or an author of whom nothing is believed any more.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum Suspect {
    /// The session with this id: what cites it, and what was written in it.
    Session(String),
    /// Whatever this author wrote.
    Author(Author),
}

impl fmt::Display for Suspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(id) => write!(f, "session {id}"),
            Self::Author(author) => write!(f, "{author}"),
        }
    }
}

/// What a proposal's commit holds beside its changes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ProposalPart {
    /// The dream.
    pub dream: u64,
    /// The number within it, from 1.
    pub number: u32,
    /// What it is about.
    pub kind: ProposalKind,
    /// How sure the curator is, per mille.
    pub confidence: u16,
    /// The session events it rests on.
    pub evidence: Vec<Evidence>,
    /// The records it was made from.
    pub inputs: Vec<RecordId>,
    pub(crate) rationale: TextId,
}

impl Cause {
    /// A word for the cause, for listings.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Merge => "merge",
            Self::Proposal(_) => "proposal",
            Self::Pick { .. } => "pick",
            Self::Review { .. } => "review",
            Self::Revert { .. } => "revert",
            Self::Restore { .. } => "restore",
            Self::Import { .. } => "import",
            Self::Withdrawal { .. } => "withdrawal",
        }
    }

    fn texts(&self) -> Vec<TextId> {
        match self {
            Self::Proposal(part) => vec![part.rationale],
            Self::Review { decisions, .. } => decisions.iter().filter_map(|d| d.reason).collect(),
            _ => Vec::new(),
        }
    }
}

/// The hashed part of a commit.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct CommitHeader {
    pub(crate) tree: TreeId,
    pub(crate) parents: Vec<CommitId>,
    pub(crate) author: Author,
    pub(crate) committed: Time,
    pub(crate) authored: Option<Time>,
    pub(crate) session: Option<String>,
    pub(crate) message: TextId,
    pub(crate) cause: Cause,
    /// What the policy found, where it was asked for more than a plain write.
    pub(crate) verdict: Option<Verdict>,
}

impl Header for CommitHeader {
    const KIND: ObjectKind = ObjectKind::Commit;

    fn texts(&self) -> Vec<TextId> {
        let mut texts = vec![self.message];
        texts.extend(self.cause.texts());
        texts.extend(self.verdict.as_ref().and_then(|verdict| verdict.overridden));
        texts
    }
}

/// What the policy found, and the reason of a person who overrode it.
pub(crate) type Judged = (Verdict, Option<SaltedText>);

/// One step of a branch's history: a whole tree, what it came from, who made it and why.
#[derive(Clone, Debug)]
pub struct Commit {
    id: CommitId,
    header: CommitHeader,
    /// The message, then the texts of the cause, then why the policy was overridden; `None` where
    /// erased.
    texts: Vec<Option<String>>,
    stored: Stored,
}

impl Commit {
    /// Makes a commit. `cause_texts` are the salted texts that `cause` names, in order; a reason in
    /// `judged` is the one that the verdict names.
    pub(crate) fn make(
        tree: TreeId,
        parents: Vec<CommitId>,
        message: &Message,
        committed: Time,
        (cause, cause_texts): (Cause, Vec<SaltedText>),
        judged: Option<Judged>,
        salt: [u8; 16],
    ) -> Result<Self> {
        message.check()?;
        let texts = 1 + cause_texts.len();
        limits::check("one commit", texts, limits::OBJECT_TEXTS_MAX, "texts")?;
        let salted = SaltedText::new(salt, message.text.as_bytes());
        let (verdict, reason) = judged.unzip();
        let header = CommitHeader {
            tree,
            parents,
            author: message.author.clone(),
            committed,
            authored: message.authored,
            session: message.session.clone(),
            message: salted.id(),
            cause,
            verdict,
        };
        let texts = std::iter::once(salted).chain(cause_texts).chain(reason.flatten());
        let texts = texts.map(TextSlot::Present).collect();
        Self::open(Stored::seal(&header, texts))
    }

    /// The commit that `stored` holds.
    pub(crate) fn open(stored: Stored) -> Result<Self> {
        let header: CommitHeader = stored.open()?;
        let texts = stored
            .texts()
            .iter()
            .map(|slot| slot.text("a text of a commit"))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self { id: stored.id().into(), header, texts, stored })
    }

    pub(crate) fn stored(&self) -> &Stored {
        &self.stored
    }

    /// The commit's id.
    pub fn id(&self) -> CommitId {
        self.id
    }

    /// The id of its tree.
    pub fn tree(&self) -> TreeId {
        self.header.tree
    }

    /// The commits it follows; the first is the branch it was made on.
    pub fn parents(&self) -> &[CommitId] {
        &self.header.parents
    }

    /// The commit before it on its branch.
    pub fn first_parent(&self) -> Option<CommitId> {
        self.header.parents.first().copied()
    }

    /// Who made it.
    pub fn author(&self) -> &Author {
        &self.header.author
    }

    /// When this database took it in.
    pub fn committed(&self) -> Time {
        self.header.committed
    }

    /// When it was first made: the original time of an import, else the commit time.
    pub fn authored(&self) -> Time {
        self.header.authored.unwrap_or(self.header.committed)
    }

    /// The original time, where an import gave one.
    pub fn authored_elsewhere(&self) -> Option<Time> {
        self.header.authored
    }

    /// The session in which the change was made.
    pub fn session(&self) -> Option<&str> {
        self.header.session.as_deref()
    }

    /// Why it was made.
    pub fn cause(&self) -> &Cause {
        &self.header.cause
    }

    /// The message; `None` if it was erased.
    pub fn message(&self) -> Option<&str> {
        self.texts[0].as_deref()
    }

    /// The message's first line, or a note that it was erased.
    pub fn summary(&self) -> &str {
        self.message().map_or("(erased)", |text| text.lines().next().unwrap_or(""))
    }

    /// Why the curator proposes this, where it is a proposal.
    pub fn rationale(&self) -> Option<&str> {
        match &self.header.cause {
            Cause::Proposal(_) => self.texts.get(1).and_then(Option::as_deref),
            _ => None,
        }
    }

    /// What the policy found. A write that passed carries no verdict of its own: `Store::check`
    /// computes it.
    pub fn verdict(&self) -> Option<&Verdict> {
        self.header.verdict.as_ref()
    }

    /// Why a person overrode the policy; `None` also if the reason was erased.
    pub fn override_reason(&self) -> Option<&str> {
        let overridden = self.verdict().is_some_and(Verdict::is_overridden);
        self.texts.last().filter(|_| overridden).and_then(Option::as_deref)
    }

    /// The reviewer's reasons, by proposal number, where it is a review.
    pub fn reasons(&self) -> Vec<(u32, &str)> {
        let Cause::Review { decisions, .. } = &self.header.cause else { return Vec::new() };
        let given = decisions.iter().filter(|decision| decision.reason.is_some());
        given
            .zip(&self.texts[1..])
            .filter_map(|(decision, text)| Some((decision.proposal, text.as_deref()?)))
            .collect()
    }
}

/// Salts `text` for the `number`-th text of a cause.
pub(crate) fn cause_text(seed: &Seed, number: u64, text: &str) -> SaltedText {
    SaltedText::new(seed.derive("cause text", number), text.as_bytes())
}
