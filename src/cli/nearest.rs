//! Keys that look like one that is not there.

use undream::Snapshot;

use super::exit::Outcome;

/// How many keys are compared: beyond that, a listing helps more.
const KEYS_MAX: usize = 2_000;
/// How many are named.
pub(crate) const NAMED_MAX: usize = 3;
/// How alike they must be, of 1.
pub(crate) const LIKENESS_MIN: f32 = 0.6;

/// The keys most like `key`, those of its own folder first.
pub(crate) fn nearest_keys(snapshot: &Snapshot, key: &str) -> Outcome<Vec<String>> {
    let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut scored = Vec::new();
    for prefix in [folder, ""] {
        // Within a folder, only what follows it tells keys apart.
        let shared = if prefix.is_empty() { 0 } else { prefix.len() + 1 };
        for found in snapshot.keys(prefix).take(KEYS_MAX) {
            let (found, _) = found?;
            let rest = found.as_str().get(shared..).unwrap_or_default();
            let likeness = likeness(&key[shared..], rest);
            if likeness >= LIKENESS_MIN {
                scored.push((likeness, found.to_string()));
            }
        }
        if !scored.is_empty() || prefix.is_empty() {
            break;
        }
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    Ok(scored.into_iter().map(|(_, key)| key).take(NAMED_MAX).collect())
}

/// How much of two names is the same, from 0 to 1.
pub(crate) fn likeness(a: &str, b: &str) -> f32 {
    similar::TextDiff::from_chars(a, b).ratio()
}
