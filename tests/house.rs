//! The rules of the house, read off the `use` lines: which floor may import what, through which
//! door, and which foreign crates belong where.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of `#[test]` functions")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Floors from the ground up; those of one number do not know each other, but for the ground.
const FLOORS: [(&str, u8); 18] = [
    ("error", 0),
    ("limits", 0),
    ("clock", 0),
    ("entropy", 0),
    ("progress", 0),
    ("parallel", 0),
    ("storage", 1),
    ("object", 2),
    ("tree", 3),
    ("history", 4),
    ("engine", 5),
    ("search", 6),
    ("dream", 6),
    ("exchange", 6),
    ("memory_tool", 6),
    ("cli", 7),
    ("mcp", 7),
    ("main", 7),
];

/// Foreign crates that belong to some floors only; a test may use redb's backends.
const FOREIGN: [(&str, &[&str]); 12] = [
    ("redb", &["storage"]),
    ("tantivy", &["search"]),
    ("tokio", &["dream", "cli", "mcp", "main"]),
    ("rmcp", &["mcp"]),
    ("clap", &["cli", "main"]),
    ("anstream", &["cli", "main"]),
    ("console", &["cli", "main"]),
    ("indicatif", &["cli", "main"]),
    ("genai", &["dream"]),
    ("jsonc_parser", &["cli"]),
    ("mimalloc", &["main"]),
    ("toml_edit", &["cli"]),
];

const FILE_LINES_MAX: usize = 400;
const FACE: u8 = 7;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The floor a source file belongs to; `lib` is the front door and above them all.
fn floor_of(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    let first = inside.iter().next().unwrap().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn level(floor: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == floor).map(|(_, level)| *level)
}

fn is_test(path: &Path) -> bool {
    let named = |part: &str| path.iter().any(|name| name == part);
    named("tests") || named("tests.rs")
}

/// The paths that one line names, with braces kept: `use` trees, and paths within code.
fn paths(line: &str, start: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    let mut found = Vec::new();
    for (at, _) in code.match_indices(start) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let rest = &code[at + start.len()..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
        let (path, tail) = rest.split_at(end.unwrap_or(rest.len()));
        match tail.strip_prefix('{') {
            Some(tree) => found.extend(branches(tree).map(|branch| format!("{path}{branch}"))),
            None => found.push(path.to_owned()),
        }
    }
    found
}

/// The paths right beneath an opened brace of a `use` tree.
fn branches(tree: &str) -> impl Iterator<Item = String> {
    let (mut depth, mut found) = (0, vec![String::new()]);
    for c in tree.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => found.push(String::new()),
            c if depth == 0 => found.last_mut().unwrap().push(c),
            _ => {}
        }
    }
    found.into_iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// What the import of `path` (without `crate::`) from `floor` breaks.
fn breach(floor: &str, path: &str, in_test: bool) -> Option<String> {
    let mut parts = path.split("::").filter(|part| !part.is_empty());
    let target = parts.next()?;
    let (Some(own), Some(other)) = (level(floor), level(target)) else { return None };
    if target == floor {
        return None;
    }
    if own == FACE && other < FACE {
        return Some(format!("a face uses `undream::...`, not `crate::{target}`"));
    }
    if other > own && !(in_test && own > 0) {
        return Some(format!("{floor} imports {target}, which is above it"));
    }
    if other == own && own > 0 && own < FACE {
        return Some(format!("{floor} imports {target}, which is beside it"));
    }
    let next = parts.next()?;
    is_inner(target, next)
        .then(|| format!("goes past the front door of {target}: `{target}::{next}`"))
}

/// Whether `name` is a private module of `floor`.
fn is_inner(floor: &str, name: &str) -> bool {
    let folder = root().join("src").join(floor);
    let module =
        folder.join(format!("{name}.rs")).exists() || folder.join(name).join("mod.rs").exists();
    let door = fs::read_to_string(folder.join("mod.rs")).unwrap_or_default();
    let open = door.contains(&format!("pub(crate) mod {name};"));
    // A function may have its module's name, and stand in the door beside it.
    let exported = door.split(';').filter(|item| item.contains("use ")).any(|item| {
        item.match_indices(name).any(|(at, _)| {
            let ends = |c: char| !(c.is_alphanumeric() || c == '_');
            let tail = &item[at + name.len()..];
            item[..at].ends_with(ends)
                && !tail.starts_with("::")
                && tail.chars().next().is_none_or(ends)
        })
    });
    module && !open && !exported
}

fn check_line(path: &Path, line: &str, in_test: bool) -> Vec<String> {
    let floor = floor_of(path);
    let mut breaches = Vec::new();
    for named in paths(line, "crate::") {
        breaches.extend(breach(&floor, &named, in_test));
    }
    for (name, floors) in FOREIGN {
        let called = !paths(line, &format!("{name}::")).is_empty()
            || line.trim_start().starts_with(&format!("use {name};"));
        let exempt = in_test && name == "redb";
        if called && !exempt && !floors.contains(&floor.as_str()) {
            breaches.push(format!("{name} belongs to {}", floors.join(", ")));
        }
    }
    breaches
}

/// The lines of a file, a `use` as one, each with whether it stands in a test: in a test file, in a module behind
/// `cfg(test)`, or in the item that follows such a line.
fn lines(path: &Path) -> Vec<(usize, String, bool)> {
    let text = fs::read_to_string(path).unwrap();
    let (mut in_tests, mut next_item, mut depth) = (is_test(path), false, 0_i64);
    let mut found: Vec<(usize, String, bool)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim() == "#[cfg(test)]" {
            next_item = true;
        }
        if next_item && line.trim_start().starts_with("mod tests {") {
            in_tests = true;
        }
        match found.last_mut() {
            Some((_, open, _)) if is_open_use(open) => open.push_str(line.trim()),
            _ => found.push((number + 1, line.to_owned(), in_tests || next_item)),
        }
        if next_item && !line.trim_start().starts_with("#[") {
            depth += line.matches('{').count() as i64 - line.matches('}').count() as i64;
            if depth <= 0 && line.trim_end().ends_with(['}', ';']) {
                (next_item, depth) = (false, 0);
            }
        }
    }
    found
}

/// Whether a `use` goes on in the next line.
fn is_open_use(line: &str) -> bool {
    let line = line.trim_start();
    let starts = ["use ", "pub use ", "pub(crate) use "].iter().any(|word| line.starts_with(word));
    starts && !line.contains(';')
}

#[test]
fn floors_import_lower_floors_through_their_front_doors() {
    let mut breaches = Vec::new();
    for path in files(&root().join("src")) {
        if floor_of(&path) == "lib" {
            continue;
        }
        assert!(level(&floor_of(&path)).is_some(), "{} belongs to no floor", path.display());
        for (number, line, in_test) in lines(&path) {
            for what in check_line(&path, &line, in_test) {
                breaches.push(format!("{}:{number}: {what}\n    {}", path.display(), line.trim()));
            }
        }
    }
    assert!(breaches.is_empty(), "{} breaches:\n{}", breaches.len(), breaches.join("\n"));
}

/// The model's client is one curator's matter, and is there only with its feature.
#[test]
fn only_the_curator_that_asks_a_model_knows_how_to() {
    let folder = root().join("src/dream/llm");
    let knows =
        |path: &PathBuf| lines(path).iter().any(|(_, line, _)| !paths(line, "genai::").is_empty());
    let knowing: Vec<PathBuf> = files(&root().join("src")).into_iter().filter(knows).collect();
    assert!(!knowing.is_empty() && knowing.iter().all(|path| path.starts_with(&folder)));
}

#[test]
fn each_kind_of_breach_is_noticed() {
    let at = |floor: &str| root().join("src").join(floor).join("some.rs");
    let broken = [
        ("tree", "use crate::engine::Branch;"),
        ("dream", "use crate::exchange::Transcript;"),
        ("engine", "use crate::tree::cursor::Cursor;"),
        ("engine", "    let x = crate::object::text::SaltedText::new();"),
        ("engine", "use crate::storage::{RecordId, file::Storage};"),
        ("cli", "use crate::engine::Database;"),
        ("engine", "use redb::Database;"),
        ("engine", "fn f() -> tantivy::Index {"),
        ("storage", "use tokio::task;"),
        ("exchange", "use clap::Parser;"),
        ("cli", "use rmcp::ServiceExt;"),
        ("mcp", "use crate::engine::Store;"),
        ("mcp", "use clap::Args;"),
    ];
    for (floor, line) in broken {
        assert!(!check_line(&at(floor), line, false).is_empty(), "{floor}: {line}");
    }
    let sound = [
        ("engine", "use crate::tree::{Change, Diff};"),
        ("engine", "use crate::storage::codec::encode;"),
        ("engine", "use crate::engine::plan::plan;"),
        ("cli", "use undream::Database;"),
        ("storage", "use redb::Database;"),
        ("engine", "// as crate::dream::Dream does"),
    ];
    for (floor, line) in sound {
        assert_eq!(check_line(&at(floor), line, false), Vec::<String>::new(), "{floor}: {line}");
    }
}

#[test]
fn no_file_is_longer_than_two_parts() {
    let folders = ["src", "tests", "benches", "examples"].map(|name| root().join(name));
    let long: Vec<String> = folders
        .iter()
        .filter(|folder| folder.is_dir())
        .flat_map(|folder| files(folder))
        .map(|path| (fs::read_to_string(&path).unwrap().lines().count(), path))
        .filter(|(count, _)| *count > FILE_LINES_MAX)
        .map(|(count, path)| format!("{}: {count} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "over {FILE_LINES_MAX} lines:\n{}", long.join("\n"));
}

/// Every file under `src` is a module of the file above it, and every file in a subfolder of
/// `tests` one of a test binary: else its tests never run.
#[test]
fn no_file_is_forgotten() {
    let mut forgotten = Vec::new();
    for path in files(&root().join("src")).into_iter().chain(files(&root().join("tests"))) {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let folder = path.parent().unwrap();
        let is_root = ["src", "tests"].iter().any(|name| folder == root().join(name));
        if stem == "lib" || stem == "main" || (is_root && folder == root().join("tests")) {
            continue;
        }
        let (module, above) = match stem {
            "mod" => (folder.file_name().unwrap().to_str().unwrap(), folder.parent().unwrap()),
            stem => (stem, folder),
        };
        let named = above.with_extension("rs");
        let doors = ["mod.rs", "lib.rs", "main.rs"].map(|name| above.join(name));
        let mut doors: BTreeSet<PathBuf> = doors.into_iter().chain([named]).collect();
        if above == root().join("tests") {
            // Test binaries may share it, those of a folder by its path.
            let is_binary =
                |path: &PathBuf| path.parent() == Some(above) || path.ends_with("main.rs");
            doors.extend(files(above).into_iter().filter(is_binary));
        }
        let declared = doors.iter().filter_map(|door| fs::read_to_string(door).ok()).any(|text| {
            let declares = |line: &str| {
                let line = line.trim();
                let line = line.strip_prefix("pub(crate) ").unwrap_or(line);
                let line = line.strip_prefix("pub ").unwrap_or(line);
                line == format!("mod {module};")
            };
            text.lines().any(declares)
        });
        if !declared {
            forgotten.push(path.display().to_string());
        }
    }
    assert!(forgotten.is_empty(), "no module names:\n{}", forgotten.join("\n"));
}
