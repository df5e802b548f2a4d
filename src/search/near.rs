//! The policy's rule that needs search: what is said near a protected text is for a person.

use std::collections::BTreeSet;
use std::fmt;

use tantivy::tokenizer::TextAnalyzer;

use crate::engine::{Gate, GateQuestion, Measured, NEAR_PROTECTED};
use crate::error::Result;
use crate::object::{Key, Record, RuleFinding};
use crate::search::front::Search;
use crate::search::words::analyser;

/// What stands between the two keys that are named.
const BESIDE: &str = " beside ";
/// How many hits are looked at.
const HITS: usize = 3;
/// How many words a query has at most.
const WORDS_MAX: usize = 100;
/// How many bytes of them; a query may have 1 KiB.
const QUERY_BYTES_MAX: usize = 900;
/// Longer words are no words.
const WORD_BYTES_MAX: usize = 64;
/// A protected text is near if it shares at least so many words, or a third of the fewer.
const SHARED_MIN: usize = 3;

/// Holds a text that is found together with a protected one: among the first three hits of its own
/// words stands a memory that only a person may change, and the two share words of weight. It is
/// named with that memory, to be shown beside it.
///
/// It is handed to what merges without a person: a dream's run, a review, a test of the policy.
pub struct NearProtected {
    search: Search,
}

impl NearProtected {
    /// The rule, answered by `search`.
    pub fn new(search: &Search) -> Self {
        Self { search: search.clone() }
    }

    /// The keys that a finding of this rule names: what is to be written, and the protected memory
    /// that it was found beside.
    pub fn pairs(finding: &RuleFinding) -> Vec<(Key, Key)> {
        let named = finding.named.iter().filter(|_| finding.rule == NEAR_PROTECTED);
        let pair = |name: &String| {
            let (written, protected) = name.rsplit_once(BESIDE)?;
            Some((Key::new(written).ok()?, Key::new(protected).ok()?))
        };
        named.filter_map(pair).collect()
    }

    /// The first protected memory that is found with the words of `record`. A long text is searched
    /// for piece by piece, so that nothing hides behind other words.
    fn nearest(&self, question: &GateQuestion<'_>, record: &Record) -> Result<Option<Key>> {
        let mut analyser = analyser();
        let own = words(record, &mut analyser)?;
        let base = question.base()?;
        for query in queries(record)? {
            for hit in self.search.at(&base).query(query).limit(HITS).run()? {
                let hit = hit?;
                if !question.policy.protects(&hit.key) {
                    continue;
                }
                let theirs = words(&base.record(hit.record)?, &mut analyser)?;
                let shared = own.intersection(&theirs).count();
                if shared >= SHARED_MIN.min(own.len().min(theirs.len()).div_ceil(3)).max(1) {
                    return Ok(Some(hit.key));
                }
            }
        }
        Ok(None)
    }
}

/// The words of a memory in their order, each once, as queries without operators.
fn queries(record: &Record) -> Result<Vec<String>> {
    let text = format!("{} {}", record.title()?.unwrap_or_default(), record.text()?).to_lowercase();
    let mut seen = BTreeSet::new();
    let mut queries = Vec::new();
    let (mut query, mut count) = (String::new(), 0);
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        let fits = !word.is_empty() && word.len() <= WORD_BYTES_MAX;
        if !fits || !seen.insert(word) {
            continue;
        }
        if count == WORDS_MAX || query.len() + word.len() > QUERY_BYTES_MAX {
            queries.push(std::mem::take(&mut query));
            count = 0;
        }
        query.push_str(word);
        query.push(' ');
        count += 1;
    }
    queries.extend((!query.is_empty()).then_some(query));
    Ok(queries)
}

/// The different words of a memory as search knows them, without stop words.
fn words(record: &Record, analyser: &mut TextAnalyzer) -> Result<BTreeSet<String>> {
    let mut words = BTreeSet::new();
    for text in record.title()?.into_iter().chain([record.text()?]) {
        let mut stream = analyser.token_stream(text);
        while let Some(token) = stream.next() {
            words.insert(token.text.clone());
        }
    }
    Ok(words)
}

impl Gate for NearProtected {
    fn rule(&self) -> &str {
        NEAR_PROTECTED
    }

    fn version(&self) -> u32 {
        1
    }

    fn measure(&self, question: &GateQuestion<'_>) -> Result<Measured> {
        let mut named = Vec::new();
        if question.policy.near_protected {
            for change in question.changes {
                let Some(record) = change.written() else { continue };
                if record.is_erased() {
                    continue;
                }
                if let Some(near) = self.nearest(question, record)? {
                    named.push(format!("{}{BESIDE}{near}", change.key));
                }
            }
        }
        Ok(Measured::none_of(named))
    }
}

impl fmt::Debug for NearProtected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NearProtected({:?})", self.search)
    }
}
