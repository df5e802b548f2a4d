//! Creating, editing, deleting and renaming.

use undream::ErrorKind;

use super::{Bench, body, create, delete, insert, rename, replace};

#[test]
fn create_writes_what_it_is_given_and_never_over_a_file() {
    let bench = Bench::with(&[("a/b.md", "one\n"), ("empty", "")]);
    assert_eq!((bench.text("a/b.md").as_str(), bench.text("empty").as_str()), ("one\n", ""));
    bench.refused(&create("a/b.md", "two"), ErrorKind::Invalid);
    bench.refused(&create("a", "a directory"), ErrorKind::Invalid);
    bench.refused(&create("", "the root"), ErrorKind::Invalid);
    let beneath = bench.refused(&create("a/b.md/c/d", "x"), ErrorKind::Invalid);
    assert!(beneath.contains("/memories/a/b.md, and a file is no directory"), "{beneath}");
    bench.refused(&create("big", &"x".repeat((1 << 20) + 1)), ErrorKind::Limit);
    assert_eq!(bench.text("a/b.md"), "one\n");
}

#[test]
fn str_replace_wants_exactly_one_place() {
    let bench = Bench::with(&[("f", "1\n2\n3 x\n4\n5\n6\n"), ("twice", "x\ny x\nx"), ("e", "")]);
    let answer = bench.ok(&replace("/memories/f", "3 x", "3\nand more"));
    assert_eq!(body(&answer), "     1\t1\n     2\t2\n     3\t3\n     4\tand more\n     5\t4");
    assert_eq!(bench.text("f"), "1\n2\n3\nand more\n4\n5\n6\n");
    let none = bench.refused(&replace("/memories/f", "3 X", "y"), ErrorKind::Invalid);
    assert!(none.contains("does not stand there"), "{none}");
    let several = bench.refused(&replace("/memories/twice", "x", "y"), ErrorKind::Invalid);
    assert!(several.contains("in lines: 1, 2, 3;"), "{several}");
    bench.refused(&replace("/memories/twice", "", "y"), ErrorKind::Invalid);
    bench.ok(&replace("/memories/e", "", "was empty"));
    assert_eq!(bench.text("e"), "was empty");
    bench.refused(&replace("/memories/none", "a", "b"), ErrorKind::NotFound);
    bench.refused(&replace("/memories", "a", "b"), ErrorKind::Invalid);
}

#[test]
fn overlapping_places_are_one_and_many_are_named_up_to_a_bound() {
    let bench = Bench::with(&[("f", "aaa"), ("many", &"é\n".repeat(30))]);
    bench.ok(&replace("/memories/f", "aa", "b"));
    assert_eq!(bench.text("f"), "ba");
    let many = bench.refused(&replace("/memories/many", "é\n", "x"), ErrorKind::Invalid);
    assert!(many.contains("19, 20, and more;"), "{many}");
}

#[test]
fn str_replace_without_new_text_deletes_the_old() {
    let bench = Bench::with(&[("f", "keep this, not that")]);
    let path = "/memories/f";
    bench.ok(&serde_json::json!({"command": "str_replace", "path": path, "old_str": ", not that"}));
    assert_eq!(bench.text("f"), "keep this");
}

#[test]
fn insert_puts_lines_after_a_line_and_names_the_range() {
    let bench = Bench::with(&[("f", "one\ntwo"), ("e", "")]);
    bench.ok(&insert("/memories/f", 0, "top\n\n"));
    assert_eq!(bench.text("f"), "top\none\ntwo\n");
    bench.ok(&insert("/memories/f", 3, "a\nb"));
    assert_eq!(bench.text("f"), "top\none\ntwo\na\nb\n");
    bench.ok(&insert("/memories/f", 1, ""));
    assert_eq!(bench.text("f"), "top\n\none\ntwo\na\nb\n");
    for line in [7, -1, i64::MAX, i64::MIN] {
        let refused = bench.refused(&insert("/memories/f", line, "x"), ErrorKind::Invalid);
        assert!(refused.contains("range [0, 6]"), "{refused}");
    }
    bench.ok(&insert("/memories/e", 0, ""));
    assert_eq!(bench.text("e"), "\n");
    bench.refused(&insert("/memories/none", 0, "x"), ErrorKind::NotFound);
}

#[test]
fn delete_takes_a_directory_with_all_in_it_but_never_the_root() {
    let bench = Bench::with(&[("a/b/c", "1"), ("a/.d", "2"), ("a-b", "3"), ("ab", "4")]);
    bench.ok(&delete("/memories/a"));
    assert_eq!(bench.keys(), ["a-b", "ab"]);
    bench.refused(&delete("/memories/a"), ErrorKind::NotFound);
    for root in ["/memories", "/memories/", "/memories/."] {
        bench.refused(&delete(root), ErrorKind::Invalid);
    }
    bench.ok(&delete("/memories/ab"));
    assert_eq!(bench.keys(), ["a-b"]);
}

#[test]
fn rename_moves_files_and_directories_and_never_overwrites() {
    let bench =
        Bench::with(&[("a/b/c", "1"), ("a/d", "2"), ("a-b", "3"), ("e/z", "5"), ("f", "4")]);
    bench.ok(&rename("/memories/a", "/memories/x/y"));
    assert_eq!(bench.keys(), ["a-b", "e/z", "f", "x/y/b/c", "x/y/d"]);
    for (old, new) in [
        ("/memories/f", "/memories/a-b"),
        ("/memories/f", "/memories/x"),
        ("/memories/f", "/memories/f"),
        ("/memories/f", "/memories/f/g"),
        ("/memories/f", "/memories/a-b/g"),
        ("/memories/f", "/memories"),
        ("/memories/x", "/memories/x/y/z"),
        // Nothing of the one stands in the other, and yet it would be two in one.
        ("/memories/x", "/memories/e"),
        ("/memories", "/memories/new"),
    ] {
        bench.refused(&rename(old, new), ErrorKind::Invalid);
    }
    bench.refused(&rename("/memories/none", "/memories/new"), ErrorKind::NotFound);
    assert_eq!(bench.keys(), ["a-b", "e/z", "f", "x/y/b/c", "x/y/d"]);
    bench.ok(&rename("/memories/x/y/d", "/memories/x/q"));
    assert_eq!(bench.text("x/q"), "2");
}
