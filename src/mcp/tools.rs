//! What can be called.

use super::fields::{
    at, commit, cursor, describing, key, memories, min_trust, next_cursor, notice, prefix, reason,
    record, without, written,
};
use super::reading::BRIEF_BYTES_MAX;
use super::schema::{choice, flag, number, numbers, object, objects, text, texts};
use super::tool::{Effect, Needs, Tool};
use super::{dreams, history, reading, review, writing};

/// The most tools a server has: agents choose badly among many.
#[cfg(test)]
pub(crate) const TOOLS_MAX: usize = 14;

/// Every tool, whatever the scope.
pub(crate) fn tools() -> Vec<Tool> {
    let reading = [recall(), get(), list(), brief()];
    let writing = [add(), update(), forget()];
    let history = [log(), diff(), why()];
    let dreams = [dream(), review(), revert()];
    reading.into_iter().chain(writing).chain(history).chain(dreams).collect()
}

fn recall() -> Tool {
    Tool::new(
        "recall",
        "Recall memories",
        "Finds memories by their words, the best first. Words are wanted, +word is required, \
         -word excluded, \"two words\" a phrase. Call it before you answer from memory.",
        reading::recall,
    )
    .takes([
        text("query", "The words to look for").required(),
        number("limit", (1, 50), "How many memories; 10 unless given"),
        cursor(),
        at(),
        prefix(),
        texts("kinds", "Only these kinds, such as fact, rule, preference, procedure, mistake"),
        texts("labels", "Only memories with all of these labels"),
        min_trust(),
        without(),
    ])
    .gives([notice(), commit(), memories(), next_cursor()])
}

fn get() -> Tool {
    Tool::new(
        "get",
        "Read a memory",
        "Gives one memory whole: text, context, trust, sources, and the `record` id that update \
         and forget want. A long text comes in several answers.",
        reading::get,
    )
    .takes([key(), at(), cursor()])
    .gives([notice(), commit(), object("memory", "The memory as data"), next_cursor()])
}

fn list() -> Tool {
    Tool::new(
        "list",
        "List memories",
        "Lists keys in order with one line each; with depth, deeper ones as folders.",
        reading::list,
    )
    .takes([
        prefix(),
        number("depth", (1, 32), "Show what lies deeper than so many levels as folders"),
        number("limit", (1, 200), "How many lines; 50 unless given"),
        cursor(),
        at(),
    ])
    .gives([
        notice(),
        commit(),
        memories(),
        objects("folders", "Folders: path and how many memories they hold"),
        next_cursor(),
    ])
}

fn brief() -> Tool {
    Tool::new(
        "brief",
        "What to know",
        "Gives what one should know at the start of a session within a budget of bytes: the \
         most trusted first, then rules, then what was written last.",
        reading::brief,
    )
    .takes([
        text("query", "Only what a search for these words finds"),
        prefix(),
        number("max_bytes", (200, BRIEF_BYTES_MAX), "The budget in bytes; 8000 unless given"),
        min_trust(),
        without(),
        at(),
    ])
    .gives([
        notice(),
        commit(),
        memories(),
        number("left_out", (0, u64::from(u32::MAX)), "How many memories had no room"),
    ])
}

fn add() -> Tool {
    Tool::new(
        "add",
        "Add a memory",
        "Writes a memory at a key where none stands. One thing per memory, in a few sentences \
         that stand by themselves. No secrets.",
        writing::add,
    )
    .takes([key(), text("text", "What is to be remembered").required()])
    .takes(describing())
    .gives(written())
    .writing(Needs::Writing, Effect::Adds)
}

fn update() -> Tool {
    Tool::new(
        "update",
        "Update a memory",
        "Writes a new version of a memory if the version that you have read still stands. What \
         is left out stays as it is; history keeps every version.",
        writing::update,
    )
    .takes([key(), record(), text("text", "The whole new text")])
    .takes(describing())
    .gives(written())
    .writing(Needs::Writing, Effect::Replaces)
}

fn forget() -> Tool {
    Tool::new(
        "forget",
        "Forget a memory",
        "Removes a memory if the version that you have read still stands. History keeps it.",
        writing::forget,
    )
    .takes([key(), record(), reason()])
    .gives([
        text("key", "Where it stood"),
        text("commit", "The commit"),
        flag("changed", "Always true"),
    ])
    .writing(Needs::Writing, Effect::Replaces)
}

fn log() -> Tool {
    Tool::new(
        "log",
        "List changes",
        "Lists commits, newest first: who changed memory, when, in which session, why.",
        history::log,
    )
    .takes([
        text("key", "Only commits that changed this memory"),
        prefix(),
        text("author", "Only commits by this author, such as agent:scribe"),
        text("session", "Only commits made in this session, or that rest on its events"),
        text("since", "Only from this time on: 2026-03-01, yesterday, 3 days ago"),
        text("until", "Only up to this time"),
        number("limit", (1, 100), "How many commits; 20 unless given"),
        cursor(),
        at(),
    ])
    .gives([notice(), objects("commits", "The commits"), next_cursor()])
}

fn diff() -> Tool {
    Tool::new(
        "diff",
        "Compare two states",
        "Shows what changed from one revision to another, key by key with both texts.",
        history::diff,
    )
    .takes([
        text("from", "The revision before; dreams/7 alone is compared with what it began from")
            .required(),
        text("to", "The revision after; the newest state of this server's branch if left out"),
        prefix(),
        number("limit", (1, 50), "How many changes; 20 unless given"),
        cursor(),
    ])
    .gives([
        notice(),
        text("before", "The commit before"),
        text("after", "The commit after"),
        number("total", (0, u64::from(u32::MAX)), "How many changes there are in all"),
        objects("changes", "The changes"),
        next_cursor(),
    ])
}

fn why() -> Tool {
    Tool::new(
        "why",
        "Where a memory comes from",
        "Tells why a memory says what it says: its versions, the session events they rest on \
         with quotes, who approved them, and what was made of it.",
        history::why,
    )
    .takes([key(), at()])
    .gives([
        notice(),
        text("key", "The memory"),
        objects("steps", "The version that stands, then what it was made from"),
        number("steps_left_out", (0, u64::from(u32::MAX)), "How many more steps there are"),
        objects("derived", "What was made of it"),
        number("derived_left_out", (0, u64::from(u32::MAX)), "How many more there are"),
        object("given", "How often it was given, to how many sessions"),
    ])
}

fn dream() -> Tool {
    Tool::new(
        "dream",
        "Dream over sessions",
        "start: reads past sessions and proposes changes of memory on a branch of its own; what \
         it proposes waits for a review, unless the policy's mode merges it. list: the dreams. \
         show: one dream with its proposals and their evidence.",
        dreams::dream,
    )
    .takes([
        choice("action", &["start", "list", "show"], "What to do").required(),
        number("number", (1, u64::from(u32::MAX)), "show: the dream"),
        number(
            "proposal",
            (1, u64::from(u32::MAX)),
            "show: only this proposal, with more evidence",
        ),
        texts("sessions", "start: the ids of the sessions to read; all new ones if left out"),
        text("project", "start: only sessions of this project"),
        text("instructions", "start: what the dream should heed"),
        number("limit", (1, 20), "list, show: how many; 10 unless given"),
        cursor(),
    ])
    .gives([
        notice(),
        object("dream", "The dream: number, status, what it read, proposed and dropped"),
        objects("dreams", "The dreams, newest first"),
        objects("proposals", "The proposals, best first"),
        next_cursor(),
    ])
    // What it proposes may replace and remove, where the policy's mode merges it.
    .writing(Needs::Nothing, Effect::Replaces)
}

fn review() -> Tool {
    Tool::new(
        "review",
        "Review a dream",
        "approve or reject: decides on proposals of a dream. merge: brings what is approved to \
         the branch.",
        review::review,
    )
    .takes([
        choice("action", &["approve", "reject", "merge"], "What to do").required(),
        number("number", (1, u64::from(u32::MAX)), "The dream").required(),
        numbers("proposals", "approve, reject: the proposals"),
        text("text", "approve: take one proposal with this text instead of its own"),
        text("reason", "Why, as the review will say it"),
    ])
    .gives([
        number("dream", (1, u64::from(u32::MAX)), "The dream"),
        text("action", "What was done"),
        numbers("proposals", "The proposals newly decided, or merged"),
        text("commit", "merge: the review commit"),
    ])
    .writing(Needs::Reviewing, Effect::Replaces)
}

fn revert() -> Tool {
    Tool::new(
        "revert",
        "Take a change back",
        "Takes back a commit, or what was merged of a dream or of one proposal, by one new \
         commit; what came after stays.",
        review::revert,
    )
    .takes([
        text("commit", "The commit to take back, as log shows it"),
        number("dream", (1, u64::from(u32::MAX)), "The dream to take back"),
        number("proposal", (1, u64::from(u32::MAX)), "With dream: only this proposal"),
        reason(),
    ])
    .gives([notice(), text("commit", "The commit that took it back")])
    .writing(Needs::Reviewing, Effect::Replaces)
}
