//! `drift`: how the memory has changed, each line with the command that acts on it.

use clap::Args;
use serde_json::{Value, json};
use undream::{Branch, CommitId, Drift as Drifted, ErrorKind, Period, Time, Trust};

use super::call::{Access, Call, Eye};
use super::exit::{Failure, Outcome};
use super::page::Page;
use super::paint::{counted, quoted};
use super::status::line;
use super::time::ago;

/// Without `--since`: so many days.
const DAYS: i64 = 30;
/// How many lines of a sort are shown; `--json` has all.
const LINES_MAX: usize = 8;
const TRUSTS: [Trust; 5] = [Trust::None, Trust::Tool, Trust::Agent, Trust::User, Trust::Endorsed];

#[derive(Args, Debug)]
pub(crate) struct Drift {
    /// Since this commit (main~20, a tag, an id) or time (2026-03-01, 'last tuesday'); else 30 days
    #[arg(long, value_name = "REV|TIME")]
    since: Option<String>,
    /// The branch
    #[arg(long, value_name = "BRANCH", default_value = "main")]
    branch: String,
}

/// A measured drift and how to speak of it.
struct Told<'a> {
    drift: &'a Drifted,
    eye: &'a Eye,
    branch: &'a Branch,
}

impl Drift {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Read)?;
        let branch = call.branch(&store, &self.branch)?;
        let drift = self.measure(&branch)?;
        if call.json() {
            return call.print_json(&to_json(&drift));
        }
        let eye = call.eye(&store)?;
        let mut page = call.page();
        Told { drift: &drift, eye: &eye, branch: &branch }.write(&mut page)?;
        Ok(page.finish()?)
    }

    fn measure(&self, branch: &Branch) -> Outcome<Drifted> {
        let database = branch.store().database();
        let Some(since) = &self.since else {
            let seconds = database.now().as_seconds() - DAYS * 24 * 3_600;
            return Ok(Drifted::since_time(branch, Time::from_seconds(seconds))?);
        };
        if let Ok(time) = database.since(since) {
            return Ok(Drifted::since_time(branch, time)?);
        }
        let found = branch.store().resolve(since).map_err(|error| {
            Failure::from(error).hint("give a revision, or a time such as 2026-03-01 or yesterday")
        })?;
        Drifted::since(branch, Some(found.commit)).map_err(|error| {
            let invalid = error.kind() == ErrorKind::Invalid;
            let failure = Failure::from(error);
            if invalid { failure.hint("undream log") } else { failure }
        })
    }
}

impl Told<'_> {
    fn write(&self, page: &mut Page) -> Outcome {
        let drift = self.drift;
        let commits = counted(drift.commits, "commit", "commits");
        let since = match drift.from {
            Some(from) => format!("since {}", self.short(from)?),
            None => "since the beginning".to_owned(),
        };
        let text = format!("{} {since}: {commits}", self.branch.name());
        self.line(page, &text, &self.against("undream diff"))?;
        if drift.commits == 0 {
            return Ok(());
        }
        let (before, after) = drift.entries;
        let text = format!("  grew from {before} to {after} memories, {:+} bytes", drift.bytes);
        self.line(page, &text, &self.against("undream diff"))?;
        let (written, dreamt) = totals(&drift.periods);
        let share = (100 * dreamt).checked_div(written).unwrap_or(0);
        let text =
            format!("  {share} % of what was written is from dreams ({dreamt} of {written})");
        self.line(page, &text, "undream dream list")?;
        for period in &drift.periods {
            self.line(page, &self.period(period), "")?;
        }
        self.write_churn(page)?;
        self.write_restless(page)?;
        self.write_unfounded(page)
    }

    fn line(&self, page: &mut Page, text: &str, command: &str) -> Outcome {
        line(page, self.eye, text, command)
    }

    fn short(&self, commit: CommitId) -> Outcome<String> {
        Ok(self.eye.short.of(commit.object())?)
    }

    /// A command over the two ends.
    fn against(&self, command: &str) -> String {
        match self.drift.from {
            Some(from) => format!("{command} {from:.12} {}", self.branch.name()),
            None => "undream log".to_owned(),
        }
    }

    fn period(&self, period: &Period) -> String {
        let trusts = TRUSTS.iter().filter_map(|trust| Some((trust, period.trust.get(trust)?)));
        let trusts: Vec<_> =
            trusts.map(|(trust, count)| format!("{count} {}", trust.name())).collect();
        let trusts = if trusts.is_empty() { "nothing".to_owned() } else { trusts.join(", ") };
        let (begins, dreamt) = (ago(period.begins, self.eye.now), period.by_dreams);
        format!("    from {begins}: {} written, {dreamt} by dreams; trust {trusts}", period.written)
    }

    fn write_churn(&self, page: &mut Page) -> Outcome {
        for churn in self.drift.churn.iter().take(LINES_MAX) {
            let text = format!(
                "  {}: {} added, {} changed, {} moved, {} removed",
                churn.prefix, churn.added, churn.changed, churn.moved, churn.removed
            );
            self.line(page, &text, &format!("undream log --prefix {}", quoted(&churn.prefix)))?;
        }
        self.more(page, self.drift.churn.len())
    }

    fn write_restless(&self, page: &mut Page) -> Outcome {
        for one in self.drift.rewritten.iter().take(LINES_MAX) {
            let dreams = one.by_dreams;
            let text = format!("  {} rewritten {} times, {dreams} by dreams", one.key, one.times);
            self.line(page, &text, &format!("undream blame {}", quoted(one.key.as_str())))?;
        }
        self.more(page, self.drift.rewritten.len())?;
        for one in self.drift.swings.iter().take(LINES_MAX) {
            let times = counted(one.times, "time", "times");
            let last = self.short(one.last)?;
            let text = format!("! {} went back and forth {times}, last with {last}", one.key);
            self.line(page, &text, &format!("undream log --key {}", quoted(one.key.as_str())))?;
        }
        self.more(page, self.drift.swings.len())
    }

    fn write_unfounded(&self, page: &mut Page) -> Outcome {
        for one in self.drift.unfounded.iter().take(LINES_MAX) {
            let text = format!("! {} rests on no session, event or memory", one.key);
            self.line(page, &text, &format!("undream why {}", quoted(one.key.as_str())))?;
        }
        self.more(page, self.drift.unfounded.len())
    }

    /// How many lines of a sort were left out.
    fn more(&self, page: &mut Page, count: usize) -> Outcome {
        if count > LINES_MAX {
            let text = format!("    and {} more", count - LINES_MAX);
            self.line(page, &text, "undream drift --json")?;
        }
        Ok(())
    }
}

/// What was written, and of that by dreams.
fn totals(periods: &[Period]) -> (u64, u64) {
    let sum = |count: fn(&Period) -> u64| periods.iter().map(count).sum();
    (sum(|period| period.written), sum(|period| period.by_dreams))
}

fn to_json(drift: &Drifted) -> Value {
    let churn = drift.churn.iter().map(|churn| {
        json!({
            "prefix": churn.prefix,
            "added": churn.added,
            "changed": churn.changed,
            "moved": churn.moved,
            "removed": churn.removed,
        })
    });
    let rewritten = drift.rewritten.iter().map(|one| {
        let memory = one.memory.to_string();
        json!({"key": one.key.as_str(), "memory": memory, "times": one.times, "by_dreams": one.by_dreams})
    });
    let swings = drift.swings.iter().map(|one| {
        let (memory, last) = (one.memory.to_string(), one.last.to_string());
        json!({"key": one.key.as_str(), "memory": memory, "times": one.times, "last": last})
    });
    let unfounded = drift
        .unfounded
        .iter()
        .map(|one| json!({"key": one.key.as_str(), "record": one.record.to_string()}));
    let (written, dreamt) = totals(&drift.periods);
    json!({"drift": {
        "from": drift.from.map(|id| id.to_string()),
        "to": drift.to.map(|id| id.to_string()),
        "commits": drift.commits,
        "entries": {"before": drift.entries.0, "after": drift.entries.1},
        "bytes": drift.bytes,
        "written": written,
        "by_dreams": dreamt,
        "churn": churn.collect::<Vec<_>>(),
        "rewritten": rewritten.collect::<Vec<_>>(),
        "swings": swings.collect::<Vec<_>>(),
        "unfounded": unfounded.collect::<Vec<_>>(),
        "periods": drift.periods.iter().map(period_json).collect::<Vec<_>>(),
    }})
}

fn period_json(period: &Period) -> Value {
    let trust = period.trust.iter().map(|(trust, count)| (trust.name().to_owned(), json!(count)));
    json!({
        "begins": period.begins.to_string(),
        "commits": period.commits,
        "written": period.written,
        "by_dreams": period.by_dreams,
        "trust": Value::Object(trust.collect()),
    })
}
