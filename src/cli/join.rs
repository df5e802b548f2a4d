//! What merges, reverts and picks have in common: decisions, conflicts, the answer.

use std::io::Write;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use undream::{Branch, Change, CommitId, Conflict, Error, ErrorKind, RecordId, Resolution, Store};

use super::call::{Call, Eye};
use super::change;
use super::exit::{Failure, Hinted, Outcome};
use super::page::Page;
use super::paint::{first_line, quoted};
use super::pending::Pending;
use super::shifts;
use super::withdrawn::note_given;

/// How much of a side a conflict shows.
const SIDE_CHARS: usize = 76;

/// How conflicts are decided.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Deciding {
    /// Show what would change; write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Decide every conflict this way
    #[arg(long, value_name = "SIDE")]
    resolve: Option<Side>,
    /// Decide the conflict at one key: KEY=ours|theirs|base|remove|text:TEXT
    #[arg(long, value_name = "KEY=CHOICE")]
    resolve_key: Vec<String>,
}

/// A side of a conflict.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Side {
    /// What the branch has
    Ours,
    /// What is merged in
    Theirs,
    /// What both started from
    Base,
}

impl Side {
    fn resolution(self) -> Resolution {
        match self {
            Self::Ours => Resolution::Ours,
            Self::Theirs => Resolution::Theirs,
            Self::Base => Resolution::Base,
        }
    }
}

impl Deciding {
    /// Whether any conflict is decided.
    pub(crate) fn decides(&self) -> bool {
        self.resolve.is_some() || !self.resolve_key.is_empty()
    }

    /// Applies the decisions to `merge`.
    fn decide(&self, merge: &mut impl Pending) -> Outcome {
        for words in &self.resolve_key {
            let (key, resolution) = read_choice(words)?;
            merge.decide(key, resolution).hint_for(ErrorKind::NotFound, || {
                "the same command with --dry-run lists the conflicts".to_owned()
            })?;
        }
        if let Some(side) = self.resolve {
            merge.decide_all(&side.resolution())?;
        }
        Ok(())
    }
}

/// Reads `KEY=CHOICE`; keys may hold `=` too.
fn read_choice(words: &str) -> Outcome<(&str, Resolution)> {
    for (at, _) in words.match_indices('=') {
        let resolution = match &words[at + 1..] {
            "ours" => Resolution::Ours,
            "theirs" => Resolution::Theirs,
            "base" => Resolution::Base,
            "remove" => Resolution::Remove,
            choice => match choice.strip_prefix("text:") {
                Some(text) => Resolution::Text(text.to_owned()),
                None => continue,
            },
        };
        return Ok((&words[..at], resolution));
    }
    let message = format!("`{words}` decides nothing");
    Err(Failure::usage(message).hint("--resolve-key KEY=ours|theirs|base|remove|text:TEXT"))
}

/// A join on its way, and how to speak of it.
pub(crate) struct Join<'a> {
    pub(crate) call: &'a Call,
    pub(crate) store: &'a Store,
    pub(crate) branch: &'a Branch,
    /// The field of the JSON answer: `merge` or `revert`.
    pub(crate) verb: &'static str,
    /// The command as typed, for hints.
    pub(crate) command: String,
    pub(crate) deciding: &'a Deciding,
}

impl Join<'_> {
    /// Decides, shows, and unless something is open, commits.
    pub(crate) fn finish<P: Pending>(
        &self,
        mut merge: P,
        commit: impl FnOnce(P) -> Result<CommitId, Error>,
    ) -> Outcome {
        self.deciding.decide(&mut merge)?;
        let changes = merge.changes()?;
        let open = merge.open();
        let head = self.branch.head()?;
        let read = |id: RecordId| merge.entry(id);
        let changes_json = change::list_json(&changes, &read)?;
        let conflicts_json = self.conflicts_json(&open, &merge)?;
        let blocked = !open.is_empty();
        let stays = blocked || self.deciding.dry_run;
        let probes = if stays { shifts::foreseen(self.store, &merge)? } else { Vec::new() };
        if !self.call.json() {
            let eye = self.call.eye(self.store)?;
            let mut page = if blocked { self.call.page() } else { self.call.long_page() };
            self.write_changes(&mut page, &eye, &changes, &merge)?;
            for conflict in &open {
                self.write_conflict(&mut page, &eye, conflict, &merge)?;
            }
            shifts::write(&mut page, &eye, &probes)?;
            page.finish()?;
        }
        let commit = if stays { None } else { Some(commit(merge)?) };
        let made = commit.filter(|commit| Some(*commit) != head);
        if self.call.json() {
            self.call.print_json(&json!({self.verb: {
                "branch": self.branch.name().as_str(),
                "commit": made.map(|id| id.to_string()),
                "dry_run": self.deciding.dry_run,
                "changes": changes_json,
                "conflicts": conflicts_json,
                "probes": shifts::to_json(&probes),
            }}))?;
        }
        if blocked {
            return Err(self.undecided(&open));
        }
        self.conclude(made, &changes)?;
        match made {
            Some(commit) if !self.call.json() => note_given(self.call, self.store, commit),
            _ => Ok(()),
        }
    }

    /// Says how it ended.
    fn conclude(&self, made: Option<CommitId>, changes: &[Change]) -> Outcome {
        let summary = change::summary(changes);
        if self.deciding.dry_run {
            self.call.note(format!("Would make: {summary}. Nothing is written."));
        } else if let Some(commit) = made {
            let short = self.store.database().abbreviations()?.of(commit.object())?;
            self.call.note(format!("Commit {short} on {}: {summary}.", self.branch.name()));
        } else {
            self.call.note(format!("{} has all of it already.", self.branch.name()));
        }
        Ok(())
    }

    fn undecided(&self, open: &[Conflict]) -> Failure {
        let keys: Vec<String> = open.iter().map(|conflict| conflict.key.to_string()).collect();
        let message = match keys.as_slice() {
            [key] => format!("a conflict at `{key}` needs a decision; nothing is written"),
            several => {
                format!("{} conflicts need a decision; nothing is written", several.len())
            }
        };
        let hint = format!("{} --resolve ours|theirs|base", self.command);
        Failure::new(ErrorKind::Conflict, message).candidates(keys).hint(hint)
    }

    fn write_changes(
        &self,
        page: &mut Page,
        eye: &Eye,
        changes: &[Change],
        merge: &impl Pending,
    ) -> Outcome {
        for found in changes {
            if self.deciding.dry_run {
                change::write(page, eye, found, &|id| merge.entry(id))?;
            } else {
                change::write_header(page, eye, found)?;
            }
        }
        Ok(())
    }

    fn write_conflict(
        &self,
        page: &mut Page,
        eye: &Eye,
        conflict: &Conflict,
        merge: &impl Pending,
    ) -> Outcome {
        let key = eye.paint.name(conflict.key.as_str());
        writeln!(page, "{} {key}: {}", eye.paint.warning("conflict"), conflict.kind.name())?;
        let sides = [
            ("base", conflict.base(), None),
            ("ours", conflict.ours(), conflict.our_key()),
            ("theirs", conflict.theirs(), conflict.their_key()),
        ];
        for (name, id, place) in sides {
            let words = match (id, change::side(id, &|id| merge.entry(id))?) {
                (None, _) => "(nothing)".to_owned(),
                (Some(_), None) => "(erased)".to_owned(),
                (Some(_), Some(entry)) => first_line(&entry.text, SIDE_CHARS),
            };
            let moved = place.filter(|place| **place != conflict.key);
            let moved = moved.map_or_else(String::new, |place| format!("  at {place}"));
            writeln!(page, "  {name:<6}  {words}{moved}")?;
        }
        let command = self.resolving(conflict);
        writeln!(page, "  decide  {command} (or ours, base, remove, text:...)")?;
        Ok(())
    }

    /// The command that decides one conflict.
    fn resolving(&self, conflict: &Conflict) -> String {
        format!("{} --resolve-key {}", self.command, quoted(&format!("{}=theirs", conflict.key)))
    }

    fn conflicts_json(&self, open: &[Conflict], merge: &impl Pending) -> Outcome<Vec<Value>> {
        let read = |id: RecordId| merge.entry(id);
        let value = |conflict: &Conflict| {
            Ok(json!({
                "key": conflict.key.as_str(),
                "kind": conflict.kind.name(),
                "base": change::side_json(conflict.base(), &read)?,
                "ours": change::side_json(conflict.ours(), &read)?,
                "theirs": change::side_json(conflict.theirs(), &read)?,
                "our_key": conflict.our_key().map(undream::Key::as_str),
                "their_key": conflict.their_key().map(undream::Key::as_str),
                "resolve": self.resolving(conflict),
            }))
        };
        open.iter().map(value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_split_at_the_sign_before_a_known_word() {
        assert_eq!(read_choice("a=b=theirs").unwrap(), ("a=b", Resolution::Theirs));
        let text = Resolution::Text("x=ours".to_owned());
        assert_eq!(read_choice("a=text:x=ours").unwrap(), ("a", text));
        assert!(read_choice("a=mine").is_err() && read_choice("a").is_err());
    }
}
