//! How the program ends: the exit codes, and what failures say.

use std::io::{self, Write};

use serde_json::{Value, json};
use undream::{Error, ErrorKind};

use super::paint::escape;

/// Done, or an empty answer.
pub(crate) const DONE: u8 = 0;
/// The user's words are wrong.
pub(crate) const USAGE: u8 = 2;
/// Something failed.
pub(crate) const FAILED: u8 = 6;

/// Ctrl-C.
pub(crate) const INTERRUPTED: u8 = 130;

/// What a verb gives back.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// An error with the command to try next.
#[derive(Debug)]
pub(crate) struct Failure {
    error: Error,
    hint: Option<String>,
    code: u8,
    silent: bool,
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error::new(kind, message).into()
    }

    /// Wrong words.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// Adds the command to try, unless there is a better one already.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert(hint.into());
        self
    }

    /// The command to try, or what helps in general.
    fn hinted(&self) -> Option<String> {
        self.hint.clone().or_else(|| general_hint(self.kind()).map(str::to_owned))
    }

    /// Ends with `code` and says nothing: who ended the program knows it.
    #[cfg(feature = "mcp")]
    pub(crate) fn quiet(mut self, code: u8) -> Self {
        (self.code, self.silent) = (code, true);
        self
    }

    pub(crate) fn candidates(mut self, candidates: impl IntoIterator<Item = String>) -> Self {
        self.error = self.error.with_candidates(candidates);
        self
    }

    /// The error itself, where a hint helps nobody.
    pub(crate) fn into_error(self) -> Error {
        self.error
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        self.error.kind()
    }

    /// The exit code. A reader of our output that has gone away (`| head`) is no failure.
    pub(crate) fn code(&self) -> u8 {
        if self.is_closed_pipe() { DONE } else { self.code }
    }

    fn is_closed_pipe(&self) -> bool {
        let source = std::error::Error::source(&self.error);
        source
            .and_then(|source| source.downcast_ref::<io::Error>())
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Says it on stderr, as a sentence or as JSON.
    pub(crate) fn report(&self, as_json: bool) {
        if self.silent || self.is_closed_pipe() {
            return;
        }
        let text = if as_json { format!("{}\n", self.to_json()) } else { self.to_text() };
        // Where stderr is closed too, the exit code has to do.
        drop(io::stderr().write_all(text.as_bytes()));
    }

    fn to_json(&self) -> Value {
        json!({"error": {
            "kind": self.error.kind().name(),
            "message": self.error.to_string(),
            "hint": self.hinted(),
            "candidates": self.error.candidates(),
        }})
    }

    fn to_text(&self) -> String {
        let mut text =
            format!("Error: {}.\n", escape(self.error.to_string().trim_end_matches('.')));
        let candidates = self.error.candidates();
        if self.kind() == ErrorKind::NotFound && !candidates.is_empty() {
            let names: Vec<_> = candidates.iter().map(|name| escape(name)).collect();
            text += &format!("Did you mean: {}?\n", names.join(", "));
        }
        if let Some(hint) = self.hinted() {
            text += &format!("Hint: {}\n", escape(&hint));
        }
        text
    }
}

/// The exit code of an error. The words of a call can be put right by whoever called (`Invalid`,
/// `Limit`); what does not exist or may not be is an answer (`NotFound`, `Stale`, `Blocked`,
/// `Redacted`).
fn code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::NotFound | ErrorKind::Stale | ErrorKind::Blocked | ErrorKind::Redacted => 1,
        ErrorKind::Invalid | ErrorKind::Limit => USAGE,
        ErrorKind::Conflict => 3,
        ErrorKind::Corrupt | ErrorKind::Newer => 4,
        ErrorKind::Locked => 5,
        _ => FAILED,
    }
}

/// What helps whenever nothing better is known.
fn general_hint(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Blocked => {
            Some("undream policy show; a person can go against it with --override REASON")
        }
        ErrorKind::Stale => Some("read again, then repeat the command"),
        ErrorKind::Corrupt => Some("keep the files as they are and restore a backup beside them"),
        ErrorKind::Newer => Some("use the newer version of undream that wrote the database"),
        _ => None,
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let kind = error.kind();
        Self { error, hint: None, code: code(kind), silent: false }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Error::from(error).into()
    }
}

/// Adding a hint to a result.
pub(crate) trait Hinted<T> {
    /// Adds the command to try if this failed with `kind`.
    fn hint_for(self, kind: ErrorKind, hint: impl FnOnce() -> String) -> Outcome<T>;
}

impl<T, E: Into<Failure>> Hinted<T> for Result<T, E> {
    fn hint_for(self, kind: ErrorKind, hint: impl FnOnce() -> String) -> Outcome<T> {
        self.map_err(Into::into).map_err(|failure| match failure.kind() {
            found if found == kind => failure.hint(hint()),
            _ => failure,
        })
    }
}
