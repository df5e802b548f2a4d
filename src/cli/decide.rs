//! `dream decide`: decides on proposals as an edited plan says, on all of them or on none.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use undream::Reply;

use super::call::{Access, Call};
use super::dream::open;
use super::exit::Outcome;
use super::paint::counted;
use super::plan;

#[derive(Args, Debug)]
pub(crate) struct Decide {
    /// The number of the dream, as dream list shows it
    number: u64,
    /// The plan, as dream show --plan writes it; - for standard input
    file: PathBuf,
    /// Read the plan and say what is wrong with it; decide nothing
    #[arg(long)]
    dry_run: bool,
}

impl Decide {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let number = self.number;
        let access = if self.dry_run { Access::Read } else { Access::Write };
        let store = call.store(access)?;
        let mut review = open(&store, number)?.review_as(call.author()?)?;
        let again = || format!("undream dream show {number} --plan FILE writes a new plan");
        let answers =
            plan::read(&text(&self.file)?, &review).map_err(|wrong| wrong.hint(again()))?;
        let count = |wanted: fn(&Reply) -> bool| answers.values().filter(|a| wanted(a)).count();
        let approved = count(|answer| matches!(answer, Reply::Approve { .. }));
        let amended = count(|answer| matches!(answer, Reply::Amend { .. }));
        let rejected = count(|answer| matches!(answer, Reply::Reject { .. }));
        let new = if self.dry_run { Vec::new() } else { review.answer(&answers)? };
        if call.json() {
            return call.print_json(&json!({
                "dream": number, "approved": approved, "amended": amended, "rejected": rejected,
                "decided_anew": new, "dry_run": self.dry_run,
            }));
        }
        let said = format!("{approved} approved, {amended} amended, {rejected} rejected");
        if self.dry_run {
            call.note(format!("The plan can be read: {said}. Nothing is decided."));
        } else {
            let new = counted(new.len() as u64, "decision is new", "decisions are new");
            call.note(format!("Dream {number}: {said}; {new}."));
            if approved + amended > 0 {
                call.note(format!("Next: undream dream merge {number}"));
            }
        }
        Ok(())
    }
}

fn text(file: &Path) -> Outcome<String> {
    if file.as_os_str() != "-" {
        return Ok(std::fs::read_to_string(file)?);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text)
}
