//! Shell calls into sightings: commands, kinds of work, chains, and files the session wrote itself.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::dream::mine::command::{self, Command};
use crate::dream::mine::ledger::Family;
use crate::dream::mine::read::Reader;

impl Reader<'_> {
    /// Notes a command by one, two and three words of its head.
    pub(super) fn note_heads(&mut self, family: Family, command: &Command, at: u32) -> Vec<u32> {
        let mut heads = Vec::new();
        for words in 1..=command.head.len() {
            let name = command.head[..words].join(" ");
            heads.push(self.ledger.sight(family, &words.to_string(), &name, at));
        }
        heads
    }

    /// A command's class, unless it runs a file that the session wrote itself.
    pub(super) fn class(&self, command: &Command) -> Option<&'static str> {
        command.class().filter(|_| !self.is_own(command)).map(command::Class::name)
    }

    /// Whether a command runs a file that the session wrote itself.
    pub(super) fn is_own(&self, command: &Command) -> bool {
        let mut head = command.head.iter().skip(1);
        head.any(|word| self.own.contains_key(word))
            || command.class().is_some()
                && command.words.iter().any(|word| self.own.contains_key(command::name_of(word)))
    }

    pub(super) fn shell_steps(&mut self, commands: &[Command], at: u32) {
        let mut before: BTreeSet<String> = BTreeSet::new();
        for command in commands {
            self.files(command, at);
            if command.is_scenery() || command.piped {
                continue;
            }
            // The name of a script of one's own is no habit; that one runs such scripts is told apart.
            let mut command = command.clone();
            if self.is_own(&command) {
                command.head.truncate(1);
            }
            let heads = self.note_heads(Family::Command, &command, at);
            if let Some(&signal) = heads.last() {
                self.ledger.step(signal, at);
            }
            let name = command.head.join(" ");
            if let Some(class) = self.class(&command) {
                let signal = self.ledger.sight(Family::Class, "", class, at);
                *self.ledger.lore_mut(signal).company.entry(name.clone()).or_default() += 1;
            }
            for former in before.iter().filter(|former| **former != name) {
                self.ledger.sight(Family::Chain, former, &name, at);
            }
            if before.len() < 6 {
                before.insert(name);
            }
        }
    }

    /// What a command does with files that the session wrote itself.
    fn files(&mut self, command: &Command, at: u32) {
        let program = command.head.first().map_or("", String::as_str);
        let names: BTreeSet<&str> =
            command.words.iter().map(|word| command::name_of(word)).collect();
        for (name, file) in &mut self.own {
            if !names.contains(name.as_str()) {
                continue;
            }
            let deed = if program == "rm" {
                "remove"
            } else if command.head.contains(name) {
                file.runs += 1;
                let again = file.runs > 1 && self.edits > file.edits;
                file.edits = self.edits;
                if !again {
                    continue;
                }
                "rerun"
            } else {
                continue;
            };
            let signal = self.ledger.sight(Family::OwnFile, ending(name), deed, at);
            *self.ledger.lore_mut(signal).company.entry(name.clone()).or_default() += 1;
        }
        if let Some(name) = &command.writes {
            self.edits += 1;
            self.write(name, at);
        }
        let in_place = command.words.iter().any(|word| word.starts_with("-i"));
        self.edits += u32::from(in_place && ["sed", "perl"].contains(&program));
    }

    pub(super) fn write(&mut self, name: &str, at: u32) {
        if !name.contains('.') || name.len() > 80 {
            return;
        }
        let signal = self.ledger.sight(Family::OwnFile, ending(name), "write", at);
        *self.ledger.lore_mut(signal).company.entry(name.to_owned()).or_default() += 1;
        self.own.entry(name.to_owned()).or_default();
    }
}

/// A file name's ending, without the dot.
fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

/// Whether a tool's name says that it runs shell lines.
pub(super) fn is_shell(tool: &str) -> bool {
    let lower = tool.to_lowercase();
    let cues = ["bash", "shell", "terminal", "exec", "command", "console", "run_cmd", "powershell"];
    cues.iter().any(|cue| lower.contains(cue)) || ["sh", "zsh", "cmd"].contains(&lower.as_str())
}

/// The shell line of a call, if it is one: what stands under a name that says so, or what a shell is
/// given beside remarks and folders. Harnesses that start a shell themselves give a list.
pub(super) fn shell_line<'a>(tool: &str, args: &'a Value) -> Option<Cow<'a, str>> {
    let shell = is_shell(tool);
    let named = ["command", "cmd", "script"].iter().find_map(|key| line(args.get(key)?));
    if let Some(line) = named {
        return (line.contains(' ') || shell).then_some(line);
    }
    if !shell {
        return None;
    }
    let aside = ["desc", "expl", "reason", "thought", "justif", "dir", "cwd", "path", "session"];
    match args {
        Value::Object(all) => all
            .iter()
            .filter(|(key, _)| !aside.iter().any(|cue| key.to_lowercase().contains(cue)))
            .find_map(|(_, value)| line(value)),
        other => line(other),
    }
}

/// A text as it is; of a list what a shell is told to run, or all of it.
fn line(value: &Value) -> Option<Cow<'_, str>> {
    if let Value::String(text) = value {
        return Some(Cow::Borrowed(text));
    }
    let words: Vec<&str> = value.as_array()?.iter().map(Value::as_str).collect::<Option<_>>()?;
    match words.as_slice() {
        [] => None,
        [_, flag, line] if flag.starts_with('-') && flag.ends_with('c') => {
            Some(Cow::Borrowed(line))
        }
        all => Some(Cow::Owned(all.join(" "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_found_whatever_the_harness_calls_it() {
        for (tool, args, told) in [
            ("Bash", r#"{"command":"make x","description":"Make it"}"#, Some("make x")),
            ("terminal", r#"{"explanation":"Make it","input":"make x"}"#, Some("make x")),
            ("exec_command", r#"{"cmd":["bash","-lc","make x"],"workdir":"/a"}"#, Some("make x")),
            ("shell", r#"{"command":["make","x"]}"#, Some("make x")),
            ("shell", r#""make x""#, Some("make x")),
            ("runner", r#"{"command":"view"}"#, None),
            ("search", r#"{"query":"make x"}"#, None),
            ("shell", r#"{"timeout":3}"#, None),
        ] {
            let args: Value = serde_json::from_str(args).unwrap();
            assert_eq!(shell_line(tool, &args).as_deref(), told, "{tool} {args}");
        }
    }
}
