//! Taking all dreams since a time back, and keeping every direct write.

use std::collections::BTreeMap;

use undream::{
    Author, Branch, Database, Dream, ErrorKind, FixedClock, Options, Resolution, Result,
    SeededEntropy, Time,
};

use crate::scripted::{dream, import, put, remove, suggestion};

fn ana() -> Author {
    Author::person("ana")
}

fn content(branch: &Branch) -> Result<BTreeMap<String, String>> {
    let entries = branch.snapshot()?.entries("").map(|entry| {
        let (key, record) = entry?;
        Ok((key.to_string(), record.text()?.to_owned()))
    });
    entries.collect()
}

fn write(branch: &Branch, key: &str, text: &str) -> Result<()> {
    branch.update(ana().message("Write"), |tx| tx.put(key, text)).map(drop)
}

/// A database whose clock moves on by an hour with each look at it.
fn slow() -> Result<Database> {
    let clock = FixedClock::new(Time::parse("2026-11-16T08:00:00Z")?, 3_600_000_000);
    Options::new().clock(clock).entropy(SeededEntropy::new(9)).in_memory()
}

#[test]
fn all_dreams_since_a_time_go_in_one_commit_and_every_direct_write_stays() -> Result<()> {
    let db = slow()?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    import(&store, ["chat-1", "chat-2"].map(str::to_owned))?;
    write(&main, "facts/city", "The office is in Lisbon.")?;
    write(&main, "facts/drink", "The team drinks oolong.")?;
    dream(&main, vec![suggestion(vec![put("dreamt/before", "It came before.")], &["chat-1"])])?;
    let since = db.now();
    write(&main, "facts/new", "A fact of this week.")?;
    let second = dream(
        &main,
        vec![
            suggestion(vec![put("facts/city", "The office is in Porto.")], &["chat-1"]),
            suggestion(vec![remove("facts/drink")], &["chat-2"]),
        ],
    )?;
    write(&main, "facts/newer", "Another fact of this week.")?;
    let third = dream(
        &main,
        vec![
            suggestion(vec![put("facts/city", "The office is in Faro.")], &["chat-2"]),
            suggestion(vec![put("dreamt/after", "It came after.")], &["chat-2"]),
        ],
    )?;
    write(&main, "facts/newest", "The last fact of this week.")?;

    let head = main.head()?;
    let revert = Dream::revert_since(&main, since)?;
    assert_eq!(revert.proposals().keys().copied().collect::<Vec<_>>(), [2, 3]);
    assert_eq!(revert.merge().conflicts().count(), 0);
    let commit = revert.commit(ana().message("Back to last Tuesday"))?;
    assert_eq!(store.commit(commit)?.first_parent(), head, "one commit");
    let expected = [
        ("dreamt/before", "It came before."),
        ("facts/city", "The office is in Lisbon."),
        ("facts/drink", "The team drinks oolong."),
        ("facts/new", "A fact of this week."),
        ("facts/newer", "Another fact of this week."),
        ("facts/newest", "The last fact of this week."),
    ];
    let expected: BTreeMap<String, String> =
        expected.into_iter().map(|(key, text)| (key.to_owned(), text.to_owned())).collect();
    assert_eq!(content(&main)?, expected);
    for taken in [&second, &third] {
        let gone = taken.revert(None).unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::NotFound, "their account says so too");
    }
    assert_eq!(Dream::revert_since(&main, since).unwrap_err().kind(), ErrorKind::NotFound);
    Ok(())
}

#[test]
fn what_was_edited_since_is_a_conflict_to_decide() -> Result<()> {
    let db = slow()?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    import(&store, ["chat-1".to_owned()])?;
    write(&main, "facts/city", "The office is in Lisbon.")?;
    let since = db.now();
    dream(
        &main,
        vec![suggestion(vec![put("facts/city", "The office is in Porto.")], &["chat-1"])],
    )?;
    write(&main, "facts/city", "The office is in Porto, I saw it.")?;
    let mut revert = Dream::revert_since(&main, since)?;
    let open: Vec<_> = revert.merge().conflicts().map(|found| found.key.to_string()).collect();
    assert_eq!(open, ["facts/city"]);
    revert.merge_mut().resolve(|_| Resolution::Ours)?;
    revert.commit(ana().message("Keep what I saw"))?;
    assert_eq!(content(&main)?["facts/city"], "The office is in Porto, I saw it.");
    Ok(())
}
