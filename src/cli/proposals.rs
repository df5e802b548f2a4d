//! `dream show`: a dream's proposals, one line each, the riskiest first; or one of them in full.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use undream::{Dream, ErrorKind, Manifest, Proposal};

use super::account::{account_json, write_account};
use super::call::{Access, Call};
use super::dream::open;
use super::exit::{Failure, Outcome};
use super::held::Held;
use super::lineup::{Lineup, Usual};
use super::paint::counted;
use super::proposal::{QUOTES_MAX, Sight};
use super::{json as shape, next, plan, proposal, shifts};

#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The number of the dream, as dream list shows it
    number: u64,
    /// The number of one proposal, to see it in full
    proposal: Option<u32>,
    /// Write a plan to edit, for dream decide; to standard output if no file is named
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-",
        conflicts_with_all = ["proposal", "json"])]
    plan: Option<PathBuf>,
}

impl Show {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Read)?;
        let dream = open(&store, self.number)?;
        let manifest = dream.manifest()?;
        let mut proposals = dream.proposals()?;
        let usual = Usual::of(&proposals);
        let held = Held::of(&dream)?;
        if let Some(number) = self.proposal {
            proposals.retain(|proposal| proposal.number() == number);
            if proposals.is_empty() {
                let (dream, count) = (self.number, manifest.proposals);
                let message = format!("dream {dream} has {count} proposals, no number {number}");
                let failure = Failure::new(ErrorKind::NotFound, message);
                return Err(failure.hint(format!("undream dream show {dream}")));
            }
        }
        if call.json() {
            let shown = account_json(&dream, &manifest)?;
            let one = proposals.first().filter(|_| self.proposal.is_some());
            let probes = shifts::of_dream(&dream, one)?;
            let proposals = proposals.iter().map(|found| {
                let mut value = proposal::to_json(&store, found)?;
                shape::extend(&mut value, json!({"held": held.reasons_json(found.number())?}));
                Ok(value)
            });
            let proposals = proposals.collect::<Outcome<Vec<_>>>()?;
            let probes = shifts::to_json(&probes);
            let answer = json!({"dream": shown, "proposals": proposals, "probes": probes});
            return call.print_json(&answer);
        }
        proposals.sort_by_cached_key(Proposal::review_order);
        match (&self.plan, self.proposal) {
            (Some(file), _) => self.write_plan(call, (&dream, &held), file, &proposals),
            (None, Some(_)) => self.show_one(call, (&dream, &held, &usual), &proposals[0]),
            (None, None) => list(call, (&dream, &held, &usual), &manifest, &proposals),
        }
    }

    fn show_one(
        &self,
        call: &Call,
        (dream, held, usual): (&Dream, &Held, &Usual),
        found: &Proposal,
    ) -> Outcome {
        let eye = call.eye(dream.store())?;
        let mut page = call.long_page();
        let sight = Sight {
            store: dream.store(),
            held,
            usual,
            manifest: &dream.manifest()?,
            quotes_max: QUOTES_MAX,
        };
        proposal::write_full(&mut page, &eye, &sight, found)?;
        shifts::write_below(&mut page, &eye, &shifts::of_dream(dream, Some(found))?)?;
        page.finish()?;
        call.note(next::of_proposal(self.number, found));
        Ok(())
    }

    fn write_plan(
        &self,
        call: &Call,
        (dream, held): (&Dream, &Held),
        file: &Path,
        proposals: &[Proposal],
    ) -> Outcome {
        let text = plan::write(dream, held, proposals)?;
        if file.as_os_str() == "-" {
            let mut page = call.page();
            write!(page, "{text}")?;
            return Ok(page.finish()?);
        }
        std::fs::write(file, text)?;
        let file = file.display();
        let what = counted(proposals.len() as u64, "proposal", "proposals");
        call.note(format!(
            "Wrote {what} to {file}. Edit it, then: undream dream decide {} {file}",
            self.number
        ));
        Ok(())
    }
}

/// The account, and a line per proposal.
fn list(
    call: &Call,
    (dream, held, usual): (&Dream, &Held, &Usual),
    manifest: &Manifest,
    proposals: &[Proposal],
) -> Outcome {
    let eye = call.eye(dream.store())?;
    let mut page = call.long_page();
    write_account(&mut page, &eye, dream, manifest)?;
    usual.write(&mut page, &eye)?;
    Lineup { eye: &eye, held, usual }.write(&mut page, proposals)?;
    shifts::write_below(&mut page, &eye, &shifts::of_dream(dream, None)?)?;
    page.finish()?;
    call.note(next::of_dream(manifest, proposals));
    Ok(())
}
