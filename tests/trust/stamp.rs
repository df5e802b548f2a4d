//! What a dream writes is trusted as the least of what it cites, whatever its curator says.

use undream::{
    Author, Branch, Citation, Dream, Entry, Key, Record, Result, Sessions, Source, SuggestedChange,
    Suggestion, Taint, Trust,
};

use crate::endorse::database;
use crate::scripted::{Scripted, dream, import, made_from, put, remove, suggestion};

fn ana() -> Author {
    Author::person("ana")
}

fn read(branch: &Branch, key: &str) -> Result<Record> {
    Ok(branch.snapshot()?.get(key)?.expect("a memory stands there"))
}

fn write(branch: &Branch, key: &str, author: &Author) -> Result<Record> {
    branch.update(author.message("Write"), |tx| tx.put(key, format!("Memory {key}.").as_str()))?;
    read(branch, key)
}

fn taint(sources: &[Source]) -> Taint {
    sources.iter().fold(Taint::default(), |all, source| all.union(Taint::of(*source)))
}

#[test]
fn a_proposal_rests_on_what_it_cites_edits_and_was_made_from() -> Result<()> {
    let db = database(5)?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    import(&store, ["chat-1", "chat-2"].map(str::to_owned))?;
    for key in ["by/agent", "folded/a", "folded/b"] {
        write(&main, key, &Author::agent("scribe"))?;
    }
    let person = write(&main, "by/person", &ana())?;
    let agent = read(&main, "folded/b")?;
    dream(
        &main,
        vec![
            suggestion(vec![put("new/user", "A user says so.")], &["chat-1", "chat-2"]),
            suggestion(vec![put("new/web", "A page says so.")], &["chat-1", "chat-2#1"]),
            suggestion(vec![put("new/nothing", "Nobody says so.")], &[]),
            suggestion(vec![put("by/agent", "A user changes it.")], &["chat-1"]),
            suggestion(vec![put("by/person", "Nobody changes it.")], &[]),
            made_from(suggestion(vec![put("new/made", "Made from it.")], &[]), &[person.id()]),
            suggestion(vec![put("folded/a", "Both in one."), remove("folded/b")], &["chat-1"]),
        ],
    )?;
    let stamped = |key: &str| -> Result<(Trust, Taint)> {
        let record = read(&main, key)?;
        Ok((record.trust(), record.taint()))
    };
    let (user, agent_too) = (taint(&[Source::User]), taint(&[Source::User, Source::Agent]));
    assert_eq!(stamped("new/user")?, (Trust::User, user));
    assert_eq!(stamped("new/web")?, (Trust::Tool, taint(&[Source::User, Source::Web])));
    assert_eq!(stamped("new/nothing")?, (Trust::None, Taint::default()));
    assert_eq!(stamped("by/agent")?, (Trust::Agent, agent_too));
    assert_eq!(stamped("by/person")?, (Trust::None, Taint::default()));
    assert_eq!(stamped("new/made")?, (Trust::User, user));
    assert_eq!(stamped("folded/a")?, (Trust::Agent, agent_too));
    assert_eq!(read(&main, "folded/a")?.provenance().inputs, [agent.id()]);
    Ok(())
}

#[test]
fn what_is_made_from_an_endorsed_text_is_as_good_as_a_persons_word_but_not_endorsed() -> Result<()>
{
    let db = database(5)?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    import(&store, ["chat-1".to_owned()])?;
    let record = write(&main, "by/agent", &Author::agent("scribe"))?;
    store.endorse(&record, &ana(), None)?;
    dream(&main, vec![suggestion(vec![put("by/agent", "A user changes it.")], &["chat-1"])])?;
    let changed = read(&main, "by/agent")?;
    assert_eq!(store.endorsements()?.trust(&changed)?, Trust::User);
    Ok(())
}

/// What a black box gets for citing one user event, under these terms of the policy.
fn black_box(quote: Option<&str>, terms: &str) -> Result<Trust> {
    let db = database(5)?;
    let store = db.store("default")?;
    store.set_policy(terms, ana().message("The terms"))?;
    let main = store.branch("main")?;
    import(&store, ["chat-1".to_owned()])?;
    let mut cite = Citation::new("chat-1", 0, 0);
    cite.quote = quote.map(str::to_owned);
    let suggestions =
        vec![Suggestion { cites: vec![cite], ..suggestion(vec![put("a", "It is so.")], &[]) }];
    let curator = Scripted { suggestions, trust_max: Trust::Agent };
    let dream = Dream::on(&main).sessions(Sessions::All).curator(curator).run()?;
    Ok(dream.proposals()?[0].trust())
}

#[test]
fn a_black_box_is_capped_unless_every_quote_is_there() -> Result<()> {
    const USER: &str = "black-boxes at most user";
    const TOOL: &str = "black-boxes at most tool";
    assert_eq!(black_box(None, "mode review")?, Trust::Agent, "the default");
    assert_eq!(black_box(None, USER)?, Trust::Agent, "its own bound stands");
    assert_eq!(black_box(None, TOOL)?, Trust::Tool, "the policy may allow less");
    assert_eq!(black_box(Some("I want short answers"), TOOL)?, Trust::User);
    assert_eq!(black_box(Some("I want long answers."), USER)?, Trust::Agent);
    assert_eq!(black_box(Some("In"), USER)?, Trust::Agent, "that stands anywhere");
    Ok(())
}

#[test]
fn a_curator_whose_reading_is_known_is_not_capped_by_what_holds_for_black_boxes() -> Result<()> {
    let db = database(5)?;
    let store = db.store("default")?;
    store.set_policy("black-boxes at most none", ana().message("The terms"))?;
    let main = store.branch("main")?;
    import(&store, ["chat-1".to_owned()])?;
    let script = || Scripted::new(vec![suggestion(vec![put("a", "It is so.")], &["chat-1"])]);
    let run = || Dream::on(&main).sessions(Sessions::All).curator(script());
    assert_eq!(run().run()?.proposals()?[0].trust(), Trust::User);
    let capped = run().trust_max(Trust::Tool).run()?;
    assert_eq!(capped.proposals()?[0].trust(), Trust::Tool, "who runs it may allow less");
    Ok(())
}

#[test]
fn a_curator_writes_only_its_branch_and_stamps_nothing() -> Result<()> {
    let db = database(5)?;
    let store = db.store("default")?;
    let main = store.branch("main")?;
    import(&store, ["chat-1", "chat-2"].map(str::to_owned))?;
    write(&main, "a", &ana())?;
    let refs = store.refs()?;
    let claim = Entry::new("It is so.")
        .label("trust: endorsed")
        .attribute("trust", "endorsed")
        .attribute("taint", "")
        .attribute("author", "ana")
        .attribute("session", "chat-2");
    let forged = Key::new(format!("endorsements/{}", read(&main, "a")?.text_id()))?;
    let curator = Scripted {
        suggestions: vec![
            suggestion(vec![SuggestedChange::Put(Key::new("b")?, claim)], &["chat-1#1"]),
            suggestion(vec![SuggestedChange::Put(forged, Entry::new("yes"))], &["chat-1#1"]),
            suggestion(vec![put("c", "It cites what it was not given.")], &["chat-2"]),
        ],
        trust_max: Trust::Endorsed,
    };
    let sessions = Sessions::Ids(vec!["chat-1".to_owned()]);
    let dream = Dream::on(&main).sessions(sessions).curator(curator).run()?;
    assert_eq!(dream.proposals()?.len(), 2, "{:?}", dream.manifest()?);

    let record = dream.branch().snapshot()?.get("b")?.expect("it is proposed");
    assert_eq!((record.trust(), record.taint()), (Trust::Tool, Taint::of(Source::Web)));
    let from = record.provenance();
    assert_eq!((&from.author, from.session.as_deref()), (&Author::program("scripted"), None));
    assert_eq!(from.dream, Some((dream.number(), 1)));
    let moved: Vec<String> = store
        .refs()?
        .into_iter()
        .filter(|now| !refs.contains(now))
        .map(|now| now.name.to_string())
        .collect();
    assert_eq!(moved, ["dreams/1", "meta"]);
    assert!(store.endorsements()?.list()?.is_empty());
    Ok(())
}
