//! The same entries give the same tree, whatever led there.

use proptest::prelude::*;

use super::*;

/// Checks that `tree` is what a bulk build of `model` gives, and that all its nodes are sound.
fn assert_equals_bulk(store: &Arc<MemoryNodes>, target: u32, tree: &Tree, model: &Model) {
    assert_eq!(tree.id(), bulk(store, target, model).id());
    assert_eq!(tree.len(), model.len() as u64);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_batches_equal_the_bulk_build(
        target in target(),
        start in model(),
        batches in prop::collection::vec(batch(), 1..8),
    ) {
        let store = store();
        let mut model = start;
        let mut tree = bulk(&store, target, &model);
        for batch in batches {
            tree = apply(&tree, &batch);
            apply_to_model(&mut model, &batch);
            assert_equals_bulk(&store, target, &tree, &model);
        }
    }

    #[test]
    fn single_edits_in_any_order_equal_the_bulk_build(
        target in target(),
        numbers in Just((0_u64..120).collect::<Vec<_>>()).prop_shuffle(),
        kept in 0_usize..120,
    ) {
        let store = store();
        let mut tree = Tree::empty(store.clone(), shape(target)).unwrap();
        for &number in &numbers {
            tree = tree.apply(&[(key(number), Some(record(number)))]).unwrap();
        }
        assert_equals_bulk(&store, target, &tree, &numbered(0..120));
        for &number in &numbers[kept..] {
            tree = tree.apply(&[(key(number), None)]).unwrap();
        }
        let rest = numbered(numbers[..kept].iter().copied());
        assert_equals_bulk(&store, target, &tree, &rest);
    }

    #[test]
    fn edits_at_the_ends_equal_the_bulk_build(
        target in target(),
        start in 2_usize..400,
        cuts in prop::collection::vec((any::<bool>(), any::<bool>(), 1_usize..6), 1..40),
    ) {
        let store = store();
        let all: Vec<_> = numbered(0..800).into_iter().collect();
        let (mut from, mut to) = (200, 200 + start);
        let mut tree = bulk(&store, target, &all[from..to].iter().cloned().collect());
        for (front, grow, by) in cuts {
            let (low, high) = match (front, grow) {
                (true, true) => (from.saturating_sub(by), from),
                (true, false) => (from, (from + by).min(to)),
                (false, true) => (to, (to + by).min(all.len())),
                (false, false) => (to.saturating_sub(by).max(from), to),
            };
            let put = |id| grow.then_some(id);
            let batch = all[low..high].iter().map(|(key, id)| (key.clone(), put(*id))).collect();
            tree = apply(&tree, &batch);
            (from, to) = match (front, grow) {
                (true, true) => (low, to),
                (true, false) => (high, to),
                (false, true) => (from, high),
                (false, false) => (from, low),
            };
            assert_equals_bulk(&store, target, &tree, &all[from..to].iter().cloned().collect());
        }
    }
}

#[test]
fn edits_without_effect_give_the_same_tree() {
    let store = store();
    let model = numbered(0..500);
    let tree = bulk(&store, 256, &model);
    let same = apply(&tree, &model.iter().map(|(key, id)| (key.clone(), Some(*id))).collect());
    assert_eq!(same.id(), tree.id());
    assert_eq!(apply(&tree, &Batch::from([(key(700), None)])).id(), tree.id());
    assert_eq!(apply(&tree, &Batch::new()).id(), tree.id());
}

#[test]
fn removing_everything_gives_the_empty_tree() {
    for target in TARGETS {
        let store = store();
        let empty = Tree::empty(store.clone(), shape(target)).unwrap();
        let model = numbered(0..3_000);
        let tree = bulk(&store, target, &model);
        let none = apply(&tree, &model.keys().map(|key| (key.clone(), None)).collect());
        assert!(none.is_empty());
        assert_eq!(none.id(), empty.id());
        assert_eq!(bulk(&store, target, &Model::new()).id(), empty.id());
    }
}

#[test]
fn a_tree_shrunk_from_100k_to_5_is_the_tree_of_5() {
    for target in [64, 2_048] {
        let store = store();
        let model = numbered(0..100_000);
        let tree = bulk(&store, target, &model);
        let kept: Model = model.iter().step_by(23_456).map(|(k, id)| (k.clone(), *id)).collect();
        let gone = model.keys().filter(|key| !kept.contains_key(*key));
        let shrunk = apply(&tree, &gone.map(|key| (key.clone(), None)).collect());
        assert_eq!(kept.len(), 5);
        assert_equals_bulk(&store, target, &shrunk, &kept);
    }
}

#[test]
fn the_root_of_12_345_fixed_entries_never_changes() {
    let model: Model = (0..12_345)
        .map(|n| (Key::new(format!("golden/{}/{n}", n % 17)).unwrap(), record(n)))
        .collect();
    let entries = model.into_iter().map(Ok);
    let tree = Tree::build(store(), Shape::new([7; 32]), entries).unwrap();
    assert_eq!(
        tree.id().to_string(),
        "fd1300e1170753c6cfdd02ab80be6b230b319e14c394a4939bec12ad7f06acb0"
    );
    assert_eq!(
        Tree::empty(store(), Shape::new([7; 32])).unwrap().id().to_string(),
        "82f1a88721f3f4166cf5695c8d7fc4e8a4eb5ac3c5c0a43e748b5a132b1d1782"
    );
}
