//! A query made ready for one snapshot: what finds candidates fast, and what scores them exactly.

use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, EnableScoring, Occur, PhraseQuery, Query, Scorer,
    TermQuery, Weight,
};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, Score};

use crate::search::fields::{Fields, SEARCHED_COUNT};
use crate::search::live::LiveSet;
use crate::search::parse::{Clause, terms};
use crate::search::segment::Segment;
use crate::search::statistics::Statistics;

/// A query made ready for one snapshot.
pub(super) struct Plan {
    /// Finds what matches; its scores may differ in the last bits.
    pub(super) finder: Box<dyn Weight>,
    /// The same query as a formula over leaves.
    formula: Formula,
    leaves: Vec<Box<dyn Weight>>,
    /// Which fields are searched.
    pub(super) fields: [bool; SEARCHED_COUNT],
}

enum Formula {
    /// A leaf by its number.
    Leaf(usize),
    Group(Vec<(Occur, Formula)>),
}

impl Plan {
    pub(super) fn new(clause: &Clause, fields: &Fields, live: &LiveSet) -> tantivy::Result<Self> {
        let statistics = Statistics { fields, live };
        let scoring = EnableScoring::enabled_from_statistics_provider(&statistics, &live.searcher);
        let mut queries = Vec::new();
        let mut used = [false; SEARCHED_COUNT];
        let formula = formula(clause, fields, &mut queries, &mut used);
        let leaves = queries.iter().map(|query| query.weight(scoring));
        Ok(Self {
            leaves: leaves.collect::<tantivy::Result<_>>()?,
            finder: finder(&formula, &queries).weight(scoring)?,
            formula,
            fields: used,
        })
    }

    /// Scores candidates of one segment, which ascend: always the same sum in the same order.
    pub(super) fn score(
        &self,
        segment: &Segment,
        candidates: &[DocId],
    ) -> tantivy::Result<Vec<Option<Score>>> {
        let leaves = self.leaves.iter().map(|leaf| leaf.scorer(&segment.reader, 1.0));
        let mut scorers = leaves.collect::<tantivy::Result<Vec<_>>>()?;
        Ok(candidates.iter().map(|doc| self.formula.score(*doc, &mut scorers)).collect())
    }
}

impl Formula {
    /// The score of a document; `None` if it does not match.
    fn score(&self, doc: DocId, leaves: &mut [Box<dyn Scorer>]) -> Option<Score> {
        match self {
            Self::Leaf(at) => {
                let leaf = &mut leaves[*at];
                if leaf.doc() < doc {
                    leaf.seek(doc);
                }
                (leaf.doc() == doc).then(|| leaf.score())
            }
            Self::Group(parts) => {
                let (mut sum, mut matched, mut required) = (0.0, false, false);
                for (occur, part) in parts {
                    let score = part.score(doc, leaves);
                    match (occur, score) {
                        (Occur::Must, None) | (Occur::MustNot, Some(_)) => return None,
                        (Occur::Must | Occur::Should, Some(score)) => {
                            sum += score;
                            matched = true;
                        }
                        (Occur::Should | Occur::MustNot, None) => {}
                    }
                    required |= *occur == Occur::Must;
                }
                (matched || required).then_some(sum)
            }
        }
    }
}

fn formula(
    clause: &Clause,
    fields: &Fields,
    leaves: &mut Vec<Box<dyn Query>>,
    used: &mut [bool; SEARCHED_COUNT],
) -> Formula {
    let leaf: Box<dyn Query> = match clause {
        Clause::Group(parts) => {
            let parts = parts.iter();
            let mut part =
                |(occur, part): &(Occur, Clause)| (*occur, formula(part, fields, leaves, used));
            return Formula::Group(parts.map(&mut part).collect());
        }
        Clause::All => Box::new(AllQuery),
        Clause::Phrase { field, words, slop, boost } => {
            used[*field] = true;
            let mut terms = terms(fields.searched[*field], words);
            let query: Box<dyn Query> = if terms.len() == 1 {
                let (_, term) = terms.remove(0);
                Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
            } else {
                Box::new(PhraseQuery::new_with_offset_and_slop(terms, *slop))
            };
            Box::new(BoostQuery::new(query, *boost))
        }
    };
    leaves.push(leaf);
    Formula::Leaf(leaves.len() - 1)
}

/// The formula as one query. Wanted parts of wanted parts stand side by side in it, since tantivy
/// skips documents that score too low only where all parts are single terms.
fn finder(formula: &Formula, leaves: &[Box<dyn Query>]) -> Box<dyn Query> {
    match formula {
        Formula::Leaf(at) => leaves[*at].box_clone(),
        Formula::Group(parts) => {
            let mut flat = Vec::new();
            for (occur, part) in parts {
                flatten(*occur, part, leaves, &mut flat);
            }
            Box::new(BooleanQuery::new(flat))
        }
    }
}

fn flatten(
    occur: Occur,
    formula: &Formula,
    leaves: &[Box<dyn Query>],
    flat: &mut Vec<(Occur, Box<dyn Query>)>,
) {
    match formula {
        Formula::Group(parts)
            if occur == Occur::Should && parts.iter().all(|(occur, _)| *occur == Occur::Should) =>
        {
            for (_, part) in parts {
                flatten(Occur::Should, part, leaves, flat);
            }
        }
        _ => flat.push((occur, finder(formula, leaves))),
    }
}
