//! From candidates to findings: near-duplicates folded, confidence, unique keys, best first.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::dream::mine::failure::shorten;
use crate::dream::mine::finding::{Finding, FindingKind};
use crate::dream::mine::support::Support;
use crate::object::SessionFacts;

/// Two candidates of one topic whose sessions are this alike, per mille, are one.
pub(super) const SAME: usize = 700;
/// The longest text, in bytes.
const TEXT_BYTES: usize = 380;
/// What must be left of a quote for it to be worth quoting, in bytes.
const QUOTE_BYTES_MIN: usize = 40;

/// A statement and its figures, in at most [`TEXT_BYTES`]: the longest quote of the statement is cut
/// first, then its end, the figures never.
pub(super) fn text(statement: &str, figures: &str) -> String {
    let figures = figures.trim_start();
    let room = TEXT_BYTES.saturating_sub(figures.len() + 1);
    let over = statement.len().saturating_sub(room);
    let quote = statement.split('"').skip(1).step_by(2).max_by_key(|quote| quote.len());
    let short = match quote.filter(|quote| over > 0 && quote.len() >= over + QUOTE_BYTES_MIN) {
        Some(quote) => statement.replacen(quote, &shorten(quote, quote.len() - over), 1),
        None => statement.to_owned(),
    };
    format!("{} {figures}", shorten(&short, room))
}

/// What a miner proposes.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) kind: FindingKind,
    pub(super) key: String,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) rationale: String,
    pub(super) support: Rc<Support>,
    /// How sure one may be with many sessions, per mille; at most 850.
    pub(super) weight: u16,
    /// How much of that is left where something that matters is not known, per mille.
    pub(super) share: u16,
    /// Candidates of one topic compete: of those with nearly equal sessions, the first stays.
    pub(super) topic: String,
    /// The tool or command that it says was given up.
    pub(super) gone: Option<String>,
}

/// The best findings, best first.
pub(super) fn findings(
    candidates: Vec<Candidate>,
    facts: &[&SessionFacts],
    most: usize,
) -> Vec<Finding> {
    let mut ranked: Vec<(u16, Candidate)> =
        candidates.into_iter().map(|candidate| (confidence(&candidate), candidate)).collect();
    ranked.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| x.key.cmp(&y.key)));
    let mut kept: Vec<(u16, Candidate)> = Vec::new();
    for (confidence, candidate) in ranked {
        let rival = |held: &(u16, Candidate)| {
            held.1.topic == candidate.topic && held.1.support.likeness(&candidate.support) >= SAME
        };
        if kept.len() < most && !kept.iter().any(rival) {
            kept.push((confidence, candidate));
        }
    }
    let keys = unique_keys(&kept);
    kept.into_iter()
        .zip(keys)
        .map(|((confidence, candidate), key)| finding(confidence, candidate, key, facts))
        .collect()
}

/// The keys, in order. Of candidates with one key, the first by title has it as it is, and the others
/// get a mark of their title: neither depends on counts.
fn unique_keys(kept: &[(u16, Candidate)]) -> Vec<String> {
    let mut order: Vec<usize> = (0..kept.len()).collect();
    order.sort_by_key(|at| (&kept[*at].1.title, *at));
    let mut taken = BTreeSet::new();
    let mut keys = vec![String::new(); kept.len()];
    for at in order {
        let candidate = &kept[at].1;
        let mut key = candidate.key.clone();
        if taken.contains(&key) {
            key = format!("{key}-{:04x}", hash(&candidate.title));
        }
        while !taken.insert(key.clone()) {
            key.push('x');
        }
        keys[at] = key;
    }
    keys
}

fn finding(confidence: u16, candidate: Candidate, key: String, facts: &[&SessionFacts]) -> Finding {
    Finding {
        kind: candidate.kind,
        key,
        title: candidate.title,
        text: candidate.text,
        rationale: candidate.rationale,
        confidence,
        sources: candidate.support.sources(facts),
        support: candidate.support,
        gone: candidate.gone,
    }
}

/// Grows with the sessions, and a little with the places, so that less evidence is less confidence.
fn confidence(candidate: &Candidate) -> u16 {
    let sessions = candidate.support.sessions() as u64;
    let places = candidate.support.places() as f64;
    // What a user says means it; what an agent does may be chance.
    let doubt = if candidate.kind == FindingKind::Preference { 1500 } else { 3000 };
    let by_sessions = u64::from(candidate.weight) * 1000 * sessions / (sessions * 1000 + doubt);
    let full = (by_sessions + ((places + 1.0).log2() * 12.0) as u64).min(990);
    (full * u64::from(candidate.share) / 1000) as u16
}

/// FNV-1a, folded to 16 bits: tells two titles apart, nothing more.
fn hash(text: &str) -> u32 {
    let full = text
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (full >> 16) ^ (full & 0xffff)
}

/// A key segment: ASCII words joined by dashes.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::new();
    let text = text.replace("<<", " heredoc ");
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if slug.len() + word.len() > 60 {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(&word.to_ascii_lowercase());
    }
    if slug.is_empty() { format!("x{:04x}", hash(&text)) } else { slug }
}

/// `` `a`, `b` ``.
pub(super) fn quoted<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let names: Vec<String> =
        names.into_iter().map(|name| format!("`{}`", shorten(name.as_ref(), 60))).collect();
    names.join(", ")
}
