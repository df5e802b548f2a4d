//! How a dream's proposals are shown.

use std::io::Write;

use serde_json::{Value, json};
use undream::{Choice, Evident, Proposal, Source, Store};

use super::call::Eye;
use super::change;
use super::exit::Outcome;
use super::page::Page;
use super::paint::{escape, escape_text, first_line};

/// How much of a line is shown.
const LINE_CHARS: usize = 96;
/// How many quotes a proposal in full shows.
const QUOTES_MAX: usize = 12;

/// A few lines, enough to decide on most: what, how sure, who says so, one quote.
pub(crate) fn write_short(page: &mut Page, eye: &Eye, proposal: &Proposal) -> Outcome {
    write_heading(page, eye, proposal)?;
    if let Some(text) = proposal.text() {
        writeln!(page, "    {}", first_line(text, LINE_CHARS))?;
    }
    writeln!(page, "    {}", eye.paint.dim(standing(proposal)))?;
    for found in proposal.evident(1)? {
        write_quote(page, eye, &found)?;
    }
    Ok(())
}

/// Everything: the reason, the changes line by line, the quotes.
pub(crate) fn write_full(
    page: &mut Page,
    eye: &Eye,
    store: &Store,
    proposal: &Proposal,
) -> Outcome {
    write_heading(page, eye, proposal)?;
    writeln!(page, "    {}", eye.paint.dim(standing(proposal)))?;
    if let Some(why) = proposal.rationale() {
        for line in escape_text(why).lines() {
            writeln!(page, "    {line}")?;
        }
    }
    if !proposal.depends_on().is_empty() {
        let numbers: Vec<_> = proposal.depends_on().iter().map(u32::to_string).collect();
        writeln!(page, "    needs proposals {}", numbers.join(", "))?;
    }
    let read = |id| store.record(id)?.to_entry();
    for found in proposal.changes() {
        writeln!(page)?;
        change::write(page, eye, found, &read)?;
    }
    writeln!(page)?;
    let quotes = proposal.evident(usize::MAX)?;
    for found in quotes.iter().take(QUOTES_MAX) {
        write_quote(page, eye, found)?;
    }
    if quotes.len() > QUOTES_MAX {
        writeln!(page, "    and {} more; --json names all", quotes.len() - QUOTES_MAX)?;
    }
    Ok(())
}

fn write_heading(page: &mut Page, eye: &Eye, proposal: &Proposal) -> Outcome {
    let decided = match proposal.choice() {
        Some(choice) => format!("  {}", decision(choice)),
        None => String::new(),
    };
    let key = proposal.key().map_or("", undream::Key::as_str);
    writeln!(
        page,
        "{} {}  {}{}",
        eye.paint.id(format!("{:>3}", proposal.number())),
        proposal.kind().name(),
        eye.paint.name(key),
        eye.paint.warning(decided),
    )?;
    Ok(())
}

/// Who stands behind it, in one line.
fn standing(proposal: &Proposal) -> String {
    let sources = proposal.sources();
    let plural = |count: u32, what: &str| match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    };
    let mut parts =
        vec![format!("{} % sure", proposal.confidence() / 10), plural(sources.sessions, "session")];
    if sources.users > 0 {
        parts.push(plural(sources.users, "user"));
    }
    if sources.successes + sources.failures > 0 {
        parts.push(format!("{} went well, {} did not", sources.successes, sources.failures));
    }
    let taint: Vec<_> = proposal.taint().sources().map(Source::name).collect();
    parts.push(format!("trust {}, rests on {}", proposal.trust().name(), taint.join(", ")));
    parts.join("; ")
}

/// One quote with its place.
pub(crate) fn write_quote(page: &mut Page, eye: &Eye, found: &Evident) -> Outcome {
    let place =
        eye.paint.id(format!("{}#{}", escape(&found.session), span(found.first, found.last)));
    match &found.quote {
        Some(quote) => writeln!(page, "    {place} \"{}\"", first_line(quote, LINE_CHARS))?,
        None => writeln!(page, "    {place} (erased)")?,
    }
    Ok(())
}

/// Events of a session as one names them to `session show`: `40-44` or `40`.
pub(crate) fn span(first: u32, last: u32) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

/// A decision in a few words.
fn decision(choice: &Choice) -> String {
    let mut text = choice.verb.name().to_owned();
    if choice.merged {
        text += ", merged";
    }
    if choice.reverted {
        text += ", taken back";
    }
    text += &format!(" by {}", escape(&choice.reviewer));
    if let Some(reason) = &choice.reason {
        text += &format!(": {}", first_line(reason, 60));
    }
    text
}

/// The evidence of a proposal with its quotes.
pub(crate) fn evidence_json(proposal: &Proposal) -> Outcome<Vec<Value>> {
    let found = proposal.evident(usize::MAX)?;
    let value = |found: &Evident| {
        let events = [found.first, found.last];
        json!({"session": found.session, "events": events, "quote": found.quote})
    };
    Ok(found.iter().map(value).collect())
}

/// A proposal as `--json` shows it, with every supporting session.
pub(crate) fn to_json(store: &Store, proposal: &Proposal) -> Outcome<Value> {
    let sources = proposal.sources();
    let read = |id| store.record(id)?.to_entry();
    let evidence = evidence_json(proposal)?;
    let decision = proposal.choice().map(|choice| {
        json!({
            "verb": choice.verb.name(),
            "reviewer": choice.reviewer,
            "reason": choice.reason,
            "text": choice.text,
            "merged": choice.merged,
            "reverted": choice.reverted,
        })
    });
    Ok(json!({
        "id": proposal.number(),
        "commit": proposal.commit().to_string(),
        "changes": change::list_json(proposal.changes(), &read)?,
        "kind": proposal.kind().name(),
        "title": proposal.title(),
        "key": proposal.key().map(undream::Key::as_str),
        "text": proposal.text(),
        "rationale": proposal.rationale(),
        "confidence": f64::from(proposal.confidence()) / 1000.0,
        "trust": proposal.trust().name(),
        "taint": proposal.taint().sources().map(Source::name).collect::<Vec<_>>(),
        "depends_on": proposal.depends_on(),
        "sources": {
            "sessions": sources.sessions,
            "users": sources.users,
            "agents": sources.agents,
            "successes": sources.successes,
            "failures": sources.failures,
        },
        "evidence": evidence,
        "decision": decision,
    }))
}
