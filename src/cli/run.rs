//! From words to a verb, and from its outcome to an exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind as ClapKind};
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches};

use super::arguments::{Arguments, Verb};
use super::call::Call;
use super::exit::{DONE, Failure, Outcome, USAGE};
use super::hook;
use super::reference::Sort;

/// Runs the program.
pub(crate) fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = words.into_iter().collect();
    let arguments = match parse(&words) {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = unparsed(&error, &words);
            return ExitCode::from(if is_hook(&words) { hook::harmless(code) } else { code });
        }
    };
    let call = Call::new(arguments.globals);
    match obey(&call, &arguments.verb) {
        Ok(()) => ExitCode::from(DONE),
        Err(failure) => {
            let failure = call.locked(failure);
            failure.report(call.json());
            let code = failure.code();
            ExitCode::from(if is_hook(&words) { hook::harmless(code) } else { code })
        }
    }
}

/// Whether a harness calls, as far as words tell that may not even be right.
fn is_hook(words: &[OsString]) -> bool {
    let called = |pair: &[OsString]| pair[0] == "hook" && hook::is_verb(&pair[1]);
    words.windows(2).any(called)
}

fn parse(words: &[OsString]) -> Result<Arguments, clap::Error> {
    let matches = Arguments::command().try_get_matches_from(words)?;
    let mut arguments = Arguments::from_arg_matches(&matches)?;
    let source = matches.value_source("author");
    arguments.globals.author_given = source == Some(ValueSource::CommandLine);
    Ok(arguments)
}

fn obey(call: &Call, verb: &Verb) -> Outcome {
    match verb {
        Verb::Init(init) => init.run(call),
        Verb::Status(status) => status.run(call),
        Verb::Store(store) => store.run(call),
        Verb::Put(put) => put.run(call),
        Verb::Get(get) => get.run(call),
        Verb::Ls(list) => list.run(call),
        Verb::Rm(remove) => remove.run(call),
        Verb::Mv(moved) => moved.run(call),
        Verb::Log(log) => log.run(call),
        Verb::Show(show) => show.run(call),
        Verb::Diff(diff) => diff.run(call),
        Verb::Blame(blame) => blame.run(call),
        Verb::Why(why) => why.run(call),
        Verb::Bisect(bisect) => bisect.run(call),
        Verb::Op(op) => op.run(call),
        Verb::Branch(branch) => branch.run(call, Sort::Branch),
        Verb::Tag(tag) => tag.run(call, Sort::Tag),
        Verb::Merge(merge) => merge.run(call),
        Verb::Revert(revert) => revert.run(call),
        Verb::Restore(restore) => restore.run(call),
        Verb::Undo(undo) => undo.run(call),
        Verb::Endorse(endorse) => endorse.run(call),
        Verb::Unendorse(unendorse) => unendorse.run(call),
        Verb::Search(search) => search.run(call),
        Verb::Brief(brief) => brief.run(call),
        Verb::Recall(recall) => recall.run(call),
        Verb::MemoryTool(tool) => tool.run(call),
        Verb::Session(session) => session.run(call),
        Verb::Dream(dream) => dream.run(call),
        Verb::Review(review) => review.run(call),
        Verb::Daemon(daemon) => daemon.run(call),
        Verb::Mcp(mcp) => mcp.run(call),
        Verb::Feedback(feedback) => feedback.run(call),
        Verb::Policy(policy) => policy.run(call),
        Verb::Drift(drift) => drift.run(call),
        Verb::Probe(probes) => probes.run(call),
        Verb::Export(export) => export.run(call),
        Verb::Import(import) => import.run(call),
        Verb::Backup(backup) => backup.run(call),
        Verb::Verify(verify) => verify.run(call),
        Verb::Connect(connect) => connect.run(call),
        Verb::Doctor(doctor) => doctor.run(call),
        Verb::Hook(asked) => asked.run(call),
        Verb::Demo(demo) => demo.run(call),
        Verb::Completions(completions) => completions.run(call),
        Verb::Manual(manual) => manual.run(call),
    }
}

/// Answers a call for help or the version, or says in our form what the parser could not read.
fn unparsed(error: &clap::Error, words: &[OsString]) -> u8 {
    let asked = matches!(error.kind(), ClapKind::DisplayHelp | ClapKind::DisplayVersion);
    if asked {
        // Where stdout is closed there is nobody to help.
        drop(error.print());
        return DONE;
    }
    let missing = matches!(
        error.kind(),
        ClapKind::DisplayHelpOnMissingArgumentOrSubcommand | ClapKind::MissingSubcommand
    );
    let failure = if missing {
        Failure::usage("a command is missing")
    } else {
        Failure::usage(sentence(error)).candidates(suggested(error))
    };
    let failure = match suggested(error).as_slice() {
        [] => failure.hint(help(error, words)),
        names => failure.hint(format!("did you mean `{}`?", names.join("`, `"))),
    };
    failure.report(words.iter().any(|word| word == "--json"));
    USAGE
}

/// The parser's first paragraph as one sentence.
fn sentence(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    first.split_whitespace().collect::<Vec<_>>().join(" ").replace('\'', "`")
}

fn suggested(error: &clap::Error) -> Vec<String> {
    let kinds =
        [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    let mut names = Vec::new();
    for kind in kinds {
        match error.get(kind) {
            Some(ContextValue::String(name)) => names.push(name.clone()),
            Some(ContextValue::Strings(several)) => names.extend(several.iter().cloned()),
            _ => {}
        }
    }
    names
}

/// The verb's help, read off the parser's usage line, or else off the words.
fn help(error: &clap::Error, words: &[OsString]) -> String {
    let usage = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => usage.to_string(),
        _ => String::new(),
    };
    let told = usage.split_whitespace().skip_while(|word| *word != "undream");
    let plain = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let verb: Vec<&str> = told.take_while(plain).filter(|word| !word.starts_with('-')).collect();
    if !verb.is_empty() {
        return format!("{} --help", verb.join(" "));
    }
    let program = Arguments::command();
    let mut spoken = words.iter().skip(1).filter_map(|word| word.to_str());
    match spoken.find_map(|word| program.find_subcommand(word)) {
        Some(verb) => format!("undream {} --help", verb.get_name()),
        None => "undream --help".to_owned(),
    }
}
