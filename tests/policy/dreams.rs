//! Dreams under the modes `review`, `gated` and `auto`.

use std::sync::{Arc, Mutex};

use undream::{
    Author, Branch, Citation, Curator, CuratorInput, Database, Dream, DreamStatus, Entry, Event,
    Gate, GateQuestion, Key, Measured, NearProtected, NewSession, PolicyMode, ProposalKind, Result,
    Role, Ruling, Search, SessionFacts, Sessions, Store, SuggestedChange, Suggestion, ToolCall,
    Trust,
};

use crate::room::{agent, person, put, put_entry, refused, room, set};

/// A proposal for a script: what it changes, and the sessions it cites.
#[derive(Clone)]
pub(crate) struct Line(pub(crate) Vec<SuggestedChange>, pub(crate) Vec<usize>);

/// A curator that says what it is told to.
pub(crate) struct Script(pub(crate) Vec<Line>);

impl Curator for Script {
    fn name(&self) -> String {
        "script".to_owned()
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
        for Line(changes, sessions) in &self.0 {
            suggest(Suggestion {
                kind: ProposalKind::Other,
                title: "From the script".to_owned(),
                changes: changes.clone(),
                rationale: "It is in the script.".to_owned(),
                confidence: 900,
                cites: sessions
                    .iter()
                    .map(|number| Citation::new(format!("s{number}"), 0, 0))
                    .collect(),
                inputs: Vec::new(),
            })?;
        }
        Ok(())
    }
}

pub(crate) fn add(key: &str, text: &str) -> SuggestedChange {
    SuggestedChange::Put(Key::new(key).unwrap(), Entry::new(text))
}

fn remove(key: &str) -> SuggestedChange {
    SuggestedChange::Remove(Key::new(key).unwrap())
}

fn line(change: SuggestedChange) -> Line {
    Line(vec![change], vec![0, 1, 2])
}

/// Sessions 0 to 3 are of two users, 4 to 7 of unknown ones, 8 and 9 of one; tools speak in 10 to 12.
fn sessions(store: &Store) {
    let session = |number: usize| {
        let user = match number {
            0..=3 => Some(["bo", "cy"][number % 2]),
            8..=9 => Some("bo"),
            _ => None,
        };
        NewSession {
            facts: SessionFacts {
                id: format!("s{number}"),
                source: "script".to_owned(),
                agent: "agent".to_owned(),
                model: "model".to_owned(),
                user: user.map(str::to_owned),
                ..SessionFacts::default()
            },
            events: vec![event(number)],
            extra: None,
        }
    };
    let all: Vec<NewSession> = (0..13).map(session).collect();
    store.import_sessions(&all, &Author::program("import")).unwrap();
}

fn event(number: usize) -> Event {
    let text = format!("Session {number} says so.");
    if number < 10 {
        return Event::said(Role::User, text);
    }
    Event::called(ToolCall {
        tool: "Bash".to_owned(),
        args: "{}".to_owned(),
        result: text,
        is_error: false,
        call_id: None,
    })
}

pub(crate) fn memory() -> (Database, Store, Branch) {
    memory_in(room())
}

pub(crate) fn memory_in((db, store, main): (Database, Store, Branch)) -> (Database, Store, Branch) {
    sessions(&store);
    for number in 0..6 {
        put(&main, &agent(), &format!("old/{number}"), &format!("Old fact {number}.")).unwrap();
    }
    put_entry(&main, &agent(), "old/pinned", Entry::new("Stay.").label("pinned")).unwrap();
    put(&main, &person(), "rules/refunds", "Refunds above fifty euros need approval.").unwrap();
    (db, store, main)
}

pub(crate) fn near(db: &Database) -> Vec<Arc<dyn Gate>> {
    vec![Arc::new(NearProtected::new(&Search::open(db).unwrap()))]
}

pub(crate) fn dream(main: &Branch, gates: &[Arc<dyn Gate>], lines: &[Line]) -> Dream {
    let run = Dream::on(main).sessions(Sessions::All).curator(Script(lines.to_vec()));
    run.gates(gates).run().unwrap()
}

/// The rules that stand in the way of each proposal.
pub(crate) fn refusals(dream: &Dream, gates: &[Arc<dyn Gate>]) -> Vec<Vec<String>> {
    let verdicts = dream.policy_verdicts(gates).unwrap();
    let rules = |refusals: &mut dyn Iterator<Item = String>| refusals.collect::<Vec<_>>();
    verdicts.iter().map(|v| rules(&mut v.refusals().map(|f| f.rule.clone()))).collect()
}

#[test]
fn each_rule_holds_what_it_should_and_nothing_else() {
    let (db, _store, main) = memory();
    let gates = near(&db);
    let pinned = Entry::new("Pin me.").label("pinned");
    let pinned = SuggestedChange::Put(Key::new("new/pinned").unwrap(), pinned);
    let moved = |from: &str, to: &str| {
        SuggestedChange::Rename(Key::new(from).unwrap(), Key::new(to).unwrap())
    };
    let lines = [
        (line(add("new/fine", "The printer queue is drained first.")), vec![]),
        (line(add("old/0", "Old fact 0, said better.")), vec![]),
        (line(moved("old/1", "old/one")), vec![]),
        (Line(vec![add("new/unknown", "Nobody knows the users.")], vec![4, 5, 6]), vec![]),
        (Line(vec![add("new/two", "Two sessions.")], vec![0, 1]), vec!["sessions"]),
        (Line(vec![add("new/one-user", "One user.")], vec![8, 9, 4]), vec!["users"]),
        (Line(vec![add("new/tool", "A tool says so.")], vec![0, 1, 10]), vec!["trust"]),
        (line(remove("old/2")), vec!["removals"]),
        (line(add("rules/new", "All goes.")), vec!["protected"]),
        (line(remove("rules/refunds")), vec!["protected", "removals"]),
        (line(moved("old/3", "policy/three")), vec!["protected"]),
        (line(add("old/pinned", "Go.")), vec!["pinned"]),
        (line(pinned), vec!["pinned"]),
        (line(add("new/token", &crate::room::secret())), vec!["secrets"]),
        (
            line(add("new/refunds", "Refunds above fifty euros need no approval.")),
            vec!["near-protected"],
        ),
    ];
    let script: Vec<Line> = lines.iter().map(|(line, _)| line.clone()).collect();
    let dream = dream(&main, &gates, &script);
    let found = refusals(&dream, &gates);
    assert_eq!(found.len(), lines.len());
    for (number, (found, (_, expected))) in found.iter().zip(&lines).enumerate() {
        assert_eq!(found, expected, "proposal {}", number + 1);
    }
    let beside = &dream.policy_verdicts(&gates).unwrap()[14];
    let named = &beside.refusals().next().unwrap().named;
    assert_eq!(named, &["new/refunds beside rules/refunds"]);
}

#[test]
fn bounds_count_what_would_be_merged_at_once() {
    let (db, store, main) = memory();
    let gates = near(&db);
    let mut lines: Vec<Line> = (0..12)
        .map(|number| line(add(&format!("new/{number}"), &format!("Novelty number {number}."))))
        .collect();
    lines.extend((0..4).map(|number| line(add(&format!("old/{number}"), "Said better."))));
    let dreamt = dream(&main, &gates, &lines);
    let held: Vec<usize> =
        (0..16).filter(|at| !refusals(&dreamt, &gates)[*at].is_empty()).collect();
    assert_eq!(held, [10, 11, 15]);
    let verdicts = dreamt.policy_verdicts(&gates).unwrap();
    let additions = verdicts[10].refusals().next().unwrap();
    assert_eq!(
        additions.to_string().split(" (").next(),
        Some("additions failed: 11 found, 10 allowed")
    );
    set(&store, |policy| policy.removals_max = 1);
    let lines = [line(remove("old/4")), line(remove("old/5"))];
    let dreamt = dream(&main, &gates, &lines);
    assert_eq!(refusals(&dreamt, &gates), [vec![], vec!["removals".to_owned()]]);
}

#[test]
fn nothing_is_merged_without_a_person_until_the_policy_says_so() -> Result<()> {
    let (db, store, main) = memory();
    let before = main.head()?;
    let lines = [line(add("new/fine", "The queue is drained first.")), line(remove("old/2"))];
    let waiting = dream(&main, &near(&db), &lines);
    assert_eq!(main.head()?, before);
    assert_eq!(waiting.manifest()?.status, DreamStatus::Waiting);

    // Who is no person does not get around that by reviewing.
    let mut review = waiting.review_as(agent())?;
    review.approve(|_| true)?;
    refused(review.merge()?.gates(&near(&db)).commit("By an agent"), "removals");
    let mut review = waiting.review_as(person())?;
    review.reject_numbers(&[1], None)?;
    let merged = store.commit(review.merge()?.gates(&near(&db)).commit("By a person")?)?;
    let verdict = merged.verdict().unwrap();
    let removals = verdict.findings.iter().find(|found| found.rule == "removals").unwrap();
    assert_eq!((removals.ruling, removals.binding, removals.found), (Ruling::Failed, false, 1));
    assert!(store.check(merged.id(), main.name(), &near(&db))?.is_same());
    let partial = store.check(merged.id(), main.name(), &[])?;
    assert!(!partial.is_same() && partial.is_partial());
    assert_eq!(partial.differences().len(), 1, "only what needs search");
    Ok(())
}

#[test]
fn gated_merges_what_passes_and_holds_the_rest_with_the_reasons() -> Result<()> {
    let (db, store, main) = memory();
    set(&store, |policy| policy.mode = PolicyMode::Gated);
    let lines = [
        line(add("new/fine", "The queue is drained first.")),
        line(remove("old/2")),
        line(add("old/0", "Said better.")),
    ];
    let gated = dream(&main, &near(&db), &lines);
    let snapshot = main.snapshot()?;
    assert!(snapshot.get("new/fine")?.is_some() && snapshot.get("old/2")?.is_some());
    assert_eq!(snapshot.get("old/0")?.unwrap().text()?, "Said better.");
    assert_eq!(gated.manifest()?.status, DreamStatus::PartlyMerged);
    let held = gated.held()?;
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].number, held[0].passes()), (2, false));

    let review = store.commit(main.head()?.unwrap())?;
    assert_eq!(review.author(), &Author::program("policy"));
    let verdict = review.verdict().unwrap();
    assert!(verdict.passes() && verdict.policy.is_some());
    let sessions = verdict.findings.iter().find(|found| found.rule == "sessions").unwrap();
    assert_eq!((sessions.found, sessions.binding), (3, true));
    let check = store.check(review.id(), main.name(), &near(&db))?;
    assert!(check.is_same(), "{:?}", check.differences());

    // What is held waits for a person, who may take it.
    let mut by_person = gated.review_as(person())?;
    assert!(by_person.proposals()[1].is_open());
    by_person.approve(|_| true)?;
    by_person.merge()?.commit("I looked")?;
    assert_eq!(gated.manifest()?.status, DreamStatus::Merged);
    Ok(())
}

#[test]
fn auto_rejects_what_breaks_a_rule_and_what_nobody_checked_waits() -> Result<()> {
    let (db, store, main) = memory();
    set(&store, |policy| policy.mode = PolicyMode::Auto);
    let lines = [line(add("new/fine", "The queue is drained first.")), line(remove("old/2"))];
    let auto = dream(&main, &near(&db), &lines);
    assert_eq!(auto.manifest()?.status, DreamStatus::Merged);
    let rejected = auto.proposals()?[1].choice().cloned().unwrap();
    assert_eq!(rejected.reviewer, "program:policy");
    assert!(rejected.reason.unwrap().contains("removals failed: 1 found, none allowed"));

    let lines = [line(add("new/finer", "The stapler is filled first."))];
    let unsearched = dream(&main, &[], &lines);
    assert!(main.snapshot()?.get("new/finer")?.is_none());
    assert_eq!(unsearched.manifest()?.status, DreamStatus::Waiting);
    let held = unsearched.held()?;
    assert_eq!(held[0].refusals().next().unwrap().to_string(), "near-protected not checked");
    Ok(())
}

#[test]
fn what_depends_on_something_held_or_is_in_conflict_is_held() -> Result<()> {
    let (db, store, main) = memory();
    set(&store, |policy| policy.mode = PolicyMode::Gated);
    let lines = [
        Line(vec![add("new/two", "Two sessions say so.")], vec![0, 1]),
        line(add("new/two", "Three say so.")),
    ];
    let gated = dream(&main, &near(&db), &lines);
    let reasons: Vec<String> = gated.held()?[1].refusals().map(ToString::to_string).collect();
    assert_eq!(reasons, ["depends failed: 1 found, none allowed (proposal 1)"]);

    set(&store, |policy| policy.mode = PolicyMode::Review);
    let clash = dream(&main, &near(&db), &[line(add("old/0", "Said better."))]);
    put(&main, &agent(), "old/0", "Said otherwise.")?;
    assert_eq!(refusals(&clash, &near(&db)), [["conflict"]]);
    Ok(())
}

/// Changes the policy while it is asked, once, and the branch if it is told to: as somebody else
/// might at that very moment.
struct Meddler {
    store: Store,
    moves: bool,
    done: Mutex<bool>,
}

impl Gate for Meddler {
    fn rule(&self) -> &'static str {
        "meddler"
    }

    fn version(&self) -> u32 {
        1
    }

    fn measure(&self, question: &GateQuestion<'_>) -> Result<Measured> {
        let mut done = self.done.lock().unwrap();
        if !std::mem::replace(&mut *done, true) {
            let mut policy = question.policy.clone();
            policy.sessions_min = 9;
            self.store.set_policy(&policy.to_string(), person().message("Stricter"))?;
            if self.moves {
                put(&self.store.branch("main")?, &agent(), "old/moved", "Meanwhile.")?;
            }
        }
        Ok(Measured::none_of(Vec::new()))
    }
}

#[test]
fn a_merge_is_asked_about_again_when_branch_or_policy_moved_meanwhile() -> Result<()> {
    let (_db, store, main) = memory();
    set(&store, |policy| policy.near_protected = false);
    let waiting = dream(&main, &[], &[line(add("new/fine", "The queue is drained first."))]);
    let mut review = waiting.review_as(agent())?;
    review.approve(|_| true)?;
    let meddler = |moves| -> Arc<dyn Gate> {
        Arc::new(Meddler { store: store.clone(), moves, done: Mutex::new(false) })
    };
    let merge = review.merge()?.gates(&[meddler(false)]);
    refused(merge.commit("In a hurry"), "sessions failed: 3 found, 9 needed");
    assert!(main.snapshot()?.get("new/fine")?.is_none());

    let review = waiting.review_as(person())?;
    let merged = store.commit(review.merge()?.gates(&[meddler(true)]).commit("Looked at")?)?;
    assert_eq!(merged.verdict().unwrap().policy, store.policy_text()?.1);
    assert!(main.snapshot()?.get("old/moved")?.is_some());
    assert_eq!(main.snapshot()?.get("new/fine")?.unwrap().trust(), Trust::User);
    Ok(())
}
