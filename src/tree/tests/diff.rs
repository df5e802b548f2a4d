//! Diff and three-way merge.

use proptest::prelude::*;

use super::*;
use crate::tree::{Change, Triple};

fn changes(before: &Model, after: &Model, prefix: &str) -> Vec<Change> {
    let mut keys: Vec<&Key> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter()
        .map(|key| Change {
            key: key.clone(),
            before: before.get(key).copied(),
            after: after.get(key).copied(),
        })
        .filter(|change| change.before != change.after && change.key.is_under(prefix))
        .collect()
}

fn edited(model: &Model, batch: &Batch) -> Model {
    let mut model = model.clone();
    apply_to_model(&mut model, batch);
    model
}

fn swapped(triple: Triple) -> Triple {
    Triple { ours: triple.theirs, theirs: triple.ours, ..triple }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_diff_is_exactly_what_differs(target in target(), a in model(), batch in batch()) {
        let store = store();
        let b = edited(&a, &batch);
        let (before, after) = (bulk(&store, target, &a), bulk(&store, target, &b));
        for prefix in ["", "a", "notes/2026", "team", "nothing"] {
            let found: Vec<_> = before.diff_under(&after, prefix).map(Result::unwrap).collect();
            prop_assert_eq!(found, changes(&a, &b, prefix));
        }
        let empty = before.diff(&after).next().is_none();
        prop_assert_eq!(empty, before.id() == after.id());
    }

    #[test]
    fn a_diff_applied_gives_the_other_tree(target in target(), a in model(), b in model()) {
        let store = store();
        let (before, after) = (bulk(&store, target, &a), bulk(&store, target, &b));
        let edits: Vec<_> = before
            .diff(&after)
            .map(|change| change.map(|change| (change.key, change.after)).unwrap())
            .collect();
        prop_assert_eq!(before.apply(&edits).unwrap().id(), after.id());
    }

    #[test]
    fn trees_of_different_node_sizes_differ_in_their_entries_only(a in model(), b in model()) {
        let store = store();
        let (before, after) = (bulk(&store, 64, &a), bulk(&store, 700, &b));
        let found: Vec<_> = before.diff(&after).map(Result::unwrap).collect();
        prop_assert_eq!(found, changes(&a, &b, ""));
    }

    #[test]
    fn a_merge_holds_every_key_that_a_side_changed(
        target in target(),
        base in model(),
        (left, right) in (batch(), batch()),
    ) {
        let store = store();
        let (ours, theirs) = (edited(&base, &left), edited(&base, &right));
        let trees = [&base, &ours, &theirs].map(|model| bulk(&store, target, model));
        let found: Vec<_> = trees[0].merge(&trees[1], &trees[2]).map(Result::unwrap).collect();

        let mut keys: Vec<_> = changes(&base, &ours, "").into_iter().map(|c| c.key).collect();
        keys.extend(changes(&base, &theirs, "").into_iter().map(|c| c.key));
        keys.sort();
        keys.dedup();
        let at = |model: &Model, key: &Key| model.get(key).copied();
        let expected: Vec<_> = keys
            .into_iter()
            .map(|key| Triple {
                base: at(&base, &key),
                ours: at(&ours, &key),
                theirs: at(&theirs, &key),
                key,
            })
            .collect();
        prop_assert_eq!(&found, &expected);

        let other = trees[0].merge(&trees[2], &trees[1]);
        let mirrored: Vec<_> = other.map(|triple| swapped(triple.unwrap())).collect();
        prop_assert_eq!(found, mirrored);
    }
}

#[test]
fn a_diff_of_ten_changes_in_100k_entries_reads_few_nodes() {
    let store = Arc::new(Counting::default());
    let model = numbered(0..100_000);
    let entries = model.iter().map(|(key, id)| Ok((key.clone(), *id)));
    let before = Tree::build(store.clone(), shape(2_048), entries).unwrap();
    let batch: Batch =
        model.keys().step_by(9_999).take(10).map(|key| (key.clone(), Some(record(1)))).collect();
    let after = apply(&before, &batch);
    store.take();
    assert_eq!(before.diff(&after).count(), 10);
    let reads = store.take();
    // Two sides, ten paths, at most four levels beneath the root.
    assert!(reads <= 80, "{reads} reads");
    let first = batch.keys().next().unwrap().as_str();
    assert_eq!(before.diff_under(&after, first).count(), 1);
    let reads = store.take();
    assert!(reads <= 40, "{reads} reads under a prefix");
}
