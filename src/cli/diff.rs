//! `diff`: what changed from one revision to another.

use std::io::Write;

use clap::Args;
use serde_json::json;
use undream::{Change, Snapshot, Store};

use super::call::{Access, Call, Eye};
use super::change::{self, Read};
use super::dream::open;
use super::exit::Outcome;
use super::page::Page;

#[derive(Args, Debug)]
pub(crate) struct Diff {
    /// The revision before; a dream alone (dreams/N) is compared with what it started from
    #[arg(value_name = "A")]
    before: String,
    /// The revision after; main unless given
    #[arg(value_name = "B")]
    after: Option<String>,
    /// Only what stands at and under this key
    #[arg(long, value_name = "KEY")]
    prefix: Option<String>,
    /// Only count the lines that came and went
    #[arg(long)]
    stat: bool,
    /// Show which words of a line came and went: [-old-] {+new+}
    #[arg(long, conflicts_with = "stat")]
    word: bool,
}

impl Diff {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Read)?;
        let (before, after) = self.sides(call, &store)?;
        let prefix = self.prefix.as_deref().unwrap_or("");
        let under = |change: &Change| {
            let from = change.from.as_ref().is_some_and(|key| key.is_under(prefix));
            from || change.key.is_under(prefix)
        };
        let changes = store.diff(&before, &after)?.collect::<Result<Vec<_>, _>>()?;
        let changes: Vec<Change> = changes.into_iter().filter(under).collect();
        let read = |id| store.record(id)?.to_entry();
        if call.json() {
            let id = |snapshot: &Snapshot| snapshot.id().map(|id| id.to_string());
            return call.print_json(&json!({
                "before": id(&before),
                "after": id(&after),
                "changes": change::list_json(&changes, &read)?,
            }));
        }
        let eye = call.eye(&store)?;
        let mut page = call.long_page();
        for (number, found) in changes.iter().enumerate() {
            if self.stat {
                write_stat(&mut page, &eye, found, &read)?;
                continue;
            }
            if number > 0 {
                writeln!(page)?;
            }
            if self.word {
                change::write_words(&mut page, &eye, found, &read)?;
            } else {
                change::write(&mut page, &eye, found, &read)?;
            }
        }
        if self.stat {
            writeln!(page, "{}", change::summary(&changes))?;
        } else if changes.is_empty() {
            call.note("There are no differences.");
        }
        Ok(page.finish()?)
    }
}

impl Diff {
    /// What is compared.
    fn sides(&self, call: &Call, store: &Store) -> Outcome<(Snapshot, Snapshot)> {
        let number = self.before.strip_prefix("dreams/").and_then(|number| number.parse().ok());
        if let (None, Some(number)) = (&self.after, number) {
            let base = open(store, number)?.manifest()?.base_commit()?;
            return Ok((store.snapshot(base)?, call.snapshot(store, Some(&self.before))?));
        }
        let before = call.snapshot(store, Some(&self.before))?;
        let after = self.after.as_deref().unwrap_or("main");
        Ok((before, call.snapshot(store, Some(after))?))
    }
}

fn write_stat(page: &mut Page, eye: &Eye, found: &Change, read: &Read<'_>) -> Outcome {
    let (came, went) = change::lines(found, read)?;
    let counts = [eye.paint.added(format!("+{came}")), eye.paint.removed(format!("-{went}"))];
    write!(page, "{} ", counts.join(" "))?;
    change::write_header(page, eye, found)
}
