//! Joining two versions of one memory: field by field, the text line by line.

use std::collections::{BTreeMap, BTreeSet};

use similar::TextMerge;

use crate::object::{Entry, Record, Taint, Trust};
use crate::storage::RecordId;

/// What two versions give together.
pub(crate) enum Joined {
    /// One of the records that exist.
    Record(RecordId),
    /// Something new.
    Entry(Entry, Trust, Taint),
    /// Nothing, without a decision.
    Conflict,
}

/// Joins `ours` and `theirs`, which both come from `base`.
pub(crate) fn join(base: Option<&Record>, ours: &Record, theirs: &Record) -> Joined {
    if ours.says_the_same(theirs) {
        return Joined::Record(ours.id().min(theirs.id()));
    }
    let Some(base) = base else { return Joined::Conflict };
    let (Ok(old), Ok(our), Ok(their)) = (base.to_entry(), ours.to_entry(), theirs.to_entry())
    else {
        return Joined::Conflict;
    };
    let Some(entry) = join_entries(&old, &our, &their) else { return Joined::Conflict };
    if entry == our {
        return Joined::Record(ours.id());
    }
    if entry == their {
        return Joined::Record(theirs.id());
    }
    let (trust, taint) = stamp(&entry, (&our, ours), (&their, theirs));
    Joined::Entry(entry, trust, taint)
}

/// Trust and taint belong to the chosen text. A text made of both is trusted as the lesser of them,
/// and nobody has endorsed it.
fn stamp(entry: &Entry, ours: (&Entry, &Record), theirs: (&Entry, &Record)) -> (Trust, Taint) {
    let same = |other: &Entry| {
        (&entry.text, &entry.title, &entry.context) == (&other.text, &other.title, &other.context)
    };
    if same(ours.0) {
        return (ours.1.trust(), ours.1.taint());
    }
    if same(theirs.0) {
        return (theirs.1.trust(), theirs.1.taint());
    }
    let trust = ours.1.trust().min(theirs.1.trust()).min(Trust::User);
    (trust, ours.1.taint().union(theirs.1.taint()))
}

fn join_entries(base: &Entry, ours: &Entry, theirs: &Entry) -> Option<Entry> {
    Some(Entry {
        text: join_text(&base.text, &ours.text, &theirs.text)?,
        title: choose(&base.title, &ours.title, &theirs.title)?,
        kind: choose(&base.kind, &ours.kind, &theirs.kind)?,
        labels: join_labels(&base.labels, &ours.labels, &theirs.labels),
        context: choose(&base.context, &ours.context, &theirs.context)?,
        attributes: join_maps(&base.attributes, &ours.attributes, &theirs.attributes)?,
    })
}

/// The side that changed; `None` if both did, differently.
fn choose<T: Clone + PartialEq>(base: &T, ours: &T, theirs: &T) -> Option<T> {
    if ours == theirs || theirs == base {
        Some(ours.clone())
    } else if ours == base {
        Some(theirs.clone())
    } else {
        None
    }
}

fn join_text(base: &str, ours: &str, theirs: &str) -> Option<String> {
    if let Some(chosen) = choose(&base, &ours, &theirs) {
        return Some(chosen.to_owned());
    }
    let merge = TextMerge::from_lines(base, ours, theirs);
    (!merge.is_conflicted()).then(|| merge.to_string())
}

/// A label stays if both have it, or the side that has it added it.
fn join_labels(base: &[String], ours: &[String], theirs: &[String]) -> Vec<String> {
    let all: BTreeSet<&String> = ours.iter().chain(theirs).collect();
    let keep = |label: &&String| {
        let held = (ours.contains(label), theirs.contains(label));
        held == (true, true) || !base.contains(label)
    };
    all.into_iter().filter(keep).cloned().collect()
}

fn join_maps(
    base: &BTreeMap<String, String>,
    ours: &BTreeMap<String, String>,
    theirs: &BTreeMap<String, String>,
) -> Option<BTreeMap<String, String>> {
    let names: BTreeSet<&String> = base.keys().chain(ours.keys()).chain(theirs.keys()).collect();
    let mut joined = BTreeMap::new();
    for name in names {
        let value = choose(&base.get(name), &ours.get(name), &theirs.get(name))?;
        joined.extend(value.map(|value| (name.clone(), value.clone())));
    }
    Some(joined)
}
