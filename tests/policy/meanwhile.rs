//! What happens while a dream is at work, or while its merge is on its way, counts where it lands.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use undream::{
    Branch, Curator, CuratorInput, Dream, DreamStatus, Entropy, ErrorKind, Gate, GateQuestion,
    Measured, PolicyMode, Result, SeededEntropy, Sessions, Store, Suggestion, Suspect, Withdrawal,
};

use crate::dreams::{Line, Script, add, dream, memory, memory_in, near, refusals};
use crate::room::{options, person, room_with, set};

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

/// Chance that does something once, when it is drawn for the `n`th time from now: between what a
/// write has read and its landing.
#[derive(Clone, Default)]
struct Interrupting(Arc<Mutex<Option<(usize, Act)>>>);

impl Interrupting {
    fn room(&self) -> (undream::Database, Store, Branch) {
        memory_in(room_with(options().entropy(Chance(SeededEntropy::new(7), self.clone()))))
    }

    fn at(&self, draw: usize, act: impl Fn() -> Result<()> + Send + Sync + 'static) {
        *self.0.lock().unwrap() = Some((draw, Box::new(act)));
    }

    /// Whether it has happened. It will not any more.
    fn is_over(&self) -> bool {
        self.0.lock().unwrap().take().is_none()
    }
}

struct Chance(SeededEntropy, Interrupting);

impl std::fmt::Debug for Chance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Entropy for Chance {
    fn draw(&self) -> Result<[u8; 32]> {
        let due = {
            let mut waiting = self.1.0.lock().unwrap();
            if let Some((left, _)) = &mut *waiting {
                *left -= 1;
            }
            waiting.take_if(|(left, _)| *left == 0)
        };
        due.map_or(Ok(()), |(_, act)| act())?;
        self.0.draw()
    }
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

#[test]
fn what_a_person_approves_of_an_earlier_dream_while_a_newer_is_at_work_comes_first() -> Result<()> {
    for mode in [PolicyMode::Gated, PolicyMode::Auto] {
        let (db, store, main) = memory();
        let gates = near(&db);
        let older = dream(&main, &gates, &[citing("new/fine", &[0, 1, 2])]);
        set(&store, |policy| policy.mode = mode);
        let lines = vec![citing("new/fine", &[0, 1, 3]), citing("new/other", &[0, 1, 3])];
        let approved = older.clone();
        let newer = busy(&main, lines, &gates, move || {
            approved.review_as(person())?.approve_numbers(&[1], None).map(drop)
        })?;
        let snapshot = main.snapshot()?;
        assert!(snapshot.get("new/other")?.is_some() && snapshot.get("new/fine")?.is_none());
        assert!(newer.manifest()?.supersedes.is_empty());
        let held = newer.held()?;
        let reasons: Vec<String> = held[0].refusals().map(ToString::to_string).collect();
        assert_eq!(reasons, ["approved failed: 1 found, none allowed (dream 1)"]);
        assert!(newer.proposals()?[0].is_open(), "a person decides");
        let merge = older.review_as(person())?.merge()?;
        assert!(merge.conflicts().is_empty());
        merge.commit("As approved")?;
        assert!(main.snapshot()?.get("new/fine")?.is_some());
    }
    Ok(())
}

#[test]
fn an_approval_while_the_policy_is_asked_holds_what_touches_the_same_key() -> Result<()> {
    for at in 1..=3 {
        let (db, store, main) = memory();
        let older = dream(&main, &near(&db), &[citing("new/fine", &[0, 1, 2])]);
        set(&store, |policy| policy.mode = PolicyMode::Gated);
        let approved = older.clone();
        let meanwhile = Meanwhile::new(at, move || {
            approved.review_as(person())?.approve_numbers(&[1], None).map(drop)
        });
        let gates = [near(&db)[0].clone(), meanwhile.clone() as Arc<dyn Gate>];
        let two = vec![add("new/fine", "Fine."), add("new/finer", "Finer.")];
        let newer = dream(&main, &gates, &[Line(two, vec![0, 1, 3])]);
        assert!(meanwhile.asked.load(Ordering::Relaxed) >= at, "it was asked too seldom");
        assert!(main.snapshot()?.get("new/finer")?.is_none(), "approved at question {at}");
        assert_eq!(newer.held()?[0].refusals().next().unwrap().rule, "approved");
        assert!(older.review_as(person())?.merge()?.conflicts().is_empty());
    }
    Ok(())
}

#[test]
fn a_review_that_began_before_a_newer_dream_ended_decides_on_nothing_it_made_anew() -> Result<()> {
    let (db, store, main) = memory();
    let lines = [citing("new/fine", &[0, 1, 2]), citing("new/rest", &[0, 1, 2])];
    let older = dream(&main, &near(&db), &lines);
    let mut review = older.review_as(person())?;
    set(&store, |policy| policy.mode = PolicyMode::Gated);
    dream(&main, &near(&db), &[citing("new/fine", &[0, 1, 3])]);
    assert!(main.snapshot()?.get("new/fine")?.is_some());
    let refused = review.approve_numbers(&[1], None).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Stale);
    assert!(refused.to_string().contains("proposal 1 of dream 2"), "{refused}");
    assert_eq!(review.approve_numbers(&[2], None)?, [2], "the rest is its own");
    Ok(())
}

/// A dream at one key, overtaken by another at the same one, with an approval in the midst of it; or
/// the other way round. Returns whether the older is approved, if it came to that.
fn crossed(draw: usize, dream_first: bool) -> Result<Option<bool>> {
    let chance = Interrupting::default();
    let (db, store, main) = chance.room();
    let gates = near(&db);
    let older = dream(&main, &gates, &[citing("new/fine", &[0, 1, 2])]);
    set(&store, |policy| policy.mode = PolicyMode::Gated);
    let approved = Arc::new(AtomicUsize::new(0));
    let (noted, first) = (approved.clone(), older.clone());
    let approve = move || match first.review_as(person())?.approve_numbers(&[1], None) {
        Err(error) if error.kind() == ErrorKind::Stale => Ok(()),
        other => other.map(|numbers| noted.store(numbers.len(), Ordering::Relaxed)),
    };
    let newest = move || {
        let ids = ["s0", "s1", "s3"].map(str::to_owned).to_vec();
        let curator = Script(vec![citing("new/fine", &[0, 1, 3])]);
        Dream::on(&main).sessions(Sessions::Ids(ids)).curator(curator).gates(&gates).run().map(drop)
    };
    if dream_first {
        chance.at(draw, approve);
        newest()?;
    } else {
        chance.at(draw, newest);
        approve()?;
    }
    if !chance.is_over() {
        return Ok(None);
    }
    let is_approved = approved.load(Ordering::Relaxed) == 1;
    let newer = Dream::open(&store, 2)?;
    let merged = store.branch("main")?.snapshot()?.get("new/fine")?.is_some();
    let gave_way = !newer.manifest()?.supersedes.is_empty();
    assert_eq!((merged, gave_way), (!is_approved, !is_approved), "draw {draw}");
    assert_eq!(older.proposals()?[0].choice().is_some(), is_approved, "draw {draw}");
    Ok(Some(is_approved))
}

#[test]
fn of_an_approval_and_a_newer_dream_one_gives_way_whichever_lands_first() -> Result<()> {
    for (dream_first, expected) in [(true, vec![true, false]), (false, vec![false])] {
        let mut found = Vec::new();
        for draw in 1.. {
            let Some(is_approved) = crossed(draw, dream_first)? else { break };
            found.push(is_approved);
        }
        found.dedup();
        assert_eq!(found, expected, "first the approval stands, then it comes too late");
    }
    Ok(())
}
