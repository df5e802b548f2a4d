//! One session into sightings. Nothing of the transcript is kept but short examples.

use std::collections::BTreeMap;

use crate::dream::mine::command::{self, Command, commands};
use crate::dream::mine::cue::{is_break, is_notice, placeholders, refused};
use crate::dream::mine::failure::{body, cut, failed, failure_line, shorten};
use crate::dream::mine::form::forms;
use crate::dream::mine::ledger::{Digest, Family, Ledger};
use crate::dream::mine::shell::shell_line;
use crate::dream::mine::speech;
use crate::object::SessionFacts;
use crate::object::{Event, Role, ToolCall};

/// How many calls after a failure its remedy is looked for.
const REMEDY_CALLS: u32 = 6;
/// What is noted as the remedy where the failed step itself succeeded later.
pub(super) const SAME_STEP: &str = "the same step";
/// The scope of errors of scripts that the session wrote itself.
pub(super) const OWN_SCRIPT: &str = "own script";
/// The longest quote of a user, in bytes.
const QUOTE_BYTES: usize = 120;

/// What a session holds.
pub(super) fn session(facts: &SessionFacts, events: &[Event]) -> Digest {
    // Where a task is given, the user's words are the task's: they repeat because the task does.
    let listens = facts.task.is_none();
    let mut ledger = Ledger::open(events.len());
    let marks = events.iter().any(|event| event.call.as_ref().is_some_and(|call| call.is_error));
    let (pending, own) = (Vec::new(), BTreeMap::new());
    let mut reader = Reader { ledger: &mut ledger, pending, own, edits: 0, calls: 0, marks };
    let mut last = None;
    for (at, event) in (0u32..).zip(events) {
        match (event.role, &event.call) {
            (Role::User | Role::Meta, _) if is_break(&event.content) => {
                reader.ledger.sight(Family::Interrupt, "", "interrupted", at);
            }
            (Role::User, _) if listens => reader.user(&event.content, at),
            (Role::ToolCall, Some(call)) => {
                reader.call(call, at);
                last = Some((call.tool.clone(), at));
            }
            _ => {}
        }
    }
    if let Some((tool, at)) = last {
        ledger.sight(Family::LastCall, "", &tool, at);
    }
    ledger.into_digest()
}

/// A failure whose remedy is still looked for.
struct Pending {
    signals: Vec<u32>,
    step: String,
    /// The kind of work that failed: then only the same kind of work is its remedy.
    class: Option<&'static str>,
    call: u32,
    /// The first step that succeeded since.
    first: Option<String>,
}

/// A file that the session wrote.
#[derive(Default)]
pub(super) struct OwnFile {
    pub(super) runs: u32,
    /// The count of edits when it was last run.
    pub(super) edits: u32,
}

/// Reads one session.
pub(super) struct Reader<'a> {
    pub(super) ledger: &'a mut Ledger,
    pending: Vec<Pending>,
    pub(super) own: BTreeMap<String, OwnFile>,
    pub(super) edits: u32,
    calls: u32,
    /// Whether the harness marks what fails.
    marks: bool,
}

impl Reader<'_> {
    fn user(&mut self, text: &str, at: u32) {
        let speech = speech::hear(text);
        let said = [
            (Family::Rule, speech.rules),
            (Family::Name, speech.names),
            (Family::Ban, speech.bans),
            (Family::Phrase, speech.phrases),
            (Family::Word, speech.words),
        ];
        for (family, words) in said {
            for (word, sentence) in words {
                let signal = self.ledger.sight(family, "", &word, at);
                self.ledger.lore_mut(signal).example(&shorten(&sentence, QUOTE_BYTES));
            }
        }
        for (ask, sentence) in speech.asks {
            let signal = self.ledger.sight(Family::Request, "", &ask.verb, at);
            let lore = self.ledger.lore_mut(signal);
            lore.example(&shorten(&sentence, QUOTE_BYTES));
            if let Some(object) = ask.object {
                *lore.company.entry(object).or_default() += 1;
            }
        }
        if speech.corrects && self.calls > 0 {
            let signal = self.ledger.sight(Family::Correction, "", "corrected", at);
            self.ledger.lore_mut(signal).example(&shorten(text, QUOTE_BYTES));
        }
    }

    fn call(&mut self, call: &ToolCall, at: u32) {
        if self.calls == 0 {
            self.ledger.sight(Family::FirstCall, "", &call.tool, at);
        }
        self.calls += 1;
        self.ledger.sight(Family::Tool, "", &call.tool, at);
        let args: serde_json::Value = serde_json::from_str(&call.args).unwrap_or_default();
        let line = shell_line(&call.tool, &args);
        let commands = line.map(|line| commands(&line)).unwrap_or_default();
        let step = commands.iter().find(|command| !command.is_scenery());
        let step = step.map_or_else(|| call.tool.clone(), |command| command.head.join(" "));
        self.notices(&call.result, &step, at);
        let failed = failed(call, self.marks);
        if refused(&call.result, failed) {
            self.refusal(call, at);
            return;
        }
        if failed {
            self.failure(call, &commands, step, at);
        } else if !["think", "todo"].iter().any(|cue| step.to_lowercase().contains(cue)) {
            // Notes to oneself repair nothing.
            self.remedy(&step, &commands);
        }
        if commands.is_empty() {
            self.tool_step(call, &args, at);
        }
        self.shell_steps(&commands, at);
    }

    fn tool_step(&mut self, call: &ToolCall, args: &serde_json::Value, at: u32) {
        // A name in brackets is the harness's word for a turn without a call.
        if call.tool.starts_with(char::is_alphanumeric) {
            let signal = self.ledger.number(Family::Tool, "", &call.tool);
            self.ledger.step(signal, at);
        }
        let lower = call.tool.to_lowercase();
        if ["write", "create", "edit", "replace", "patch"].iter().any(|cue| lower.contains(cue)) {
            self.edits += 1;
            let path =
                ["file_path", "path", "filename"].iter().find_map(|key| args.get(key)?.as_str());
            if let Some(path) = path.filter(|_| lower.contains("write") || lower.contains("create"))
            {
                self.write(command::name_of(path), at);
            }
        }
    }

    fn refusal(&mut self, call: &ToolCall, at: u32) {
        self.ledger.sight(Family::Refusal, "", "plain", at);
        let cues = ["user said:", "user says:", "reason:", "feedback:"];
        let lower = call.result.to_ascii_lowercase();
        let said = cues.iter().find_map(|cue| Some(lower.find(cue)? + cue.len()));
        let said = said.map(|at| call.result[at..].trim());
        if let Some(reason) = said.filter(|reason| !reason.is_empty()) {
            let signal = self.ledger.sight(Family::Refusal, "", "said", at);
            let first = reason.lines().next().unwrap_or("");
            self.ledger.lore_mut(signal).example(&shorten(first, QUOTE_BYTES));
        }
    }

    fn failure(&mut self, call: &ToolCall, commands: &[Command], step: String, at: u32) {
        let mut signals = Vec::new();
        let own = commands.iter().any(|command| self.is_own(command));
        if let Some(line) = failure_line(call).filter(|line| !is_notice(line)) {
            let forms = forms(&line);
            let scopes = if own { vec![OWN_SCRIPT] } else { vec![call.tool.as_str(), ""] };
            for (name, scope) in
                forms.names.iter().flat_map(|name| scopes.iter().map(move |scope| (name, scope)))
            {
                let signal = self.ledger.sight(Family::Error, scope, name, at);
                self.ledger.lore_mut(signal).example(&forms.shown);
                signals.push(signal);
            }
            for hole in placeholders(&format!("{} {} {line}", call.tool, cut(&call.args, 2_000))) {
                let signal = self.ledger.sight(Family::Placeholder, "", &hole, at);
                self.ledger.lore_mut(signal).example(&forms.shown);
                signals.push(signal);
            }
        }
        let real = |command: &&Command| !command.is_scenery() && !command.piped;
        for command in commands.iter().filter(real).filter(|_| !own) {
            signals.extend(self.note_heads(Family::FailedCommand, command, at));
            if let Some(class) = self.class(command) {
                let signal = self.ledger.sight(Family::FailedClass, "", class, at);
                self.ledger.lore_mut(signal).example(&command.head.join(" "));
                signals.push(signal);
            }
        }
        let class = commands.iter().filter(|_| !own).find_map(|command| self.class(command));
        self.pending.push(Pending { signals, step, class, call: self.calls, first: None });
    }

    /// Writes down, for failures not long ago, that `step` succeeded after them.
    fn remedy(&mut self, step: &str, commands: &[Command]) {
        let classes: Vec<(&str, String)> = commands
            .iter()
            .filter_map(|command| Some((self.class(command)?, command.head.join(" "))))
            .collect();
        for mut failure in std::mem::take(&mut self.pending) {
            let alike = classes.iter().find(|(class, _)| Some(*class) == failure.class);
            let patience = if failure.class.is_some() { 3 * REMEDY_CALLS } else { REMEDY_CALLS };
            if self.calls - failure.call > patience {
                continue;
            }
            let done = match (failure.class, alike) {
                (None, _) => Some(step),
                (Some(_), Some((_, head))) => Some(head.as_str()),
                (Some(_), None) => None,
            };
            let again = done == Some(failure.step.as_str());
            for &signal in &failure.signals {
                let lore = self.ledger.lore_mut(signal);
                if let Some(done) =
                    done.filter(|_| failure.class.is_some() || failure.first.is_none())
                {
                    let name = if again { SAME_STEP } else { done };
                    *lore.company.entry(name.to_owned()).or_default() += 1;
                }
                if let Some(first) = failure.first.as_ref().filter(|_| again) {
                    *lore.between.entry(first.clone()).or_default() += 1;
                }
            }
            // Whatever else succeeded, the failed step itself may yet; another way of doing the same
            // kind of work settles it.
            if !again && (failure.class.is_none() || done.is_none()) {
                failure.first.get_or_insert_with(|| step.to_owned());
                self.pending.push(failure);
            }
        }
    }

    /// Lines in which the harness tells that it cut or withheld something.
    fn notices(&mut self, result: &str, step: &str, at: u32) {
        let lines: Vec<&str> = body(cut(result, 2_000)).take(6).collect();
        for line in lines.into_iter().filter(|line| line.len() < 300 && is_notice(line)) {
            let forms = forms(line);
            if let Some(name) = forms.names.last() {
                let signal = self.ledger.sight(Family::Notice, "", name, at);
                let lore = self.ledger.lore_mut(signal);
                lore.example(&forms.shown);
                *lore.company.entry(step.to_owned()).or_default() += 1;
            }
        }
    }
}
