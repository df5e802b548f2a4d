//! What one writes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::limits;
use crate::object::key::is_unprintable;

/// What sort of memory an entry is: a short lower-case word such as `fact` or `rule`.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Kind(Cow<'static, str>);

impl Kind {
    /// Anything worth keeping; the default.
    pub const NOTE: Self = Self(Cow::Borrowed("note"));
    /// Something that is so.
    pub const FACT: Self = Self(Cow::Borrowed("fact"));
    /// Something that must be done or left.
    pub const RULE: Self = Self(Cow::Borrowed("rule"));
    /// Something a person likes.
    pub const PREFERENCE: Self = Self(Cow::Borrowed("preference"));
    /// How something is done, step by step.
    pub const PROCEDURE: Self = Self(Cow::Borrowed("procedure"));
    /// Something that went wrong more than once, and what worked instead.
    pub const MISTAKE: Self = Self(Cow::Borrowed("mistake"));
    /// The engine's own records on the branch `meta`.
    pub const SYSTEM: Self = Self(Cow::Borrowed("system"));

    /// Takes a word of lower-case letters, digits and `-` as a kind.
    ///
    /// # Errors
    /// `Invalid` or `Limit`.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        limits::check("the kind", text.len(), limits::KIND_BYTES_MAX, "bytes")?;
        let fits = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !fits {
            return Err(Error::invalid(format!(
                "`{text}` is no kind; a kind is one word of a-z, 0-9 and `-`"
            )));
        }
        Ok(Self(text.into()))
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl TryFrom<String> for Kind {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::new(text)
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> Self {
        kind.0.into_owned()
    }
}

/// What one writes: a text, and what helps to find and judge it.
///
/// ```
/// use undream::Entry;
///
/// let entry = Entry::fact("The office is in Lisbon.")
///     .title("Office")
///     .label("place")
///     .context("Asked about in most sessions with new colleagues.")
///     .attribute("since", "2024");
/// assert_eq!(entry.text, "The office is in Lisbon.");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// What is to be remembered. At most 1 MiB.
    pub text: String,
    /// A heading.
    pub title: Option<String>,
    /// What sort of memory it is.
    pub kind: Kind,
    /// Words to filter by, sorted, without repetition. At most 32.
    pub labels: Vec<String>,
    /// Words from around the text that help to find it; never shown as part of it. At most 16 KiB.
    pub context: Option<String>,
    /// Up to 16 named values.
    pub attributes: BTreeMap<String, String>,
}

impl Entry {
    /// A note.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            title: None,
            kind: Kind::NOTE,
            labels: Vec::new(),
            context: None,
            attributes: BTreeMap::new(),
        }
    }

    /// A fact.
    pub fn fact(text: impl Into<String>) -> Self {
        Self::new(text).kind(Kind::FACT)
    }

    /// A rule.
    pub fn rule(text: impl Into<String>) -> Self {
        Self::new(text).kind(Kind::RULE)
    }

    /// Sets the kind.
    #[must_use]
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets the title.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets the context.
    #[must_use]
    pub fn context(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// Adds a label.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        let label = label.into();
        if let Err(at) = self.labels.binary_search(&label) {
            self.labels.insert(at, label);
        }
        self
    }

    /// Sets an attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// Sorts the labels and checks every limit.
    pub(crate) fn checked(mut self) -> Result<Self> {
        self.labels.sort();
        self.labels.dedup();
        limits::check("the text", self.text.len(), limits::TEXT_BYTES_MAX, "bytes")?;
        let title = self.title.as_ref().map_or(0, String::len);
        limits::check("the title", title, limits::TITLE_BYTES_MAX, "bytes")?;
        let context = self.context.as_ref().map_or(0, String::len);
        limits::check("the context", context, limits::CONTEXT_BYTES_MAX, "bytes")?;
        check_labels(&self.labels)?;
        limits::check("the entry", self.attributes.len(), limits::ATTRIBUTES_MAX, "attributes")?;
        for (name, value) in &self.attributes {
            check_word("the attribute name", name, limits::ATTRIBUTE_NAME_BYTES_MAX)?;
            let what = format!("the attribute `{name}`");
            limits::check(&what, value.len(), limits::ATTRIBUTE_VALUE_BYTES_MAX, "bytes")?;
        }
        Ok(self)
    }
}

impl From<&str> for Entry {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Entry {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// Checks the number of labels and each of them.
pub(crate) fn check_labels(labels: &[String]) -> Result<()> {
    limits::check("the list of labels", labels.len(), limits::LABELS_MAX, "labels")?;
    labels.iter().try_for_each(|label| check_word("the label", label, limits::LABEL_BYTES_MAX))
}

fn check_word(what: &str, word: &str, bytes_max: usize) -> Result<()> {
    limits::check(what, word.len(), bytes_max, "bytes")?;
    if word.is_empty() || word.chars().any(is_unprintable) {
        return Err(Error::invalid(format!(
            "{what} {word:?} is empty or holds unprintable characters"
        )));
    }
    Ok(())
}
