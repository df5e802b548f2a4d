//! What a dream read, proposed, changed and dropped, and what that does to the memory.

use std::io::Write;

use serde_json::json;
use undream::Manifest;

use super::call::Eye;
use super::exit::Outcome;
use super::json as shape;
use super::page::Page;
use super::paint::{escape, first_line};
use super::time::ago;

/// What a dream read, proposed and dropped.
pub(crate) fn write_account(page: &mut Page, eye: &Eye, manifest: &Manifest) -> Outcome {
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
        writeln!(page, "  told to   {}", first_line(text, 80))?;
    }
    writeln!(
        page,
        "  read      {} sessions, {} events",
        manifest.sessions_read, manifest.events_read
    )?;
    writeln!(page, "  proposed  {} of {} suggestions", manifest.proposals, manifest.suggested)?;
    for (reason, count) in &manifest.dropped {
        writeln!(page, "  dropped   {count}: {}", first_line(reason, 80))?;
    }
    let (before, after) = (manifest.before, manifest.after);
    writeln!(
        page,
        "  memory    {} entries, {} bytes; with all proposals {} entries, {} bytes",
        before.entries, before.bytes, after.entries, after.bytes
    )?;
    if let Some(why) = &manifest.failure {
        writeln!(page, "  {}    {}", eye.paint.removed("failed"), escape(why))?;
    }
    Ok(())
}

pub(crate) fn manifest_json(manifest: &Manifest) -> serde_json::Value {
    let signal = |entries: u64, bytes: u64| json!({"entries": entries, "bytes": bytes});
    let mut value = json!({
        "number": manifest.number,
        "branch": manifest.branch,
        "base": manifest.base,
        "status": manifest.status.name(),
        "curator": manifest.curator,
        "curator_version": manifest.curator_version,
        "instructions": manifest.instructions,
        "started": manifest.started().to_string(),
        "ended": manifest.ended().map(|time| time.to_string()),
    });
    shape::extend(
        &mut value,
        json!({
            "sessions_read": manifest.sessions_read,
            "events_read": manifest.events_read,
            "suggested": manifest.suggested,
            "proposals": manifest.proposals,
            "dropped": manifest.dropped,
            "before": signal(manifest.before.entries, manifest.before.bytes),
            "after": signal(manifest.after.entries, manifest.after.bytes),
            "failure": manifest.failure,
        }),
    );
    value
}
