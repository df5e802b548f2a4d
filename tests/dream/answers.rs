//! Answers to several proposals at once, the order of review, and a dream's own difference.

use std::collections::BTreeMap;

use undream::{
    Author, ChangeKind, Citation, Curator, CuratorInput, Danger, Database, Dream, Effect, Entry,
    ErrorKind, Key, Proposal, ProposalKind, Reply, Result, Store, SuggestedChange, Suggestion,
    Verb,
};

use crate::small::{failing_session, importer};

/// Proposes what it was told to, each resting on the same sessions.
pub(crate) struct Scripted(pub(crate) Vec<Vec<SuggestedChange>>);

impl Curator for Scripted {
    fn name(&self) -> String {
        "scripted".to_owned()
    }

    fn version(&self) -> String {
        "1".to_owned()
    }

    fn propose(
        &self,
        input: &CuratorInput<'_>,
        suggest: &mut dyn FnMut(Suggestion) -> Result<()>,
    ) -> Result<()> {
        for session in input.sessions.sessions() {
            input.sessions.events(session.id())?;
        }
        let cites = || {
            let ids = input.sessions.sessions().iter();
            ids.map(|session| Citation::new(session.id(), 0, 0)).collect()
        };
        self.0.iter().enumerate().try_for_each(|(number, changes)| {
            suggest(Suggestion {
                kind: ProposalKind::Other,
                title: format!("Thought {number}"),
                changes: changes.clone(),
                rationale: "It came to mind.".to_owned(),
                confidence: 500,
                cites: cites(),
                inputs: Vec::new(),
            })
        })
    }
}

pub(crate) fn put(key: &str, text: &str) -> SuggestedChange {
    SuggestedChange::Put(Key::new(key).expect("a key"), Entry::new(text))
}

pub(crate) fn ana() -> Author {
    Author::person("ana")
}

/// Three sessions, one memory by a person and one by a program.
pub(crate) fn store() -> Result<Store> {
    filled(&Database::in_memory()?)
}

/// A store of `db` with the same.
pub(crate) fn filled(db: &Database) -> Result<Store> {
    let store = db.store("default")?;
    let sessions: Vec<_> = (0..3).map(failing_session).collect();
    store.import_sessions(&sessions, &importer())?;
    let main = store.branch("main")?;
    for (key, author) in [("facts/city", ana()), ("facts/drink", Author::program("filler"))] {
        let mut tx = main.write()?;
        tx.put(key, Entry::fact("As it was."))?;
        tx.commit(author.message("Put"))?;
    }
    Ok(store)
}

pub(crate) fn dream(store: &Store, changes: Vec<Vec<SuggestedChange>>) -> Result<Dream> {
    Dream::on(&store.branch("main")?).curator(Scripted(changes)).run()
}

#[test]
fn proposals_are_reviewed_by_what_they_do_and_the_riskiest_first() -> Result<()> {
    let store = store()?;
    let remove = |key: &str| SuggestedChange::Remove(Key::new(key).unwrap());
    let dream = dream(
        &store,
        vec![
            vec![put("facts/drink", "A program wrote this.")],
            vec![put("a/plain", "New.")],
            vec![put("rules/new", "New, and a rule.")],
            vec![put("facts/city", "A person wrote this.")],
            vec![remove("facts/drink")],
        ],
    )?;
    let mut proposals = dream.proposals()?;
    proposals.sort_by_cached_key(Proposal::review_order);
    let shown: Vec<_> = proposals.iter().map(|found| (found.number(), found.effect())).collect();
    let expected = [
        (3, Effect::Adds),
        (2, Effect::Adds),
        (4, Effect::Changes),
        (1, Effect::Changes),
        (5, Effect::Removes),
    ];
    assert_eq!(shown, expected);
    let dangers = |at: usize| proposals[at].dangers().iter().copied().collect::<Vec<_>>();
    assert_eq!(dangers(0).first(), Some(&Danger::Protected));
    assert_eq!(dangers(2).first(), Some(&Danger::Person));
    assert!(!dangers(1).contains(&Danger::FewSessions), "three sessions are enough");
    Ok(())
}

#[test]
fn answers_are_given_together_or_not_at_all() -> Result<()> {
    let store = store()?;
    let changes = vec![
        vec![put("a/one", "One.")],
        vec![put("a/one", "One, said better.")],
        vec![put("a/two", "Two."), put("a/three", "Three.")],
    ];
    let dream = dream(&store, changes)?;
    let mut review = dream.review_as(ana())?;
    let approve = || Reply::Approve { reason: None };
    let reject = || Reply::Reject { reason: Some("no".to_owned()) };
    let amend = || Reply::Amend { text: "Mine.".to_owned(), reason: None };
    let refused = [
        (BTreeMap::from([(1, reject()), (2, approve())]), ErrorKind::Conflict),
        (BTreeMap::from([(1, approve()), (9, approve())]), ErrorKind::NotFound),
        (BTreeMap::from([(1, approve()), (3, amend())]), ErrorKind::Invalid),
    ];
    for (answers, kind) in refused {
        let error = review.answer(&answers).expect_err("it cannot be given");
        assert_eq!(error.kind(), kind, "{error}");
        assert!(dream.proposals()?.iter().all(Proposal::is_open), "half of it was kept");
    }
    let given = BTreeMap::from([(2, amend()), (3, reject())]);
    assert_eq!(review.answer(&given)?, [1, 2, 3], "2 takes 1 along");
    assert_eq!(review.answer(&given)?, [0_u32; 0], "the same again is nothing new");
    let verbs: Vec<_> =
        dream.proposals()?.iter().map(|found| found.choice().map(|choice| choice.verb)).collect();
    assert_eq!(verbs, [Some(Verb::Approve), Some(Verb::Amend), Some(Verb::Reject)]);
    review.merge()?.commit("Both")?;
    let error = dream.review_as(ana())?.answer(&BTreeMap::from([(1, reject())]));
    assert_eq!(error.expect_err("it is merged").kind(), ErrorKind::Invalid);
    Ok(())
}

#[test]
fn a_dream_is_compared_with_what_it_started_from() -> Result<()> {
    let store = store()?;
    let dream = dream(&store, vec![vec![put("facts/drink", "As dreamt.")]])?;
    let main = store.branch("main")?;
    let mut tx = main.write()?;
    tx.put("facts/since", Entry::fact("Written since."))?;
    tx.remove("facts/city")?;
    tx.commit(ana().message("Go on"))?;
    let changes = dream.diff()?.collect::<Result<Vec<_>>>()?;
    let found: Vec<_> = changes.iter().map(|one| (one.kind, one.key.as_str())).collect();
    assert_eq!(found, [(ChangeKind::Modified, "facts/drink")]);
    Ok(())
}
