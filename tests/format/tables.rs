//! All tables of a redb file, as a value and as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use redb::{ReadableDatabase, ReadableTable, TableDefinition};

/// Table -> key -> value. Keys are bytes that sort as the table's own keys do.
pub(crate) type Tables = BTreeMap<String, BTreeMap<Vec<u8>, Vec<u8>>>;

const FILE: &str = "undream.redb";
const LOG: TableDefinition<u64, &[u8]> = TableDefinition::new("log");
const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const INDEX: TableDefinition<[u8; 32], &[u8]> = TableDefinition::new("index");
const NODES: TableDefinition<[u8; 32], &[u8]> = TableDefinition::new("nodes");
const DERIVED: TableDefinition<&[u8], &[u8]> = TableDefinition::new("derived");

/// Everything in the file of the database in `directory`.
pub(crate) fn dump(directory: &Path) -> Tables {
    let file = redb::Database::open(directory.join(FILE)).unwrap();
    let read = file.begin_read().unwrap();
    let mut tables = Tables::new();
    let mut add = |table: &str, key: &[u8], value: &[u8]| {
        tables.entry(table.to_owned()).or_default().insert(key.to_vec(), value.to_vec());
    };
    for entry in read.open_table(LOG).unwrap().iter().unwrap() {
        let (key, value) = entry.unwrap();
        add("log", &key.value().to_be_bytes(), value.value());
    }
    for entry in read.open_table(META).unwrap().iter().unwrap() {
        let (key, value) = entry.unwrap();
        add("meta", key.value().as_bytes(), value.value());
    }
    for (name, table) in [("index", INDEX), ("nodes", NODES)] {
        for entry in read.open_table(table).unwrap().iter().unwrap() {
            let (key, value) = entry.unwrap();
            add(name, &key.value(), value.value());
        }
    }
    for entry in read.open_table(DERIVED).unwrap().iter().unwrap() {
        let (key, value) = entry.unwrap();
        add("derived", key.value(), value.value());
    }
    tables
}

/// Writes a file of these tables into `directory`.
pub(crate) fn fill(directory: &Path, tables: &Tables) {
    let file = redb::Database::create(directory.join(FILE)).unwrap();
    let write = file.begin_write().unwrap();
    for (name, entries) in tables {
        for (key, value) in entries {
            let value = value.as_slice();
            match name.as_str() {
                "log" => {
                    let key = u64::from_be_bytes(key.as_slice().try_into().unwrap());
                    write.open_table(LOG).unwrap().insert(key, value).map(drop)
                }
                "meta" => {
                    let key = std::str::from_utf8(key).unwrap();
                    write.open_table(META).unwrap().insert(key, value).map(drop)
                }
                "derived" => {
                    write.open_table(DERIVED).unwrap().insert(key.as_slice(), value).map(drop)
                }
                name => {
                    let table = if name == "index" { INDEX } else { NODES };
                    let key: [u8; 32] = key.as_slice().try_into().unwrap();
                    write.open_table(table).unwrap().insert(key, value).map(drop)
                }
            }
            .unwrap();
        }
    }
    write.commit().unwrap();
}

/// The tables as text: one entry per line.
pub(crate) fn print(tables: &Tables) -> String {
    let mut text = String::new();
    for (name, entries) in tables {
        for (key, value) in entries {
            writeln!(text, "{name} {} {}", hex(key), hex(value)).unwrap();
        }
    }
    text
}

pub(crate) fn parse(text: &str) -> Tables {
    let mut tables = Tables::new();
    for line in text.lines() {
        let [name, key, value] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("`{line}` is no entry");
        };
        tables.entry(name.to_owned()).or_default().insert(bytes(key), bytes(value));
    }
    tables
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn bytes(hex: &str) -> Vec<u8> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    hex.as_bytes().chunks(2).map(pair).collect()
}
