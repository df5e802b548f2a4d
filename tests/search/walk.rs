//! A random history: memories that are written, rewritten, renamed and removed on branches, while
//! texts grow longer.

use undream::{Author, Branch, CommitId, Database, Entry, Kind, Store};

pub(crate) struct Walk {
    state: u64,
    pub(crate) store: Store,
    branches: Vec<Branch>,
    pub(crate) commits: Vec<CommitId>,
}

/// Words of very different frequency.
const WORDS: [&str; 24] = [
    "the", "deploy", "deploys", "staging", "cache", "office", "lisbon", "tea", "oolong", "review",
    "reviewer", "test", "tests", "flaky", "branch", "merge", "index", "search", "memory", "agent",
    "rollback", "secret", "token", "quota",
];

impl Walk {
    pub(crate) fn new(database: &Database, seed: u64) -> Self {
        let store = database.store("default").unwrap();
        let branches = vec![store.branch("main").unwrap()];
        Self { state: seed, store, branches, commits: Vec::new() }
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) as usize % bound
    }

    pub(crate) fn any_commit(&mut self) -> CommitId {
        let at = self.below(self.commits.len());
        self.commits[at]
    }

    pub(crate) fn rare(&mut self) -> usize {
        self.below(30_000).min(self.below(30_000))
    }

    fn word(&mut self) -> &'static str {
        let (a, b) = (self.below(WORDS.len()), self.below(WORDS.len()));
        WORDS[a.min(b)]
    }

    pub(crate) fn words(&mut self, count: usize) -> String {
        (0..count).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }

    fn entry(&mut self, length: usize) -> Entry {
        let length = 1 + self.below(length);
        let mut entry = Entry::new(self.words(length));
        if self.below(3) == 0 {
            entry = entry.title(self.words(3));
        }
        if self.below(3) == 0 {
            let length = 1 + self.below(30);
            entry = entry.context(self.words(length));
        }
        if self.below(2) == 0 {
            entry = entry.kind(if self.below(2) == 0 { Kind::RULE } else { Kind::FACT });
        }
        for _ in 0..self.below(3) {
            entry = entry.label(self.word());
        }
        entry
    }

    fn key(&mut self) -> String {
        let (folder, number) = (self.word(), self.below(60));
        format!("{folder}/note-{number}")
    }

    /// One more commit of up to `edits` edits, on any branch; now and then a new branch.
    pub(crate) fn step(&mut self, edits: usize) {
        let at = self.below(self.branches.len());
        let branch = self.branches[at].clone();
        let mut tx = branch.write().unwrap();
        let keys: Vec<String> =
            tx.base().keys("").map(|entry| entry.unwrap().0.to_string()).collect();
        let length = 4 + self.commits.len() * 3;
        for _ in 0..=self.below(edits) {
            let old =
                if keys.is_empty() { String::new() } else { keys[self.below(keys.len())].clone() };
            let new = self.key();
            // Edits that meet an earlier one of the same transaction may be refused.
            match self.below(10) {
                0..2 if !old.is_empty() => drop(tx.remove(&old)),
                2..4 if !old.is_empty() => drop(tx.rename(&old, &new)),
                4..6 if !old.is_empty() => drop(tx.put(old, self.entry(length))),
                _ => drop(tx.put(new, self.entry(length))),
            }
        }
        let commit = tx.commit(Author::agent("walker").message("A step")).unwrap();
        if self.commits.len() % 9 == 5 {
            let name = format!("side-{}", self.commits.len());
            self.branches.push(self.store.create_branch(&name, commit).unwrap());
        }
        self.commits.push(commit);
    }
}
