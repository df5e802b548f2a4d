//! From a question to a verdict, and from a verdict to yes or no.

use std::sync::Arc;

use crate::engine::policy::gate::{Gate, GateQuestion, Measured};
use crate::engine::policy::rules::{ALWAYS, REVIEWS, Rule};
use crate::engine::policy::source::Standard;
use crate::engine::policy::standing::Standing;
use crate::engine::probe::PROBES;
use crate::entropy::Seed;
use crate::error::{Error, ErrorKind, Result};
use crate::object::{
    AuthorKind, Cause, Judged, Message, RefName, RuleFinding, Ruling, SaltedText, Verdict,
};

/// The rule whose gate looks for protected texts near those that are written.
pub(crate) const NEAR_PROTECTED: &str = "near-protected";
/// The rule whose gate runs the probes.
pub(crate) const NO_WORSE_PROBE: &str = "probes";
/// How many things a finding names.
const NAMED_MAX: usize = 8;

/// Asks every rule, and every gate that was handed in.
pub(crate) fn judge(
    question: &GateQuestion<'_>,
    standing: &Standing,
    gates: &[Arc<dyn Gate>],
) -> Result<Verdict> {
    let standard = Standard::of(question.author, question.cause);
    let review = matches!(question.cause, Cause::Review { .. });
    let mut findings = Vec::new();
    for rule in &ALWAYS {
        let binding = standard != Standard::Person || rule.name == "secrets";
        findings.extend(ask(rule, question, binding)?);
    }
    if review {
        for rule in &REVIEWS {
            findings.extend(ask(rule, question, standard == Standard::Unattended)?);
        }
    }
    for gate in gates {
        let binding = standard != Standard::Person || gate.binds_persons();
        let measured = gate.measure(question)?;
        findings.push(finding(gate.rule(), gate.version(), measured, binding));
    }
    if review {
        for rule in wanted(question)? {
            if !gates.iter().any(|gate| gate.rule() == rule) {
                findings.push(unasked(rule, standard == Standard::Unattended));
            }
        }
    }
    Ok(Verdict { policy: standing.record, findings, overridden: None })
}

fn ask(rule: &Rule, question: &GateQuestion<'_>, binding: bool) -> Result<Option<RuleFinding>> {
    if !(rule.stands)(question) {
        return Ok(None);
    }
    Ok(Some(finding(rule.name, rule.version, (rule.measure)(question)?, binding)))
}

fn finding(rule: &str, version: u32, measured: Measured, binding: bool) -> RuleFinding {
    let Measured { ruling, found, bound, mut named } = measured;
    if named.len() > NAMED_MAX {
        let more = named.len() - (NAMED_MAX - 1);
        named.truncate(NAMED_MAX - 1);
        named.push(format!("and {more} more"));
    }
    RuleFinding { rule: rule.to_owned(), version, ruling, binding, found, bound, named }
}

/// The gates that the policy wants an answer from: search always, probes where there are any.
fn wanted(question: &GateQuestion<'_>) -> Result<Vec<&'static str>> {
    let mut rules = Vec::new();
    if question.policy.near_protected && !question.policy.protected.is_empty() {
        rules.push(NEAR_PROTECTED);
    }
    if question.policy.probes {
        let meta = question.store.any_branch(RefName::meta()).snapshot()?;
        if meta.keys(PROBES).next().transpose()?.is_some() {
            rules.push(NO_WORSE_PROBE);
        }
    }
    Ok(rules)
}

/// What is said of a gate that was not handed in.
fn unasked(rule: &str, binding: bool) -> RuleFinding {
    let measured = Measured { ruling: Ruling::Unchecked, found: 0, bound: None, named: Vec::new() };
    finding(rule, 0, measured, binding)
}

/// Lets a change through that passes, or that a person overrides with a reason.
///
/// # Errors
/// `Blocked` with the findings that stand in the way.
pub(super) fn admit(
    mut verdict: Verdict,
    branch: &RefName,
    message: &Message,
    seed: &Seed,
) -> Result<Judged> {
    if verdict.passes() {
        return Ok((verdict, None));
    }
    match &message.overriding {
        Some(reason) if message.author.kind() == AuthorKind::Person => {
            let salted = SaltedText::new(seed.derive("override reason", 0), reason.as_bytes());
            verdict.overridden = Some(salted.id());
            Ok((verdict, Some(salted)))
        }
        overriding => Err(blocked(&verdict, branch, overriding.is_some())),
    }
}

fn blocked(verdict: &Verdict, branch: &RefName, tried: bool) -> Error {
    let refusals: Vec<String> = verdict.refusals().map(ToString::to_string).collect();
    let named = verdict.refusals().flat_map(|finding| finding.named.iter().cloned());
    let only = if tried { "; only a person can override it" } else { "" };
    let refusals = refusals.join("; ");
    let message = format!("the policy refuses this change of `{branch}`: {refusals}{only}");
    Error::new(ErrorKind::Blocked, message).with_candidates(named)
}
