//! What is written into a configuration, and how it is known again.

use std::path::Path;

use crate::cli::paint::quoted;

/// The name of the server in every configuration.
pub(super) const NAME: &str = "undream";

/// What makes a line more than words to a shell.
const SHELL_SIGNS: [char; 10] = ['|', '&', ';', '<', '>', '$', '`', '(', ')', '\n'];

/// This program and a database, as a client is told of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Link {
    pub(crate) program: String,
    pub(crate) db: String,
    pub(super) store: Option<String>,
}

impl Link {
    /// With which words a client starts the server.
    pub(super) fn server_words(&self, client: &str) -> Vec<String> {
        let mut words = vec!["mcp".to_owned()];
        words.extend(self.database_words());
        words.extend(["--author".to_owned(), format!("agent:{client}")]);
        words
    }

    /// The line that a client gives to a shell.
    pub(super) fn hook_line(&self, client: &str, verb: &str) -> String {
        let mut words = vec![self.program.clone(), "hook".to_owned(), verb.to_owned()];
        words.extend(self.database_words());
        words.extend(["--client".to_owned(), client.to_owned()]);
        words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }

    /// The words of a server or hook that is there, for this link: what a person added to them, such
    /// as `--read-only`, stays.
    pub(super) fn renewed(&self, words: &[String]) -> Vec<String> {
        let mut words = words.to_vec();
        set_option(&mut words, "--db", Some(&self.db));
        set_option(&mut words, "--store", self.store.as_deref());
        words
    }

    /// The line of a hook that is there, for this link. What only a shell understands is not kept.
    pub(super) fn renewed_line(&self, client: &str, verb: &str, line: &str) -> String {
        match Self::of_hook(line) {
            Some((link, _)) if link == *self => line.to_owned(),
            Some(_) if !line.contains(SHELL_SIGNS) => {
                let words = self.renewed(words(line).get(1..).unwrap_or_default());
                let all = std::iter::once(&self.program).chain(&words);
                all.map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
            }
            _ => self.hook_line(client, verb),
        }
    }

    fn database_words(&self) -> Vec<String> {
        let mut words = vec!["--db".to_owned(), self.db.clone()];
        if let Some(store) = &self.store {
            words.extend(["--store".to_owned(), store.clone()]);
        }
        words
    }

    /// The link of a server that a configuration starts so; `None` if it is not Undream.
    pub(super) fn of_server(command: &str, words: &[String]) -> Option<Self> {
        let own = is_own(command) && words.iter().any(|word| word == "mcp");
        own.then(|| Self::of(command, words))
    }

    /// The link and the verb of a hook's line; `None` if it does not call Undream.
    pub(super) fn of_hook(line: &str) -> Option<(Self, String)> {
        let words = words(line);
        let (command, rest) = words.split_first()?;
        let at = rest.iter().position(|word| word == "hook")?;
        let verb = rest.get(at + 1)?.clone();
        is_own(command).then(|| (Self::of(command, rest), verb))
    }

    fn of(command: &str, words: &[String]) -> Self {
        let after = |name: &str| {
            let at = words.iter().position(|word| word == name)?;
            words.get(at + 1).cloned()
        };
        Self {
            program: command.to_owned(),
            db: after("--db").unwrap_or_default(),
            store: after("--store"),
        }
    }
}

/// Gives the option `name` this value, or takes it out.
fn set_option(words: &mut Vec<String>, name: &str, value: Option<&str>) {
    match (words.iter().position(|word| word == name), value) {
        (Some(at), Some(value)) if at + 1 < words.len() => value.clone_into(&mut words[at + 1]),
        (Some(at), Some(value)) => words.insert(at + 1, value.to_owned()),
        (Some(at), None) => drop(words.drain(at..words.len().min(at + 2))),
        (None, Some(value)) => words.extend([name.to_owned(), value.to_owned()]),
        (None, None) => {}
    }
}

/// Whether `command` is a path to a program of our name.
fn is_own(command: &str) -> bool {
    let name = command.rsplit(['/', '\\']).next().unwrap_or_default();
    name == "undream"
        || name == "undream.exe"
        || Path::new(command).file_stem().is_some_and(|stem| stem == "undream")
}

/// The words of a shell line, with its quotes taken off.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(characters.next()),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_known_again() {
        for db in ["/plain/.undream", "/it's a \"test\"/$HOME", "C:\\Users\\ana\\.undream"] {
            let link = Link {
                program: "/opt/my tools/undream".to_owned(),
                db: db.to_owned(),
                store: Some("work".to_owned()),
            };
            let line = link.hook_line("codex", "session-start");
            assert_eq!(Link::of_hook(&line), Some((link.clone(), "session-start".to_owned())));
            let words = link.server_words("codex");
            assert_eq!(Link::of_server(&link.program, &words), Some(link));
        }
    }

    #[test]
    fn what_a_person_added_stays_when_the_database_is_another() {
        let link = Link { program: "/new/undream".to_owned(), db: "/b".to_owned(), store: None };
        let words = ["mcp", "--read-only", "--db", "/a", "--store", "s", "--author", "x"];
        let words: Vec<String> = words.map(str::to_owned).into();
        assert_eq!(link.renewed(&words), ["mcp", "--read-only", "--db", "/b", "--author", "x"]);
        let line = "/old/undream hook session-start --prefix 'my team' --db /a";
        let renewed = "/new/undream hook session-start --prefix 'my team' --db /b";
        assert_eq!(link.renewed_line("c", "session-start", line), renewed);
        assert_eq!(link.renewed_line("c", "session-start", renewed), renewed);
        let piped = format!("{line} | tee /tmp/x");
        let plain = link.hook_line("c", "session-start");
        assert_eq!(link.renewed_line("c", "session-start", &piped), plain);
    }

    #[test]
    fn what_others_wrote_is_not_ours() {
        let mcp = ["mcp".to_owned()];
        assert_eq!(Link::of_server("/bin/other", &mcp), None);
        assert_eq!(Link::of_server("/bin/undream", &[]), None);
        for line in
            ["other hook session-end", "echo undream hook session-end", "undream status", ""]
        {
            assert_eq!(Link::of_hook(line), None, "{line}");
        }
    }
}
