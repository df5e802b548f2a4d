//! Claims about looking over memory.

use super::near::{groups, stakes};
use super::{Fate, Held, Known, Use, disputed, fold, outdated, split, stale};
use crate::clock::Time;
use crate::dream::curator::SuggestedChange;
use crate::dream::mine::finding::{Finding, FindingKind, Sources};
use crate::object::{Author, Entry, Key, ProposalKind, Trust};
use crate::storage::{ObjectId, RecordId};

fn held(key: &str, text: &str) -> Held {
    Held {
        key: Key::new(key).unwrap(),
        record: RecordId::from(ObjectId::from_bytes([key.len() as u8; 32])),
        entry: Entry::new(text),
        author: Author::program("mine"),
        trust: Trust::Agent,
        usage: Use::default(),
    }
}

const TEA: &str = "Brew the tea for four minutes at ninety degrees before the guests come in.";

fn put(change: &SuggestedChange) -> (&str, &str) {
    match change {
        SuggestedChange::Put(key, entry) => (key.as_str(), &entry.text),
        other => panic!("{other:?}"),
    }
}

fn keys(changes: &[SuggestedChange]) -> Vec<String> {
    let one = |change: &SuggestedChange| match change {
        SuggestedChange::Put(key, _) => format!("put {key}"),
        SuggestedChange::Remove(key) => format!("remove {key}"),
        SuggestedChange::Rename(from, to) => format!("rename {from} {to}"),
        SuggestedChange::Malformed(why) => panic!("{why:?}"),
    };
    changes.iter().map(one).collect()
}

#[test]
fn near_duplicates_are_folded_into_the_most_trusted_and_no_word_is_lost() {
    let more = format!("{TEA} Use the blue pot.");
    let mut memories = vec![held("a/tea", TEA), held("b/brew", &more), held("c/cat", "Feed it.")];
    memories[0].trust = Trust::User;
    let plans = fold(&memories);
    assert_eq!(plans.len(), 1, "{plans:?}");
    assert_eq!(plans[0].kind, ProposalKind::Duplicate);
    assert_eq!(keys(&plans[0].changes), ["remove b/brew", "put a/tea"]);
    assert_eq!(put(&plans[0].changes[1]).1, more);
    assert_eq!(plans[0].inputs.len(), 2);
}

#[test]
fn texts_that_differ_in_a_number_a_name_or_a_not_are_no_duplicates() {
    for (a, b) in [("listens on port 80", "listens on port 81"), ("`a`", "`b`"), ("is", "is not")] {
        let [a, b] = [a, b].map(|word| format!("{TEA} The kettle in the kitchen {word} today."));
        assert_ne!(stakes(&a), stakes(&b));
        assert!(fold(&[held("a", &a), held("b", &b)]).is_empty(), "{a} / {b}");
    }
}

#[test]
fn likely_pairs_among_many_are_found() {
    let filler =
        |n: usize| format!("Letter {} concerns matter {} of the {} office.", n, n * 7, n * 13);
    let mut texts: Vec<String> = (0..2_000).map(filler).collect();
    texts.push(TEA.to_owned());
    texts.push(TEA.replace("guests", "visitors"));
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    assert_eq!(groups(&texts, 600), [vec![2_000, 2_001]]);
}

#[test]
fn what_two_agents_hold_is_promoted() {
    let memories = [held("agents/ana/tea", TEA), held("agents/bo/tea", TEA)];
    let plans = fold(&memories);
    assert_eq!(plans[0].kind, ProposalKind::Promotion);
    assert_eq!(
        keys(&plans[0].changes),
        ["rename agents/ana/tea shared/tea", "remove agents/bo/tea"]
    );
    let mut written = [held("x", TEA), held("y", TEA)];
    written[0].author = Author::agent("ana");
    written[1].author = Author::agent("bo");
    assert_eq!(fold(&written)[0].kind, ProposalKind::Promotion);
    written[1].author = Author::agent("ana");
    assert_eq!(fold(&written)[0].kind, ProposalKind::Duplicate);
}

#[test]
fn an_overlong_memory_is_split_at_its_headings_and_keeps_all_words() {
    let part = "Words to be kept. ".repeat(120);
    let text =
        format!("Before.\n# One\n{part}\n```\n# no heading\n```\n# Two\n{part}\n# Two\nEnd.");
    let plans = split(&[held("notes/long", &text), held("notes/short", "Short.")]);
    assert_eq!(plans.len(), 1);
    let changes = &plans[0].changes;
    assert_eq!(
        keys(changes),
        [
            "remove notes/long",
            "put notes/long/overview",
            "put notes/long/one",
            "put notes/long/two",
            "put notes/long/two-2"
        ]
    );
    let joined: String = changes[1..].iter().map(|change| put(change).1).collect();
    assert_eq!(joined, text);
}

#[test]
fn a_long_text_without_headings_is_split_at_paragraphs() {
    let text = vec!["One two three four five six. ".repeat(30); 6].join("\n\n");
    let plans = split(&[held("a", &text)]);
    let texts = plans[0].changes[1..].iter().map(|change| put(change).1);
    assert!(texts.clone().count() > 1 && texts.clone().all(|text| text.len() < 2_500));
    assert!(split(&[held("a", &"x".repeat(9_000))]).is_empty(), "there is no place to split");
}

fn day(number: i64) -> Time {
    Time::from_seconds(1_760_000_000 + number * 86_400)
}

#[test]
fn unused_is_stale_only_where_the_log_is_long_enough() {
    let mut memories =
        vec![held("old", "a"), held("young", "b"), held("used", "c"), held("liked", "d")];
    memories[2].usage.last = Some(day(190));
    memories[3].usage.helpful = 1;
    let plans = |since| {
        let written = |held: &Held| Ok(day(if held.key.as_str() == "young" { 180 } else { 0 }));
        let plans = stale(&memories, (since, day(200)), written).unwrap();
        plans.into_iter().map(|plan| plan.title).collect::<Vec<_>>()
    };
    assert_eq!(plans(day(100)), ["old is not used"]);
    assert!(plans(day(150)).is_empty());
}

#[test]
fn what_readers_call_wrong_is_to_go() {
    let mut memories = vec![held("bad", "a"), held("mixed", "b")];
    memories[0].usage.wrong = 3;
    memories[1].usage = Use { wrong: 3, helpful: 2, last: None };
    let plans = disputed(&memories);
    assert_eq!(plans.len(), 1);
    assert_eq!(keys(&plans[0].changes), ["remove bad"]);
}

fn finding(key: &str, text: &str, sessions: u32) -> Finding {
    Finding {
        kind: FindingKind::Mistake,
        key: key.into(),
        title: String::new(),
        text: text.into(),
        rationale: String::new(),
        confidence: 700,
        sources: Sources { sessions, ..Sources::default() },
        support: std::rc::Rc::default(),
        gone: None,
    }
}

#[test]
fn what_memory_says_is_strengthened_or_corrected_but_not_repeated() {
    let says = "`open` fails: \"the drawer is stuck behind the old wedge\".";
    let text = |n: u32| format!("{says} Seen in {n} of 20 sessions ({n} times).");
    let mut memories = vec![held("mistakes/open", &text(8)), held("notes/elsewhere", &text(1))];
    memories[0].entry.attributes.insert("sessions".into(), "8".into());
    let known = Known::of(&memories);
    let fate = |key: &str, text: &str, sessions| known.fate(&finding(key, text, sessions));
    assert!(matches!(fate("mistakes/open", &text(9), 9), Fate::Known));
    assert!(matches!(fate("mistakes/open", &text(10), 10), Fate::Strengthen(_)));
    let other = "Oil the hinge of the drawer. Seen in 9 of 20 sessions.";
    assert!(matches!(fate("mistakes/open", other, 9), Fate::Correct(_)));
    assert!(matches!(fate("mistakes/open", other, 7), Fate::Known), "fewer sessions say so");
    assert!(matches!(fate("mistakes/new-key", &text(10), 10), Fate::Known), "said elsewhere");
    assert!(matches!(fate("mistakes/new-key", other, 9), Fate::New));
    memories[0].author = Author::person("ana");
    let known = Known::of(&memories);
    let fate = known.fate(&finding("mistakes/open", &text(19), 19));
    assert!(matches!(fate, Fate::Known), "a person's words stand");
}

#[test]
fn memories_of_a_habit_given_up_are_told_so_once() {
    let change = "`old list` gives way to `board`.";
    let mut memories = vec![held("a", "Keep tasks with `old list`."), held("b", "Lists are old.")];
    let told = outdated(&memories, "old list", change);
    assert_eq!(told.len(), 1);
    assert!(told[0].1.text.starts_with("Keep tasks") && told[0].1.text.ends_with(change));
    memories[0].entry = told[0].1.clone();
    assert!(outdated(&memories, "old list", change).is_empty());
}
