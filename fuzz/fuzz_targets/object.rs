//! An object of any bytes, in an exported history that is sound otherwise, is taken in and given
//! out as the same bytes, or refused as damaged or newer.
#![no_main]

use std::cell::RefCell;
use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;
use undream::{Author, Database, ErrorKind};

const GENESIS: &str = include_str!("../../tests/format/objects/genesis-1.hex");
const KINDS: [&str; 8] = [
    "genesis",
    "record",
    "tree node",
    "commit",
    "session",
    "event chunk",
    "operation",
    "tombstone",
];

thread_local! {
    static DIRECTORY: RefCell<TempDir> = RefCell::new(tempfile::tempdir().expect("there is room"));
}

fn genesis() -> Vec<u8> {
    let (_, hex) = GENESIS.split_once("\n\n").expect("a vector has a head and bytes");
    let digits: String = hex.split_whitespace().collect();
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("it is hex");
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// The lines, sealed as `docs/exchange.md` says.
fn sealed(lines: &[String]) -> String {
    let mut sum = [0; 16];
    let mut out = String::new();
    for line in lines {
        let open = line.strip_suffix('}').expect("a line is an object");
        let hash = blake3::hash(&[&sum, open.as_bytes()].concat());
        sum.copy_from_slice(&hash.as_bytes()[..16]);
        out.push_str(&format!("{open},\"sum\":\"{:032x}\"}}\n", u128::from_be_bytes(sum)));
    }
    out
}

fn history(object: &[u8]) -> Option<(String, String)> {
    let (length, rest) = object.split_first_chunk::<4>()?;
    let header = rest.get(..u32::from_le_bytes(*length) as usize)?;
    let kind = KINDS.get(usize::from(*header.first()?).checked_sub(1)?)?;
    let (id, text) = (blake3::hash(header), STANDARD.encode(object));
    let object = format!(r#"{{"kind":"{kind}","id":"{id}","bytes":"{text}"}}"#);
    let genesis = STANDARD.encode(genesis());
    let lines = [
        format!(
            r#"{{"undream":"history","format":1,"secret":"","genesis":"{genesis}","store":null}}"#
        ),
        format!(r#"{{"store":"default","objects":[{object}]}}"#),
        r#"{"rows":1}"#.to_owned(),
    ];
    Some((sealed(&lines), text))
}

fuzz_target!(|bytes: &[u8]| {
    let Some((history, text)) = history(bytes) else { return };
    DIRECTORY.with_borrow(|directory| {
        let file = directory.path().join("history.jsonl");
        fs::write(&file, history).expect("the file is written");
        let database = Database::in_memory().expect("there is room");
        match database.import_history(&file, &Author::program("fuzz")) {
            Ok(_) => {
                let mut out = Vec::new();
                database.export_history(&mut out).expect("what was taken in can be given out");
                let out = String::from_utf8(out).expect("a history is UTF-8");
                assert!(out.contains(&text), "taken in, and given out as something else");
            }
            Err(error) => {
                let fits = matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Newer);
                assert!(fits, "{error:?}");
            }
        }
    });
});
