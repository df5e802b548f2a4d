//! What a probe follows, what made it fall, and what is worth one.

use undream::{Cause, Entry, ErrorKind, NewProbe, ProposalPart};

use crate::room::{Room, ana};

#[test]
fn a_probe_follows_its_memory_to_another_key() {
    let room = Room::new();
    let probe = room.probe(1);
    let mut tx = room.main.write().unwrap();
    tx.rename("support/refunds/limit", "money/refunds/limit").unwrap();
    tx.commit(ana().message("Move it")).unwrap();
    let answer = room.search.probe(&probe, &room.main).unwrap();
    assert!(answer.holds());
    assert_eq!(answer.ranks[0].key.as_str(), "money/refunds/limit");
    assert_eq!(room.store.probes().unwrap(), [probe]);
}

#[test]
fn a_memory_written_anew_at_the_old_key_does_not_answer_for_the_one_that_is_gone() {
    let room = Room::new();
    let probe = room.probe(5);
    let mut tx = room.main.write().unwrap();
    tx.remove("support/refunds/limit").unwrap();
    tx.commit(ana().message("Remove it")).unwrap();
    room.put("support/refunds/limit", "The refund limit is whatever you like.");
    let answer = room.search.probe(&probe, &room.main).unwrap();
    assert_eq!((answer.holds(), answer.ranks[0].rank), (false, None));
}

#[test]
fn a_probe_is_replaced_removed_and_refused_by_name() {
    let room = Room::new();
    let first = room.probe(1);
    assert_eq!((first.name.as_str(), first.top, first.by), ("refund-limit", 1, ana()));
    assert_eq!(room.probe(3).top, 3);
    assert_eq!(room.store.probes().unwrap().len(), 1);

    let snapshot = room.main.snapshot().unwrap();
    let add = |probe: NewProbe| room.store.add_probe(probe, &snapshot, ana().message("Add"));
    let refused = [
        (NewProbe::new("city").expects("facts/city").name("a/b"), ErrorKind::Invalid),
        (NewProbe::new("city").expects("facts/city").name(".."), ErrorKind::Invalid),
        (NewProbe::new("?!").expects("facts/city"), ErrorKind::Invalid),
        (NewProbe::new(" ").expects("facts/city"), ErrorKind::Invalid),
        (NewProbe::new("city"), ErrorKind::Invalid),
        (NewProbe::new("city").expects("facts/city").top(0), ErrorKind::Invalid),
        (NewProbe::new("city").expects("facts/town"), ErrorKind::NotFound),
        (NewProbe::new("x".repeat(2_000)).expects("facts/city"), ErrorKind::Limit),
    ];
    for (probe, kind) in refused {
        let shown = format!("{probe:?}");
        assert_eq!(add(probe).unwrap_err().kind(), kind, "{shown}");
    }
    assert!(room.store.remove_probe("refund-limit", ana().message("Remove")).unwrap());
    assert!(!room.store.remove_probe("refund-limit", ana().message("Remove")).unwrap());
    assert!(room.store.probes().unwrap().is_empty());
}

#[test]
fn what_made_a_probe_fall_is_the_proposal_of_a_dream_among_later_writes() {
    let room = Room::new();
    room.probe(1);
    room.put("notes/before", "Nothing of interest.");
    assert!(room.search.fallen_probes(&room.main).unwrap().is_empty());
    let lines = [
        ("facts/desk", "The desk is at the window."),
        ("limit/refund", "Refund limit? No refund limit."),
    ];
    let dream = room.dream(&lines).run().unwrap();
    let mut review = dream.review_as(ana()).unwrap();
    review.approve(|_| true).unwrap();
    review.merge().unwrap().commit("All of it").unwrap();
    for number in 0..20 {
        room.put(&format!("notes/{number}"), "Nothing of interest.");
    }
    let fallen = room.search.fallen_probes(&room.main).unwrap();
    let [fallen] = fallen.as_slice() else { panic!("{fallen:?}") };
    let shift = &fallen.change.shifts[0];
    assert_eq!((shift.before, shift.after), (Some(1), Some(2)));
    assert_eq!(fallen.change.arrived[0].as_str(), "limit/refund");
    let since = fallen.since.as_ref().unwrap();
    let pick = room.store.proposal_behind(&since.suspects[0]).unwrap().unwrap();
    let Cause::Proposal(ProposalPart { dream: number, .. }) = pick.cause() else { panic!() };
    assert_eq!(*number, dream.number());
    assert!(matches!(since.merges[0].cause(), Cause::Review { .. }));
}

#[test]
fn a_probe_that_never_held_has_nobody_to_blame() {
    let room = Room::new();
    let probe = NewProbe::new("lisbon").expects("support/refunds/form").top(1);
    let snapshot = room.main.snapshot().unwrap();
    room.store.add_probe(probe, &snapshot, ana().message("Probe it")).unwrap();
    let fallen = room.search.fallen_probes(&room.main).unwrap();
    assert!(fallen[0].since.is_none());
    assert_eq!(fallen[0].change.shifts[0].before, None);
}

#[test]
fn what_several_sessions_ask_is_suggested_until_a_probe_asks_it() {
    let room = Room::new();
    let ask = |session: &str, query: &str| {
        let hits = room.search.at(&room.main).query(query).for_session(session).run().unwrap();
        assert!(hits.len() > 0, "{query}");
    };
    ask("chat-1", "Refund  limit");
    ask("chat-2", "refund limit");
    ask("chat-2", "office city");
    let main = room.main.snapshot().unwrap();
    main.for_session("chat-2").unwrap().get("support/refunds/form").unwrap();
    let suggested = room.search.suggest_probes(&room.main, 2).unwrap();
    let [one] = suggested.as_slice() else { panic!("{suggested:?}") };
    assert_eq!((one.query.as_str(), one.sessions), ("refund limit", 2));
    // One session went on to read the form: that answered it, not what merely stood first.
    assert_eq!(one.expects.len(), 1);
    assert_eq!(one.expects[0].as_str(), "support/refunds/form");

    room.probe(5);
    assert!(room.search.suggest_probes(&room.main, 2).unwrap().is_empty());
}

#[test]
fn probes_are_those_of_one_store_and_of_its_own_account() {
    let room = Room::new();
    room.probe(1);
    let other = room.db.create_store("other", &ana()).unwrap();
    assert!(other.probes().unwrap().is_empty());
    let mut tx = other.branch("main").unwrap().write().unwrap();
    tx.put("probes/fake", Entry::new("{}")).unwrap();
    tx.commit(ana().message("Not on meta")).unwrap();
    assert!(other.probes().unwrap().is_empty());
}
