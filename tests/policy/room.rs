//! A database to test in, and who acts there.

use undream::{
    Author, Branch, CommitId, Database, Entry, Error, ErrorKind, FixedClock, Options, Policy,
    Result, SeededEntropy, Store, Time,
};

pub(crate) fn options() -> Options {
    let clock = FixedClock::new(Time::parse("2026-11-22T12:00:00Z").unwrap(), 1_000_000);
    Options::new().clock(clock).entropy(SeededEntropy::new(7))
}

pub(crate) fn room() -> (Database, Store, Branch) {
    room_with(options())
}

pub(crate) fn room_with(options: Options) -> (Database, Store, Branch) {
    let db = options.in_memory().unwrap();
    let store = db.store("default").unwrap();
    let main = store.branch("main").unwrap();
    (db, store, main)
}

pub(crate) fn agent() -> Author {
    Author::agent("scribe")
}

pub(crate) fn person() -> Author {
    Author::person("ana")
}

/// Built at run time, so that no scanner takes this file for a leak.
pub(crate) fn secret() -> String {
    format!("{}{}", "ghp_", "q7Zk2Xw9Rb4Tn6Lm8Jc3Hv5Gd1Fs0PaYeUoK")
}

pub(crate) fn put(branch: &Branch, author: &Author, key: &str, text: &str) -> Result<CommitId> {
    put_entry(branch, author, key, Entry::new(text))
}

pub(crate) fn put_entry(
    branch: &Branch,
    author: &Author,
    key: &str,
    entry: Entry,
) -> Result<CommitId> {
    let mut tx = branch.write()?;
    tx.put(key, entry)?;
    tx.commit(author.message(format!("Put {key}")))
}

pub(crate) fn set(store: &Store, change: impl FnOnce(&mut Policy)) {
    let mut policy = store.policy().unwrap();
    change(&mut policy);
    store.set_policy(&policy.to_string(), person().message("Change the policy")).unwrap();
    assert_eq!(store.policy().unwrap(), policy);
}

/// The error of what must be refused, for which of the rules.
pub(crate) fn refused<T: std::fmt::Debug>(outcome: Result<T>, rule: &str) -> Error {
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Blocked, "{error}");
    assert!(error.to_string().contains(rule), "{error}");
    error
}
