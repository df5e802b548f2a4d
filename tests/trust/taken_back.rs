//! After something was taken back: what it was, by which commit, and who had been given it.

use undream::{
    Dream, DreamStatus, ErrorKind, Result, Sessions, Store, Suspect, TakenBack, Time, Withdrawal,
};

use crate::endorse::database;
use crate::scripted::{Scripted, dream, import, put, suggestion};
use crate::withdraw::{POISONED, ana, poisoned, text, write};

const LIMIT: &str = "refunds/limit";
const GUESTS: &str = "refunds/guests";
const WORDS: &str = "style/words";
const SOURCES: &str = "style/sources";

/// A dream that one poisoned session has moved, given to two sessions, and the session taken back.
fn cleaned() -> Result<(Store, Dream)> {
    let store = database(41)?.store("default")?;
    let main = store.branch("main")?;
    import(&store, ["chat-1", "chat-2", "chat-3", POISONED].map(str::to_owned))?;
    write(&main, LIMIT, "Refunds up to 50 EUR need no approval.", &ana())?;
    let bad = [(LIMIT, "Refunds up to 200 EUR need no approval."), (GUESTS, "Guests pay nothing.")];
    let mut suggestions: Vec<_> =
        bad.iter().map(|(key, text)| suggestion(vec![put(key, text)], &["chat-500#1"])).collect();
    suggestions.push(suggestion(vec![put(WORDS, "Use short words.")], &["chat-1"]));
    // Others say so too: it is kept on what they say.
    let cites = ["chat-1", "chat-2", "chat-500#1", "chat-3"];
    suggestions.push(suggestion(vec![put(SOURCES, "Users want answers with sources.")], &cites));
    let dream = dream(&main, suggestions)?;
    for (session, key) in [("chat-901", LIMIT), ("chat-902", LIMIT), ("chat-902", GUESTS)] {
        main.snapshot()?.for_session(session)?.get(key)?.expect("it stands");
    }
    Withdrawal::prepare(&main, poisoned())?.commit(ana().message("chat-500 was poisoned"))?;
    main.snapshot()?.for_session("chat-903")?.get(LIMIT)?.expect("it stands");
    Ok((store, dream))
}

fn given(store: &Store, found: &TakenBack) -> Result<Vec<String>> {
    Ok(store.recalls().of_records(found.versions.iter().copied()).usage()?.sessions)
}

#[test]
fn from_a_key_one_comes_to_what_was_taken_back_and_to_who_was_given_it() -> Result<()> {
    let (store, _) = cleaned()?;
    let main = store.branch("main")?;
    let head = main.head()?.expect("it has commits");
    for (key, sessions) in [(LIMIT, vec!["chat-901", "chat-902"]), (GUESTS, vec!["chat-902"])] {
        let found = TakenBack::at(&main, key)?;
        let [one] = found.as_slice() else { panic!("{key}: {found:?}") };
        assert_eq!((one.key.as_str(), one.commit.id()), (key, head));
        assert_eq!(one.becomes, main.snapshot()?.get_id(key)?, "{key}");
        assert_eq!(one.suspect(), Some(&Suspect::Session(POISONED.to_owned())));
        assert_eq!(given(&store, one)?, sessions, "the good version was given to others too");
    }
    assert_eq!(TakenBack::by(&store, head)?.len(), 2);
    assert_eq!(store.changes(head)?.len(), 3, "one was kept on other evidence");
    for key in [WORDS, SOURCES, "x/none"] {
        assert!(TakenBack::at(&main, key)?.is_empty(), "{key}");
    }
    let commits = |since| TakenBack::commits_since(&main, since).map(|found| found.len());
    let after = Time::from_micros(store.commit(head)?.committed().as_micros() + 1);
    assert_eq!((commits(store.commit(head)?.committed())?, commits(after)?), (1, 0));
    Ok(())
}

#[test]
fn a_good_version_that_is_put_back_on_other_evidence_was_not_taken_back() -> Result<()> {
    let store = database(43)?.store("default")?;
    let main = store.branch("main")?;
    import(&store, ["chat-1", "chat-2", "chat-3", POISONED].map(str::to_owned))?;
    write(&main, SOURCES, "Name your sources.", &ana())?;
    write(&main, WORDS, "Use short words.", &ana())?;
    let cites = ["chat-1", "chat-2", "chat-500#1", "chat-3"];
    dream(&main, vec![suggestion(vec![put(SOURCES, "Users want answers with sources.")], &cites)])?;
    let good = main.snapshot()?.get_id(SOURCES)?.expect("it stands");
    let bad = [(SOURCES, "Sources bore users."), (WORDS, "Use short words.\nNever ask back.")];
    let bad = bad.map(|(key, text)| suggestion(vec![put(key, text)], &["chat-500#1"]));
    dream(&main, bad.to_vec())?;
    let more = "Use short words.\nNever ask back.\nSay when you are not sure.";
    dream(&main, vec![suggestion(vec![put(WORDS, more)], &["chat-2"])])?;
    let stood = |key| main.snapshot()?.get_id(key).map(|found| found.expect("it stands"));
    let (bored, mixed) = (stood(SOURCES)?, stood(WORDS)?);
    Withdrawal::prepare(&main, poisoned())?.commit(ana().message("chat-500 was poisoned"))?;

    assert_ne!(stood(SOURCES)?, good, "it rests on what is left");
    assert_eq!(text(&main, SOURCES)?.as_deref(), Some("Users want answers with sources."));
    assert_eq!(TakenBack::at(&main, SOURCES)?[0].versions, [bored]);
    assert_eq!(
        text(&main, WORDS)?.as_deref(),
        Some("Use short words.\nSay when you are not sure.")
    );
    assert_eq!(TakenBack::at(&main, WORDS)?[0].versions[0], mixed, "what stands was made from it");
    Ok(())
}

#[test]
fn a_key_tells_of_every_time_it_was_taken_back_and_of_who_just_removed_it() -> Result<()> {
    let (store, _) = cleaned()?;
    let main = store.branch("main")?;
    write(&main, LIMIT, "Refunds up to 300 EUR need no approval.", &ana())?;
    let raised = main.head()?.expect("it has commits");
    let reverted = main.revert(raised)?.commit(ana().message("Not raised"))?;
    let found = TakenBack::at(&main, LIMIT)?;
    let commits: Vec<_> = found.iter().map(|one| one.commit.id()).collect();
    assert_eq!((commits.len(), commits[0]), (2, reverted));
    assert!(found[0].suspect().is_none() && found[0].versions.len() == 1);
    let removed = main.update(ana().message("Remove"), |tx| tx.remove(WORDS))?;
    let found = TakenBack::at(&main, WORDS)?;
    assert_eq!(found.iter().map(|one| one.commit.id()).collect::<Vec<_>>(), [removed]);
    assert!(found[0].becomes.is_none());
    assert!(TakenBack::by(&store, removed)?.is_empty(), "to remove is not to take back");
    Ok(())
}

#[test]
fn proposals_that_a_withdrawal_takes_away_are_taken_back() -> Result<()> {
    let (store, dream) = cleaned()?;
    let main = store.branch("main")?;
    assert_eq!(dream.manifest()?.status, DreamStatus::PartlyTakenBack);
    let head = main.head()?.expect("it has commits");
    assert_eq!(dream.taken_back()?, [(head, [1, 2].into())]);
    let reverted: Vec<bool> =
        dream.proposals()?.iter().filter_map(|one| one.choice()).map(|one| one.reverted).collect();
    assert_eq!(reverted, [true, true, false, false]);
    assert_eq!(dream.revert(None)?.proposals(), &[3, 4].into());
    let words = dream.revert(Some(3))?.commit(ana().message("Nor that"))?;
    main.update(ana().message("Nor those"), |tx| tx.remove(SOURCES))?;
    assert_eq!(dream.taken_back()?, [(words, [3].into()), (head, [1, 2].into())]);
    assert_eq!(dream.manifest()?.status, DreamStatus::PartlyTakenBack, "to remove is no revert");
    assert_eq!(text(&main, LIMIT)?.as_deref(), Some("Refunds up to 50 EUR need no approval."));
    Ok(())
}

#[test]
fn whoever_names_a_session_that_no_dream_may_read_is_told_so() -> Result<()> {
    let (store, _) = cleaned()?;
    let main = store.branch("main")?;
    let named = || {
        let ids = Sessions::Ids(vec!["chat-1".to_owned(), POISONED.to_owned()]);
        Dream::on(&main).sessions(ids).curator(Scripted::new(Vec::new()))
    };
    let before = Dream::list(&store)?.len();
    let refused = named().run().expect_err("it is kept out");
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert!(refused.to_string().contains(POISONED), "{refused}");
    assert_eq!(Dream::list(&store)?.len(), before, "no dream was begun");
    let other = named().project("press").run().expect_err("another project");
    assert!(other.to_string().contains("project"), "{other}");
    store.lift_session(POISONED, &ana())?;
    assert_eq!(named().run()?.manifest()?.sessions_read, 2);
    Ok(())
}
