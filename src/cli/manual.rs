//! `manual`: the reference of all commands, written from the grammar itself.

use std::io::Write;

use clap::{Arg, Args, Command, CommandFactory};
use serde_json::json;

use super::arguments::Arguments;
use super::call::Call;
use super::exit::Outcome;

/// What stands above the commands.
const OPENING: &str = "\
# Reference

All commands and options of `undream`, as `undream manual` prints them: this page is written from the program's own
grammar. `undream COMMAND --help` says the same in a terminal.

A result goes to standard output, everything else to standard error. With `--json` there is exactly one JSON document: the
answer on standard output, or what went wrong on standard error. Only where standard output is the exported file itself
(`undream export -`), the answer goes to standard error; and `undream daemon` gives a document for each run, on a line of its
own.

| exit code | meaning |
|---|---|
| 0 | done; an empty search or list too |
| 1 | the answer is no: it does not exist, has changed meanwhile, or may not be |
| 2 | the words of the call are wrong, or a limit is passed |
| 3 | conflicts or decisions remain |
| 4 | the database is damaged, or a newer version wrote it |
| 5 | another process holds the database |
| 6 | something failed: a file, the disk, a curator |
| 130 | interrupted |
";

#[derive(Args, Debug)]
pub(crate) struct Manual {}

impl Manual {
    #[expect(clippy::unused_self, reason = "verbs are called alike")]
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let text = manual();
        if call.json() {
            return call.print_json(&json!({"manual": text}));
        }
        let mut page = call.long_page();
        page.write_all(text.as_bytes())?;
        Ok(page.finish()?)
    }
}

fn manual() -> String {
    let mut command = Arguments::command();
    command.build();
    let mut text = OPENING.to_owned();
    text += "\n## Options of every command\n\n";
    for arg in command.get_arguments().filter(|arg| is_shown(arg)) {
        text += &described(arg);
    }
    for verb in verbs(&command) {
        write_verb(&mut text, &[], verb);
    }
    text
}

/// The commands beneath `command` that a person is told of.
fn verbs(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|verb| !verb.is_hide_set())
}

fn is_shown(arg: &Arg) -> bool {
    !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str())
}

fn write_verb(text: &mut String, above: &[&str], verb: &Command) {
    let names: Vec<&str> = above.iter().copied().chain([verb.get_name()]).collect();
    let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
    let level = "#".repeat(1 + names.len());
    *text += &format!("\n{level} undream {}\n\n{about}.\n", names.join(" "));
    let own: Vec<&Arg> =
        verb.get_arguments().filter(|arg| is_shown(arg) && !arg.is_global_set()).collect();
    if verbs(verb).next().is_none() || !own.is_empty() {
        *text += &format!("\n```\n{}\n```\n", usage(&names, &own));
    }
    if !own.is_empty() {
        text.push('\n');
    }
    for arg in own {
        *text += &described(arg);
    }
    for inner in verbs(verb) {
        write_verb(text, &names, inner);
    }
}

/// The call in one line: what must be given, and where options go.
fn usage(names: &[&str], own: &[&Arg]) -> String {
    let mut words = vec![format!("undream {}", names.join(" "))];
    if own.iter().any(|arg| !arg.is_positional() && !arg.is_required_set()) {
        words.push("[OPTIONS]".to_owned());
    }
    let required = own.iter().filter(|arg| !arg.is_positional() && arg.is_required_set());
    words.extend(required.copied().map(form));
    let positional = own.iter().filter(|arg| arg.is_positional());
    words.extend(positional.map(|arg| {
        let form = form(arg);
        if arg.is_required_set() { form } else { format!("[{form}]") }
    }));
    words.join(" ")
}

/// An argument as one types it.
fn form(arg: &Arg) -> String {
    let takes = arg.get_action().takes_values();
    let names = arg.get_value_names().unwrap_or_default();
    let names: Vec<&str> = names.iter().map(clap::builder::Str::as_str).collect();
    let several = arg.is_positional() && arg.get_num_args().is_some_and(|n| n.max_values() > 1);
    let value = names.join(" ") + if several { "..." } else { "" };
    let flags = [
        arg.get_short().map(|short| format!("-{short}")),
        arg.get_long().map(|long| format!("--{long}")),
    ];
    let flags: Vec<String> = flags.into_iter().flatten().collect();
    match (flags.is_empty(), takes) {
        (true, _) => value,
        (false, true) => format!("{} {value}", flags.join(", ")),
        (false, false) => flags.join(", "),
    }
}

fn described(arg: &Arg) -> String {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let mut notes = Vec::new();
    if arg.get_action().takes_values() {
        let choices = arg.get_possible_values();
        let choices: Vec<&str> = choices
            .iter()
            .filter(|choice| !choice.is_hide_set())
            .map(clap::builder::PossibleValue::get_name)
            .collect();
        if !choices.is_empty() {
            notes.push(format!("one of `{}`", choices.join("`, `")));
        }
        for default in arg.get_default_values() {
            notes.push(format!("`{}` unless given", default.to_string_lossy()));
        }
    }
    if let Some(name) = arg.get_env() {
        notes.push(format!("also from the environment: `{}`", name.to_string_lossy()));
    }
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
    format!("- `{}`: {help}{notes}\n", form(arg))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unexplained(path: &str, command: &Command, found: &mut Vec<String>) {
        for arg in command.get_arguments().filter(|arg| is_shown(arg)) {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            if help.split_whitespace().count() < 2 {
                found.push(format!("{path} {}", form(arg)));
            }
        }
        for verb in verbs(command) {
            let name = format!("{path} {}", verb.get_name());
            if verb.get_about().is_none() {
                found.push(name.clone());
            }
            unexplained(&name, verb, found);
        }
    }

    #[test]
    fn every_command_and_option_is_explained() {
        let mut command = Arguments::command();
        command.build();
        let mut found = Vec::new();
        unexplained("undream", &command, &mut found);
        assert!(found.is_empty(), "no words about:\n{}", found.join("\n"));
    }

    /// `UNDREAM_UPDATE=1 cargo test --bin undream manual` writes the page anew.
    #[test]
    fn the_reference_is_what_the_grammar_says() {
        let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
        if std::env::var_os("UNDREAM_UPDATE").is_some() {
            std::fs::write(&page, manual()).unwrap();
        }
        let written = std::fs::read_to_string(&page).unwrap_or_default();
        assert!(written == manual(), "docs/reference.md is out of date; see this test's comment");
    }
}
