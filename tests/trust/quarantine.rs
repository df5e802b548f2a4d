//! Sessions kept out of dreams: by a withdrawal, until it is undone or somebody lets them back in.

use undream::{Author, Dream, ErrorKind, Result, Sessions, Suspect, Withdrawal};

use crate::endorse::database;
use crate::scripted::{Scripted, import, put, session, suggestion};
use crate::withdraw::{POISONED, ana, poisoned, text, write};

#[test]
fn a_withdrawn_session_stays_out_of_dreams_until_it_is_lifted() -> Result<()> {
    let db = database(3)?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    import(&store, ["chat-1", "chat-2"].map(str::to_owned))?;
    write(&main, "a", "It is so.", &ana())?;
    let waiting = Dream::on(&main)
        .sessions(Sessions::All)
        .curator(Scripted::new(vec![suggestion(vec![put("b", "Poison.")], &["chat-2"])]))
        .run()?;
    let suspect = || Suspect::Session("chat-2".to_owned());
    let unknown = Withdrawal::prepare(&main, Suspect::Session("chat-9".to_owned())).unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
    assert_eq!(Withdrawal::prepare(&main, suspect())?.commit(ana().message("Away"))?, None);
    assert_eq!(store.quarantine_of("chat-2")?.expect("it is kept out").by, ana());

    // Grown under the same id, or named: it stays out.
    let mut grown = session("chat-2");
    grown.events.push(undream::Event::said(undream::Role::User, "More."));
    store.import_sessions(&[grown], &ana())?;
    let dream =
        Dream::on(&main).sessions(Sessions::All).curator(Scripted::new(Vec::new())).run()?;
    assert!(!dream.read_sessions()?.contains(&"chat-2".to_owned()));
    let named = Sessions::Ids(vec!["chat-2".to_owned()]);
    let refused = Dream::on(&main).sessions(named).curator(Scripted::new(Vec::new())).run();
    assert_eq!(refused.expect_err("it is named").kind(), ErrorKind::Conflict);
    // Nor does it come in by a dream that was waiting.
    let mut review = waiting.review_as(ana())?;
    review.approve(|_| true)?;
    assert_eq!(review.merge().unwrap_err().kind(), ErrorKind::Conflict);

    assert!(store.lift_session("chat-2", &Author::agent("scribe")).is_err());
    assert!(store.lift_session("chat-2", &ana())?);
    assert!(!store.lift_session("chat-2", &ana())?);
    let dream =
        Dream::on(&main).sessions(Sessions::All).curator(Scripted::new(Vec::new())).run()?;
    assert!(dream.read_sessions()?.contains(&"chat-2".to_owned()));
    review.merge()?.commit("Now it may")?;
    Ok(())
}

#[test]
fn undoing_a_withdrawal_lets_its_session_back_in_and_undoing_that_keeps_it_out() -> Result<()> {
    let db = database(3)?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    import(&store, [POISONED.to_owned()])?;
    let inside = Author::agent("scribe").message("In the session").session(POISONED);
    main.update(inside, |tx| tx.put("a", "Poison."))?;
    let newest = |moved: &str| -> Result<undream::OperationId> {
        for operation in store.operations()? {
            let operation = operation?;
            if operation.moves().iter().any(|step| step.name.as_str() == moved) {
                return Ok(operation.id());
            }
        }
        panic!("`{moved}` never moved");
    };
    let kept_out = || Ok::<bool, undream::Error>(store.quarantine_of(POISONED)?.is_some());

    Withdrawal::prepare(&main, poisoned())?.commit(ana().message("Away"))?;
    let verdict = store.commit(main.head()?.unwrap())?;
    assert!(verdict.verdict().is_some(), "a withdrawal keeps its verdict");
    assert!(store.check(verdict.id(), main.name(), &[])?.is_same());
    store.undo(newest("main")?, &ana())?;
    assert_eq!((text(&main, "a")?.as_deref(), kept_out()?), (Some("Poison."), false));
    store.undo(newest("main")?, &ana())?;
    assert_eq!((text(&main, "a")?, kept_out()?), (None, true));
    store.undo(newest("main")?, &Author::agent("scribe"))?;
    assert_eq!((text(&main, "a")?.as_deref(), kept_out()?), (Some("Poison."), true));

    // What another withdrawal keeps out stays out.
    assert!(Withdrawal::prepare(&main, poisoned())?.commit(ana().message("Away"))?.is_some());
    store.undo(newest("main")?, &ana())?;
    assert!(kept_out()?, "it was kept out before this withdrawal");
    Ok(())
}

#[test]
fn nothing_is_written_in_a_session_that_was_taken_back_whichever_way_it_lands() -> Result<()> {
    let db = database(3)?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    import(&store, ["chat-1", POISONED].map(str::to_owned))?;
    write(&main, "a", "It is so.", &ana())?;
    let first = main.head()?.unwrap();
    write(&main, "a", "It is otherwise.", &ana())?;
    let second = main.head()?.unwrap();
    let side = store.create_branch("side", first)?;
    write(&side, "b", "Beside.", &ana())?;
    let dream = Dream::on(&main)
        .sessions(Sessions::Ids(vec!["chat-1".to_owned()]))
        .curator(Scripted::new(vec![suggestion(vec![put("c", "Dreamt.")], &["chat-1"])]))
        .run()?;
    let mut approved = dream.review_as(ana())?;
    approved.approve(|_| true)?;

    let inside = || Author::agent("scribe").message("Inside").session(POISONED);
    // Begun while the session was believed, and landed after it was taken back.
    let mut begun = main.write()?;
    begun.put("begun", "Before.")?;
    store.refuse_quarantined(POISONED)?;
    Withdrawal::prepare(&main, poisoned())?.commit(ana().message("Away"))?;

    let heads = || Ok::<_, undream::Error>((main.head()?, store.resolve("meta")?.commit));
    let before = heads()?;
    let tries: Vec<(&str, Result<undream::CommitId>)> = vec![
        ("begun", begun.commit(inside())),
        ("update", main.update(inside(), |tx| tx.put("d", "New."))),
        ("merge", main.merge(&side)?.commit(inside())),
        ("revert", main.revert(second)?.commit(inside())),
        ("restore", main.restore(first, "a")?.commit(inside())),
        ("review", dream.review_as(ana())?.session(POISONED).merge()?.commit("Merge")),
        (
            "decide",
            dream.review_as(ana())?.session(POISONED).reject_numbers(&[1], None).map(|_| first),
        ),
    ];
    for (what, tried) in tries {
        let error = tried.expect_err(what);
        assert_eq!(error.kind(), ErrorKind::Blocked, "{what}: {error}");
        assert!(error.to_string().contains(&format!("`{POISONED}` was taken back")), "{error}");
    }
    assert_eq!(store.refuse_quarantined(POISONED).unwrap_err().kind(), ErrorKind::Blocked);
    assert_eq!(heads()?, before, "nothing landed");

    // Another store knows nothing of it, another session is not meant, and a lifted one may write.
    let other = db.create_store("other", &ana())?.branch("main")?;
    other.update(inside(), |tx| tx.put("d", "New."))?;
    main.update(ana().message("Outside").session("chat-1"), |tx| tx.put("e", "New."))?;
    assert!(store.lift_session(POISONED, &ana())?);
    main.update(inside(), |tx| tx.put("d", "New."))?;
    dream.review_as(ana())?.session(POISONED).merge()?.commit("Merge")?;
    assert_eq!(store.commit(main.head()?.unwrap())?.session(), Some(POISONED));
    Ok(())
}
