//! The arguments and the parts of answers that several tools have.

use super::schema::{Field, choice, choices, flag, objects, text, texts};

const TRUST: &[&str] = &["none", "tool", "agent", "user", "endorsed"];
const SOURCES: &[&str] = &["user", "agent", "tool", "web", "harness"];

pub(super) fn at() -> Field {
    text(
        "at",
        "Read at this revision: a branch, tag or commit id, main~2, or as of a time: \
         main@{2026-03-01}, main@{yesterday}. Left out: the newest state of this server's branch",
    )
}

pub(super) fn cursor() -> Field {
    text("cursor", "The next_cursor of the page before, to go on; it keeps to what that page read")
}

pub(super) fn min_trust() -> Field {
    choice("min_trust", TRUST, "Only what is trusted at least this far")
}

pub(super) fn without() -> Field {
    choices("without", SOURCES, "Nothing that rests on words from these sources")
}

pub(super) fn prefix() -> Field {
    text("prefix", "Only what stands at and under this key, such as team/style")
}

pub(super) fn key() -> Field {
    text("key", "The memory's key: a path such as team/style/rust").required()
}

pub(super) fn record() -> Field {
    text(
        "record",
        "The `record` id of the version that you have read; refused if another stands there now",
    )
    .required()
}

pub(super) fn reason() -> Field {
    text("why", "Why, in one line, as the log will say it")
}

pub(super) fn notice() -> Field {
    text("notice", "How to take what memories say")
}

pub(super) fn memories() -> Field {
    objects(
        "memories",
        "Memories as data: id, record, key, kind, trust, source (whose words it rests on), author, \
         text",
    )
}

pub(super) fn next_cursor() -> Field {
    text("next_cursor", "Give it as `cursor` for the next page; missing on the last")
}

pub(super) fn commit() -> Field {
    text("commit", "The commit that was read")
}

/// What describes a memory beside its text.
pub(super) fn describing() -> [Field; 5] {
    [
        text("title", "A heading"),
        text("kind", "note, fact, rule, preference, procedure, mistake, or a word of your own"),
        texts("labels", "Words to filter by"),
        text("context", "Words from around it that help to find it; not shown as its text"),
        reason(),
    ]
}

pub(super) fn written() -> [Field; 6] {
    [
        text("key", "Where it stands"),
        text("id", "The memory's id, which stays through edits and renames"),
        text("record", "The id of this version: what update and forget want"),
        text("trust", "How far it is trusted"),
        text("commit", "The commit"),
        flag("changed", "False if it said that already"),
    ]
}
