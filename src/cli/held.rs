//! What the policy holds of a dream, and why.

use std::io::Write;

use serde_json::{Value, json};
use undream::{Dream, Key, NearProtected, Proposal, ProposalVerdict, RuleFinding, Snapshot};

use super::call::Eye;
use super::exit::Outcome;
use super::page::Page;
use super::paint::{escape, escape_text};
use super::policy::finding_json;

/// What the policy held when the dream ended, or when it was last asked.
pub(crate) struct Held {
    verdicts: Vec<ProposalVerdict>,
    /// The branch, where the protected texts stand.
    base: Snapshot,
}

impl Held {
    pub(crate) fn of(dream: &Dream) -> Outcome<Self> {
        Ok(Self { verdicts: dream.held()?, base: dream.base_branch()?.snapshot()? })
    }

    /// Why it holds a proposal that nobody has decided on.
    pub(crate) fn reasons(&self, proposal: &Proposal) -> Vec<String> {
        let open = self.findings(proposal.number()).filter(|_| proposal.is_open());
        open.map(|finding| escape(&finding.to_string()).into_owned()).collect()
    }

    /// Why it holds an open proposal, a line each; what is near a protected text stands beside it.
    pub(crate) fn write(&self, page: &mut Page, eye: &Eye, proposal: &Proposal) -> Outcome {
        for finding in self.findings(proposal.number()).filter(|_| proposal.is_open()) {
            let reason = escape(&finding.to_string()).into_owned();
            writeln!(page, "    {}", eye.paint.removed(format!("held: {reason}")))?;
            write_beside(page, eye, &self.base, finding)?;
        }
        Ok(())
    }

    /// The same for `--json`, also where somebody has decided since.
    pub(crate) fn reasons_json(&self, number: u32) -> Outcome<Vec<Value>> {
        self.findings(number).map(|finding| finding_beside_json(&self.base, finding)).collect()
    }

    fn findings(&self, number: u32) -> impl Iterator<Item = &RuleFinding> {
        let of_number = self.verdicts.iter().filter(move |verdict| verdict.number == number);
        of_number.flat_map(ProposalVerdict::refusals)
    }
}

/// The protected texts that a finding names, as they stand in `base`.
pub(crate) fn write_beside(
    page: &mut Page,
    eye: &Eye,
    base: &Snapshot,
    finding: &RuleFinding,
) -> Outcome {
    for (key, text) in beside(base, finding)? {
        writeln!(page, "      beside {}", eye.paint.name(key.as_str()))?;
        for line in escape_text(&text).lines() {
            writeln!(page, "        {line}")?;
        }
    }
    Ok(())
}

/// A finding with the protected texts that it names.
pub(crate) fn finding_beside_json(base: &Snapshot, finding: &RuleFinding) -> Outcome<Value> {
    let mut value = finding_json(finding);
    let beside = beside(base, finding)?.into_iter();
    let texts: Vec<Value> =
        beside.map(|(key, text)| json!({"key": key.as_str(), "text": text})).collect();
    if !texts.is_empty() {
        super::json::extend(&mut value, json!({"beside": texts}));
    }
    Ok(value)
}

/// Each once.
fn beside(base: &Snapshot, finding: &RuleFinding) -> Outcome<Vec<(Key, String)>> {
    let mut keys: Vec<Key> =
        NearProtected::pairs(finding).into_iter().map(|(_, protected)| protected).collect();
    keys.sort();
    keys.dedup();
    let mut texts = Vec::new();
    for key in keys {
        let Some(record) = base.get(key.as_str())? else { continue };
        let text = if record.is_erased() { "(erased)" } else { record.text()? };
        texts.push((key, text.to_owned()));
    }
    Ok(texts)
}
