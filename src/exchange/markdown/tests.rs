use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::object::Key;

fn draft(text: &str) -> Draft {
    Draft { text: text.to_owned(), ..Draft::default() }
}

#[test]
fn a_memory_reads_well_as_a_file() {
    let draft = Draft {
        title: Some("Line length: 100".to_owned()),
        kind: Some("rule".to_owned()),
        labels: vec!["rust".to_owned(), "style, local".to_owned()],
        context: None,
        attributes: [("owner", "ana"), ("since", "2026"), ("kind", "own")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        text: "At most **100** columns.\n".to_owned(),
    };
    let file = "---\ntitle: \"Line length: 100\"\nkind: rule\nlabels: [rust, \"style, local\"]\n\
                owner: ana\nsince: \"2026\"\nattributes: {\"kind\":\"own\"}\n---\n\n\
                At most **100** columns.\n";
    assert_eq!(to_markdown(&draft), file);
    assert_eq!(from_markdown(file), draft);
    assert_eq!(from_markdown(&file.replace('\n', "\r\n")).labels, draft.labels);
}

#[test]
fn front_matter_as_people_and_other_tools_write_it_is_read() {
    let file =
        "\u{feff}---\ntitle: It's: fine\nlabels:\n  - a\n  - 'b''c'\nowner: 'x'\nkind:\n---\ntext";
    let read = from_markdown(file);
    assert_eq!(read.title.as_deref(), Some("It's: fine"));
    assert_eq!(read.labels, ["a", "b'c"]);
    assert_eq!(read.attributes["owner"], "x");
    assert_eq!((read.kind, read.text.as_str()), (None, "text"));
    assert_eq!(from_markdown("---\nlabels: a, b\n---\n").labels, ["a", "b"]);
}

#[test]
fn front_matter_that_is_not_understood_is_text() {
    for file in [
        "---\nno colon\n---\ntext",
        "---\ntitle: open",
        "---\n- a\n---\n",
        "---\na: 1\na: 2\n---\n",
        "---\nblock: |\n  folded\n---\n",
        "----\ntitle: x\n---\n",
        "---",
    ] {
        assert_eq!(from_markdown(file), draft(file), "{file:?}");
    }
}

#[test]
fn text_without_fields_is_the_whole_file() {
    for text in ["", "plain", "no end\r\n", "# Title\n"] {
        assert_eq!(to_markdown(&draft(text)), text);
    }
}

#[test]
fn awkward_texts_come_back_byte_for_byte() {
    for text in ["---\ntitle: x\n---\n", "---", "\n", "\n\n", "\r\na", "\u{feff}", "---\n---\n\n"] {
        assert_eq!(from_markdown(&to_markdown(&draft(text))), draft(text), "{text:?}");
        let titled = Draft { title: Some(String::new()), ..draft(text) };
        assert_eq!(from_markdown(&to_markdown(&titled)), titled, "{text:?}");
    }
}

/// Texts rich in what front matter is made of.
fn text() -> impl Strategy<Value = String> {
    let pieces = [
        "---", "\n", "\r\n", ": ", ":", " ", "\"", "'", "[", "]", ",", "#", "\\", "- ", "a", "é",
        "null", "1",
    ];
    let awkward = prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..12);
    prop_oneof![awkward.prop_map(|pieces| pieces.concat()), any::<String>()]
}

prop_compose! {
    fn any_draft()(
        title in prop::option::of(text()),
        kind in prop::option::of(text()),
        labels in prop::collection::vec(text(), 0..4),
        context in prop::option::of(text()),
        attributes in prop::collection::btree_map(prop_oneof![text(), "[a-z]{1,8}"], text(), 0..4),
        text in text(),
    ) -> Draft {
        Draft { title, kind, labels, context, attributes, text }
    }
}

proptest! {
    #[test]
    fn every_memory_comes_back_from_its_file(draft in any_draft()) {
        prop_assert_eq!(from_markdown(&to_markdown(&draft)), draft);
    }

    #[test]
    fn any_file_is_read_and_written_again_without_loss(file in text()) {
        let read = from_markdown(&file);
        prop_assert_eq!(from_markdown(&to_markdown(&read)), read);
    }

    #[test]
    fn every_key_comes_back_from_its_path(text in "[a-z.%:* é-]{1,6}(/[a-z.%:* é-]{1,6}|\\.md|/\\.git){0,3}") {
        let Ok(key) = Key::new(&text) else { return Ok(()) };
        let path = path_of_key(&key);
        prop_assert_eq!(key_of_path(&path).unwrap(), Some(key));
        let hidden = path.split('/').any(|name| name.starts_with('.'));
        prop_assert!(!hidden && Path::new(&path).extension().is_some_and(|ending| ending == "md"));
    }
}

#[test]
fn files_lie_where_one_looks_for_them() {
    let path = |key: &str| path_of_key(&Key::new(key).unwrap());
    assert_eq!(path("team/style/rust"), "team/style/rust.md");
    assert_eq!(path("notes.md"), "notes.md.md");
    assert_eq!(path(".git/hooks/a b?"), "%2Egit/hooks/a b%3F.md");
    assert_eq!(key_of_path("a/100% sure.md").unwrap().unwrap().as_str(), "a/100% sure");
    assert_eq!(key_of_path("a/b.txt").unwrap(), None);
    for path in ["a%2Fb.md", "a//b.md", "a/%FF.md", "../a.md", ".md", "a/%2e%2E/b.md"] {
        assert!(key_of_path(path).is_err(), "{path}");
    }
}

#[test]
fn no_file_stands_where_another_key_needs_a_directory() {
    let keys = ["a", "a.md", "a.md/b", "a.md.md/b", "b.md/c.md", "b", "b.md/c"]
        .map(|k| Key::new(k).unwrap());
    let files: BTreeSet<String> = keys.iter().map(path_of_key).collect();
    let directory =
        |file: &String| file.rsplit_once('/').map(|(directory, _)| directory.to_owned());
    assert_eq!(files.len(), keys.len());
    assert!(files.iter().filter_map(directory).all(|directory| !files.contains(&directory)));
}
