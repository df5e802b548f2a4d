//! Viewing directories and files.

use undream::ErrorKind;

use super::{Bench, body, create, view, view_lines};

#[test]
fn a_directory_is_listed_two_levels_deep_by_name_with_sizes() {
    let bench = Bench::with(&[
        ("a.md", "x"),
        ("a/deep/er/still.md", "12345"),
        ("a/z.md", &"y".repeat(1_536)),
        ("a/b/c.md", ""),
        ("zoo", &"z".repeat(2_048)),
        ("Upper", "u"),
    ]);
    // The directory `a` comes before `a.md`, though `a.md` is before `a/b` as a key.
    let listing = "3.5K\t/memories\n1B\t/memories/Upper\n1.5K\t/memories/a/\n0B\t/memories/a/b/\n\
                   5B\t/memories/a/deep/\n1.5K\t/memories/a/z.md\n1B\t/memories/a.md\n\
                   2K\t/memories/zoo";
    assert_eq!(body(&bench.ok(&view("/memories"))), listing);
    let inside = "1.5K\t/memories/a\n0B\t/memories/a/b/\n0B\t/memories/a/b/c.md\n\
                  5B\t/memories/a/deep/\n5B\t/memories/a/deep/er/\n1.5K\t/memories/a/z.md";
    assert_eq!(body(&bench.ok(&view("/memories/a"))), inside);
}

#[test]
fn hidden_entries_are_left_out_and_can_be_viewed_by_name() {
    let bench =
        Bench::with(&[(".secret", "s"), (".git/config", "c"), ("a/.b/c", "d"), ("a/x", "e")]);
    let listing = "4B\t/memories\n2B\t/memories/a/\n1B\t/memories/a/x";
    assert_eq!(body(&bench.ok(&view("/memories"))), listing);
    assert_eq!(body(&bench.ok(&view("/memories/.secret"))), "     1\ts");
    assert_eq!(
        body(&bench.ok(&view("/memories/.git"))),
        "1B\t/memories/.git\n1B\t/memories/.git/config"
    );
}

#[test]
fn the_root_is_there_before_anything_is_in_it() {
    let bench = Bench::new();
    assert_eq!(body(&bench.ok(&view("/memories"))), "0B\t/memories");
    bench.refused(&view("/memories/a"), ErrorKind::NotFound);
}

#[test]
fn a_long_listing_ends_and_says_so() {
    let bench = Bench::new();
    let mut tx = bench.branch.write().unwrap();
    for number in 0..2_100 {
        tx.put(format!("n/{number:04}"), "x").unwrap();
    }
    tx.commit(undream::Author::person("ana").message("many")).unwrap();
    let answer = bench.ok(&view("/memories"));
    assert_eq!(body(&answer).lines().count(), 2_001);
    assert!(answer.ends_with("(102 more are not listed; view a directory of them)"), "{answer}");
}

#[test]
fn lines_are_numbered_from_one_in_six_places() {
    let bench = Bench::with(&[("f", "one\ntwo\r\n\nfour\n"), ("empty", "")]);
    let all = "     1\tone\n     2\ttwo\r\n     3\t\n     4\tfour\n     5\t";
    assert_eq!(body(&bench.ok(&view("/memories/f"))), all);
    assert_eq!(body(&bench.ok(&view("/memories/empty"))), "     1\t");
    bench.ok(&create("long", &"\n".repeat(999_998)));
    let last = bench.ok(&view_lines("/memories/long", [999_999, -1]));
    assert_eq!(body(&last), "999999\t");
    bench.ok(&create("longer", &"\n".repeat(999_999)));
    bench.refused(&view("/memories/longer"), ErrorKind::Limit);
}

#[test]
fn a_range_of_lines_is_clipped_to_what_is_there() {
    let bench = Bench::with(&[("f", "a\nb\nc\nd")]);
    let lines = |range| body(&bench.ok(&view_lines("/memories/f", range))).to_owned();
    assert_eq!(lines([2, 3]), "     2\tb\n     3\tc");
    assert_eq!(lines([3, -1]), "     3\tc\n     4\td");
    assert_eq!(lines([-7, 1]), "     1\ta");
    assert_eq!(lines([4, 99]), "     4\td");
    assert_eq!(lines([1, -4]), "");
    assert_eq!(lines([1, -3]), "     1\ta");
    for nothing in [[3, 2], [9, 12], [1, 0], [i64::MAX, i64::MAX], [1, i64::MIN]] {
        assert_eq!(lines(nothing), "", "{nothing:?}");
    }
}
