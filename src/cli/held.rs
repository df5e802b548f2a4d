//! What the policy holds of a dream, and why.

use serde_json::Value;
use undream::{Dream, Proposal, ProposalVerdict, RuleFinding};

use super::exit::Outcome;
use super::paint::escape;
use super::policy::finding_json;

/// What the policy held when the dream ended, or when it was last asked.
pub(crate) struct Held(Vec<ProposalVerdict>);

impl Held {
    pub(crate) fn of(dream: &Dream) -> Outcome<Self> {
        Ok(Self(dream.held()?))
    }

    /// Why it holds a proposal that nobody has decided on.
    pub(crate) fn reasons(&self, proposal: &Proposal) -> Vec<String> {
        let open = self.findings(proposal.number()).filter(|_| proposal.is_open());
        open.map(|finding| escape(&finding.to_string()).into_owned()).collect()
    }

    /// The same for `--json`, also where somebody has decided since.
    pub(crate) fn reasons_json(&self, number: u32) -> Vec<Value> {
        self.findings(number).map(finding_json).collect()
    }

    fn findings(&self, number: u32) -> impl Iterator<Item = &RuleFinding> {
        let of_number = self.0.iter().filter(move |verdict| verdict.number == number);
        of_number.flat_map(ProposalVerdict::refusals)
    }
}
