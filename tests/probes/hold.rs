//! The policy's rule that no probe may get worse.

use std::sync::Arc;

use undream::{DreamStatus, Gate, NoWorseProbe, Policy, PolicyMode, RefName, Ruling, Store, Trust};

use crate::room::{Room, ana};

fn set(store: &Store, change: impl FnOnce(&mut Policy)) {
    let mut policy = Policy {
        mode: PolicyMode::Gated,
        sessions_min: 0,
        users_min: 0,
        trust_min: Trust::None,
        near_protected: false,
        ..Policy::default()
    };
    change(&mut policy);
    store.set_policy(&policy.to_string(), ana().message("Change the policy")).unwrap();
}

fn gates(room: &Room) -> Vec<Arc<dyn Gate>> {
    vec![Arc::new(NoWorseProbe::new(&room.search))]
}

const HARMLESS: (&str, &str) = ("facts/desk", "The desk is at the window.");
const HARMFUL: (&str, &str) = ("limit/refund", "Refund limit? No refund limit.");

#[test]
fn what_makes_a_probe_worse_is_held_and_the_rest_is_merged() {
    let room = Room::new();
    room.probe(5);
    set(&room.store, |_| {});
    let dream = room.dream(&[HARMFUL, HARMLESS]).gates(&gates(&room)).run().unwrap();
    assert_eq!(dream.manifest().unwrap().status, DreamStatus::PartlyMerged);
    let main = room.main.snapshot().unwrap();
    assert!(main.get_id(HARMLESS.0).unwrap().is_some());
    assert!(main.get_id(HARMFUL.0).unwrap().is_none());
    let held = dream.held().unwrap();
    let refusals: Vec<_> = held[0].refusals().collect();
    assert_eq!((refusals[0].rule.as_str(), refusals[0].ruling), ("probes", Ruling::Failed));
    assert_eq!(refusals[0].named, ["refund-limit: support/refunds/limit 1 -> 2"]);
}

#[test]
fn a_dreams_account_tells_how_many_probes_hold_before_and_after() {
    let room = Room::new();
    room.probe(1);
    let told = |dream: &undream::Dream| {
        let manifest = dream.manifest().unwrap();
        let hold = |signal: &undream::Signal| signal.probes.map(|probes| (probes.hold, probes.all));
        (hold(&manifest.before), hold(&manifest.after))
    };
    let dream = room.dream(&[HARMFUL]).probes(room.search.clone()).run().unwrap();
    assert_eq!(told(&dream), (Some((1, 1)), Some((0, 1))));
    let unasked = room.dream(&[HARMLESS]).run().unwrap();
    assert_eq!(told(&unasked), (None, None));
}

#[test]
fn a_rule_nobody_answers_holds_everything_while_there_are_probes() {
    let room = Room::new();
    set(&room.store, |_| {});
    let free = room.dream(&[HARMLESS]).run().unwrap();
    assert_eq!(free.manifest().unwrap().status, DreamStatus::Merged);
    room.probe(5);
    let held = room.dream(&[("facts/door", "The door is blue.")]).run().unwrap();
    assert_eq!(held.manifest().unwrap().status, DreamStatus::Waiting);
    assert_eq!(held.held().unwrap()[0].refusals().next().unwrap().ruling, Ruling::Unchecked);
}

#[test]
fn a_policy_that_allows_worse_probes_merges_them() {
    let room = Room::new();
    room.probe(5);
    set(&room.store, |policy| policy.probes = false);
    let dream = room.dream(&[HARMFUL]).gates(&gates(&room)).run().unwrap();
    assert_eq!(dream.manifest().unwrap().status, DreamStatus::Merged);
}

#[test]
fn a_person_is_told_and_not_held() {
    let room = Room::new();
    room.probe(5);
    let dream = room.dream(&[HARMFUL]).run().unwrap();
    let mut review = dream.review_as(ana()).unwrap();
    review.approve(|_| true).unwrap();
    let merge = review.merge().unwrap().gates(&gates(&room));
    let commit = merge.commit("All of it").unwrap();
    let commit = room.store.commit(commit).unwrap();
    let verdict = commit.verdict().unwrap();
    let found = verdict.findings.iter().find(|finding| finding.rule == "probes").unwrap();
    assert_eq!((found.ruling, found.binding, found.found), (Ruling::Failed, false, 1));
}

#[test]
fn a_verdict_is_computed_again_with_the_probes_of_then() {
    let room = Room::new();
    room.probe(5);
    let dream = room.dream(&[HARMFUL]).run().unwrap();
    let mut review = dream.review_as(ana()).unwrap();
    review.approve(|_| true).unwrap();
    let merge = review.merge().unwrap().gates(&gates(&room));
    let commit = merge.commit("All of it").unwrap();
    room.store.remove_probe("refund-limit", ana().message("Remove")).unwrap();

    let then = room.store.probes_then(&room.store.commit(commit).unwrap()).unwrap();
    assert_eq!(then.len(), 1);
    let gate: Arc<dyn Gate> = Arc::new(NoWorseProbe::new(&room.search).of(then));
    assert!(room.store.check(commit, &RefName::main(), &[gate]).unwrap().is_same());
    // With those of today it is another answer.
    assert!(!room.store.check(commit, &RefName::main(), &gates(&room)).unwrap().is_same());
}
