//! `why`: where a memory comes from, and what was made of it.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};
use undream::{
    Cite, Derived, Key, RecordId, Relation, Source, Store, Tie, Trust, Why as Answer, WhyStep,
};

use super::arguments::Reading;
use super::call::{Access, Call, Eye};
use super::exit::Outcome;
use super::get::missing;
use super::json as shape;
use super::page::Page;
use super::paint::{counted, escape, first_line};
use super::proposal::span;
use super::time::ago;
use super::withdrawn::{Withdrawn, given_json, write_given};

/// What stands around a text on its line.
const TEXT_INDENT: usize = 6;
/// How much of the words of a cite or a reason is shown.
const WORDS_CHARS: usize = 60;
/// How many cites of a version, and how many memories of a tie, are shown.
const SHOWN_MAX: usize = 12;

#[derive(Args, Debug)]
pub(crate) struct Why {
    /// The memory
    key: String,
    #[command(flatten)]
    reading: Reading,
}

impl Why {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Read)?;
        let snapshot = call.snapshot(&store, self.reading.at.as_deref())?;
        let key = Key::new(&self.key)?;
        let withdrawn = Withdrawn::at(&store, &snapshot, key.as_str())?;
        if snapshot.get_id(key.as_str())?.is_none() {
            return if withdrawn.is_empty() {
                Err(missing(&snapshot, &key)?)
            } else {
                gone(call, &store, &key, &withdrawn)
            };
        }
        let why = Answer::of(&snapshot, key.as_str())?;
        let given = store.recalls().of_records([why.standing().record.id()]).usage()?;
        if call.json() {
            let mut answer = to_json(&store, &why)?;
            shape::extend(
                &mut answer,
                json!({"given": given_json(&given), "taken_back": withdrawn_json(&withdrawn)}),
            );
            return call.print_json(&json!({"why": answer}));
        }
        let (eye, vouched) = (call.eye(&store)?, store.endorsements()?);
        let mut page = call.long_page();
        for step in &why.steps {
            let trusted = vouched.trust(&step.record)?;
            write_step(&mut page, &eye, &why, step, trusted)?;
        }
        write_derived(&mut page, &eye, &why, Tie::MadeFrom, "made from it")?;
        write_derived(&mut page, &eye, &why, Tie::SameEvents, "rests on the same events")?;
        write_given(&mut page, &eye, &given, "")?;
        for found in &withdrawn {
            found.write(&mut page, &eye, &store)?;
        }
        page.finish()?;
        if let Some(newest) = withdrawn.first() {
            newest.note(call, &eye)?;
        }
        // What stood at an earlier revision may have been taken back since.
        let proposal = why.standing().grounds.proposal.filter(|_| self.reading.at.is_none());
        if let Some((dream, proposal)) = proposal {
            call.note(format!(
                "To take it back: undream dream revert {dream} --proposal {proposal}"
            ));
        }
        Ok(())
    }
}

fn write_step(page: &mut Page, eye: &Eye, why: &Answer, step: &WhyStep, trusted: Trust) -> Outcome {
    let key = step.key.as_ref().unwrap_or(&why.key);
    let lead = match step.relation {
        Relation::Standing => String::new(),
        Relation::Earlier => "before  ".to_owned(),
        Relation::Input => "from  ".to_owned(),
    };
    let shown = if step.relation == Relation::Standing { &why.key } else { key };
    writeln!(
        page,
        "{lead}{}  {}  trust: {}",
        eye.paint.name(shown.as_str()),
        eye.id(step.record.id().object())?,
        trust(why, step, trusted),
    )?;
    match step.record.text() {
        Ok(text) => writeln!(page, "    \"{}\"", first_line(text, eye.width - TEXT_INDENT))?,
        Err(_) => writeln!(page, "    (erased)")?,
    }
    let commit = &step.grounds.commit;
    let when = ago(commit.authored(), eye.now);
    writeln!(page, "  {}  {}  {when}", maker(step), eye.id(commit.id().object())?)?;
    if step.relation == Relation::Standing && *key != why.key {
        writeln!(page, "  written at {}", eye.paint.name(key.as_str()))?;
    }
    write_approval(page, eye, step)?;
    let alike = alike(&step.cites);
    for (cite, count) in alike.iter().take(SHOWN_MAX) {
        write_cite(page, eye, cite, count - 1)?;
    }
    let left: usize = alike.iter().skip(SHOWN_MAX).map(|(_, count)| count).sum();
    if left > 0 {
        writeln!(page, "  and {left} more; --json names all")?;
    } else if alike.len() < step.cites.len() {
        writeln!(page, "{}", eye.paint.dim("  --json names every place"))?;
    }
    Ok(())
}

/// The first of the cites that say the same, and how many do.
fn alike(cites: &[Cite]) -> Vec<(&Cite, usize)> {
    let mut alike: Vec<(&Cite, usize)> = Vec::new();
    for cite in cites {
        let same = |first: &Cite| first.quote == cite.quote && first.source == cite.source;
        match alike.iter_mut().find(|(first, _)| cite.quote.is_some() && same(first)) {
            Some((_, count)) => *count += 1,
            None => alike.push((cite, 1)),
        }
    }
    alike
}

/// Tells of a key at which nothing stands any more.
fn gone(call: &Call, store: &Store, key: &Key, withdrawn: &[Withdrawn]) -> Outcome {
    if call.json() {
        let told = withdrawn_json(withdrawn);
        return call.print_json(&json!({"why": {
            "key": key.as_str(), "steps": [], "taken_back": told,
        }}));
    }
    let eye = call.eye(store)?;
    let mut page = call.long_page();
    writeln!(page, "{}  nothing stands there now", eye.paint.name(key.as_str()))?;
    for found in withdrawn {
        found.write(&mut page, &eye, store)?;
    }
    page.finish()?;
    withdrawn.iter().take(1).try_for_each(|newest| newest.note(call, &eye))
}

fn withdrawn_json(withdrawn: &[Withdrawn]) -> Vec<Value> {
    withdrawn.iter().map(Withdrawn::to_json).collect()
}

/// Who or what wrote the version.
fn maker(step: &WhyStep) -> String {
    let own = step.record.provenance();
    let text = match (step.grounds.proposal, &step.curator) {
        (Some((dream, proposal)), Some((curator, version))) => {
            format!("dream {dream}, proposal {proposal} ({curator} {version})")
        }
        (Some((dream, proposal)), None) => format!("dream {dream}, proposal {proposal}"),
        (None, _) => match &own.session {
            Some(session) => format!("{} in session {session}", own.author),
            None => own.author.to_string(),
        },
    };
    escape(&text).into_owned()
}

/// The trust, and what keeps it from being higher.
fn trust(why: &Answer, step: &WhyStep, trusted: Trust) -> String {
    let own = step.record.trust();
    let from = step.record.previous().iter().chain(&step.grounds.inputs);
    let mut inputs = from.filter_map(|id| trust_of(why, *id));
    let because = match step.least_cited() {
        _ if trusted == Trust::Endorsed => "somebody vouches for this text",
        Some(cited) if cited == own => "the lowest of what it cites",
        Some(_) if inputs.any(|trust| trust == own) => "the lowest of what it was made from",
        Some(_) => "less than what it cites: its curator may claim no more",
        None if step.grounds.proposal.is_some() => "it cites nothing that can be read",
        None => "its author's",
    };
    format!("{} ({because})", trusted.name())
}

fn trust_of(why: &Answer, id: RecordId) -> Option<Trust> {
    let step = why.steps.iter().find(|step| step.record.id() == id)?;
    Some(step.record.trust())
}

fn write_approval(page: &mut Page, eye: &Eye, step: &WhyStep) -> Outcome {
    if step.grounds.proposal.is_none() {
        return Ok(());
    }
    let Some(approval) = &step.approval else {
        writeln!(page, "  {}", eye.paint.dim("merged by no review that this revision has"))?;
        return Ok(());
    };
    let review = &approval.review;
    let mut line = format!(
        "  {} by {}  {}  {}",
        approval.verb.name(),
        escape(&review.author().to_string()),
        eye.id(review.id().object())?,
        ago(review.authored(), eye.now),
    );
    if let Some(reason) = &approval.reason {
        line += &format!("  \"{}\"", first_line(reason, WORDS_CHARS));
    }
    writeln!(page, "{line}")?;
    Ok(())
}

fn write_cite(page: &mut Page, eye: &Eye, cite: &Cite, more: usize) -> Outcome {
    let place = eye.paint.id(format!("{}#{}", escape(&cite.session), span(cite.first, cite.last)));
    let source = cite.source.map_or("erased", Source::name);
    let lowest = if cite.lowest { ", lowest trust" } else { "" };
    let more = if more == 0 { String::new() } else { format!(", and {more} more like it") };
    writeln!(page, "  cites  {place}  {source}{lowest}{more}")?;
    if let Some(quote) = &cite.quote {
        writeln!(page, "    \"{}\"", first_line(quote, eye.width - TEXT_INDENT))?;
    }
    Ok(())
}

/// The memories of one tie that stand, and how many do not.
fn write_derived(page: &mut Page, eye: &Eye, why: &Answer, tie: Tie, word: &str) -> Outcome {
    let tied = || why.derived.iter().filter(|found| found.tie == tie);
    let mut standing = tied().filter_map(|found| Some((found, found.stands_at.as_ref()?)));
    for (found, key) in standing.by_ref().take(SHOWN_MAX) {
        let dream = found.proposal.map_or_else(String::new, |(dream, proposal)| {
            format!("  dream {dream}, proposal {proposal}")
        });
        writeln!(page, "{word}  {}{dream}", eye.paint.name(key.as_str()))?;
    }
    let more = standing.count();
    if more > 0 {
        writeln!(page, "{word}  and {more} more; --json names all")?;
    }
    let gone = tied().filter(|found| found.stands_at.is_none()).count() as u64;
    if gone > 0 {
        let gone = counted(gone, "memory", "memories");
        writeln!(page, "{word}  {gone} not merged, or gone")?;
    }
    Ok(())
}

fn to_json(store: &Store, why: &Answer) -> Outcome<Value> {
    let steps = why.steps.iter().map(|step| step_json(store, why, step));
    Ok(json!({
        "key": why.key.as_str(),
        "steps": steps.collect::<Outcome<Vec<_>>>()?,
        "versions": why.versions.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "derived": why.derived.iter().map(derived_json).collect::<Vec<_>>(),
    }))
}

fn step_json(store: &Store, why: &Answer, step: &WhyStep) -> Outcome<Value> {
    let key = step.key.as_ref().unwrap_or(&why.key);
    let approval = step.approval.as_ref().map(|approval| {
        json!({
            "review": approval.review.id().to_string(),
            "reviewer": shape::author(approval.review.author()),
            "at": approval.review.authored().to_string(),
            "verb": approval.verb.name(),
            "reason": approval.reason,
        })
    });
    let cites = step.cites.iter().map(|cite| {
        json!({
            "session": cite.session,
            "events": [cite.first, cite.last],
            "source": cite.source.map(Source::name),
            "trust": cite.source.map(|source| source.trust().name()),
            "lowest": cite.lowest,
            "quote": cite.quote,
        })
    });
    Ok(json!({
        "relation": step.relation.name(),
        "memory": shape::memory(store, key, &step.record)?,
        "commit": shape::commit(&step.grounds.commit),
        "dream": step.grounds.proposal.map(|(dream, _)| dream),
        "proposal": step.grounds.proposal.map(|(_, proposal)| proposal),
        "curator": step.curator.as_ref().map(|(name, _)| name),
        "curator_version": step.curator.as_ref().map(|(_, version)| version),
        "approval": approval,
        "cites": cites.collect::<Vec<_>>(),
    }))
}

fn derived_json(found: &Derived) -> Value {
    json!({
        "memory": found.memory.to_string(),
        "record": found.record.to_string(),
        "tie": found.tie.name(),
        "written_at": found.written_at.as_str(),
        "stands_at": found.stands_at.as_ref().map(Key::as_str),
        "dream": found.proposal.map(|(dream, _)| dream),
        "proposal": found.proposal.map(|(_, proposal)| proposal),
    })
}
