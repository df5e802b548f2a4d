//! Ranks before a change is made are those after it.

use std::sync::Arc;

use undream::{Branch, Entry, JudgedChange, Key, NewProbe, Probe, Snapshot};

use crate::room::{Room, ana};

const WORDS: [&str; 12] = [
    "refund", "limit", "office", "tea", "form", "drawer", "approval", "lisbon", "window", "desk",
    "order", "printer",
];

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }

    fn text(&mut self) -> String {
        let count = 2 + self.roll(12);
        let words: Vec<&str> = (0..count).map(|_| WORDS[self.roll(WORDS.len())]).collect();
        words.join(" ")
    }
}

/// What `after` changes in `before`, as the policy is shown it.
fn judged(before: &Snapshot, after: &Snapshot) -> Vec<JudgedChange> {
    let store = before.store();
    let record = |id| Arc::new(store.record(id).unwrap());
    let changes = store.diff(before, after).unwrap().map(|change| {
        let change = change.unwrap();
        JudgedChange {
            kind: change.kind,
            key: change.key,
            from: change.from,
            before: change.before.map(record),
            after: change.after.map(record),
        }
    });
    changes.collect()
}

fn fill(room: &Room, dice: &mut Dice) {
    let mut tx = room.main.write().unwrap();
    for number in 0..80 {
        tx.put(format!("notes/{number:02}"), Entry::new(dice.text())).unwrap();
    }
    tx.commit(ana().message("Fill it")).unwrap();
}

/// A branch with some writes, removals and moves of its own.
fn edited(room: &Room, name: &str, dice: &mut Dice) -> Branch {
    let branch = room.store.create_branch(name, room.main.head().unwrap().unwrap()).unwrap();
    let mut tx = branch.write().unwrap();
    for number in 0..=dice.roll(12) {
        let key = format!("notes/{:02}", dice.roll(80));
        if tx.get(&key).unwrap().is_none() {
            continue;
        }
        match dice.roll(4) {
            0 => tx.remove(&key).unwrap(),
            1 => tx.rename(&key, format!("moved/{number}")).unwrap(),
            2 => tx.put(format!("new/{number}"), Entry::new(dice.text())).unwrap(),
            _ => tx.put(&key, Entry::new(dice.text())).unwrap(),
        }
    }
    tx.allow_empty();
    tx.commit(ana().message("Edit it")).unwrap();
    branch
}

fn probes(room: &Room) -> Vec<Probe> {
    let main = room.main.snapshot().unwrap();
    let queries = ["refund limit", "tea", "+office desk -printer", "\"order form\"", "*"];
    for (number, query) in queries.into_iter().enumerate() {
        let mut probe = NewProbe::new(query).name(format!("p{number}")).top(4);
        for expected in 0..10 {
            probe = probe.expects(format!("notes/{:02}", 7 * expected + number));
        }
        room.store.add_probe(probe, &main, ana().message("Probe")).unwrap();
    }
    room.store.probes().unwrap()
}

#[test]
fn foreseen_ranks_are_those_after_the_change() {
    let (room, mut dice) = (Room::new(), Dice(11));
    fill(&room, &mut dice);
    let (probes, before) = (probes(&room), room.main.snapshot().unwrap());
    let mut moved = 0;
    for round in 0..40 {
        let after = edited(&room, &format!("trial{round}"), &mut dice).snapshot().unwrap();
        let changes = judged(&before, &after);
        for probe in &probes {
            // Foreseen first: the index knows nothing of what is to come.
            let foreseen = room.search.foresee_probe(probe, &before, &changes).unwrap();
            let found = room.search.probe_between(probe, &before, &after).unwrap();
            assert_eq!(foreseen.shifts, found.shifts, "{} in round {round}", probe.name);
            assert_eq!(foreseen.arrived, found.arrived, "{} in round {round}", probe.name);
            assert_eq!(foreseen.holds(), found.holds());
            moved += usize::from(!found.is_still());
        }
    }
    assert!(moved > 50, "only {moved} of 200 moved: the test shows little");
    // What was foreseen leaves no trace in later searches.
    let again = room.search.probe_between(&probes[0], &before, &before).unwrap();
    assert!(again.is_still());
}

#[test]
fn a_review_foresees_what_its_merge_then_does() {
    let room = Room::new();
    let probe = room.probe(1);
    let lines = [
        ("limit/refund", "Refund limit? No refund limit."),
        ("support/refunds/limit", "Ask the chief about any refund."),
    ];
    let dream = room.dream(&lines).run().unwrap();
    let mut review = dream.review_as(ana()).unwrap();
    review.approve(|_| true).unwrap();
    let merge = review.merge().unwrap();
    let before = room.store.snapshot(merge.head().unwrap()).unwrap();
    let foreseen = room.search.foresee_probe(&probe, &before, &merge.foreseen().unwrap()).unwrap();
    merge.commit("All of it").unwrap();
    let found = room.search.probe_between(&probe, &before, &room.main).unwrap();
    assert_eq!((&foreseen.shifts, &foreseen.arrived), (&found.shifts, &found.arrived));
    assert!(foreseen.is_worse() && foreseen.held() && !foreseen.holds());
    assert_eq!(foreseen.arrived, [Key::new("limit/refund").unwrap()]);
}
