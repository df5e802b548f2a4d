//! What happens while a dream is at work, or while its merge is on its way, counts where it lands.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use undream::{
    Branch, Curator, CuratorInput, Dream, DreamStatus, ErrorKind, Gate, GateQuestion, Measured,
    PolicyMode, Result, Sessions, Store, Suggestion, Suspect, Withdrawal,
};

use crate::dreams::{Line, Script, add, dream, memory, near, refusals};
use crate::room::{person, set};

type Act = Box<dyn Fn() -> Result<()> + Send + Sync>;

/// Proposes by a script, and then does something else before it ends.
struct Busy(Script, Act);

impl Curator for Busy {
    fn name(&self) -> String {
        self.0.name()
    }

    fn version(&self) -> String {
        self.0.version()
    }

    fn propose(
        &self,
        input: &CuratorInput<'_>,
        suggest: &mut dyn FnMut(Suggestion) -> Result<()>,
    ) -> Result<()> {
        self.0.propose(input, suggest)?;
        (self.1)()
    }
}

/// Does something when it is asked for the `at`th time.
struct Meanwhile {
    at: usize,
    asked: AtomicUsize,
    act: Act,
}

impl Meanwhile {
    fn new(at: usize, act: impl Fn() -> Result<()> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { at, asked: AtomicUsize::new(0), act: Box::new(act) })
    }
}

impl Gate for Meanwhile {
    fn rule(&self) -> &'static str {
        "meanwhile"
    }

    fn version(&self) -> u32 {
        1
    }

    fn measure(&self, _: &GateQuestion<'_>) -> Result<Measured> {
        if self.asked.fetch_add(1, Ordering::Relaxed) + 1 == self.at {
            (self.act)()?;
        }
        Ok(Measured::none_of(Vec::new()))
    }
}

fn withdraw(store: &Store, session: &str) -> Result<()> {
    let suspect = Suspect::Session(session.to_owned());
    let withdrawal = Withdrawal::prepare(&store.branch("main")?, suspect)?;
    withdrawal.commit(person().message("Away")).map(drop)
}

fn busy(
    main: &Branch,
    lines: Vec<Line>,
    gates: &[Arc<dyn Gate>],
    act: impl Fn() -> Result<()> + Send + Sync + 'static,
) -> Result<Dream> {
    let curator = Busy(Script(lines), Box::new(act));
    Dream::on(main).sessions(Sessions::All).curator(curator).gates(gates).run()
}

fn citing(key: &str, sessions: &[usize]) -> Line {
    Line(vec![add(key, &format!("The words of {key}."))], sessions.to_vec())
}

#[test]
fn what_cites_a_session_taken_back_while_the_dream_was_at_work_waits_in_every_mode() -> Result<()> {
    for mode in [PolicyMode::Gated, PolicyMode::Auto] {
        let (db, store, main) = memory();
        set(&store, |policy| policy.mode = mode);
        let gates = near(&db);
        let lines = vec![citing("new/sound", &[0, 1, 3]), citing("new/poison", &[0, 1, 2])];
        let poisoned = store.clone();
        let dreamt = busy(&main, lines, &gates, move || withdraw(&poisoned, "s2"))?;
        let snapshot = main.snapshot()?;
        assert!(snapshot.get("new/sound")?.is_some() && snapshot.get("new/poison")?.is_none());
        assert_eq!(dreamt.manifest()?.status, DreamStatus::PartlyMerged, "the rest waits");
        let reasons: Vec<String> = dreamt.held()?[0].refusals().map(ToString::to_string).collect();
        assert_eq!(reasons, ["quarantine failed: 1 found, none allowed (s2)"]);
        assert!(store.lift_session("s2", &person())?);
        assert_eq!(refusals(&dreamt, &gates), [Vec::<String>::new()]);
    }
    Ok(())
}

#[test]
fn what_cites_a_session_taken_back_while_the_policy_is_asked_is_not_merged() -> Result<()> {
    for at in 1..=3 {
        let (db, store, main) = memory();
        set(&store, |policy| policy.mode = PolicyMode::Gated);
        let poisoned = store.clone();
        let meanwhile = Meanwhile::new(at, move || withdraw(&poisoned, "s2"));
        let gates = [near(&db)[0].clone(), meanwhile.clone() as Arc<dyn Gate>];
        let before = main.head()?;
        let dreamt = dream(&main, &gates, &[citing("new/poison", &[0, 1, 2])]);
        assert!(meanwhile.asked.load(Ordering::Relaxed) >= at, "it was asked too seldom");
        assert_eq!(main.head()?, before, "taken back at question {at}");
        assert_eq!(dreamt.held()?[0].refusals().next().unwrap().rule, "quarantine");
    }
    Ok(())
}

#[test]
fn a_person_s_merge_asks_where_it_lands_whether_a_cited_session_was_taken_back() -> Result<()> {
    let (_db, store, main) = memory();
    let waiting = dream(&main, &[], &[citing("new/poison", &[0, 1, 2])]);
    let mut review = waiting.review_as(person())?;
    review.approve(|_| true)?;
    let before = main.head()?;

    // Between the preparation and the commit; then between the questions and the landing.
    let prepared = review.merge()?;
    withdraw(&store, "s2")?;
    let refused = prepared.commit("In a hurry").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert!(refused.to_string().contains("session s2"), "{refused}");
    assert!(store.lift_session("s2", &person())?);
    let poisoned = store.clone();
    let meanwhile = Meanwhile::new(1, move || withdraw(&poisoned, "s2"));
    let refused = review.merge()?.gates(&[meanwhile]).commit("In a hurry").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert_eq!(main.head()?, before);
    assert!(!waiting.proposals()?[0].choice().unwrap().merged);

    // Another session's withdrawal is in nobody's way.
    assert!(store.lift_session("s2", &person())?);
    let other = store.clone();
    let meanwhile = Meanwhile::new(1, move || withdraw(&other, "s3"));
    review.merge()?.gates(&[meanwhile]).commit("Looked at")?;
    assert!(main.snapshot()?.get("new/poison")?.is_some());
    Ok(())
}
