//! `verify` and `backup`: is it whole, and a second one of it.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use undream::ErrorKind;

use super::call::{Access, Call};
use super::exit::{Failure, Hinted, Outcome};
use super::interrupt;
use super::paint::{escape, quoted};

/// The file of a backup that is being written, as docs/format.md says.
const DRAFT: &str = "undream.redb.part";
/// How many findings are printed.
const FINDINGS_MAX: usize = 100;

#[derive(Args, Debug)]
pub(crate) struct Verify {}

#[derive(Args, Debug)]
pub(crate) struct Backup {
    /// The directory to copy to; empty or not there yet
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

impl Verify {
    #[expect(clippy::unused_self, reason = "verbs are called alike")]
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let report = call.busy_database(Access::Read)?.verify()?;
        if call.json() {
            let findings = report.findings.iter();
            let findings = findings.map(|found| json!({"place": found.place, "what": found.what}));
            call.print_json(&json!({"verify": {
                "sound": report.is_sound(),
                "rows": report.rows,
                "commits": report.commits,
                "unchecked": report.unchecked,
                "operations": report.operations,
                "objects": report.objects,
                "edits": report.edits,
                "nodes": report.nodes,
                "findings": findings.collect::<Vec<_>>(),
            }}))?;
        } else {
            let mut page = call.page();
            writeln!(
                page,
                "Checked {} rows: {} commits, {} operations, {} objects, {} tree nodes.",
                report.rows, report.commits, report.operations, report.objects, report.nodes
            )?;
            for found in report.findings.iter().take(FINDINGS_MAX) {
                let said = escape(&found.to_string()).into_owned();
                writeln!(page, "{} {said}", call.paint.removed("damaged"))?;
            }
            if report.findings.len() > FINDINGS_MAX {
                let more = report.findings.len() - FINDINGS_MAX;
                writeln!(page, "and {more} more; --json names all")?;
            }
            page.finish()?;
        }
        if report.is_sound() {
            call.note("All is as it was written.");
            return Ok(());
        }
        let message = format!("{} things are not as they were written", report.findings.len());
        Err(Failure::new(ErrorKind::Corrupt, message))
    }
}

impl Backup {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let database = call.busy_database(Access::Read)?;
        let draft = self.directory.join(DRAFT);
        if !draft.exists() {
            interrupt::add_draft(&draft);
        }
        let rows = database
            .backup(&self.directory)
            .hint_for(ErrorKind::Invalid, || "name a new directory".to_owned())?;
        let shown = self.directory.display().to_string();
        if call.json() {
            return call.print_json(&json!({"backup": {"directory": shown, "rows": rows}}));
        }
        call.note(format!("Wrote {rows} rows to {}.", escape(&shown)));
        call.note(format!("To look at it: undream --db {} status", quoted(&shown)));
        Ok(())
    }
}
