//! What sessions ask again and again: worth a probe each.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::engine::recall::recalls::Recalls;
use crate::engine::recall::row::{Recall, RecallKind};
use crate::error::Result;
use crate::object::Key;
use crate::storage::MemoryId;

/// What several sessions searched for, and what answered them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Question {
    /// The words, in lower case, with single spaces.
    pub query: String,
    /// How many sessions asked.
    pub sessions: usize,
    /// How often it was asked.
    pub count: u64,
    /// The memories that were given, those that answered most sessions first.
    pub answers: Vec<Answer>,
}

/// A memory that answered a question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// The memory.
    pub memory: MemoryId,
    /// Where it stood when it was given last.
    pub key: Key,
    /// To how many sessions it was given first of all.
    pub on_top: usize,
    /// How many sessions read it by its key after they had found it so.
    pub read: usize,
}

/// What is known of one question while the log is read.
#[derive(Default)]
struct Asked {
    count: u64,
    sessions: BTreeSet<String>,
    answers: BTreeMap<MemoryId, Answered>,
}

struct Answered {
    key: Key,
    on_top: BTreeSet<String>,
    read: BTreeSet<String>,
}

impl Recalls {
    /// The searches that at least `sessions` sessions made, those of most sessions first.
    ///
    /// # Errors
    /// As [`Recalls::list`].
    pub fn questions(&self, sessions: usize) -> Result<Vec<Question>> {
        let mut asked: BTreeMap<String, Asked> = BTreeMap::new();
        // What each session has found so far, and by which questions.
        let mut found: HashMap<String, HashMap<MemoryId, HashSet<String>>> = HashMap::new();
        let mut all = self.list()?;
        all.reverse();
        for recall in all {
            match recall.kind {
                RecallKind::Search => {
                    let query = plain(&recall.query);
                    let held = found.entry(recall.session.clone()).or_default();
                    for given in &recall.given {
                        held.entry(given.memory).or_default().insert(query.clone());
                    }
                    asked.entry(query).or_default().enter(recall);
                }
                RecallKind::Get => {
                    let held = found.get(&recall.session);
                    for given in &recall.given {
                        for query in
                            held.and_then(|held| held.get(&given.memory)).into_iter().flatten()
                        {
                            if let Some(asked) = asked.get_mut(query) {
                                asked.read(given.memory, &recall.session);
                            }
                        }
                    }
                }
                RecallKind::Brief => {}
            }
        }
        asked.retain(|_, asked| asked.sessions.len() >= sessions.max(1));
        let mut questions: Vec<_> =
            asked.into_iter().map(|(query, asked)| asked.question(query)).collect();
        // Equal ones stay in the order of their words.
        questions.sort_by_key(|asked| Reverse((asked.sessions, asked.count)));
        Ok(questions)
    }
}

impl Asked {
    fn enter(&mut self, recall: Recall) {
        self.count += 1;
        for (rank, given) in recall.given.into_iter().enumerate() {
            let answered = self.answers.entry(given.memory).or_insert_with(|| Answered {
                key: given.key.clone(),
                on_top: BTreeSet::new(),
                read: BTreeSet::new(),
            });
            answered.key = given.key;
            if rank == 0 {
                answered.on_top.insert(recall.session.clone());
            }
        }
        self.sessions.insert(recall.session);
    }

    fn read(&mut self, memory: MemoryId, session: &str) {
        if let Some(answered) = self.answers.get_mut(&memory) {
            answered.read.insert(session.to_owned());
        }
    }

    fn question(self, query: String) -> Question {
        let answers = self.answers.into_iter().map(|(memory, answered)| Answer {
            memory,
            key: answered.key,
            on_top: answered.on_top.len(),
            read: answered.read.len(),
        });
        let mut answers: Vec<_> = answers.collect();
        answers.sort_by(|a, b| {
            (b.read, b.on_top).cmp(&(a.read, a.on_top)).then_with(|| a.key.cmp(&b.key))
        });
        Question { query, sessions: self.sessions.len(), count: self.count, answers }
    }
}

/// The words of a query without what does not change what it asks.
fn plain(query: &str) -> String {
    query.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}
