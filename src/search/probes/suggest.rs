//! What is worth a probe: what sessions ask again and again, and what answered them.

use std::collections::BTreeSet;

use crate::engine::{AsSnapshot, Snapshot};
use crate::error::Result;
use crate::object::Key;
use crate::search::front::Search;

/// How many hits a suggested probe counts.
const TOP: usize = 5;
/// How many memories a suggestion expects.
const EXPECTS_MAX: usize = 2;

/// A question of several sessions that no probe asks yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProbeSuggestion {
    /// The words.
    pub query: String,
    /// How many sessions asked.
    pub sessions: usize,
    /// The memories that answered most of them and are still found: those that sessions read after
    /// they had found them, else those that stood first for more than half of the sessions.
    pub expects: Vec<Key>,
}

impl Search {
    /// The questions that at least `sessions` sessions asked, by the recall log, that are answered
    /// in `source` and that no probe asks: those of most sessions first.
    ///
    /// # Errors
    /// `Corrupt` if the recall log is damaged; `Locked` if another process keeps writing.
    pub fn suggest_probes(
        &self,
        source: &impl AsSnapshot,
        sessions: usize,
    ) -> Result<Vec<ProbeSuggestion>> {
        let snapshot = source.as_snapshot()?;
        let store = snapshot.store();
        let known: BTreeSet<String> =
            store.probes()?.iter().map(|probe| plain(&probe.query)).collect();
        let mut suggestions = Vec::new();
        for question in store.recalls().questions(sessions)? {
            if known.contains(&question.query) {
                continue;
            }
            let read = question.answers.iter().any(|answer| answer.read > 0);
            let mut expects = Vec::new();
            for answer in &question.answers {
                let answers =
                    if read { answer.read > 0 } else { answer.on_top * 2 > question.sessions };
                if answers && expects.len() < EXPECTS_MAX {
                    expects.extend(snapshot.find(answer.memory)?);
                }
            }
            self.keep_found(&question.query, &snapshot, &mut expects)?;
            if !expects.is_empty() {
                let (query, sessions) = (question.query, question.sessions);
                suggestions.push(ProbeSuggestion { query, sessions, expects });
            }
        }
        Ok(suggestions)
    }

    /// Keeps what the search still brings: a probe that falls at once would tell nothing new.
    fn keep_found(&self, query: &str, snapshot: &Snapshot, expects: &mut Vec<Key>) -> Result<()> {
        if expects.is_empty() {
            return Ok(());
        }
        let hits = self.at(snapshot).query(query).limit(TOP).run()?;
        let found = hits.map(|hit| Ok(hit?.key)).collect::<Result<Vec<_>>>()?;
        expects.retain(|key| found.contains(key));
        Ok(())
    }
}

/// The words of a query as the recall log compares them.
fn plain(query: &str) -> String {
    query.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}
