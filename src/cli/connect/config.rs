//! One file of a configuration: what it says, with Undream in it and without.

use std::path::PathBuf;

use super::clients::{Client, Form, Part};
use super::file;
use super::jsonc::Jsonc;
use super::link::Link;
use super::places::Places;
use super::toml::Toml;
use crate::cli::exit::Outcome;

/// One file of a client's configuration, read.
pub(super) struct Config {
    pub(super) path: PathBuf,
    pub(super) text: Option<String>,
    part: &'static Part,
    /// What the file was before Undream came, if a copy was kept.
    copy: Option<String>,
}

/// What becomes of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Change {
    Stays,
    Becomes(String),
    Goes,
}

/// What a file has of what belongs into it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Seen {
    pub(super) links: Vec<Link>,
    pub(super) missing: usize,
}

impl Config {
    pub(super) fn read(part: &'static Part, places: &Places) -> Outcome<Self> {
        let path = places.at(part.base, part.path);
        let copy = file::read(&file::copy_of(&path)).unwrap_or_default();
        Ok(Self { text: file::read(&path)?, path, part, copy })
    }

    pub(super) fn seen(&self) -> Outcome<Seen> {
        self.understood(self.seen_in(self.body()))
    }

    /// The file with `link` in it.
    pub(super) fn with(&self, client: &Client, link: &Link) -> Outcome<Change> {
        let written = self.understood(self.add(client, link, self.body()))?;
        let same = self.text.is_some() && written == self.body();
        Ok(if same { Change::Stays } else { Change::Becomes(self.mark().to_owned() + &written) })
    }

    /// The file without Undream. If it is what connecting made of the copy, the copy comes back, to
    /// the byte.
    pub(super) fn without(&self, client: &Client) -> Outcome<Change> {
        let seen = self.seen()?;
        let Some(link) = seen.links.first() else { return Ok(Change::Stays) };
        // A copy that has Undream in it was made of a file that was connected already.
        if let Some(copy) = &self.copy
            && self.seen_in(bare(copy)).is_ok_and(|seen| seen.links.is_empty())
            && self.add(client, link, bare(copy)).is_ok_and(|made| made == self.body())
        {
            return Ok(Change::Becomes(copy.clone()));
        }
        let (text, is_empty) = self.understood(self.take(self.body()))?;
        if is_empty && self.copy.is_none() {
            return Ok(Change::Goes);
        }
        Ok(Change::Becomes(self.mark().to_owned() + &text))
    }

    /// What Undream's part alone looks like: that of `link`, else of what is there.
    pub(super) fn own(&self, client: &Client, link: Option<&Link>) -> Outcome<String> {
        let seen = self.seen()?;
        let links = link.into_iter().chain(&seen.links);
        links.map(|link| self.understood(self.add(client, link, ""))).collect()
    }

    /// Whether `change` is worth a copy: the file is there, and Undream is not in it yet.
    pub(super) fn wants_copy(&self) -> Outcome<bool> {
        Ok(self.text.is_some() && (self.copy.is_none() || self.seen()?.links.is_empty()))
    }

    /// Makes it so.
    pub(super) fn apply(&self, change: &Change) -> Outcome {
        match change {
            Change::Stays => Ok(()),
            Change::Becomes(text) => file::replace(&self.path, self.text.as_deref(), text),
            Change::Goes => file::remove(&self.path, self.text.as_deref().unwrap_or_default()),
        }
    }

    /// Whether the copy says nothing that the file will not say after `change`.
    pub(super) fn outlives_copy(&self, change: &Change) -> bool {
        matches!((change, &self.copy), (Change::Becomes(text), Some(copy)) if text == copy)
    }

    fn body(&self) -> &str {
        bare(self.text.as_deref().unwrap_or_default())
    }

    /// The mark before the text that some editors set.
    fn mark(&self) -> &str {
        let text = self.text.as_deref().unwrap_or_default();
        &text[..text.len() - bare(text).len()]
    }

    fn understood<T>(&self, read: Result<T, String>) -> Outcome<T> {
        read.map_err(|why| file::unusable(&self.path, &format!("cannot be changed safely: {why}")))
    }

    fn seen_in(&self, text: &str) -> Result<Seen, String> {
        let mut found = Vec::new();
        match self.part.form {
            Form::Toml => {
                let toml = Toml::parse(text)?;
                found.extend(self.part.servers.map(|servers| toml.server(servers)));
            }
            Form::Json => {
                let json = Jsonc::parse(text)?;
                found.extend(self.part.servers.map(|servers| json.server(servers)));
                found.extend(self.part.hooks.iter().map(|hook| json.hook(hook)));
            }
        }
        let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
        let missing = found.iter().filter(|link| link.is_none()).count();
        Ok(Seen { links: found.into_iter().flatten().collect(), missing })
    }

    fn add(&self, client: &Client, link: &Link, text: &str) -> Result<String, String> {
        let words = link.server_words(client.name);
        match self.part.form {
            Form::Toml => {
                let mut toml = Toml::parse(text)?;
                if let Some(servers) = self.part.servers {
                    toml.set_server(servers, link, &words)?;
                }
                Ok(toml.text())
            }
            Form::Json => {
                let json = Jsonc::parse(text)?;
                if let Some(servers) = self.part.servers {
                    json.set_server(servers, self.part.typed, link, words)?;
                }
                for hook in self.part.hooks {
                    json.set_hook(hook, client.name, link)?;
                }
                let made = json.text();
                self.check(text, &made)?;
                Ok(made)
            }
        }
    }

    /// The text without Undream, and whether nothing else is in it.
    fn take(&self, text: &str) -> Result<(String, bool), String> {
        match self.part.form {
            Form::Toml => {
                let mut toml = Toml::parse(text)?;
                if let Some(servers) = self.part.servers {
                    let stay = self.copy.as_ref().is_some_and(|copy| {
                        Toml::parse(bare(copy)).is_ok_and(|copy| copy.has(servers))
                    });
                    toml.remove_server(servers, stay)?;
                }
                Ok((toml.text(), toml.is_empty()))
            }
            Form::Json => {
                let copy = self.copy.as_ref().and_then(|copy| Jsonc::parse(bare(copy)).ok());
                let json = self.cleared(text, copy.as_ref())?;
                let text = json.text();
                let comments = text.contains("//") || text.contains("/*");
                Ok((text, json.is_empty() && !comments))
            }
        }
    }

    /// The configuration without Undream; lists that it leaves empty stay if `before` has them.
    fn cleared(&self, text: &str, before: Option<&Jsonc>) -> Result<Jsonc, String> {
        let json = Jsonc::parse(text)?;
        let stay = |path: &[&str]| before.is_some_and(|before| before.has(path));
        if let Some(servers) = self.part.servers {
            json.remove_server(servers, stay(&[servers]))?;
        }
        for hook in self.part.hooks {
            json.remove_hook(hook, &stay)?;
        }
        Ok(json)
    }

    /// Checks that both texts say the same but for Undream.
    fn check(&self, before: &str, after: &str) -> Result<(), String> {
        let original = Jsonc::parse(before)?;
        let others_before = self.cleared(before, Some(&original))?.value();
        let others_after = self.cleared(after, Some(&original))?.value();
        if others_before == others_after {
            return Ok(());
        }
        Err("more than Undream's own would change".to_owned())
    }
}

fn bare(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
