//! What to do next about a dream or a proposal, from where it stands.

use undream::{DreamStatus, Manifest, Overtaken, Proposal, Verb};

use super::paint::counted;
use super::screen::Tally;

/// The line beneath a dream.
pub(crate) fn of_dream(manifest: &Manifest, proposals: &[Proposal]) -> String {
    let number = manifest.number;
    let tally = Tally::of(proposals);
    match manifest.status {
        DreamStatus::Running => {
            return format!("It is at work. To end it: undream dream cancel {number}");
        }
        DreamStatus::Paused => {
            return format!("It is paused. Next: undream dream resume {number}");
        }
        DreamStatus::Failed if proposals.is_empty() => {
            return "It failed and proposed nothing. To run another: undream dream".to_owned();
        }
        _ if proposals.is_empty() => {
            return "It proposed nothing. To read everything again: undream dream --sessions all"
                .to_owned();
        }
        _ => {}
    }
    let one = format!("One in full: undream dream show {number} P. ");
    if tally.open > 0 {
        let merge = if tally.to_merge > 0 {
            let ready = counted(tally.to_merge as u64, "is approved", "are approved");
            format!("; {ready}: undream dream merge {number}")
        } else {
            String::new()
        };
        return format!(
            "{one}Next: undream review {number}, or undream dream approve {number} P...{merge}"
        );
    }
    if tally.to_merge > 0 {
        return format!("{one}Next: undream dream merge {number}");
    }
    match manifest.status {
        DreamStatus::TakenBack => format!("{one}Nothing of it is left to take back: undream log"),
        DreamStatus::Rejected => {
            format!(
                "{one}All are rejected; to take one after all: undream dream approve {number} P"
            )
        }
        DreamStatus::Superseded => format!("{one}Newer dreams propose it anew: undream dream list"),
        _ if tally.stands() => {
            format!("{one}All is decided. To take it back: undream dream revert {number}")
        }
        _ => format!("{one}Nothing waits for a decision."),
    }
}

/// The line beneath a proposal.
pub(crate) fn of_proposal(dream: u64, proposal: &Proposal) -> String {
    let one = proposal.number();
    match (proposal.choice(), proposal.overtaken()) {
        (None, None) => {
            format!(
                "Next: undream dream approve {dream} {one}, or undream dream reject {dream} {one}"
            )
        }
        (None, Some(Overtaken::ByProposal { dream, proposal })) => {
            format!("It was proposed anew: undream dream show {dream} {proposal}")
        }
        (None, Some(Overtaken::ByBranch)) => {
            "The branch says so already; there is nothing to decide.".to_owned()
        }
        (Some(choice), _) if choice.reverted => {
            format!("It was taken back: undream dream show {dream} tells by which commit")
        }
        (Some(choice), _) if choice.unchanged => {
            "The branch had all of it already; there is nothing to take back.".to_owned()
        }
        (Some(choice), _) if choice.merged => {
            format!("To take it back: undream dream revert {dream} --proposal {one}")
        }
        (Some(choice), _) if choice.verb == Verb::Reject => {
            format!("To take it after all: undream dream approve {dream} {one}")
        }
        (Some(_), _) => format!("Next: undream dream merge {dream}"),
    }
}
