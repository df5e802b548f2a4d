//! A plan: what to do with each proposal of a dream, as a file that a person edits.

use std::collections::BTreeMap;

use undream::{Dream, Proposal, Reply, Review, Store, Verb};

use super::exit::{Failure, Outcome};
use super::held::Held;
use super::paint::{counted, escape_text, first_line};
use super::{change, proposal};

/// How much of a heading a comment shows.
const HEADING_CHARS: usize = 96;
/// What a line may begin with.
const VERBS: &str = "approve P, reject P, amend P or skip P";

/// The plan of a dream's proposals: what is decided as it is, all else skipped, the texts as
/// comments that become the new text where their `#` is taken away.
pub(crate) fn write(dream: &Dream, held: &Held, proposals: &[Proposal]) -> Outcome<String> {
    let number = dream.number();
    let mut text = format!(
        "# Dream {number}: {}, additions first, then changes and removals.\n\
         # One line per proposal: change `skip` to what shall become of it.\n\
         #   approve P [REASON]   take it, with what it needs\n\
         #   reject P [REASON]    do not take it\n\
         #   amend P [REASON]     take it with the text on the | lines after it\n\
         #   skip P               leave it as it is\n\
         # Then: undream dream decide {number} FILE\n",
        counted(proposals.len() as u64, "proposal", "proposals"),
    );
    for proposal in proposals {
        write_one(&mut text, dream.store(), held, proposal)?;
    }
    Ok(text)
}

fn write_one(plan: &mut String, store: &Store, held: &Held, proposal: &Proposal) -> Outcome {
    let number = proposal.number();
    let key = proposal.key().map_or("", undream::Key::as_str);
    let verb = proposal.effect().name();
    let mut comment = format!(
        "\n# {verb} {key} ({})\n# {}\n",
        proposal.kind().name(),
        proposal::standing(proposal)
    );
    for reason in held.reasons(proposal) {
        comment += &format!("# held: {reason}\n");
    }
    if let Some(dangers) = proposal::dangers(proposal) {
        comment += &format!("# look twice: {dangers}\n");
    }
    if !proposal.depends_on().is_empty() {
        let needed: Vec<_> = proposal.depends_on().iter().map(u32::to_string).collect();
        comment += &format!("# needs {}\n", needed.join(", "));
    }
    if let Some(why) = proposal.rationale() {
        comment += &format!("# {}\n", first_line(why, HEADING_CHARS));
    }
    for change in proposal.changes() {
        let before = change::side(change.before, &|id| store.record(id)?.to_entry())?;
        if let Some(before) = before {
            comment +=
                &format!("# was {}: {}\n", change.key, first_line(&before.text, HEADING_CHARS));
        }
    }
    plan.push_str(&comment);
    let choice = proposal.choice();
    let reason = choice.and_then(|choice| choice.reason.as_deref());
    let reason = reason.map_or_else(String::new, |reason| format!(" {}", first_line(reason, 400)));
    let merged = choice.is_some_and(|choice| choice.merged);
    let verb = match choice.map(|choice| choice.verb) {
        _ if merged => "# merged already:",
        Some(Verb::Approve) => "approve",
        Some(Verb::Amend) => "amend",
        Some(Verb::Reject) => "reject",
        None => "skip",
    };
    *plan += &format!("{verb} {number}{reason}\n");
    let amended = choice.and_then(|choice| choice.text.as_deref());
    let mark = if amended.is_some() && !merged { "|" } else { "#|" };
    for line in escape_text(amended.or(proposal.text()).unwrap_or_default()).lines() {
        // A space of its own, so that the first word stays apart.
        *plan += &format!("{mark} {line}\n");
    }
    Ok(())
}

/// A line of a plan.
struct Step<'a> {
    line: usize,
    verb: &'a str,
    number: u32,
    reason: Option<String>,
    text: Vec<&'a str>,
}

impl Step<'_> {
    fn wrong(&self, why: &str) -> Failure {
        wrong(self.line, format!("`{} {}` {why}", self.verb, self.number))
    }

    /// The answer; none where the proposal is skipped.
    fn answer(&self) -> Outcome<Option<Reply>> {
        if self.verb != "amend" && !self.text.is_empty() {
            return Err(self.wrong("has a text; only amend takes one"));
        }
        let reason = self.reason.clone();
        Ok(match self.verb {
            "approve" => Some(Reply::Approve { reason }),
            "reject" => Some(Reply::Reject { reason }),
            "amend" if self.text.is_empty() => {
                return Err(self.wrong("needs its text on the lines after it, each after a `|`"));
            }
            "amend" => Some(Reply::Amend { text: self.text.join("\n"), reason }),
            _ if reason.is_some() => return Err(self.wrong("takes nothing after the number")),
            _ => None,
        })
    }
}

/// Reads a plan and holds it against the review.
///
/// # Errors
/// The first line that is wrong, with what may stand there.
pub(crate) fn read(plan: &str, review: &Review) -> Outcome<BTreeMap<u32, Reply>> {
    let steps = steps(plan)?;
    let mut answers = BTreeMap::new();
    let mut lines: BTreeMap<u32, usize> = BTreeMap::new();
    for step in &steps {
        if let Some(line) = lines.insert(step.number, step.line) {
            return Err(step.wrong(&format!("comes after line {line} on the same proposal")));
        }
        let merged = |found: &Proposal| found.choice().is_some_and(|choice| choice.merged);
        match review.proposals().iter().find(|found| found.number() == step.number) {
            None => {
                let last = review.proposals().len();
                return Err(step.wrong(&format!("names no proposal; there are 1 to {last}")));
            }
            Some(found) if merged(found) && step.verb != "skip" => {
                return Err(step.wrong("comes too late, it is merged; only skip is allowed"));
            }
            Some(_) => {}
        }
        if let Some(answer) = step.answer()? {
            answers.insert(step.number, answer);
        }
    }
    for step in &steps {
        review.check(step.number, &answers).or_else(|error| match step.verb {
            "skip" => Ok(()),
            _ => Err(step.wrong(&format!("cannot be done: {error}"))),
        })?;
    }
    Ok(answers)
}

fn steps(plan: &str) -> Outcome<Vec<Step<'_>>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for (index, whole) in plan.lines().enumerate() {
        let (line, words) = (index + 1, whole.trim());
        if words.is_empty() || words.starts_with('#') {
            continue;
        }
        if let Some(text) = whole.strip_prefix('|') {
            let last = steps.last_mut();
            let last = last.ok_or_else(|| wrong(line, "a text stands before any `amend P`"))?;
            last.text.push(text.strip_prefix(' ').unwrap_or(text));
            continue;
        }
        let (verb, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
        if !["approve", "reject", "amend", "skip"].contains(&verb) {
            return Err(wrong(line, format!("`{verb}` is nothing to do; it may be {VERBS}")));
        }
        let (number, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let number = number.parse().map_err(|_| {
            wrong(line, format!("`{number}` is no proposal's number; a line is {VERBS}"))
        })?;
        let reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
        steps.push(Step { line, verb, number, reason, text: Vec::new() });
    }
    Ok(steps)
}

fn wrong(line: usize, why: impl std::fmt::Display) -> Failure {
    Failure::usage(format!("line {line} of the plan: {why}; nothing is decided"))
}
