//! A replayed git history is what git says it is: trees, diffs, renames and merge bases. The
//! histories are read from the directory that `UNDREAM_DATA` names.
#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod oracle;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use oracle::{Objects, Repository, is_file};
use undream::{
    Author, Cause, ChangeKind, CommitId, Database, GitImport, LogFilter, MemoryId, RecordId, Store,
};

/// A repository, and its history in a store.
struct Replayed {
    repository: Repository,
    store: Store,
    /// Git's commits with their parents, parents first.
    commits: Vec<(String, Vec<String>)>,
    ours: HashMap<String, CommitId>,
}

fn importer() -> Author {
    Author::program("import")
}

fn replay(name: &str) -> Option<Replayed> {
    let repository = Repository::from_data(name)?;
    let store = Database::in_memory().unwrap().store("default").unwrap();
    let report = GitImport::new().run(&store, &repository.path, &importer()).unwrap();
    println!("{name}: {report:?}");
    let commits = repository.commits();
    assert_eq!(report.commits, commits.len() as u64);
    assert_eq!(report.cut_messages, 0);
    let ours = origins(&store);
    assert_eq!(ours.len(), commits.len());
    Some(Replayed { repository, store, commits, ours })
}

/// The imported commits by git's ids.
fn origins(store: &Store) -> HashMap<String, CommitId> {
    let mut found = HashMap::new();
    for reference in store.refs().unwrap() {
        for commit in store.log(reference.commit, LogFilter::default()).unwrap() {
            let commit = commit.unwrap();
            let Cause::Import { origin } = commit.cause() else { panic!("{:?}", commit.cause()) };
            found.insert(origin.strip_prefix("git:").unwrap().to_owned(), commit.id());
        }
    }
    found
}

impl Replayed {
    /// Compares every `step`-th commit with git.
    fn check(&self, step: usize) {
        let mut objects = Objects::of(&self.repository);
        let mut equal = HashMap::new();
        let checked: Vec<_> = self.commits.iter().skip(step - 1).step_by(step).cloned().collect();
        let changes = self.repository.changes(&checked);
        let renames = self.repository.renames();
        for (git, parents) in &checked {
            let commit = self.store.commit(self.ours[git]).unwrap();
            let expected: Vec<CommitId> = parents.iter().map(|parent| self.ours[parent]).collect();
            assert_eq!(commit.parents(), expected, "{git}");
            self.check_tree(git, &mut objects, &mut equal);
            let found = self.diff(git, parents.first());
            // Git is silent about commits that change nothing.
            let raw = changes.get(git).map_or(&[][..], Vec::as_slice);
            assert_eq!(found.statuses, statuses(raw, &mut objects), "{git}");
            let wanted: BTreeSet<_> = renames.get(git).into_iter().flatten().cloned().collect();
            if parents.len() < 2 {
                assert_eq!(found.renames, wanted, "{git}");
            } else {
                // A merge may bring a memory whose text changed too much for git to see it move.
                assert!(found.renames.is_superset(&wanted), "{git}: {:?}", found.renames);
            }
        }
        println!("{} commits checked", checked.len());
    }

    fn check_tree(
        &self,
        git: &str,
        objects: &mut Objects,
        equal: &mut HashMap<(RecordId, String), MemoryId>,
    ) {
        let snapshot = self.store.snapshot(self.ours[git]).unwrap();
        let files = objects.files(git);
        let mut memories = HashSet::new();
        let mut keys = BTreeSet::new();
        for entry in snapshot.keys("") {
            let (key, id) = entry.unwrap();
            let blob = &files[key.as_str()];
            let memory = *equal.entry((id, blob.clone())).or_insert_with(|| {
                let record = snapshot.record(id).unwrap();
                assert_eq!(record.text().unwrap(), objects.text(blob).unwrap(), "{git} {key}");
                record.memory()
            });
            assert!(memories.insert(memory), "{git}: one memory at two keys");
            keys.insert(key.to_string());
        }
        assert_eq!(keys, files.into_keys().collect::<BTreeSet<_>>(), "{git}");
    }

    fn diff(&self, git: &str, parent: Option<&String>) -> Differences {
        let after = self.store.snapshot(self.ours[git]).unwrap();
        let Some(parent) = parent else {
            let keys = after.keys("").map(|entry| (entry.unwrap().0.to_string(), 'A'));
            return Differences { statuses: keys.collect(), renames: BTreeSet::new() };
        };
        let before = self.store.snapshot(self.ours[parent]).unwrap();
        let mut sides: BTreeMap<String, (bool, bool)> = BTreeMap::new();
        let mut renames = BTreeSet::new();
        for change in self.store.diff(&before, &after).unwrap() {
            let change = change.unwrap();
            let key = change.key.to_string();
            if let (ChangeKind::Renamed, Some(from)) = (change.kind, change.from) {
                sides.entry(from.to_string()).or_default().0 = true;
                sides.entry(key.clone()).or_default().1 = true;
                renames.insert((from.to_string(), key));
            } else {
                let side = sides.entry(key).or_default();
                side.0 |= change.before.is_some();
                side.1 |= change.after.is_some();
            }
        }
        let status = |(key, sides)| match sides {
            (true, true) => (key, 'M'),
            (false, _) => (key, 'A'),
            (true, false) => (key, 'D'),
        };
        Differences { statuses: sides.into_iter().map(status).collect(), renames }
    }

    /// Compares the merge bases of the parents of every `step`-th merge with git's.
    fn check_merge_bases(&self, step: usize) {
        let merges = self.commits.iter().filter(|(_, parents)| parents.len() == 2);
        let mut checked = 0;
        for (_, parents) in merges.step_by(step) {
            let arguments = ["merge-base", "--all", &parents[0], &parents[1]];
            let mut expected: Vec<CommitId> =
                self.repository.lines(&arguments).iter().map(|id| self.ours[id]).collect();
            expected.sort_unstable();
            let (a, b) = (self.ours[&parents[0]], self.ours[&parents[1]]);
            assert_eq!(self.store.merge_bases(a, b).unwrap(), expected, "{parents:?}");
            checked += 1;
        }
        println!("{checked} merge bases checked");
    }
}

/// The differences of a commit from its first parent.
struct Differences {
    statuses: BTreeMap<String, char>,
    renames: BTreeSet<(String, String)>,
}

/// What raw lines of `git diff-tree` say about text files.
fn statuses(lines: &[String], objects: &mut Objects) -> BTreeMap<String, char> {
    let mut found = BTreeMap::new();
    for line in lines {
        let (facts, path) = line[1..].split_once('\t').unwrap();
        let facts: Vec<&str> = facts.split(' ').collect();
        let mut is_text = |mode, id| is_file(mode) && objects.text(id).is_some();
        let status = match (is_text(facts[0], facts[2]), is_text(facts[1], facts[3])) {
            (true, true) if facts[2] == facts[3] => continue,
            (true, true) => 'M',
            (false, true) => 'A',
            (true, false) => 'D',
            (false, false) => continue,
        };
        found.insert(path.to_owned(), status);
    }
    found
}

/// Whether everything is checked, however long it takes.
fn is_long() -> bool {
    std::env::var_os("UNDREAM_LONG").is_some()
}

#[test]
fn every_commit_of_an_agent_memory_is_what_git_says() {
    let Some(replayed) = replay("mem-entire-cli-before-20260207") else { return };
    replayed.check(1);
    replayed.check_merge_bases(1);
}

#[test]
fn every_commit_of_gitignore_is_what_git_says() {
    let Some(replayed) = replay("github-gitignore") else { return };
    replayed.check(1);
    replayed.check_merge_bases(if is_long() { 1 } else { 20 });
}

#[test]
fn commits_of_the_rust_rfcs_are_what_git_says() {
    let Some(replayed) = replay("rust-lang-rfcs") else { return };
    replayed.check(if is_long() { 1 } else { 50 });
    replayed.check_merge_bases(if is_long() { 1 } else { 20 });
}

#[test]
fn importing_again_adds_nothing() {
    let Some(Replayed { repository, store, .. }) = replay("mem-bookminder") else { return };
    let before = store.database().feed().last().unwrap();
    let report = GitImport::new().run(&store, &repository.path, &importer()).unwrap();
    assert_eq!((report.commits, report.records, report.refs.len()), (0, 0, 0));
    assert!(report.known > 0);
    assert_eq!(store.database().feed().last().unwrap(), before);
}
