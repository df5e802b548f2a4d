//! `dream approve`, `reject`, `merge`, `revert`: what becomes of proposals.

use clap::Args;
use serde_json::json;
use undream::{ErrorKind, Overtaken, Proposal, ProposalKind, Review};

use super::arguments::Saying;
use super::call::{Access, Call};
use super::dream::open;
use super::exit::{Failure, Hinted, Outcome};
use super::join::{Deciding, Join};
use super::policy::gates;

/// Which proposals.
#[derive(Args, Debug)]
struct Choosing {
    /// The proposals, by number
    #[arg(value_name = "P")]
    proposals: Vec<u32>,
    /// All that wait for a decision
    #[arg(long)]
    all: bool,
    /// Those of this kind that wait for a decision
    #[arg(long, value_name = "KIND", value_parser = proposal_kind)]
    kind: Option<ProposalKind>,
    /// Those at and under this key that wait for a decision
    #[arg(long)]
    prefix: Option<String>,
    /// Those that so many sessions support, or more, that wait for a decision
    #[arg(long, value_name = "K")]
    min_sessions: Option<u32>,
}

fn proposal_kind(name: &str) -> Result<ProposalKind, String> {
    ProposalKind::from_name(name).ok_or_else(|| {
        "kinds are mistake, workflow, preference, duplicate, supersession, stale, restructure, \
         promotion and other"
            .to_owned()
    })
}

impl Choosing {
    fn numbers(&self, review: &Review, command: &str) -> Outcome<Vec<u32>> {
        let filters =
            self.all || self.kind.is_some() || self.prefix.is_some() || self.min_sessions.is_some();
        match (self.proposals.is_empty(), filters) {
            (false, false) => Ok(self.proposals.clone()),
            (true, true) => {
                let waiting = review.proposals().iter().filter(|proposal| proposal.is_open());
                Ok(waiting.filter(|proposal| self.fits(proposal)).map(Proposal::number).collect())
            }
            (true, false) => Err(Failure::usage("it is not said which proposals")
                .hint(format!("{command} P..., or --all, --kind, --prefix, --min-sessions"))),
            (false, true) => Err(Failure::usage("give either numbers or conditions, not both")),
        }
    }

    fn fits(&self, proposal: &Proposal) -> bool {
        let under = |prefix: &String| proposal.key().is_some_and(|key| key.is_under(prefix));
        self.kind.is_none_or(|kind| proposal.kind() == kind)
            && self.prefix.as_ref().is_none_or(under)
            && self.min_sessions.is_none_or(|least| proposal.sources().sessions >= least)
    }
}

#[derive(Args, Debug)]
pub(crate) struct Approve {
    /// The number of the dream, as dream list shows it
    number: u64,
    #[command(flatten)]
    choosing: Choosing,
    /// Take one proposal with this text instead of its own
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Why, as the review will say it
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Reject {
    /// The number of the dream, as dream list shows it
    number: u64,
    #[command(flatten)]
    choosing: Choosing,
    /// Why, as the review will say it
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Merge {
    /// The number of the dream, as dream list shows it
    number: u64,
    #[command(flatten)]
    deciding: Deciding,
    /// Why, as the log will say it
    #[arg(long, short, value_name = "MSG")]
    message: Option<String>,
    /// Merge although the policy refuses it, with the reason on the record; for persons only
    #[arg(long = "override", value_name = "REASON")]
    overriding: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Revert {
    /// The number of the dream, as dream list shows it
    number: u64,
    /// Only this proposal of it
    #[arg(long, value_name = "P")]
    proposal: Option<u32>,
    #[command(flatten)]
    deciding: Deciding,
    #[command(flatten)]
    saying: Saying,
}

impl Approve {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Write)?;
        let mut review = open(&store, self.number)?.review_as(call.author()?)?;
        let command = format!("undream dream approve {}", self.number);
        let numbers = self.choosing.numbers(&review, &command)?;
        let reason = self.reason.as_deref();
        let approved = match (&self.text, numbers.as_slice()) {
            (None, _) => review.approve_numbers(&numbers, reason),
            (Some(text), [number]) => review.amend(*number, text, reason).map(|()| vec![*number]),
            (Some(_), _) => {
                return Err(Failure::usage("a text can be given to one proposal only"));
            }
        };
        let approved = self.explain(approved, moved(&review, &numbers))?;
        answer(call, self.number, "approved", &approved)?;
        if approved.is_empty() {
            return Ok(());
        }
        call.note(format!("Next: undream dream merge {}", self.number));
        Ok(())
    }

    fn explain(
        &self,
        approved: undream::Result<Vec<u32>>,
        moved: Option<String>,
    ) -> Outcome<Vec<u32>> {
        let number = self.number;
        approved
            .hint_for(ErrorKind::NotFound, || format!("undream dream show {number}"))
            .hint_for(ErrorKind::Conflict, || "approve both by number".to_owned())
            .hint_for(ErrorKind::Invalid, || format!("undream dream show {number}"))
            .hint_for(ErrorKind::Stale, || moved.unwrap_or_default())
    }
}

impl Reject {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Write)?;
        let number = self.number;
        let mut review = open(&store, number)?.review_as(call.author()?)?;
        let numbers = self.choosing.numbers(&review, &format!("undream dream reject {number}"))?;
        let rejected = review
            .reject_numbers(&numbers, self.reason.as_deref())
            .hint_for(ErrorKind::NotFound, || format!("undream dream show {number}"))
            .hint_for(ErrorKind::Invalid, || format!("undream dream revert {number} --proposal P"))
            .hint_for(ErrorKind::Stale, || moved(&review, &numbers).unwrap_or_default());
        answer(call, number, "rejected", &rejected?)
    }
}

/// Where the first of these proposals that was made anew is to be decided on.
fn moved(review: &Review, numbers: &[u32]) -> Option<String> {
    let chosen = review.proposals().iter().filter(|found| numbers.contains(&found.number()));
    chosen.filter_map(Proposal::overtaken).find_map(|by| match by {
        Overtaken::ByProposal { dream, proposal } => {
            Some(format!("undream dream show {dream} {proposal}"))
        }
        Overtaken::ByBranch => None,
    })
}

fn answer(call: &Call, dream: u64, verb: &str, numbers: &[u32]) -> Outcome {
    if call.json() {
        return call.print_json(&json!({"dream": dream, verb: numbers}));
    }
    let listed: Vec<_> = numbers.iter().map(u32::to_string).collect();
    call.note(match listed.as_slice() {
        [] => "No proposal is newly decided.".to_owned(),
        [one] => format!("Dream {dream}: {verb} proposal {one}."),
        all => format!("Dream {dream}: {verb} {} proposals: {}.", all.len(), all.join(", ")),
    });
    Ok(())
}

impl Merge {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let access = if self.deciding.dry_run { Access::Read } else { Access::Write };
        let store = call.store(access)?;
        let number = self.number;
        let dream = open(&store, number)?;
        let review = dream.review_as(call.author()?)?;
        let merge = review.merge().hint_for(ErrorKind::Conflict, || {
            format!("undream dream show {number}, then undream dream approve {number} P...")
        })?;
        let mut merge = merge.gates(&gates(&store)?);
        if let Some(reason) = &self.overriding {
            merge = merge.overriding(reason);
        }
        let taken = merge.numbers().len();
        let default = format!("dream {number}: {taken} of {}", review.proposals().len());
        let text = self.message.clone().unwrap_or(default);
        let branch = dream.base_branch()?;
        let command = format!("undream dream merge {number}");
        let deciding = &self.deciding;
        let join = Join { call, store: &store, branch: &branch, verb: "merge", command, deciding };
        join.finish(merge, |merge| merge.commit(&text))?;
        if !self.deciding.dry_run {
            call.note(format!("To take it back: undream dream revert {number}"));
        }
        Ok(())
    }
}

impl Revert {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let access = if self.deciding.dry_run { Access::Read } else { Access::Write };
        let store = call.store(access)?;
        let number = self.number;
        let dream = open(&store, number)?;
        let revert = dream
            .revert(self.proposal)
            .hint_for(ErrorKind::NotFound, || format!("undream dream show {number}"))?;
        let mut command = format!("undream dream revert {number}");
        let mut text = format!("Revert dream {number}");
        if let Some(proposal) = self.proposal {
            command += &format!(" --proposal {proposal}");
            text += &format!(", proposal {proposal}");
        }
        let message = call.message(&store, &self.saying, &text)?;
        let branch = dream.base_branch()?;
        let deciding = &self.deciding;
        let join = Join { call, store: &store, branch: &branch, verb: "revert", command, deciding };
        join.finish(revert, |revert| revert.commit(message))
    }
}
