//! Names of stores, branches and tags.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::limits;

/// The reserved branch that holds a store's own records: dreams, decisions, policy.
const META: &str = "meta";
/// The reserved folder of dream branches.
const DREAMS: &str = "dreams/";

fn check_name(what: &str, text: &str, slashes: bool) -> Result<()> {
    limits::check(what, text.len(), limits::NAME_BYTES_MAX, "bytes")?;
    let wrong = |why: &str| Err(Error::invalid(format!("`{text}` cannot name a {what}: {why}")));
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '/');
    if let Some(bad) = text.chars().find(|&c| !allowed(c) || (c == '/' && !slashes)) {
        return wrong(&format!("it holds {bad:?}; letters, digits and - _ . + are allowed"));
    }
    for segment in text.split('/') {
        if segment.is_empty() || segment.starts_with(['.', '-']) || segment.ends_with('.') {
            return wrong("no part may be empty, begin with `.` or `-`, or end with `.`");
        }
        if segment.contains("..") {
            return wrong("`..` is reserved");
        }
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $slashes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// Checks and takes `text` as a name.
            ///
            /// # Errors
            /// `Invalid` or `Limit`, naming the rule that is broken.
            pub fn new(text: impl AsRef<str>) -> Result<Self> {
                let text = text.as_ref();
                check_name($what, text, $slashes)?;
                Ok(Self(text.into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(text: String) -> Result<Self> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.into()
            }
        }
    };
}

name! {
    /// The name of a store: letters, digits, `-`, `_`, `.`, `+`.
    StoreName, "store", false
}
name! {
    /// The name of a branch or a tag: parts joined by `/`, each of letters, digits, `-`, `_`, `.`, `+`.
    RefName, "branch or tag", true
}

impl StoreName {
    /// The store used where none is named: `default`.
    pub fn default_store() -> Self {
        Self("default".into())
    }
}

impl RefName {
    /// The branch used where none is named: `main`.
    pub fn main() -> Self {
        Self("main".into())
    }

    /// The reserved branch of a store's own records.
    pub fn meta() -> Self {
        Self(META.into())
    }

    /// The branch of dream number `number`.
    pub fn dream(number: u64) -> Self {
        Self(format!("{DREAMS}{number}").into())
    }

    /// The number of the dream whose branch this is.
    pub fn dream_number(&self) -> Option<u64> {
        let digits = self.0.strip_prefix(DREAMS)?;
        digits.parse().ok().filter(|number: &u64| number.to_string() == digits)
    }

    /// Whether the name belongs to the engine: `meta` and everything under `dreams/`.
    pub fn is_reserved(&self) -> bool {
        &*self.0 == META || self.0.starts_with(DREAMS) || &*self.0 == "dreams"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_confuse_a_revision_are_refused() {
        for bad in
            ["", "a b", "a~2", "a@{1}", "a..b", "-x", ".x", "x.", "a//b", "/a", "a/", "a:b", "a^"]
        {
            assert!(RefName::new(bad).is_err(), "{bad:?}");
        }
        for good in ["main", "agents/scribe", "v1.2", "a_b+c", "überblick"] {
            assert!(RefName::new(good).is_ok(), "{good:?}");
        }
        assert!(StoreName::new("a/b").is_err());
    }

    #[test]
    fn a_dream_branch_knows_its_number() {
        assert_eq!(RefName::dream(7).dream_number(), Some(7));
        assert_eq!(RefName::new("dreams/07").unwrap().dream_number(), None);
        assert!(RefName::new("dreams/x").unwrap().is_reserved() && RefName::meta().is_reserved());
    }
}
