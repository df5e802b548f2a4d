//! The best documents of a snapshot, in their exact order.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use tantivy::{DocId, Score};

use crate::search::bits::Bits;
use crate::search::fields::{Fields, Filter, SEARCHED_COUNT};
use crate::search::live::LiveSet;
use crate::search::plan::Plan;
use crate::search::segment::Segment;

/// How far a sum of scores may be off when it is made in another order.
const ROUNDING: Score = 0.9999;
/// Candidates are thinned out whenever there are so many.
const CANDIDATES_MIN: usize = 4_096;

/// A document with its key and score.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scored {
    pub(super) key: String,
    pub(super) score: Score,
}

/// The best scores so far: what a document needs to be among the first `limit`.
struct Bar {
    limit: usize,
    /// Scores are positive, so their bits order as they do.
    best: BinaryHeap<Reverse<u32>>,
}

/// The first `limit` live documents that match and pass the filter: by score, then by key.
pub(super) fn collect(
    plan: &Plan,
    live: &LiveSet,
    fields: &Fields,
    filter: &Filter,
    limit: usize,
) -> tantivy::Result<Vec<Scored>> {
    let mut bar = Bar { limit, best: BinaryHeap::new() };
    let mut found = Vec::new();
    for (segment, alive) in &live.segments {
        if alive.count() == 0 {
            continue;
        }
        let accepted = accept(segment, alive, fields, filter)?;
        let margin = margin(plan, segment, live);
        found.push((segment, candidates(plan, segment, &accepted, &mut bar, margin)?));
    }
    let lowest = bar.score() * ROUNDING;
    let mut scored = Vec::new();
    for (segment, candidates) in found {
        let mut docs: Vec<_> = candidates
            .into_iter()
            .filter(|(_, score)| *score >= lowest)
            .map(|(doc, _)| doc)
            .collect();
        docs.sort_unstable();
        best_of(plan, segment, &docs, limit, &mut scored)?;
    }
    scored.sort_unstable_by(Scored::order);
    scored.truncate(limit);
    Ok(scored)
}

impl Scored {
    fn order(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then_with(|| self.key.cmp(&other.key))
    }
}

impl Bar {
    fn enter(&mut self, score: Score) {
        self.best.push(Reverse(score.to_bits()));
        if self.best.len() > self.limit {
            self.best.pop();
        }
    }

    /// The score of the last of the best; `MIN` while there is room.
    fn score(&self) -> Score {
        match self.best.peek() {
            Some(Reverse(bits)) if self.best.len() >= self.limit => Score::from_bits(*bits),
            _ => Score::MIN,
        }
    }
}

/// The live documents that pass the filter.
fn accept(
    segment: &Segment,
    alive: &Bits,
    fields: &Fields,
    filter: &Filter,
) -> tantivy::Result<Bits> {
    let mut accepted = alive.clone();
    if let Some(key) = &filter.under {
        accepted.intersect(&segment.under(key)?);
    }
    for any in &filter.facets {
        let mut passing = Bits::default();
        for facet in any {
            segment.visit(&fields.facet_term(facet), |doc| {
                passing.insert(doc);
            })?;
        }
        accepted.intersect(&passing);
    }
    Ok(accepted)
}

/// tantivy skips blocks of documents by maxima that assume the average lengths of the segment. A
/// maximum under the snapshot's averages is greater by no more than the averages differ.
fn margin(plan: &Plan, segment: &Segment, live: &LiveSet) -> Score {
    let averages = live.averages();
    let mut margin: Score = 1.0;
    for at in (0..SEARCHED_COUNT).filter(|at| plan.fields[*at]) {
        let (own, wanted) = (segment.averages[at], averages[at]);
        if own > 0.0 && wanted > 0.0 {
            margin = margin.min(own / wanted).min(wanted / own);
        }
    }
    margin * ROUNDING
}

/// Accepted documents with rough scores: all that may be among the best, and more.
fn candidates(
    plan: &Plan,
    segment: &Segment,
    accepted: &Bits,
    bar: &mut Bar,
    margin: Score,
) -> tantivy::Result<Vec<(DocId, Score)>> {
    let mut found: Vec<(DocId, Score)> = Vec::new();
    let mut thin_at = CANDIDATES_MIN.max(4 * bar.limit);
    let needed = |bar: &Bar| if bar.score() > 0.0 { bar.score() * margin } else { Score::MIN };
    let first = needed(bar);
    plan.finder.for_each_pruning(first, &segment.reader, &mut |doc, score| {
        if accepted.contains(doc) {
            found.push((doc, score));
            bar.enter(score);
            if found.len() >= thin_at {
                let lowest = bar.score() * ROUNDING;
                found.retain(|(_, score)| *score >= lowest);
                thin_at = CANDIDATES_MIN.max(2 * found.len());
            }
        }
        needed(bar)
    })?;
    Ok(found)
}

/// Scores candidates exactly and adds the best `limit` of them.
fn best_of(
    plan: &Plan,
    segment: &Segment,
    docs: &[DocId],
    limit: usize,
    best: &mut Vec<Scored>,
) -> tantivy::Result<()> {
    let scores = plan.score(segment, docs)?;
    let mut ranked: Vec<_> = docs
        .iter()
        .zip(scores)
        .filter_map(|(doc, score)| Some((score?, segment.path_place(*doc)?, *doc)))
        .collect();
    ranked.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    for (score, _, doc) in ranked.into_iter().take(limit) {
        if let Some(key) = segment.path(doc)? {
            best.push(Scored { key, score });
        }
    }
    Ok(())
}
