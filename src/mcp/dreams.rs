//! `dream`: runs dreams, lists and shows them.

use serde_json::{Value, json};
use undream::{
    Dream, DreamStatus, ErrorKind, Evident, Manifest, Mine, PolicyMode, Proposal, ProposalVerdict,
    Sessions,
};

use super::answer::{Hinted, NOTICE, Outcome, Refusal};
use super::asked::Asked;
use super::cursor::Cursor;
use super::scope::Scope;
use super::shape::{self, WORDS_BYTES_MAX, words};

/// How many dreams or proposals a page has unless asked.
const PAGE: usize = 10;
/// How many quotes a proposal has in a list, and by itself.
const QUOTES: (usize, usize) = (3, 20);
/// How many changes of a proposal are shown.
const CHANGES_MAX: usize = 10;

/// Runs, lists or shows dreams.
pub(crate) fn dream(scope: &Scope, asked: &Asked<'_>) -> Outcome {
    match asked.needed("action")? {
        "start" if !scope.may_write => {
            Err(Refusal::new(ErrorKind::Blocked, "this server may only read; no dream was started")
                .hint("list and show work; the person in charge starts dreams"))
        }
        "start" => start(scope, asked),
        "list" => list(scope, asked),
        _ => show(scope, asked),
    }
}

/// The dream with this number.
pub(crate) fn open(scope: &Scope, number: u64) -> Outcome<Dream> {
    Dream::open(&scope.store, number)
        .hint_for(ErrorKind::NotFound, || "call dream with the action list".to_owned())
}

fn start(scope: &Scope, asked: &Asked<'_>) -> Outcome {
    scope.check_session()?;
    scope.check_sessions(asked.texts("sessions").unwrap_or_default())?;
    let sessions = match asked.texts("sessions") {
        Some(ids) => Sessions::Ids(ids.into_iter().map(str::to_owned).collect()),
        None => Sessions::New,
    };
    let mut run = Dream::on(&scope.branch)
        .sessions(sessions)
        .curator(Mine::default())
        .author(scope.author.clone());
    if scope.store.policy()?.mode != PolicyMode::Review {
        run = run.gates(&scope.gates());
    }
    if let Some(project) = asked.text("project") {
        run = run.project(project);
    }
    if let Some(text) = asked.text("instructions") {
        run = run.instructions(text);
    }
    let dream = run.run().hint_for(ErrorKind::NotFound, || {
        "leave `sessions` out to read all that no dream has read yet; what is not imported cannot \
         be read"
            .to_owned()
    })?;
    let manifest = dream.manifest()?;
    if manifest.status == DreamStatus::Failed {
        let why = manifest.failure.unwrap_or_default();
        let message = format!("dream {} failed: {why}", manifest.number);
        return Err(Refusal::new(ErrorKind::Io, message).hint("what it had proposed is kept"));
    }
    Ok(json!({"notice": NOTICE, "dream": account(&manifest)}))
}

fn list(scope: &Scope, asked: &Asked<'_>) -> Outcome {
    let mut dreams = Dream::list(&scope.store)?;
    dreams.reverse();
    let before = match asked.text("cursor") {
        None => u64::MAX,
        Some(text) => text.parse().map_err(|_| {
            Refusal::invalid("this is no cursor of this tool")
                .hint("give `cursor` the `next_cursor` of the page before, or leave it out")
        })?,
    };
    dreams.retain(|dream| dream.number() < before);
    let (limit, count) = (asked.limit(PAGE), dreams.len());
    dreams.truncate(limit);
    let manifests = dreams.iter().map(Dream::manifest).collect::<undream::Result<Vec<_>>>()?;
    let last = manifests.last().filter(|_| count > limit);
    Ok(json!({
        "notice": NOTICE,
        "dreams": manifests.iter().map(account).collect::<Vec<_>>(),
        "next_cursor": last.map(|manifest| manifest.number.to_string()),
    }))
}

fn show(scope: &Scope, asked: &Asked<'_>) -> Outcome {
    let cursor = asked.cursor()?;
    let dream = open(scope, asked.needed_number("number")?)?;
    let skipped = cursor.as_ref().map_or(Ok(0), Cursor::number)?;
    let one = asked.number("proposal");
    let page = Page { skipped, limit: asked.limit(PAGE), one };
    let (mut value, next) = shown(scope, &dream, &page)?;
    let head = dream.branch().snapshot()?;
    value["next_cursor"] = next.map(|place| Cursor::at(&[&head], place).to_string()).into();
    Ok(value)
}

/// Which proposals of a dream are shown.
pub(crate) struct Page {
    pub(crate) skipped: usize,
    pub(crate) limit: usize,
    pub(crate) one: Option<u64>,
}

/// A dream with a page of its proposals, and where the next page begins.
pub(crate) fn shown(scope: &Scope, dream: &Dream, page: &Page) -> Outcome<(Value, Option<usize>)> {
    let (manifest, held) = (dream.manifest()?, dream.held()?);
    let mut proposals = dream.proposals()?;
    if let Some(number) = page.one {
        proposals.retain(|proposal| u64::from(proposal.number()) == number);
        if proposals.is_empty() {
            let (dream, count) = (manifest.number, manifest.proposals);
            let message = format!("dream {dream} has {count} proposals, no number {number}");
            return Err(Refusal::new(ErrorKind::NotFound, message));
        }
    }
    let end = page.skipped.saturating_add(page.limit).min(proposals.len());
    let quotes = if page.one.is_some() { QUOTES.1 } else { QUOTES.0 };
    let found = proposals.get(page.skipped..end).unwrap_or_default().iter();
    let found = found.map(|proposal| proposal_json(scope, &held, proposal, quotes));
    let value = json!({
        "notice": NOTICE,
        "dream": account(&manifest),
        "proposals": found.collect::<Outcome<Vec<Value>>>()?,
    });
    Ok((value, (end < proposals.len()).then_some(end)))
}

/// What a dream read, proposed and dropped.
fn account(manifest: &Manifest) -> Value {
    let mut value = manifest.to_json();
    shape::shorten(&mut value, WORDS_BYTES_MAX);
    value
}

fn proposal_json(
    scope: &Scope,
    held: &[ProposalVerdict],
    proposal: &Proposal,
    quotes: usize,
) -> Outcome {
    let number = proposal.number();
    let of_it = held.iter().filter(|verdict| verdict.number == number);
    let held: Vec<_> = of_it
        .flat_map(ProposalVerdict::refusals)
        .map(|finding| words(&finding.to_string(), WORDS_BYTES_MAX))
        .collect();
    let changes = proposal.changes().iter().take(CHANGES_MAX);
    let changes = changes.map(|change| shape::change(&scope.store, change));
    let evidence = proposal.evident(quotes)?;
    let sources = proposal.sources();
    Ok(json!({
        "number": number,
        "commit": proposal.commit().to_string(),
        "kind": proposal.kind().name(),
        "title": words(proposal.title(), WORDS_BYTES_MAX),
        "key": proposal.key().map(undream::Key::as_str),
        "rationale": proposal.rationale().map(|text| words(text, WORDS_BYTES_MAX)),
        "confidence": f64::from(proposal.confidence()) / 1000.0,
        "trust": proposal.trust().name(),
        "source": shape::taint(proposal.taint()),
        "effect": proposal.effect().name(),
        "dangers": proposal.dangers().iter().map(|danger| danger.words()).collect::<Vec<_>>(),
        "held": held,
        "depends_on": proposal.depends_on(),
        "sessions": sources.sessions,
        "users": sources.users,
        "successes": sources.successes,
        "failures": sources.failures,
        "changes": changes.collect::<Outcome<Vec<Value>>>()?,
        "changes_left_out": proposal.changes().len().saturating_sub(CHANGES_MAX),
        "evidence": evidence.iter().map(evidence_json).collect::<Vec<_>>(),
        "evidence_total": proposal.evidence().len(),
        "decision": proposal.choice().map(|choice| json!({
            "verb": choice.verb.name(),
            "reviewer": choice.reviewer,
            "reason": choice.reason.as_deref().map(|text| words(text, WORDS_BYTES_MAX)),
            "merged": choice.merged,
            "reverted": choice.reverted,
        })),
    }))
}

fn evidence_json(found: &Evident) -> Value {
    json!({
        "session": found.session,
        "events": [found.first, found.last],
        "quote": found.quote.as_deref().map(|text| words(text, WORDS_BYTES_MAX)),
    })
}
