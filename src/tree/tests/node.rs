//! The codec of nodes.

use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;

fn leaf(numbers: impl IntoIterator<Item = u64>) -> Node {
    let mut node = Node::new(0);
    for (key, id) in numbered(numbers) {
        node.push(key.as_str(), id.object(), 1);
    }
    node
}

fn inner(numbers: impl IntoIterator<Item = u64>) -> Node {
    let mut node = Node::new(3);
    for (count, (key, id)) in numbered(numbers).into_iter().enumerate() {
        node.push(key.as_str(), id.object(), 1 + count as u64 * 1_000);
    }
    node
}

fn mutated(mut bytes: Vec<u8>, mutations: &[(usize, u8, u8)]) -> Vec<u8> {
    for &(at, value, how) in mutations {
        let at = at % bytes.len().max(1);
        match how {
            0 if !bytes.is_empty() => bytes[at] = value,
            1 if !bytes.is_empty() => bytes[at] ^= 1 << (value % 8),
            2 => bytes.insert(at, value),
            3 if !bytes.is_empty() => drop(bytes.remove(at)),
            _ => bytes.truncate(at),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_node_survives_encoding(numbers in prop::collection::btree_set(0_u64..900, 2..60)) {
        for node in [leaf(numbers.clone()), inner(numbers)] {
            prop_assert_eq!(Node::decode(&node.encode()).unwrap(), node);
        }
    }

    #[test]
    fn damaged_bytes_are_refused_or_are_another_node(
        numbers in prop::collection::btree_set(0_u64..900, 2..6),
        above in any::<bool>(),
        mutations in prop::collection::vec((any::<usize>(), any::<u8>(), 0_u8..5), 1..4),
    ) {
        let node = if above { inner(numbers) } else { leaf(numbers) };
        let bytes = mutated(node.encode(), &mutations);
        match Node::decode(&bytes) {
            Ok(node) => prop_assert_eq!(node.encode(), bytes),
            Err(error) => {
                prop_assert!(matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Newer));
            }
        }
    }

    #[test]
    fn any_bytes_are_decoded_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let with_header = [&[3, 1, 0, 2, 0][..], &bytes].concat();
        for bytes in [bytes, with_header] {
            if let Ok(node) = Node::decode(&bytes) {
                prop_assert_eq!(node.encode(), bytes);
            }
        }
    }
}

/// A leaf of two entries spelled out, so that single rules can be broken.
fn spelled(shared: &[u8], added: &[u8], suffix: &str, rest: &[u8]) -> Vec<u8> {
    let id = [9; 32];
    let first = [&[3, 1, 0, 2, 0, 0, 3][..], b"a/b", &id].concat();
    [&first[..], shared, added, suffix.as_bytes(), &id, rest].concat()
}

#[test]
fn a_node_has_one_encoding() {
    let sound = spelled(&[2], &[1], "c", &[]);
    assert_eq!(Node::decode(&sound).unwrap().encode(), sound);
    let refused = [
        ("shares too little", spelled(&[1], &[2], "/c", &[])),
        ("overlong integer", spelled(&[0x82, 0], &[1], "c", &[])),
        ("equal keys", spelled(&[3], &[0], "", &[])),
        ("descending keys", spelled(&[2], &[1], "a", &[])),
        ("shares more than there is", spelled(&[4], &[1], "c", &[])),
        ("a key against the rules", spelled(&[2], &[1], "\\", &[])),
        ("an empty last segment", spelled(&[3], &[1], "/", &[])),
        ("trailing bytes", spelled(&[2], &[1], "c", &[0])),
        ("too few bytes", sound[..sound.len() - 1].to_vec()),
    ];
    for (what, bytes) in refused {
        assert_eq!(Node::decode(&bytes).unwrap_err().kind(), ErrorKind::Corrupt, "{what}");
    }
    let mut later = sound;
    later[1] = 2;
    assert_eq!(Node::decode(&later).unwrap_err().kind(), ErrorKind::Newer);
}

#[test]
fn inner_nodes_have_two_children_or_more_and_count_them() {
    let mut node = Node::new(1);
    node.push("a", record(1).object(), 5);
    assert!(Node::decode(&node.encode()).is_err(), "one child");
    node.push("b", record(2).object(), 0);
    assert!(Node::decode(&node.encode()).is_err(), "an empty child");
    let mut node = Node::new(1);
    node.push("a", record(1).object(), 5);
    node.push("b", record(2).object(), 6);
    assert_eq!(Node::decode(&node.encode()).unwrap().total(), 11);
    let mut bytes = node.encode();
    bytes.pop();
    bytes.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
    assert!(Node::decode(&bytes).is_err(), "more entries than u64 counts");
    bytes.pop();
    bytes.push(2);
    assert!(Node::decode(&bytes).is_err(), "an integer of more than 64 bits");
}
