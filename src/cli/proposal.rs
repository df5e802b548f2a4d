//! How a dream's proposals are shown.

use std::io::Write;

use serde_json::{Value, json};
use undream::{Choice, Evident, Manifest, Overtaken, Proposal, Source, Store, Verb};

use super::call::Eye;
use super::change;
use super::exit::Outcome;
use super::held::Held;
use super::lineup::Usual;
use super::page::Page;
use super::paint::{escape, escape_text, first_line};

/// How many quotes a proposal in full shows.
pub(crate) const QUOTES_MAX: usize = 6;
/// What stands around a quote on its line.
const QUOTE_INDENT: usize = 6;
/// From how many citations they are chosen.
const QUOTES_READ_MAX: usize = 60;

/// Why to look twice; `None` if nothing speaks for it.
pub(crate) fn dangers(proposal: &Proposal) -> Option<String> {
    let words: Vec<_> = proposal.dangers().iter().map(|danger| danger.words()).collect();
    if words.is_empty() { None } else { Some(words.join(", ")) }
}

/// What it takes to show a proposal in full.
pub(crate) struct Sight<'a> {
    pub(crate) store: &'a Store,
    pub(crate) held: &'a Held,
    pub(crate) usual: &'a Usual,
    /// The dream's account.
    pub(crate) manifest: &'a Manifest,
    /// How many different quotes are shown.
    pub(crate) quotes_max: usize,
}

impl Sight<'_> {
    /// The proposals of earlier dreams whose place one takes.
    fn replaced(&self, number: u32) -> &[(u64, u32)] {
        self.manifest.supersedes.get(&number).map_or(&[], Vec::as_slice)
    }
}

/// Everything: the reason, the changes, the quotes.
pub(crate) fn write_full(
    page: &mut Page,
    eye: &Eye,
    sight: &Sight<'_>,
    proposal: &Proposal,
) -> Outcome {
    write_heading(page, eye, proposal)?;
    writeln!(page, "    {}", eye.paint.dim(standing(proposal)))?;
    sight.held.write(page, eye, proposal)?;
    if let Some(dangers) = sight.usual.dangers(proposal) {
        writeln!(page, "    {}", eye.paint.warning(format!("look twice: {dangers}")))?;
    }
    if !proposal.depends_on().is_empty() {
        let numbers: Vec<_> = proposal.depends_on().iter().map(u32::to_string).collect();
        writeln!(page, "    needs proposals {}", numbers.join(", "))?;
    }
    for (dream, number) in sight.replaced(proposal.number()) {
        writeln!(page, "    in the place of dream {dream}, proposal {number}")?;
    }
    if let Some(why) = proposal.rationale() {
        for line in escape_text(why).lines() {
            writeln!(page, "    {line}")?;
        }
    }
    let read = |id| sight.store.record(id)?.to_entry();
    for found in proposal.changes() {
        writeln!(page)?;
        // Of a text that was not there before every word is new.
        if found.before.is_some() && found.after.is_some() {
            change::write_words(page, eye, found, &read)?;
        } else {
            change::write(page, eye, found, &read)?;
        }
    }
    if let Some(text) = proposal.choice().and_then(|choice| choice.text.as_deref()) {
        writeln!(page)?;
        for line in escape_text(text).lines() {
            writeln!(page, "  {} {line}", eye.paint.warning("amended:"))?;
        }
    }
    writeln!(page)?;
    write_quotes(page, eye, sight.quotes_max, proposal)
}

/// The quotes, the same words once, those that most sessions share first.
fn write_quotes(page: &mut Page, eye: &Eye, most: usize, proposal: &Proposal) -> Outcome {
    let found = proposal.evident(QUOTES_READ_MAX)?;
    let mut same: Vec<(&Evident, usize)> = Vec::new();
    for one in &found {
        match same.iter_mut().find(|(first, _)| one.quote.is_some() && first.quote == one.quote) {
            Some((_, count)) => *count += 1,
            None => same.push((one, 1)),
        }
    }
    same.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (one, count) in same.iter().take(most) {
        write_words(page, eye, one, count - 1)?;
    }
    let shown: usize = same.iter().take(most).map(|(_, count)| count).sum();
    let left = proposal.evidence().len().saturating_sub(shown);
    if left > 0 {
        writeln!(
            page,
            "    {}",
            eye.paint.dim(format!("and {left} more places; --json names all"))
        )?;
    }
    Ok(())
}

fn write_heading(page: &mut Page, eye: &Eye, proposal: &Proposal) -> Outcome {
    let decided = match (proposal.choice(), proposal.overtaken()) {
        (Some(choice), _) => format!("  {}", decision(choice)),
        (None, Some(by)) => format!("  {}", overtaken(by)),
        (None, None) => String::new(),
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
pub(crate) fn standing(proposal: &Proposal) -> String {
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
    // What only removes has no words that would have to be trusted.
    if !taint.is_empty() {
        parts.push(format!("trust {}, rests on {}", proposal.trust().name(), taint.join(", ")));
    }
    parts.join("; ")
}

/// One quote with its place.
pub(crate) fn write_quote(page: &mut Page, eye: &Eye, found: &Evident) -> Outcome {
    let place = place(eye, found);
    match &found.quote {
        Some(quote) => writeln!(page, "    {place} \"{}\"", first_line(quote, quote_chars(eye)))?,
        None => writeln!(page, "    {place} (erased)")?,
    }
    Ok(())
}

/// One quote before its place, and in how many more places the same words stand: in a review the
/// words decide.
fn write_words(page: &mut Page, eye: &Eye, found: &Evident, more: usize) -> Outcome {
    let more = if more == 0 { String::new() } else { format!(" and {more} more like it") };
    let place = place(eye, found);
    match &found.quote {
        Some(quote) => {
            writeln!(page, "    \"{}\"", first_line(quote, quote_chars(eye)))?;
            writeln!(page, "        {place}{more}")?;
        }
        None => writeln!(page, "    (erased) {place}")?,
    }
    Ok(())
}

fn place(eye: &Eye, found: &Evident) -> String {
    eye.paint.id(format!("{}#{}", escape(&found.session), span(found.first, found.last)))
}

/// Events of a session as one names them to `session show`: `40-44` or `40`.
pub(crate) fn span(first: u32, last: u32) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

/// How much of a quote fits on a line of its own.
fn quote_chars(eye: &Eye) -> usize {
    eye.width - QUOTE_INDENT
}

/// A decision as a list shows it, in so many characters.
pub(crate) fn decided(eye: &Eye, choice: &Choice, most: usize) -> String {
    let text = first_line(&decision(choice), most);
    if choice.verb == Verb::Reject { eye.paint.removed(text) } else { eye.paint.added(text) }
}

/// A decision in a few words.
fn decision(choice: &Choice) -> String {
    let mut text = format!("{} by {}", choice.verb.name(), escape(&choice.reviewer));
    if choice.unchanged {
        text += ", there already";
    } else if choice.merged {
        text += ", merged";
    }
    if choice.reverted {
        text += ", taken back";
    }
    if let Some(reason) = &choice.reason {
        text += &format!(": {}", first_line(reason, 60));
    }
    text
}

/// Why nobody has to decide, in a few words.
pub(crate) fn overtaken(by: Overtaken) -> String {
    match by {
        Overtaken::ByProposal { dream, proposal } => {
            format!("anew in dream {dream}, proposal {proposal}")
        }
        Overtaken::ByBranch => "there already".to_owned(),
    }
}

fn overtaken_json(by: Overtaken) -> Value {
    match by {
        Overtaken::ByProposal { dream, proposal } => {
            json!({"by": "proposal", "dream": dream, "proposal": proposal})
        }
        Overtaken::ByBranch => json!({"by": "branch"}),
    }
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
            "unchanged": choice.unchanged,
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
        "effect": proposal.effect().name(),
        "dangers": proposal.dangers().iter().map(|danger| danger.words()).collect::<Vec<_>>(),
        "sources": {
            "sessions": sources.sessions,
            "users": sources.users,
            "agents": sources.agents,
            "successes": sources.successes,
            "failures": sources.failures,
        },
        "evidence": evidence,
        "decision": decision,
        "overtaken": proposal.overtaken().map(overtaken_json),
    }))
}
