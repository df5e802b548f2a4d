//! Which words of a text came and went: `[-old-] {+new+}`, around them the lines they stand in.

use std::io::Write;

use similar::{ChangeTag, TextDiff};

use super::call::Eye;
use super::exit::Outcome;
use super::page::Page;
use super::paint::escape;

/// A run of words that share a fate.
struct Run {
    tag: ChangeTag,
    text: String,
}

/// Writes the lines in which words changed, leaving out those in which none did.
pub(crate) fn write(page: &mut Page, eye: &Eye, old: &str, new: &str) -> Outcome {
    if old == new {
        return Ok(());
    }
    let mut skipped = false;
    for line in lines(&runs(old, new)) {
        if line.iter().all(|run| run.tag == ChangeTag::Equal) {
            skipped = true;
            continue;
        }
        if std::mem::take(&mut skipped) {
            writeln!(page, "{}", eye.paint.dim("  ..."))?;
        }
        writeln!(page, "    {}", marked(eye, &line))?;
    }
    Ok(())
}

/// The words of both texts, those that follow each other with the same fate together.
fn runs(old: &str, new: &str) -> Vec<Run> {
    let diff = TextDiff::from_words(old, new);
    let mut runs: Vec<Run> = Vec::new();
    for change in diff.iter_all_changes() {
        match runs.last_mut() {
            Some(last) if last.tag == change.tag() => last.text += change.value(),
            _ => runs.push(Run { tag: change.tag(), text: change.value().to_owned() }),
        }
    }
    runs
}

/// The runs cut at line ends.
fn lines(runs: &[Run]) -> Vec<Vec<Run>> {
    let mut lines = vec![Vec::new()];
    for run in runs {
        for (number, part) in run.text.split('\n').enumerate() {
            if number > 0 {
                lines.push(Vec::new());
            }
            if !part.is_empty()
                && let Some(line) = lines.last_mut()
            {
                line.push(Run { tag: run.tag, text: part.trim_end_matches('\r').to_owned() });
            }
        }
    }
    lines
}

fn marked(eye: &Eye, line: &[Run]) -> String {
    let mut out = String::new();
    for run in line {
        let text = escape(&run.text);
        match run.tag {
            ChangeTag::Equal => out += &text,
            ChangeTag::Delete => out += &eye.paint.removed(format!("[-{text}-]")),
            ChangeTag::Insert => out += &eye.paint.added(format!("{{+{text}+}}")),
        }
    }
    out
}
