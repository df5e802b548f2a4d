//! Reading: get, ranges, counts, listings, walks.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;
use crate::tree::{Listing, reachable};

const PREFIXES: [&str; 8] =
    ["", "a", "a/", "a-b", "notes", "notes/2026", "team/style", "no/such/folder"];

/// What `Tree::list` should give, found by looking at every key.
fn listed(model: &Model, prefix: &str, depth: usize) -> Vec<Listing> {
    let above = prefix.split('/').filter(|segment| !segment.is_empty()).count();
    let mut lines: Vec<Listing> = Vec::new();
    for (key, id) in model.iter().filter(|(key, _)| key.is_under(prefix)) {
        let segments: Vec<&str> = key.as_str().split('/').collect();
        if segments.len() <= above + depth {
            lines.push(Listing::Entry(key.clone(), *id));
            continue;
        }
        let folder = segments[..above + depth].join("/");
        match lines.last_mut() {
            Some(Listing::Folder { path, count }) if *path == folder => *count += 1,
            _ => lines.push(Listing::Folder { path: folder, count: 1 }),
        }
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_tree_reads_like_a_map(target in target(), model in model(), start in 0_u64..900) {
        let tree = bulk(&store(), target, &model);
        for number in 0..900 {
            let key = key(number);
            prop_assert_eq!(tree.get(key.as_str()).unwrap(), model.get(&key).copied());
        }
        let start = key(start);
        for prefix in PREFIXES {
            let under: Model = model
                .iter()
                .filter(|(key, _)| key.is_under(prefix))
                .map(|(key, id)| (key.clone(), *id))
                .collect();
            let all: Model = tree.range(prefix, "").map(Result::unwrap).collect();
            prop_assert_eq!(&all, &under);
            let late: Vec<_> = tree.range(prefix, start.as_str()).map(Result::unwrap).collect();
            let expected: Vec<_> =
                under.range(start.clone()..).map(|(key, id)| (key.clone(), *id)).collect();
            prop_assert_eq!(late, expected);
            prop_assert_eq!(tree.count_prefix(prefix).unwrap(), under.len() as u64);
            for depth in 1..4 {
                let lines: Vec<_> = tree.list(prefix, depth).map(Result::unwrap).collect();
                prop_assert_eq!(lines, listed(&model, prefix, depth));
            }
        }
    }
}

#[test]
fn a_prefix_holds_the_key_itself_and_nothing_that_only_looks_alike() {
    let model: Model = ["team", "team-x", "team/a", "team0", "teams"]
        .iter()
        .map(|text| (Key::new(text).unwrap(), record(1)))
        .collect();
    let tree = bulk(&store(), 64, &model);
    let keys: Vec<_> =
        tree.range("team", "").map(|entry| entry.unwrap().0.as_str().to_owned()).collect();
    assert_eq!(keys, ["team", "team/a"]);
    let later: Vec<_> = tree.range("team", "team-x").map(|entry| entry.unwrap().0).collect();
    assert_eq!(later, [Key::new("team/a").unwrap()]);
}

#[test]
fn a_listing_skips_what_is_inside_folders() {
    let store = Arc::new(Counting::default());
    let entries = (0..100_000).map(|n| {
        let key = format!("folder{}/{:06}", n / 25_000, n);
        Ok((Key::new(key).unwrap(), record(n)))
    });
    let tree = Tree::build(store.clone(), shape(2_048), entries).unwrap();
    store.take();
    assert_eq!(tree.list("", 1).count(), 4);
    assert_eq!(tree.count_prefix("folder2").unwrap(), 25_000);
    assert!(store.take() < 40, "read whole folders");
}

#[test]
fn keys_out_of_order_are_refused_by_the_bulk_build() {
    let entries = [key(1), key(1)].map(|key| Ok((key, record(1))));
    let error = Tree::build(store(), shape(64), entries).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[test]
fn a_walk_visits_each_new_node_once() {
    let store = store();
    let model = numbered(0..2_000);
    let tree = bulk(&store, 256, &model);
    let edited = tree.apply(&[(key(77), None)]).unwrap();
    let mut seen = HashSet::new();
    let mut entries = 0;
    let mut count = |_: ObjectId, node: &Node| {
        entries += if node.level() == 0 { node.len() } else { 0 };
        Ok(())
    };
    reachable(&tree, &mut seen, |_| false, &mut count).unwrap();
    assert_eq!(entries, model.len());

    let old = seen.clone();
    let mut new = 0;
    let mut count = |id: ObjectId, _: &Node| {
        assert!(!old.contains(&id));
        new += 1;
        Ok(())
    };
    reachable(&edited, &mut HashSet::new(), |id| old.contains(&id), &mut count).unwrap();
    assert!((1..20).contains(&new), "{new} new nodes");
    let mut again = 0;
    let mut count = |_: ObjectId, _: &Node| {
        again += 1;
        Ok(())
    };
    reachable(&edited, &mut seen, |_| false, &mut count).unwrap();
    assert_eq!((again, seen.len()), (new, old.len() + new));
}
