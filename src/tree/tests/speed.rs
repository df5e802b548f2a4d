//! Figures, not claims: `cargo test --release --lib tree::tests::speed -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use super::*;

#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn time<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let out = work();
    (out, start.elapsed())
}

/// Keys of about 40 bytes in folders, like those of a real memory.
fn path(number: u64) -> Key {
    let folder = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 57;
    let name = number.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 16;
    Key::new(format!("team/project-{folder:03}/notes/{name:015x}")).unwrap()
}

fn entries(count: u64) -> Model {
    (0..count).map(|number| (path(number), record(number))).collect()
}

#[test]
#[ignore = "a measurement, to be run in release"]
fn figures() {
    for count in [100_000_u64, 1_000_000] {
        let model = entries(count);
        let store = store();
        let pairs: Vec<_> = model.iter().map(|(key, id)| Ok((key.clone(), *id))).collect();
        let (tree, took) = time(|| Tree::build(store.clone(), Shape::new([1; 32]), pairs).unwrap());
        println!("{count}: bulk {:.0} entries/s", count as f64 / took.as_secs_f64());
        sizes(&tree);
        let keys: Vec<Key> = (0..1_000).map(|n| path(n * 97)).collect();
        let ((), took) = time(|| {
            for key in keys.iter().cycle().take(100_000) {
                assert!(tree.get(key.as_str()).unwrap().is_some());
            }
        });
        println!("  get {:?}", took / 100_000);
        let ((), took) = time(|| assert_eq!(tree.iter().count() as u64, count));
        println!("  scan {:.0} entries/s", count as f64 / took.as_secs_f64());
        let replace = keys.iter().map(|key| (key.clone(), Some(record(u64::MAX))));
        edits("replace", &tree, replace);
        edits("insert", &tree, (0..1_000).map(|n| (path(count + n), Some(record(n)))));
        edits("remove", &tree, keys.iter().map(|key| (key.clone(), None)));
        for changes in [10, 1_000] {
            let batch: Batch = keys
                .iter()
                .take(changes)
                .map(|key| (key.clone(), Some(record(u64::MAX))))
                .collect();
            let (other, took) = time(|| apply(&tree, &batch));
            println!("  apply {changes} {took:?}");
            let ((), took) = time(|| {
                for _ in 0..20 {
                    assert_eq!(tree.diff(&other).count(), changes);
                }
            });
            println!("  diff {changes} {:?}", took / 20);
        }
    }
}

fn edits(what: &str, tree: &Tree, edits: impl Iterator<Item = (Key, Option<RecordId>)>) {
    let edits: Vec<_> = edits.collect();
    let mut now = tree.clone();
    let ((), took) = time(|| {
        for edit in &edits {
            now = now.apply(std::slice::from_ref(edit)).unwrap();
        }
    });
    println!("  {what} one {:?}", took / edits.len() as u32);
}

fn sizes(tree: &Tree) {
    let mut sizes: BTreeMap<u8, Vec<(usize, usize)>> = BTreeMap::new();
    let visit = |_: ObjectId, node: &Node| {
        sizes.entry(node.level()).or_default().push((node.encode().len(), node.len()));
        Ok(())
    };
    super::super::reachable(tree, &mut std::collections::HashSet::new(), |_| false, visit).unwrap();
    for (level, mut sizes) in sizes {
        sizes.sort_unstable();
        let mean = sizes.iter().map(|(bytes, _)| bytes).sum::<usize>() / sizes.len();
        let entries = sizes.iter().map(|(_, len)| len).sum::<usize>() as f64 / sizes.len() as f64;
        let p99 = sizes[(sizes.len() * 99 / 100).min(sizes.len() - 1)].0;
        let max = sizes[sizes.len() - 1].0;
        println!(
            "  level {level}: {} nodes, {entries:.1} entries, bytes mean {mean} p99 {p99} max {max}",
            sizes.len()
        );
    }
}
