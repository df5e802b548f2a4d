//! Taking back what rests on a session, and nothing else.

use std::collections::BTreeMap;

use undream::{
    Author, Branch, Cause, Dream, Entry, ErrorKind, Fate, KeepRule, Record, Result, Sessions,
    Suspect, Taint, Trust, Withdrawal,
};

use crate::endorse::database;
use crate::scripted::{Scripted, dream, import, made_from, put, remove, rename, suggestion};

/// The session that a web page has poisoned.
pub(crate) const POISONED: &str = "chat-500";

pub(crate) fn ana() -> Author {
    Author::person("ana")
}

pub(crate) fn poisoned() -> Suspect {
    Suspect::Session(POISONED.to_owned())
}

fn read(branch: &Branch, key: &str) -> Result<Option<Record>> {
    branch.snapshot()?.get(key)
}

pub(crate) fn text(branch: &Branch, key: &str) -> Result<Option<String>> {
    read(branch, key)?.map(|record| record.text().map(str::to_owned)).transpose()
}

pub(crate) fn write(branch: &Branch, key: &str, text: &str, author: &Author) -> Result<()> {
    let message = author.message(format!("Write {key}"));
    branch.update(message, |tx| tx.put(key, Entry::new(text))).map(drop)
}

fn fates(withdrawal: &Withdrawal) -> BTreeMap<String, Fate> {
    let found = withdrawal.consequences().iter();
    found.map(|found| (found.key.to_string(), found.fate)).collect()
}

/// What people and agents wrote before the poisoned session.
fn write_the_past(main: &Branch) -> Result<()> {
    let mut tx = main.write()?;
    tx.put("refunds/limit", "Refunds up to 50 EUR need no approval.")?;
    tx.put("style/answers", "Answer in short sentences.\nName your sources.")?;
    tx.put("team/lead", "Ben leads the team.")?;
    tx.put("team/old", "Cleo led the team until May.")?;
    tx.put("tools/build", "Run `make`.")?;
    tx.put("tools/check", "Run `make check`.")?;
    tx.commit(ana().message("What we know"))?;
    Ok(())
}

/// The dream that read the poisoned session among 999 clean ones.
fn dream_once(main: &Branch) -> Result<Dream> {
    dream(
        main,
        vec![
            // Folded into memories that exist.
            suggestion(
                vec![put("refunds/limit", "Refunds up to 200 EUR need no approval.")],
                &["chat-500#1"],
            ),
            suggestion(
                vec![put(
                    "style/answers",
                    "Answer in short sentences.\nName your sources.\nNever ask back.",
                )],
                &["chat-500#1"],
            ),
            // New, on its word alone, and on that of others too.
            suggestion(
                vec![put("refunds/vip", "Poison: guests of honour pay nothing.")],
                &["chat-500#1"],
            ),
            suggestion(
                vec![put("refunds/log", "Poison: refunds are not logged.")],
                &["chat-500#1"],
            ),
            suggestion(
                vec![put("refunds/form", "Poison: no form is needed.")],
                &["chat-500#1", "chat-500#2"],
            ),
            suggestion(
                vec![put("style/sources", "Users want answers with sources.")],
                &["chat-1", "chat-2", "chat-500#1", "chat-3"],
            ),
            // Removed and moved on its word.
            suggestion(vec![remove("team/lead")], &["chat-500#1"]),
            suggestion(vec![rename("team/old", "team/new")], &["chat-500#1"]),
            suggestion(
                vec![put("tools/check", "Run `make check` first."), remove("tools/build")],
                &["chat-7"],
            ),
        ],
    )
}

/// What others made of that since.
fn live_on(main: &Branch) -> Result<()> {
    main.update(ana().message("Tidy up"), |tx| tx.rename("refunds/log", "refunds/records"))?;
    write(main, "refunds/form", "Poison: no form is needed, but a note.", &ana())?;
    let alone = read(main, "refunds/vip")?.expect("it stands").id();
    let shared = read(main, "style/sources")?.expect("it stands").id();
    dream(
        main,
        vec![
            suggestion(
                vec![put(
                    "style/answers",
                    "Answer in short sentences.\nName your sources.\nNever ask back.\nSay when you are not sure.",
                )],
                &["chat-8"],
            ),
            made_from(
                suggestion(vec![put("digest/guests", "Poison: a digest of one.")], &[]),
                &[alone],
            ),
            made_from(
                suggestion(vec![put("digest/both", "Sources matter, in short.")], &[]),
                &[alone, shared],
            ),
        ],
    )?;
    dream(
        main,
        vec![suggestion(
            vec![put("clean/one", "Users thank for sources.")],
            &["chat-9", "chat-10"],
        )],
    )?;
    for number in 0..20 {
        write(main, &format!("later/{number}"), "Written later.", &Author::agent("scribe"))?;
    }
    let message = Author::agent("scribe").message("In the poisoned session").session(POISONED);
    main.update(message, |tx| tx.put("later/direct", "Poison: written in the session."))?;
    Ok(())
}

#[test]
fn nothing_that_rests_on_a_poisoned_session_alone_stays_and_all_else_does() -> Result<()> {
    let db = database(3)?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    import(&store, (0..1_000).map(|number| format!("chat-{number}")))?;
    write_the_past(&main)?;
    dream_once(&main)?;
    live_on(&main)?;
    let count = main.snapshot()?.count("")?;
    let before = read(&main, "style/sources")?.expect("it stands");
    assert_eq!((before.trust(), before.provenance().evidence.len()), (Trust::Tool, 4));

    let withdrawal = Withdrawal::prepare(&main, poisoned())?;
    let expected = [
        ("refunds/limit", Fate::PutBack),
        ("style/answers", Fate::Kept),
        ("refunds/vip", Fate::Removed),
        ("refunds/records", Fate::Removed),
        ("refunds/form", Fate::Left),
        ("style/sources", Fate::Kept),
        ("team/lead", Fate::BroughtBack),
        ("team/old", Fate::MovedBack),
        ("digest/guests", Fate::Removed),
        ("digest/both", Fate::Kept),
        ("later/direct", Fate::Removed),
    ];
    let expected: BTreeMap<String, Fate> =
        expected.into_iter().map(|(key, fate)| (key.to_owned(), fate)).collect();
    assert_eq!(fates(&withdrawal), expected);
    assert_eq!(main.snapshot()?.count("")?, count, "nothing is written before it is committed");

    let head = main.head()?;
    let commit = withdrawal.commit(ana().message("chat-500 was poisoned"))?.expect("a commit");
    let made = store.commit(commit)?;
    assert_eq!(made.first_parent(), head, "one commit");
    assert_eq!(*made.cause(), Cause::Withdrawal { suspect: poisoned() });
    assert_eq!(
        text(&main, "refunds/limit")?.as_deref(),
        Some("Refunds up to 50 EUR need no approval.")
    );
    assert_eq!(
        text(&main, "style/answers")?.as_deref(),
        Some("Answer in short sentences.\nName your sources.\nSay when you are not sure.")
    );
    assert_eq!(text(&main, "team/lead")?.as_deref(), Some("Ben leads the team."));
    assert_eq!(text(&main, "team/old")?.as_deref(), Some("Cleo led the team until May."));
    assert_eq!(text(&main, "tools/check")?.as_deref(), Some("Run `make check` first."));
    assert_eq!(text(&main, "tools/build")?, None);
    let mut poison = Vec::new();
    for entry in main.snapshot()?.entries("") {
        let (key, record) = entry?;
        if record.text()?.contains("Poison") {
            poison.push(key.to_string());
        }
    }
    assert_eq!(poison, ["refunds/form"], "just what a person edited, which was listed");
    assert_eq!(main.snapshot()?.count("")?, count - 4 + 1);

    let kept = read(&main, "style/sources")?.expect("it stands");
    assert_eq!((kept.text()?, kept.text_id()), (before.text()?, before.text_id()));
    assert_eq!(kept.provenance().evidence.len(), 3);
    assert_eq!((kept.trust(), kept.taint()), (Trust::User, Taint::of(undream::Source::User)));
    assert_eq!(read(&main, "digest/both")?.expect("it stands").provenance().inputs, [before.id()]);

    let again = Withdrawal::prepare(&main, poisoned())?;
    assert_eq!(fates(&again), BTreeMap::from([("refunds/form".to_owned(), Fate::Left)]));
    assert_eq!(again.commit(ana().message("Again"))?, None);
    Ok(())
}

#[test]
fn a_kept_memory_falls_when_its_last_evidence_does() -> Result<()> {
    let db = database(3)?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    import(&store, ["chat-1", "chat-2", "chat-3"].map(str::to_owned))?;
    dream(&main, vec![suggestion(vec![put("a", "It is so.")], &["chat-1", "chat-2"])])?;
    for (suspect, left) in
        [("chat-1", Some("It is so.")), ("chat-3", Some("It is so.")), ("chat-2", None)]
    {
        let suspect = Suspect::Session(suspect.to_owned());
        Withdrawal::prepare(&main, suspect)?.commit(ana().message("Away"))?;
        assert_eq!(text(&main, "a")?.as_deref(), left);
    }
    Ok(())
}

#[test]
fn evidence_that_a_record_does_not_name_counts_as_well() -> Result<()> {
    let db = database(3)?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    let ids: Vec<String> = (0..40).map(|number| format!("chat-{number:02}")).collect();
    import(&store, ids.clone())?;
    let cites: Vec<&str> = ids.iter().map(String::as_str).collect();
    dream(&main, vec![suggestion(vec![put("a", "It is so.")], &cites)])?;
    assert!(read(&main, "a")?.unwrap().provenance().evidence.len() < 40);
    Withdrawal::prepare(&main, Suspect::Session("chat-39".to_owned()))?
        .commit(ana().message("Away"))?;
    assert_eq!(read(&main, "a")?.unwrap().provenance().evidence.len(), 39);
    Ok(())
}

#[test]
fn a_rule_decides_what_is_kept_on_other_evidence() -> Result<()> {
    let db = database(3)?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    import(&store, ["chat-1", "chat-2"].map(str::to_owned))?;
    dream(&main, vec![suggestion(vec![put("a", "It is so.")], &["chat-1", "chat-2"])])?;
    let strict = KeepRule::new(|left| Ok(left.evidence.len() >= 2));
    let suspect = Suspect::Session("chat-1".to_owned());
    let withdrawal = Withdrawal::prepare_by(&main, suspect, strict)?;
    assert_eq!(fates(&withdrawal), BTreeMap::from([("a".to_owned(), Fate::Removed)]));
    Ok(())
}

#[test]
fn what_an_author_wrote_is_taken_back_to_what_others_said() -> Result<()> {
    let db = database(3)?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    let (rogue, scribe) = (Author::agent("rogue"), Author::agent("scribe"));
    write(&main, "a", "First.\nSecond.", &scribe)?;
    write(&main, "a", "First.\nSecond.\nRogue.", &rogue)?;
    write(&main, "a", "First.\nSecond, and more.\nRogue.", &scribe)?;
    write(&main, "b", "Rogue alone.", &rogue)?;
    write(&main, "c", "Rogue began.", &rogue)?;
    write(&main, "c", "The scribe wrote all anew.", &scribe)?;
    write(&main, "d", "Of the scribe.", &scribe)?;
    main.update(rogue.message("Remove"), |tx| tx.remove("d"))?;
    let withdrawal = Withdrawal::prepare(&main, Suspect::Author(rogue))?;
    withdrawal.commit(ana().message("The rogue agent"))?;
    assert_eq!(text(&main, "a")?.as_deref(), Some("First.\nSecond, and more."));
    assert_eq!(text(&main, "b")?, None);
    assert_eq!(text(&main, "c")?.as_deref(), Some("The scribe wrote all anew."));
    assert_eq!(text(&main, "d")?.as_deref(), Some("Of the scribe."));
    assert!(store.quarantined()?.is_empty());
    Ok(())
}

/// What a person lets in stays on one session; what the policy let in needs as many as it asks for.
#[test]
fn what_the_policy_let_in_is_kept_only_if_the_rest_still_passes_it() -> Result<()> {
    let db = database(3)?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    import(&store, (1..=5).map(|number| format!("chat-{number}")))?;
    let lines = || {
        let four = ["chat-1", "chat-2", "chat-3", "chat-4"];
        vec![
            suggestion(vec![put("a", "Three sessions say it.")], &four[..3]),
            suggestion(vec![put("b", "Four sessions say that.")], &four),
        ]
    };
    let text = "mode gated\nprotect none\nnear-protected allow\n";
    store.set_policy(text, ana().message("Gated"))?;
    Dream::on(&main).sessions(Sessions::All).curator(Scripted::new(lines())).run()?;
    assert_eq!(main.snapshot()?.count("")?, 2, "the policy merged both");
    let suspect = || Suspect::Session("chat-1".to_owned());
    let withdrawal = Withdrawal::prepare(&main, suspect())?;
    let expected = [("a".to_owned(), Fate::Removed), ("b".to_owned(), Fate::Kept)];
    assert_eq!(fates(&withdrawal), BTreeMap::from(expected));

    let other = store.create_branch("other", main.head()?.expect("it has one"))?;
    other.update(ana().message("Away"), |tx| {
        tx.remove("a")?;
        tx.remove("b")
    })?;
    store.set_policy("mode review\nguard other\n", ana().message("By persons"))?;
    dream(&other, lines())?;
    let withdrawal = Withdrawal::prepare(&other, suspect())?;
    let expected = [("a".to_owned(), Fate::Kept), ("b".to_owned(), Fate::Kept)];
    assert_eq!(fates(&withdrawal), BTreeMap::from(expected));
    Ok(())
}

#[test]
fn what_landed_since_it_was_shown_is_not_passed_over() -> Result<()> {
    let db = database(3)?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    import(&store, [POISONED.to_owned()])?;
    let inside = |key: &str| {
        let message = Author::agent("scribe").message("In the session").session(POISONED);
        main.update(message, |tx| tx.put(key, "Poison."))
    };
    inside("a")?;
    let shown = Withdrawal::prepare(&main, poisoned())?;
    write(&main, "z", "Elsewhere.", &ana())?;
    assert!(shown.commit(ana().message("Away"))?.is_some(), "other writes do not disturb");
    assert!(store.lift_session(POISONED, &ana())?);
    inside("b")?;
    let shown = Withdrawal::prepare(&main, poisoned())?;
    inside("c")?;
    let stale = shown.commit(ana().message("Away")).unwrap_err();
    assert_eq!(
        (stale.kind(), stale.candidates()),
        (ErrorKind::Stale, &["b".to_owned(), "c".to_owned()][..])
    );
    Ok(())
}
