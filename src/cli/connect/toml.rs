//! Edits of TOML that leave everything else as it stands.

use toml_edit::{Array, DocumentMut, Item, Table, TableLike, value};

use super::link::{Link, NAME};

/// A configuration in TOML.
pub(super) struct Toml {
    document: DocumentMut,
}

impl Toml {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let document = text.parse::<DocumentMut>();
        Ok(Self { document: document.map_err(|error| error.message().to_owned())? })
    }

    pub(super) fn text(&self) -> String {
        self.document.to_string()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.document.is_empty() && self.document.to_string().trim().is_empty()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.document.contains_key(name)
    }

    /// How Undream is started as a server.
    pub(super) fn server(&self, servers: &str) -> Result<Option<Link>, String> {
        let Some(listed) = self.document.get(servers) else { return Ok(None) };
        let listed =
            listed.as_table_like().ok_or_else(|| format!("its `{servers}` is no table"))?;
        let Some(entry) = listed.get(NAME) else { return Ok(None) };
        match entry.as_table_like().and_then(link) {
            Some(link) => Ok(Some(link)),
            None => Err(format!("its server `{NAME}` is something else; rename that one first")),
        }
    }

    /// Adds the server, or brings its command up to date and leaves its other fields.
    pub(super) fn set_server(
        &mut self,
        servers: &str,
        link: &Link,
        words: &[String],
    ) -> Result<(), String> {
        let known = self.server(servers)?.is_some();
        let mut implicit = Table::new();
        implicit.set_implicit(true);
        let listed = self.document.entry(servers).or_insert(Item::Table(implicit));
        let in_line = listed.is_inline_table();
        let wrong = || format!("its `{servers}` is no table");
        let listed = listed.as_table_like_mut().ok_or_else(wrong)?;
        let array = |words: &[String]| words.iter().map(String::as_str).collect::<Array>();
        if known {
            let entry = listed.get_mut(NAME).and_then(Item::as_table_like_mut).ok_or_else(wrong)?;
            if entry.get("command").and_then(Item::as_str) != Some(&link.program) {
                entry.insert("command", value(&link.program));
            }
            let words = strings(entry, "args");
            let renewed = link.renewed(&words);
            if renewed != words {
                entry.insert("args", value(array(&renewed)));
            }
            return Ok(());
        }
        let mut entry = Table::new();
        entry.insert("command", value(&link.program));
        entry.insert("args", value(array(words)));
        // A list in one line takes its members in one line.
        let entry = if in_line { value(entry.into_inline_table()) } else { Item::Table(entry) };
        listed.insert(NAME, entry);
        Ok(())
    }

    /// Takes the server out, and with it the list that it leaves empty, unless that is to `stay`.
    pub(super) fn remove_server(&mut self, servers: &str, stay: bool) -> Result<(), String> {
        if self.server(servers)?.is_none() {
            return Ok(());
        }
        let listed = self.document.get_mut(servers).and_then(Item::as_table_like_mut);
        let Some(listed) = listed else { return Ok(()) };
        listed.remove(NAME);
        if listed.is_empty() && !stay {
            self.document.remove(servers);
        }
        Ok(())
    }
}

fn link(entry: &dyn TableLike) -> Option<Link> {
    Link::of_server(entry.get("command")?.as_str()?, &strings(entry, "args"))
}

fn strings(entry: &dyn TableLike, name: &str) -> Vec<String> {
    let array = entry.get(name).and_then(Item::as_array);
    array.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
