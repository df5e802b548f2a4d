use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::seal::SealedWriter;
use crate::engine::Database;
use crate::error::{ErrorKind, Result};
use crate::object::Author;

fn ana() -> Author {
    Author::person("ana")
}

/// The lines of a small database's history, without their seals.
fn lines() -> Vec<Value> {
    let db = Database::in_memory().unwrap();
    let main = db.store("default").unwrap().branch("main").unwrap();
    for (key, text) in [("a/b", "one"), ("c", "two"), ("c", "three")] {
        let mut tx = main.write().unwrap();
        tx.put(key, text).unwrap();
        tx.commit(ana().message("put")).unwrap();
    }
    let mut out = Vec::new();
    db.export_history(&mut out).unwrap();
    let lines = std::str::from_utf8(&out).unwrap().lines();
    lines
        .map(|line| {
            let mut value: Value = serde_json::from_str(line).unwrap();
            value.as_object_mut().unwrap().remove("sum").unwrap();
            value
        })
        .collect()
}

/// Seals lines as if they were an export, and takes them into `db`.
fn import(db: &Database, lines: &[Value], path: &Path) -> Result<()> {
    let mut out = Vec::new();
    let mut writer = SealedWriter::new(&mut out);
    for line in lines {
        writer.line(&line.to_string()).unwrap();
    }
    fs::write(path, out).unwrap();
    db.import_history(path, &ana()).map(drop)
}

#[test]
fn a_forged_history_is_refused_though_its_seals_are_right() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("forged.jsonl");
    let true_lines = lines();
    let forge = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut lines = true_lines.clone();
        change(&mut lines);
        lines
    };
    let forgeries: [(&str, Vec<Value>); 11] = [
        ("a row is left out", forge(&|l| drop(l.remove(3)))),
        ("the first commit is left out, and counted out", {
            forge(&|l| {
                l.remove(2);
                l[4]["rows"] = json!(3);
            })
        }),
        ("rows change places", forge(&|l| l.swap(2, 3))),
        ("an edit is of another key", forge(&|l| l[2]["edits"][0]["key"] = json!("a/x"))),
        ("an edit is left out", forge(&|l| l[2]["edits"] = json!([]))),
        ("an edit is of another state", {
            forge(&|l| l[4]["edits"][0]["before"] = l[2]["edits"][0]["after"].clone())
        }),
        ("a memory comes to a key that is not its", {
            forge(&|l| l[2]["homes"][0][0] = json!("00".repeat(16)))
        }),
        ("an object has the id of another", {
            forge(&|l| l[2]["objects"][0]["id"] = l[3]["objects"][0]["id"].clone())
        }),
        ("a record is left out", forge(&|l| drop(array(&mut l[2]["objects"]).pop()))),
        ("a row is of another store", forge(&|l| l[2]["store"] = json!("other"))),
        ("the first operation is that of another database", forge(&|l| l[1] = lines()[1].clone())),
    ];
    for (name, lines) in forgeries {
        let blank = Database::in_memory().unwrap();
        let error = import(&blank, &lines, &path).expect_err(name);
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{name}: {error}");
        assert!(error.to_string().starts_with("line "), "{name}: {error}");
        assert!(blank.is_blank().unwrap() && blank.feed().last().unwrap() == 1, "{name}");
    }
    import(&Database::in_memory().unwrap(), &true_lines, &path).unwrap();
}

fn array(value: &mut Value) -> &mut Vec<Value> {
    value.as_array_mut().unwrap()
}
