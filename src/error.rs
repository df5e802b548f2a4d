//! The one error type: coarse kinds that say what to do next.

use std::fmt;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, coarsely: each kind tells the caller whether to fix the call, retry or stop.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Nothing has that name. Fix the call; [`Error::candidates`] lists the nearest names.
    NotFound,
    /// The call itself is wrong: a malformed key, revision or option. Fix the call.
    Invalid,
    /// Something is larger than a documented limit. Make it smaller.
    Limit,
    /// What the call relied on has changed meanwhile. Read again and retry.
    Stale,
    /// Conflicts or decisions remain. Resolve them and try again.
    Conflict,
    /// A rule refused the change. Change it, or override the rule with a reason.
    Blocked,
    /// The text asked for was erased; a tombstone says who did it, when and why.
    Redacted,
    /// Another process holds the database. Wait and retry.
    Locked,
    /// Stored bytes are not what they should be. Stop, keep the files, restore from a backup.
    Corrupt,
    /// The database was written by a newer version in a format this one does not know. Upgrade.
    Newer,
    /// The operating system, another program or a device failed. Retry once the cause is gone.
    Io,
}

impl ErrorKind {
    /// The kind's stable, lower-case name, as it stands in `--json` output.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotFound => "not found",
            Self::Invalid => "invalid",
            Self::Limit => "limit",
            Self::Stale => "stale",
            Self::Conflict => "conflict",
            Self::Blocked => "blocked",
            Self::Redacted => "redacted",
            Self::Locked => "locked",
            Self::Corrupt => "corrupt",
            Self::Newer => "newer",
            Self::Io => "io",
        }
    }
}

/// An error: a [kind](ErrorKind), one sentence that names the thing, and the cause beneath it.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    candidates: Vec<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Makes an error of `kind` whose one-sentence `message` names the object, key or limit.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            candidates: Vec::new(),
            source: None,
        }))
    }

    /// Adds names the caller may have meant, or keys that stand in the way.
    #[must_use]
    pub fn with_candidates(mut self, candidates: impl IntoIterator<Item = String>) -> Self {
        self.0.candidates.extend(candidates);
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The coarse kind, on which callers decide.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Names the caller may have meant (`NotFound`, ambiguous prefixes), or the keys that moved
    /// (`Stale`) or are in conflict (`Conflict`).
    pub fn candidates(&self) -> &[String] {
        &self.0.candidates
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Limit, message)
    }

    pub(crate) fn stale(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Stale, message)
    }

    pub(crate) fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("candidates", &self.0.candidates)
            .field("source", &self.0.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::new(ErrorKind::Io, error.to_string()).with_source(error)
    }
}
