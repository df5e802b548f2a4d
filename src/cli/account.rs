//! What a dream read, proposed, changed and dropped, and what that does to the memory.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::json;
use undream::{Call, Dream, Manifest, Shown, Signal};

use super::call::Eye;
use super::change;
use super::exit::Outcome;
use super::json as shape;
use super::page::Page;
use super::paint::{counted, escape, first_line};
use super::time::ago;

/// What stands before what is said on a line, and before a reason beside its count.
const INDENT: usize = 12;
const COUNT_CHARS: usize = 8;

/// What a dream read, proposed, changed and dropped.
pub(crate) fn write_account(
    page: &mut Page,
    eye: &Eye,
    dream: &Dream,
    manifest: &Manifest,
) -> Outcome {
    let said = eye.width - INDENT;
    writeln!(
        page,
        "{} of {}: {}  {}  by {} {}",
        eye.paint.name(&format!("dream {}", manifest.number)),
        escape(&manifest.branch),
        manifest.status.name(),
        ago(manifest.started(), eye.now),
        escape(&manifest.curator),
        escape(&manifest.curator_version),
    )?;
    if let Some(text) = &manifest.instructions {
        writeln!(page, "  told to   {}", first_line(text, said))?;
    }
    writeln!(
        page,
        "  read      {} sessions, {} events",
        manifest.sessions_read, manifest.events_read
    )?;
    let workings = dream.workings()?;
    if !workings.calls.is_empty() {
        let (read, written) = workings.tokens();
        let calls = counted(workings.calls.len() as u64, "question", "questions");
        writeln!(page, "  asked     {calls}, {read} tokens read, {written} written")?;
    }
    if let Some(why) = workings.settings.get("stopped") {
        writeln!(page, "  stopped   {}", first_line(why, said))?;
    }
    if let Some(instead) = &manifest.fallback {
        writeln!(page, "  instead   {}", first_line(instead, said))?;
    }
    writeln!(page, "  proposed  {} of {} suggestions", manifest.proposals, manifest.suggested)?;
    for (reason, count) in &manifest.dropped {
        writeln!(page, "  dropped   {count}: {}", first_line(reason, said - COUNT_CHARS))?;
    }
    if manifest.proposals > 0 {
        let changes = dream.diff()?.collect::<Result<Vec<_>, _>>()?;
        writeln!(page, "  changes   {}", change::summary(&changes))?;
    }
    let (before, after) = (&manifest.before, &manifest.after);
    writeln!(page, "  memory    {}", amount(before))?;
    if manifest.proposals > 0 {
        writeln!(page, "  with all  {}", amount(after))?;
    }
    write_succession(page, manifest)?;
    for (commit, numbers) in dream.taken_back()? {
        let numbers: Vec<_> = numbers.iter().map(u32::to_string).collect();
        let what = if numbers.len() == 1 { "proposal" } else { "proposals" };
        writeln!(
            page,
            "  {}  {what} {} by {}",
            eye.paint.removed("taken back"),
            numbers.join(", "),
            eye.id(commit.object())?
        )?;
    }
    if let Some(why) = &manifest.failure {
        writeln!(page, "  {}    {}", eye.paint.removed("failed"), escape(why))?;
    }
    Ok(())
}

/// Which open proposals of earlier dreams it proposes anew, by dream.
fn write_succession(page: &mut Page, manifest: &Manifest) -> Outcome {
    let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
    for (dream, _) in manifest.supersedes.values().flatten() {
        *counts.entry(*dream).or_default() += 1;
    }
    for (dream, count) in counts {
        let what = counted(count, "open proposal", "open proposals");
        writeln!(page, "  anew      {what} of dream {dream}")?;
    }
    Ok(())
}

/// How much a memory holds, and how much of it is of use.
fn amount(signal: &Signal) -> String {
    let entries = counted(signal.entries, "entry", "entries");
    let mut text =
        format!("{entries}, {} bytes, {} nearly alike", signal.bytes, signal.near_duplicates);
    if let Some(count) = signal.never_recalled {
        text += &format!(", {count} never recalled");
    }
    if let Some(probes) = signal.probes {
        text += &format!(", probes that hold: {} of {}", probes.hold, probes.all);
    }
    text
}

/// The manifest, and what the curator told of its work if it told anything.
pub(crate) fn account_json(dream: &Dream, manifest: &Manifest) -> Outcome<serde_json::Value> {
    let (mut value, workings) = (listed_json(dream, manifest)?, dream.workings()?);
    if !workings.is_empty() {
        let calls: Vec<_> = workings.calls.iter().map(call_json).collect();
        let told = json!({"settings": workings.settings, "calls": calls});
        shape::extend(&mut value, json!({"workings": told}));
    }
    Ok(value)
}

/// The manifest, with what was taken back of the dream.
pub(crate) fn listed_json(dream: &Dream, manifest: &Manifest) -> Outcome<serde_json::Value> {
    let taken_back = dream
        .taken_back()?
        .into_iter()
        .map(|(commit, numbers)| json!({"commit": commit.to_string(), "proposals": numbers}));
    let mut value = manifest.to_json();
    shape::extend(&mut value, json!({"taken_back": taken_back.collect::<Vec<_>>()}));
    Ok(value)
}

fn call_json(call: &Call) -> serde_json::Value {
    let shown = |shown: &Shown| json!({"session": shown.session, "events": shown.events});
    json!({
        "sessions": call.sessions.iter().map(shown).collect::<Vec<_>>(),
        "memories": call.memories,
        "question_bytes": call.question_bytes,
        "requests": call.requests,
        "repaired": call.repaired,
        "tokens_in": call.tokens_in,
        "tokens_out": call.tokens_out,
        "proposals": call.proposals,
    })
}
