//! Bytes that differ from a vector are refused, or mean something else: never the same thing.

use super::vector::{Vector, all, open};
use crate::clock::Time;
use crate::error::{Error, ErrorKind};
use crate::object::commit::CommitHeader;
use crate::object::record::Record;
use crate::object::stored::{ObjectKind, Stored};
use crate::object::tombstone::{Tombstone, TombstoneHeader};
use crate::object::{Author, Node};
use crate::storage::{ObjectId, TextId, codec};

/// Reads `bytes` as an object of the vector's kind: an error of a fitting kind, or another meaning
/// that these bytes are the one encoding of.
fn check(vector: &Vector, bytes: &[u8], how: &str) -> Option<Error> {
    let same = || open(vector.kind, &vector.bytes).unwrap().shown;
    match open(vector.kind, bytes) {
        Err(error) => {
            let fits = matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Newer);
            assert!(fits, "{} {how}: {error:?}", vector.name);
            Some(error)
        }
        Ok(meaning) => {
            assert_eq!(meaning.encoded, bytes, "{} {how}", vector.name);
            assert_ne!(meaning.shown, same(), "{} {how}", vector.name);
            None
        }
    }
}

/// Where the hashed bytes begin.
fn start(vector: &Vector) -> usize {
    if vector.kind == ObjectKind::Node as u8 { 0 } else { 4 }
}

/// The vector with `header` in the place of its hashed bytes.
fn with_header(vector: &Vector, header: &[u8]) -> Vec<u8> {
    if vector.kind == ObjectKind::Node as u8 {
        return header.to_vec();
    }
    let stored = Stored::decode(&vector.bytes).unwrap();
    let texts = &vector.bytes[4 + stored.header().len()..];
    [&(header.len() as u32).to_le_bytes()[..], header, texts].concat()
}

fn header(vector: &Vector) -> Vec<u8> {
    super::vector::hashed(&vector.bytes).unwrap()
}

#[test]
fn one_changed_byte_is_refused_or_means_something_else() {
    for vector in all() {
        for at in 0..vector.bytes.len() {
            for flip in [1, 0x80, 0xff] {
                let mut bytes = vector.bytes.clone();
                bytes[at] ^= flip;
                check(&vector, &bytes, &format!("byte {at} ^ {flip}"));
            }
        }
    }
}

#[test]
fn a_changed_text_is_refused() {
    for vector in all().iter().filter(|vector| vector.kind != ObjectKind::Node as u8) {
        let stored = Stored::decode(&vector.bytes).unwrap();
        let mut at = 4 + stored.header().len() + 2;
        for slot in stored.texts() {
            let crate::object::text::TextSlot::Present(text) = slot else {
                at += 33;
                continue;
            };
            let end = at + 1 + 16 + 4 + text.payload().len();
            // Not the mark itself: it is no part of the text, and `verify` looks for the tombstone.
            for place in at + 1..end {
                let mut bytes = vector.bytes.clone();
                bytes[place] ^= 1;
                let refused = check(vector, &bytes, &format!("text byte {place}"));
                assert_eq!(refused.map(|error| error.kind()), Some(ErrorKind::Corrupt));
            }
            at = end;
        }
    }
}

#[test]
fn cut_and_lengthened_bytes_are_refused() {
    for vector in all() {
        for end in 0..vector.bytes.len() {
            let how = format!("cut at {end}");
            assert!(check(&vector, &vector.bytes[..end], &how).is_some(), "{} {how}", vector.name);
        }
        let longer = [&vector.bytes[..], &[0]].concat();
        assert!(check(&vector, &longer, "one byte more").is_some(), "{}", vector.name);
        let header = [header(&vector), vec![0]].concat();
        let longer = with_header(&vector, &header);
        assert!(check(&vector, &longer, "a longer header").is_some(), "{}", vector.name);
    }
}

#[test]
fn an_integer_that_is_longer_than_needed_is_refused() {
    for vector in all() {
        let header = header(&vector);
        for at in 2..header.len() {
            let (before, after) = (&header[..at], &header[at + 1..]);
            let codec_form = [before, &[251, header[at], 0], after].concat();
            let node_form = [before, &[header[at] | 0x80, 0], after].concat();
            for (form, name) in [(codec_form, "codec"), (node_form, "node")] {
                check(&vector, &with_header(&vector, &form), &format!("longer {name} at {at}"));
            }
        }
    }
}

#[test]
fn an_unknown_format_is_newer_and_an_unknown_kind_is_damage() {
    for vector in all() {
        let with = |at: usize, byte: u8| {
            let mut bytes = vector.bytes.clone();
            bytes[start(&vector) + at] = byte;
            open(vector.kind, &bytes).err().map(|error| error.kind())
        };
        for format in [2, 3, 255] {
            assert_eq!(with(1, format), Some(ErrorKind::Newer), "{}", vector.name);
        }
        assert_eq!(with(1, 0), Some(ErrorKind::Corrupt), "{}", vector.name);
        for kind in (0..=255).filter(|kind| *kind != vector.kind) {
            assert_eq!(with(0, kind), Some(ErrorKind::Corrupt), "{} as {kind}", vector.name);
        }
    }
    assert!(ObjectKind::from_byte(0).is_none() && ObjectKind::from_byte(9).is_none());
}

/// The vector with the first `from` of its header replaced by `to`, of any length.
fn replaced(name: &str, from: &[u8], to: &[u8]) -> (Vector, Vec<u8>) {
    let vector = all().into_iter().find(|vector| vector.name == name).unwrap();
    let header = header(&vector);
    let at = header.windows(from.len()).position(|window| window == from).unwrap();
    let header = [&header[..at], to, &header[at + from.len()..]].concat();
    let bytes = with_header(&vector, &header);
    (vector, bytes)
}

#[test]
fn lists_that_must_ascend_are_refused_in_another_order() {
    let lists: [(&str, &[u8], &[u8]); 6] = [
        ("record-1-full", b"\x05hours\x05place", b"\x05place\x05hours"),
        ("record-1-full", b"\x05hours\x05place", b"\x05hours\x05hours"),
        ("record-1-full", b"\x04city\x05since", b"\x05since\x04city"),
        ("session-1-full", b"\x01a\x01b", b"\x01b\x01a"),
        ("tombstone-1", &[0x72; 32], &[0x70; 32]),
        ("tombstone-1", &[0x72; 32], &[0x71; 32]),
    ];
    for (name, from, to) in lists {
        let (vector, bytes) = replaced(name, from, to);
        assert!(check(&vector, &bytes, "in another order").is_some(), "{name} {from:?}");
    }
    let (vector, bytes) = replaced("node-1-leaf", b"drink", b"apple");
    assert!(check(&vector, &bytes, "in another order").is_some());
}

#[test]
fn attributes_without_values_and_unknown_taint_are_refused() {
    // The words' id follows the names of attributes; here the names go and the values stay.
    let (vector, bytes) = replaced("record-1-full", b"\x02\x04city\x05since", b"\x00");
    assert!(check(&vector, &bytes, "values without names").is_some());
    // Trust, taint and three absent times end a record.
    let (vector, bytes) = replaced("record-1-full", &[1, 0x18, 0, 0, 0], &[1, 0x38, 0, 0, 0]);
    assert!(check(&vector, &bytes, "a sixth source").is_some());
}

#[test]
fn a_tombstone_that_names_nothing_is_refused() {
    let whole = TombstoneHeader {
        texts: vec![TextId::from_bytes([1; 32])],
        objects: vec![ObjectId::of(b"o")],
        author: Author::person("ana"),
        at: Time::from_micros(0),
        reason: TextId::from_bytes([3; 32]),
    };
    let open = |header: &TombstoneHeader| {
        let hashed = [vec![ObjectKind::Tombstone as u8, 1], codec::encode(header)].concat();
        let mut bytes = (hashed.len() as u32).to_le_bytes().to_vec();
        bytes.extend(&hashed);
        bytes.extend([1, 0, 0]);
        bytes.extend([7; 32]);
        Tombstone::open(&Stored::decode(&bytes)?)
    };
    assert_eq!(open(&whole).unwrap().reason(), None);
    let textless = TombstoneHeader { texts: Vec::new(), ..whole.clone() };
    let unplaced = TombstoneHeader { objects: Vec::new(), ..whole };
    for header in [textless, unplaced] {
        assert_eq!(open(&header).unwrap_err().kind(), ErrorKind::Corrupt);
    }
}

#[test]
fn an_erased_text_leaves_every_id_and_says_that_it_is_gone() {
    let by_name = |name: &str| all().into_iter().find(|vector| vector.name == name).unwrap();
    let (full, gone) = (by_name("record-1-full"), by_name("record-1-erased"));
    assert_eq!(full.id, gone.id);
    let record = Record::open(Stored::decode(&gone.bytes).unwrap()).unwrap();
    let grave = by_name("tombstone-1-record");
    assert!(record.is_erased());
    assert_eq!(record.tombstone().unwrap().object(), grave.id);
    let grave = Tombstone::open(&Stored::decode(&grave.bytes).unwrap()).unwrap();
    assert_eq!((grave.texts(), grave.objects()), (&[record.text_id()][..], &[full.id][..]));
    assert_eq!(grave.reason(), Some("Wrong office hours."));
    assert_eq!(record.text().unwrap_err().kind(), ErrorKind::Redacted);
    assert_eq!(record.attributes().unwrap()["since"], "2024");
    let gone = Stored::decode(&by_name("commit-1-erased").bytes).unwrap();
    assert!(gone.open::<CommitHeader>().is_ok());
    assert_eq!(gone.tombstones().count(), 1);
}

#[test]
fn a_node_refuses_keys_that_share_too_little() {
    let mut node = Node::new(0);
    node.push("ab", ObjectId::of(b"1"), 1);
    node.push("ac", ObjectId::of(b"2"), 1);
    let sound = node.encode();
    let at = sound.windows(3).position(|window| window == [1, 1, b'c']).unwrap();
    let loose = [&sound[..at], &[0, 2, b'a', b'c'], &sound[at + 3..]].concat();
    assert!(Node::decode(&sound).is_ok());
    assert_eq!(Node::decode(&loose).unwrap_err().kind(), ErrorKind::Corrupt);
}
