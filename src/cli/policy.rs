//! `policy`: what changes to guarded branches must keep to, and what it says of a dream or commit.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use undream::{
    Bound, CommitId, ErrorKind, Gate, NearProtected, NoWorseProbe, Policy as Terms, PolicyMode,
    ProposalVerdict, RefName, RuleFinding, Ruling, Search, Snapshot, Store, Verdict,
};

use super::arguments::Saying;
use super::call::{Access, Call, Eye};
use super::dream::open;
use super::editor;
use super::exit::{Failure, Hinted, Outcome};
use super::held::{finding_beside_json, write_beside};
use super::page::Page;
use super::paint::{escape, escape_text};

/// How many proposals that would be held are shown unless all are asked for.
const HELD_MAX: usize = 12;

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Print the policy in force, in the form that `edit` takes
    Show,
    /// Change the policy: in an editor, or from a file
    Edit(Edit),
    /// Show what the policy says of each open proposal of a dream, were it merged without a person
    Test(Test),
    /// Compute the verdict of a commit again, and say whether it is still the same
    Check(Check),
}

#[derive(Args, Debug)]
pub(crate) struct Edit {
    /// A file with the policy, - for standard input; without one, $VISUAL or $EDITOR is opened
    file: Option<PathBuf>,
    /// Read the policy and say what is wrong with it; write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    saying: Saying,
}

#[derive(Args, Debug)]
pub(crate) struct Test {
    /// The dream: its number, or dreams/N
    dream: String,
    /// Also what passes, rule by rule, and every proposal
    #[arg(long)]
    all: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Check {
    /// The commit
    #[arg(value_name = "REV", default_value = "main")]
    revision: String,
    /// The guarded branch it was made on
    #[arg(long, value_name = "BRANCH", default_value = "main")]
    branch: String,
}

impl Policy {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        match self {
            Self::Show => show(call),
            Self::Edit(edit) => edit.run(call),
            Self::Test(test) => test.run(call),
            Self::Check(check) => check.run(call),
        }
    }
}

/// The rules that need search, to be handed to whatever asks the policy.
pub(crate) fn gates(store: &Store) -> Outcome<Vec<Arc<dyn Gate>>> {
    let search = Search::open(store.database())?;
    let probes = NoWorseProbe::new(&search);
    Ok(vec![Arc::new(NearProtected::new(&search)), Arc::new(probes)])
}

/// The same for a commit that was made already: its probes are those of then.
fn gates_then(store: &Store, commit: CommitId) -> Outcome<Vec<Arc<dyn Gate>>> {
    let search = Search::open(store.database())?;
    let probes = NoWorseProbe::new(&search).of(store.probes_then(&*store.commit(commit)?)?);
    Ok(vec![Arc::new(NearProtected::new(&search)), Arc::new(probes)])
}

fn show(call: &Call) -> Outcome {
    let store = call.store(Access::Read)?;
    let (text, record) = store.policy_text()?;
    if call.json() {
        let policy = store.policy()?;
        return call.print_json(&json!({
            "record": record.map(|id| id.to_string()),
            "text": text,
            "policy": terms_json(&policy),
        }));
    }
    let mut page = call.page();
    writeln!(page, "{}", escape_text(text.trim_end_matches('\n')))?;
    page.finish()?;
    call.note(match record {
        None => "This is the default; to change it: undream policy edit",
        Some(_) => "A term that is left out stands as in the default; --json shows every one.",
    });
    Ok(())
}

fn terms_json(policy: &Terms) -> Value {
    json!({
        "mode": policy.mode.name(),
        "guard": policy.guarded.iter().map(RefName::as_str).collect::<Vec<_>>(),
        "protect": policy.protected.iter().map(undream::Key::as_str).collect::<Vec<_>>(),
        "refuse_secrets": policy.no_secrets,
        "black_box_max": policy.black_box_max.name(),
        "sessions_min": policy.sessions_min,
        "users_min": policy.users_min,
        "trust_min": policy.trust_min.name(),
        "additions_max": policy.additions_max,
        "rewrites_max": policy.rewrites_max,
        "removals_max": policy.removals_max,
        "hold_pinned": policy.keep_pinned,
        "hold_near_protected": policy.near_protected,
        "hold_worse_probes": policy.probes,
    })
}

impl Edit {
    fn run(&self, call: &Call) -> Outcome {
        let store = call.store(if self.dry_run { Access::Read } else { Access::Write })?;
        let (before, _) = store.policy_text()?;
        let text = match &self.file {
            None => edited(&before)?,
            Some(file) if file.as_os_str() == "-" => {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text)?;
                text
            }
            Some(file) => std::fs::read_to_string(file)?,
        };
        if text.trim().is_empty() {
            return Err(Failure::usage("the policy is empty; nothing was changed"));
        }
        Terms::parse(&text).map_err(|error| {
            Failure::from(error).hint("undream policy show prints one that can be read")
        })?;
        if !self.dry_run && text != before {
            let message = call.message(&store, &self.saying, "Change the policy")?;
            store
                .set_policy(&text, message)
                .hint_for(ErrorKind::Blocked, || "name yourself: --author NAME".to_owned())?;
        }
        let changed = text != before;
        if call.json() {
            return call.print_json(&json!({"changed": changed, "dry_run": self.dry_run}));
        }
        call.note(match (changed, self.dry_run) {
            (false, _) => "The policy is what it was.",
            (true, true) => "The policy can be read. Nothing was written.",
            (true, false) => "The policy is in force: undream policy show",
        });
        Ok(())
    }
}

/// What the person's editor makes of `text`.
fn edited(text: &str) -> Outcome<String> {
    let Some(program) = editor::named() else {
        return Err(Failure::usage("no editor is named")
            .hint("set EDITOR, or: undream policy show > FILE, then undream policy edit FILE"));
    };
    editor::edit(&program, text).map_err(|failure| failure.hint("the policy is what it was"))
}

impl Test {
    fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Read)?;
        let number = self.dream.strip_prefix("dreams/").unwrap_or(&self.dream);
        let number: u64 = number.parse().map_err(|_| {
            Failure::usage(format!("`{}` is no dream", self.dream)).hint("undream dream list")
        })?;
        let dream = open(&store, number)?;
        let verdicts = dream.policy_verdicts(&gates(&store)?)?;
        let mode = store.policy()?.mode;
        let base = dream.base_branch()?.snapshot()?;
        if call.json() {
            let values = verdicts.iter().map(|verdict| verdict_json(&base, verdict));
            let proposals = values.collect::<Outcome<Vec<Value>>>()?;
            return call.print_json(&json!({"mode": mode.name(), "proposals": proposals}));
        }
        let eye = call.eye(&store)?;
        let proposals = dream.proposals()?;
        let mut page = call.long_page();
        write_sum(&mut page, &eye, number, &verdicts)?;
        let (passing, held): (Vec<_>, Vec<_>) = verdicts.iter().partition(|found| found.passes());
        // What is held first: that is what somebody has to look at.
        for (count, verdict) in held.iter().chain(&passing).enumerate() {
            if !self.all && (count == HELD_MAX || verdict.passes()) {
                break;
            }
            let found = proposals.iter().find(|proposal| proposal.number() == verdict.number);
            let key = found.and_then(|proposal| proposal.key()).map_or("", undream::Key::as_str);
            let ending = if verdict.passes() {
                eye.paint.added("would be merged")
            } else {
                eye.paint.removed("would be held")
            };
            let number = eye.paint.id(format!("{:>3}", verdict.number));
            writeln!(page, "{number} {}  {ending}", eye.paint.name(key))?;
            let told = verdict.findings.iter().filter(|one| self.all || !is_passed(one));
            write_findings(&mut page, &eye, told)?;
            for finding in verdict.refusals() {
                write_beside(&mut page, &eye, &base, finding)?;
            }
        }
        if !self.all && held.len() > HELD_MAX {
            let more = held.len() - HELD_MAX;
            writeln!(page, "and {more} more held: undream policy test {number} --all")?;
        }
        page.finish()?;
        if verdicts.is_empty() {
            call.note("No proposal is open, or the branch is not guarded.");
        } else if mode == PolicyMode::Review {
            call.note("The mode is review: nothing is merged without a person.");
        }
        Ok(())
    }
}

/// How many would be merged and held, and which rules hold how many.
fn write_sum(page: &mut Page, eye: &Eye, dream: u64, verdicts: &[ProposalVerdict]) -> Outcome {
    if verdicts.is_empty() {
        return Ok(());
    }
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in verdicts.iter().flat_map(ProposalVerdict::refusals) {
        *rules.entry(&finding.rule).or_default() += 1;
    }
    let numbers: Vec<String> = verdicts
        .iter()
        .filter(|verdict| verdict.passes())
        .map(|verdict| verdict.number.to_string())
        .collect();
    let (all, held) = (verdicts.len(), verdicts.len() - numbers.len());
    let merged = if numbers.is_empty() {
        "none would be merged".to_owned()
    } else {
        format!("would be merged: {} ({})", numbers.len(), numbers.join(", "))
    };
    writeln!(page, "dream {dream}: of {all} open {merged}")?;
    if held > 0 {
        let rules: Vec<_> = rules.iter().map(|(rule, count)| format!("{rule} ({count})")).collect();
        let told = format!("{held} would be held by {}", rules.join(", "));
        writeln!(page, "  {}", eye.paint.removed(told))?;
    }
    Ok(())
}

/// Whether a finding says nothing against a proposal.
fn is_passed(finding: &RuleFinding) -> bool {
    finding.ruling == Ruling::Passed
}

/// One line per finding; what stands in the way stands out.
fn write_findings<'a>(
    page: &mut Page,
    eye: &Eye,
    findings: impl IntoIterator<Item = &'a RuleFinding>,
) -> Outcome {
    for finding in findings {
        let line = escape(&finding.to_string()).into_owned();
        let line = match (finding.refuses(), finding.ruling) {
            (true, _) => eye.paint.removed(line),
            (false, Ruling::Passed) => eye.paint.dim(line),
            (false, _) => eye.paint.warning(format!("{line}; a person may")),
        };
        writeln!(page, "      {line}")?;
    }
    Ok(())
}

impl Check {
    fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Read)?;
        let commit = call.resolve(&store, &self.revision)?;
        let branch = RefName::new(&self.branch)?;
        let check = store.check(commit, &branch, &gates_then(&store, commit)?)?;
        let (same, differences) = (check.is_same(), check.differences());
        if call.json() {
            let differences: Vec<Value> = differences
                .iter()
                .map(|(then, now)| json!({"then": then.map(finding_json), "now": now.map(finding_json)}))
                .collect();
            call.print_json(&json!({
                "commit": commit.to_string(),
                "same": same,
                "kept": check.kept.as_ref().map(stored_json),
                "now": stored_json(&check.now),
                "differences": differences,
            }))?;
        } else {
            let eye = call.eye(&store)?;
            let mut page = call.page();
            let said = match (&check.kept, same) {
                (None, true) => "keeps no verdict, and passes",
                (None, false) => "keeps no verdict, and does not pass",
                (Some(_), true) => "has the verdict that it had",
                (Some(_), false) => "has another verdict than it had",
            };
            writeln!(page, "commit {} {said}", eye.id(commit.object())?)?;
            write_findings(&mut page, &eye, &check.now.findings)?;
            for (then, now) in differences {
                let words = |side: Option<&RuleFinding>| {
                    side.map_or("nothing".to_owned(), |found| {
                        escape(&format!("{found} (version {})", found.version)).into_owned()
                    })
                };
                writeln!(page, "  then {}\n  now  {}", words(then), words(now))?;
            }
            page.finish()?;
        }
        if same { Ok(()) } else { Err(differs(commit)) }
    }
}

fn differs(commit: undream::CommitId) -> Failure {
    let message = format!("the verdict of {commit:.12} is not what the policy says");
    Failure::new(ErrorKind::Blocked, message).hint("undream policy show")
}

fn verdict_json(base: &Snapshot, verdict: &ProposalVerdict) -> Outcome<Value> {
    let findings = verdict.findings.iter().map(|finding| finding_beside_json(base, finding));
    Ok(json!({
        "proposal": verdict.number,
        "passes": verdict.passes(),
        "findings": findings.collect::<Outcome<Vec<_>>>()?,
    }))
}

/// A verdict as it is kept with a commit.
pub(crate) fn stored_json(verdict: &Verdict) -> Value {
    json!({
        "policy": verdict.policy.map(|id| id.to_string()),
        "passes": verdict.passes(),
        "overridden": verdict.is_overridden(),
        "findings": verdict.findings.iter().map(finding_json).collect::<Vec<_>>(),
    })
}

/// A finding with its numbers.
pub(crate) fn finding_json(finding: &RuleFinding) -> Value {
    let (least, most) = match finding.bound {
        Some(Bound::AtLeast(least)) => (Some(least), None),
        Some(Bound::AtMost(most)) => (None, Some(most)),
        None => (None, None),
    };
    json!({
        "rule": finding.rule,
        "version": finding.version,
        "ruling": finding.ruling.name(),
        "binding": finding.binding,
        "found": finding.found,
        "at_least": least,
        "at_most": most,
        "named": finding.named,
    })
}
